/** The bus of a service of one node: function calls, in the order of publishing. */
import { type Bus, type Clock, NoResponders, RequestTimeout } from '@seekyou/core';

type Handle = (payload: unknown) => void;

/**
 * @param clock for the time-outs of requests
 * @param report hears of subscribers that throw
 */
export function createInProcessBus(clock: Clock, report: (error: unknown) => void = () => {}): Bus {
  const subscribers = new Map<string, Set<Handle>>();
  const responders = new Map<string, (payload: unknown) => unknown>();
  const waiting: (readonly [subject: string, payload: unknown])[] = [];
  let delivering = false;

  function deliver(subject: string, payload: unknown): void {
    const handles = subscribers.get(subject);
    if (handles === undefined) return;
    for (const handle of handles.size === 1 ? handles : [...handles]) {
      try {
        handle(payload);
      } catch (error) {
        report(error);
      }
    }
  }

  return {
    publish(subject, payload) {
      // A subscriber may publish: its message comes after this one for everybody, not in between.
      if (delivering) {
        waiting.push([subject, payload]);
        return;
      }
      delivering = true;
      try {
        deliver(subject, payload);
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) deliver(next[0], next[1]);
      } finally {
        delivering = false;
      }
    },
    subscribe(subject, handle) {
      // The same function may subscribe twice; each subscription is one of its own.
      const own: Handle = (payload) => handle(payload);
      const handles = subscribers.get(subject) ?? new Set();
      subscribers.set(subject, handles.add(own));
      return () => {
        handles.delete(own);
        if (handles.size === 0 && subscribers.get(subject) === handles) subscribers.delete(subject);
      };
    },
    request(subject, payload, timeoutMs) {
      const answer = responders.get(subject);
      if (answer === undefined) return Promise.reject(new NoResponders(`nobody answers on ${subject}`));
      return new Promise((resolve, reject) => {
        const cancel = clock.after(timeoutMs, () => reject(new RequestTimeout(`no answer on ${subject} within ${timeoutMs} ms`)));
        Promise.resolve()
          .then(() => answer(payload))
          .then(resolve, reject)
          .finally(cancel);
      });
    },
    respond(subject, answer) {
      responders.set(subject, answer);
      return () => {
        if (responders.get(subject) === answer) responders.delete(subject);
      };
    },
    close() {
      subscribers.clear();
      responders.clear();
      return Promise.resolve();
    },
  };
}
