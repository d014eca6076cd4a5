/** The bus of a service that is one process. */
import { type Bus, type Clock, NoResponders, RequestTimeout } from '@seekyou/core';

type Handle = (payload: unknown) => void;
type Answer = (payload: unknown) => unknown;

/** Each subscription is an object, so that one function may subscribe twice. */
interface Registered<F> {
  readonly call: F;
  ended: boolean;
}

/**
 * Delivers while `publish` runs, in the order of publishing: what a subscriber publishes is delivered after what is being
 * delivered to all. Payloads are handed on as they are; nobody may change one.
 *
 * @param clock measures time-outs
 * @param report told what a subscriber threw
 */
export function createInProcessBus(clock: Clock, report: (problem: string, error: unknown) => void = () => undefined): Bus {
  const subscribers = new Registry<Handle>();
  const responders = new Registry<Answer>();
  const waiting = new Set<(reason: Error) => void>();
  const queue: (() => void)[] = [];
  let delivering = false;
  let closed = false;

  function deliver(subject: string, payload: unknown): void {
    for (const subscriber of subscribers.of(subject)) {
      if (subscriber.ended) continue;
      try {
        subscriber.call(payload);
      } catch (error) {
        report(`a subscriber of ${subject} failed`, error);
      }
    }
  }

  /** What `run` needs is given to it, so that nothing has to be made for it where it runs at once, as mostly. */
  function inTurn<A, B>(run: (a: A, b: B) => void, a: A, b: B): void {
    if (delivering) {
      later(run, a, b);
      return;
    }
    delivering = true;
    try {
      run(a, b);
      // Grows while it is read: what is published meanwhile comes last.
      for (const next of queue) next();
    } finally {
      queue.length = 0;
      delivering = false;
    }
  }

  function later<A, B>(run: (a: A, b: B) => void, a: A, b: B): void {
    queue.push(() => run(a, b));
  }

  function ask(subject: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    const responder = responders.of(subject)[0];
    if (closed || responder === undefined) return Promise.reject(new NoResponders(`nobody answers on ${subject}`));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const cancel = clock.after(timeoutMs, () => end(() => reject(new RequestTimeout(`no answer on ${subject} within ${timeoutMs} ms`))));
    const abandon = (reason: Error): void => end(() => reject(reason));
    const end = (settle: () => void): void => {
      waiting.delete(abandon);
      cancel();
      settle();
    };
    waiting.add(abandon);
    const answer = (): void => {
      // Called inside a promise, so that one who throws and one who rejects come out alike.
      new Promise((answered) => answered(responder.call(payload))).then(
        (answer) => end(() => resolve(answer)),
        (error: Error) => abandon(error),
      );
    };
    inTurn(answer, undefined, undefined);
    return promise;
  }

  return {
    alone: true,
    publish(subject, payload) {
      if (!closed) inTurn(deliver, subject, payload);
    },
    subscribe: (subject, handle) => subscribers.add(subject, handle),
    respond: (subject, answer) => responders.add(subject, answer),
    request: ask,
    close() {
      closed = true;
      for (const abandon of waiting) abandon(new NoResponders('the bus is closed'));
      return Promise.resolve();
    },
  };
}

/** Lists are replaced, never changed, so that one being gone through stays as it is. */
class Registry<F> {
  readonly #bySubject = new Map<string, readonly Registered<F>[]>();

  of(subject: string): readonly Registered<F>[] {
    return this.#bySubject.get(subject) ?? NONE;
  }

  add(subject: string, call: F): () => void {
    const registered: Registered<F> = { call, ended: false };
    this.#bySubject.set(subject, [...this.of(subject), registered]);
    return () => {
      if (registered.ended) return;
      registered.ended = true;
      const left = this.of(subject).filter((other) => other !== registered);
      if (left.length === 0) this.#bySubject.delete(subject);
      else this.#bySubject.set(subject, left);
    };
  }
}

const NONE: readonly never[] = [];
