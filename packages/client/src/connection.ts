/** An OSCAR connection from the client's side: FLAP frames, SNACs, requests and their answers. */
import type { Closed, Transport, TransportUser } from '@seekyou/net';
import { WireError } from '@seekyou/wire';
import {
  decodeSnac,
  decodeSnacBody,
  encodeFlap,
  encodeSnac,
  ErrorCode,
  FlapChannel,
  FlapDecoder,
  familyError,
  type FlapFrame,
  nextSequence,
  type Snac,
  type SnacDeclaration,
  SnacFlag,
} from '@seekyou/wire/oscar';
import { ClientError, RequestRefused } from './errors.ts';
import { Pacing } from './pacing.ts';

/** Opens a connection to a server. @throws ConnectionError of @seekyou/net */
export type Dial = (host: string, port: number) => Promise<Transport>;

/** Time, given from outside so that tests need not wait. */
export interface Timers {
  now(): number;
  after(ms: number, run: () => void): () => void;
}

interface Waiting {
  readonly what: string;
  /** A SNAC of the answer; true when it was the last. */
  readonly take: (snac: Snac) => boolean;
  readonly fail: (error: Error) => void;
  /** Ends the wait for the answer, which begins when the question has left. */
  cancel: () => void;
}

/** Longest wait for the answer to a request. */
export const ANSWER_MS_MAX = 30_000;
/** A client's ids stay below the server's. */
const REQUEST_ID_MAX = 0x7fffffff;

export class OscarConnection implements TransportUser {
  /** SNACs nobody asked for. */
  onSnac: (snac: Snac) => void = () => {};
  /** Channel 4: the server's last words, or the answer to a roasted sign-on. */
  onSignOff: (payload: Uint8Array) => void = () => {};
  onClosed: (error: ClientError) => void = () => {};
  /** All that came in one piece was handled. */
  onRead: () => void = () => {};
  /** How fast we may be; knows nothing until the server has said it. */
  readonly pacing: Pacing;

  private readonly transport: Transport;
  private readonly timers: Timers;
  private readonly decoder = new FlapDecoder();
  private readonly waiting = new Map<number, Waiting>();
  /** What was to be dispatched and has not left yet: who is told that it never will. */
  private readonly undispatched = new Set<(error: Error) => void>();
  private sequence: number;
  private requestId = 0;
  private hello: { readonly resolve: () => void; readonly fail: (error: Error) => void } | undefined;
  private over: ClientError | undefined;

  constructor(transport: Transport, timers: Timers, firstSequence: number) {
    this.transport = transport;
    this.timers = timers;
    this.pacing = new Pacing(timers);
    this.sequence = firstSequence & 0x7fff;
    transport.attach(this);
  }

  /** Waits for the server's hello. @throws ClientError */
  greeted(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.over !== undefined) return reject(this.over);
      const cancel = this.timers.after(ANSWER_MS_MAX, () => {
        this.hello = undefined;
        reject(new ClientError('timeout', 'the server did not say hello within 30 s; is this an ICQ server?'));
      });
      this.hello = {
        resolve: () => {
          cancel();
          resolve();
        },
        fail: (error) => {
          cancel();
          reject(error);
        },
      };
      return undefined;
    });
  }

  /** Why it is over; `undefined` while it is not. */
  get ended(): ClientError | undefined {
    return this.over;
  }

  sendFrame(channel: number, payload: Uint8Array): void {
    if (this.over !== undefined) return;
    this.transport.write(encodeFlap(channel, this.sequence, payload));
    this.sequence = nextSequence(this.sequence);
  }

  /** Sends without waiting for an answer, as soon as the server's rates allow. @returns the request id */
  send<T>(declaration: SnacDeclaration<T>, value: T, left: () => void = () => {}): number {
    this.requestId = this.requestId === REQUEST_ID_MAX ? 1 : this.requestId + 1;
    const payload = encodeSnac(declaration, value, this.requestId);
    this.pacing.pass(declaration.family, declaration.subtype, () => {
      this.sendFrame(FlapChannel.snac, payload);
      left();
    });
    return this.requestId;
  }

  /** Sends what has no answer; resolves when it has left. @throws ClientError when the connection ended before */
  dispatch<T>(declaration: SnacDeclaration<T>, value: T): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.over !== undefined) return reject(this.over);
      this.undispatched.add(reject);
      this.send(declaration, value, () => {
        this.undispatched.delete(reject);
        resolve();
      });
      return undefined;
    });
  }

  /**
   * Sends what is answered only when it is refused; resolves when the server has taken it.
   *
   * @param behind asks, when the other has left, what has an answer: a server that answers this one is past that one
   * @throws RequestRefused, ClientError
   */
  async submit<T>(declaration: SnacDeclaration<T>, value: T, what: string, behind: () => Promise<unknown>): Promise<void> {
    if (this.over !== undefined) throw this.over;
    const left = Promise.withResolvers<void>();
    const refused = Promise.withResolvers<never>();
    const id = this.send(declaration, value, left.resolve);
    this.waiting.set(id, { what, take: () => false, fail: refused.reject, cancel: () => {} });
    const passed = left.promise.then(behind).catch((error: unknown) => {
      // A refusal is an answer, too.
      if (!(error instanceof RequestRefused)) throw error;
    });
    try {
      await Promise.race([refused.promise, passed]);
    } finally {
      this.waiting.delete(id);
    }
  }

  /**
   * Sends and waits for the answer of one kind.
   *
   * @param what for the error's message: what a person wanted
   * @throws RequestRefused, ClientError
   */
  async request<Q, A>(question: SnacDeclaration<Q>, value: Q, answer: SnacDeclaration<A>, what: string): Promise<A> {
    const [snac] = await this.gather(question, value, [answer], what);
    return decodeSnacBody(answer, (snac as Snac).data);
  }

  /**
   * Sends and waits for all parts of an answer, which may be of several kinds.
   *
   * @param whole is given them before the next packet is read
   */
  gather<Q>(
    question: SnacDeclaration<Q>,
    value: Q,
    answers: readonly SnacDeclaration<any>[],
    what: string,
    whole: (parts: readonly Snac[]) => void = () => {},
  ): Promise<readonly Snac[]> {
    return new Promise((resolve, reject) => {
      if (this.over !== undefined) return reject(this.over);
      const parts: Snac[] = [];
      const waiting: Waiting = {
        what,
        cancel: () => {},
        fail: reject,
        take: (snac) => {
          if (!answers.some((one) => one.family === snac.family && one.subtype === snac.subtype)) return false;
          parts.push(snac);
          if ((snac.flags & SnacFlag.more) !== 0) return false;
          whole(parts);
          resolve(parts);
          return true;
        },
      };
      const id = this.send(question, value, () => {
        waiting.cancel = this.timers.after(ANSWER_MS_MAX, () => {
          this.waiting.delete(id);
          reject(new ClientError('timeout', `${what}: no answer from the server within 30 s`));
        });
      });
      this.waiting.set(id, waiting);
      return undefined;
    });
  }

  keepAlive(): void {
    this.sendFrame(FlapChannel.keepAlive, new Uint8Array(0));
  }

  /** Signs off and closes. */
  close(): void {
    this.sendFrame(FlapChannel.close, new Uint8Array(0));
    this.transport.end();
    this.finish(new ClientError('closed', 'signed off'));
  }

  /** Closes at once, as if the line had been cut. */
  destroy(reason: ClientError): void {
    // First the reason: the transport says at once that it is closed, and the first word counts.
    this.finish(reason);
    this.transport.destroy();
  }

  /** @internal */
  closed(how: Closed): void {
    this.finish(new ClientError('closed', CLOSED[how]));
  }

  /** @internal Nothing waits for room: a client sends little. */
  drained(): void {}

  /** @internal */
  received(chunk: Uint8Array): void {
    try {
      for (const frame of this.decoder.push(chunk)) this.frame(frame);
      this.onRead();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.destroy(new ClientError('protocol', `what the server sent is not OSCAR: ${error.message}`, { cause: error }));
    }
  }

  private frame(frame: FlapFrame): void {
    switch (frame.channel) {
      case FlapChannel.hello:
        this.hello?.resolve();
        this.hello = undefined;
        break;
      case FlapChannel.snac:
        this.snac(decodeSnac(frame.payload));
        break;
      case FlapChannel.close:
        this.onSignOff(frame.payload);
        break;
      default:
        // Keep-alives, and channels nobody uses.
        break;
    }
  }

  private snac(snac: Snac): void {
    const waiting = this.waiting.get(snac.requestId);
    if (waiting === undefined) return this.onSnac(snac);
    if (snac.subtype === 0x01 && snac.family !== 0x17) {
      this.settled(snac.requestId, waiting);
      const code = snac.data.length >= 2 ? decodeSnacBody(familyError(snac.family), snac.data).code : ErrorCode.generalFailure;
      return waiting.fail(new RequestRefused(waiting.what, code));
    }
    if (waiting.take(snac)) return this.settled(snac.requestId, waiting);
    // Another SNAC under the same id, such as 13/19 echoing 13/18: it is said unasked.
    if ((snac.flags & SnacFlag.more) === 0) this.onSnac(snac);
    return undefined;
  }

  private settled(id: number, waiting: Waiting): void {
    waiting.cancel();
    this.waiting.delete(id);
  }

  private finish(error: ClientError): void {
    if (this.over !== undefined) return;
    this.over = error;
    this.pacing.stop();
    this.hello?.fail(error);
    this.hello = undefined;
    for (const waiting of this.waiting.values()) {
      waiting.cancel();
      waiting.fail(error);
    }
    this.waiting.clear();
    for (const fail of this.undispatched) fail(error);
    this.undispatched.clear();
    this.onClosed(error);
  }
}

const CLOSED: Readonly<Record<Closed, string>> = {
  fin: 'the server closed the connection',
  lost: 'the connection to the server was lost',
  'too-slow': 'the server takes nothing more',
  destroyed: 'the connection was closed',
};
