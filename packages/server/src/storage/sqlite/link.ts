/** The main thread's side of a storage thread: calls of one turn of the event loop travel together. */
import { Worker } from 'node:worker_threads';
import { StoreFailed } from '@seekyou/core';
import { turns } from '../../runtime/turns.ts';
import type { Failure } from './failure.ts';
import { ParcelReader, ParcelWriter } from './parcel.ts';
import {
  FRESH_BYTES,
  type FromThread,
  OPERATION_NAMES,
  OPERATIONS,
  type OperationName,
  type ReplyOf,
  type RequestOf,
  type ThreadData,
  type ToThread,
} from './protocol.ts';

export interface LinkLimits {
  /** Calls not answered yet. Reached when the disk has stopped: 20,000 callers at once are more than a node has busy sessions. */
  readonly waitingMax: number;
  /** Bytes of messages and rosters in those calls. */
  readonly waitingBytesMax: number;
}

export const LINK_LIMITS: LinkLimits = { waitingMax: 50_000, waitingBytesMax: 64 * 1024 * 1024 };

export interface LinkOptions {
  readonly script: URL;
  readonly data: ThreadData;
  readonly limits: LinkLimits;
  /** The thread has died: nothing will be answered any more. Called once. */
  readonly onFailure: (error: Error) => void;
  /** The database has what was fresh, up to this message. */
  readonly onSettled?: (id: number) => void;
}

export interface LinkFigures {
  readonly waiting: number;
  readonly answered: number;
  readonly failed: number;
  /** Groups of answers; for the writer each was one commit. */
  readonly groups: number;
  /** Time the thread spent on them. */
  readonly busyMs: number;
  readonly longestGroupMs: number;
}

interface Waiting {
  readonly name: OperationName;
  readonly bytes: number;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

const NUMBER_MAX = 2 ** 31;
/** What is fresh goes along with calls; where there are none, after so long, or when it is so much. */
const FRESH_MS = 100;
/** Blocks kept for the next ones: what the thread gives back at a time. */
const FRESH_SPARE_MAX = 4;

/** What the thread may have: the group it commits, and the next. */
const PARCELS_AHEAD = 2;

const numbers = new Map(OPERATION_NAMES.map((name, place) => [name, place]));

export const NO_FIGURES: LinkFigures = { waiting: 0, answered: 0, failed: 0, groups: 0, busyMs: 0, longestGroupMs: 0 };

export class Link {
  readonly #worker: Worker;
  readonly #limits: LinkLimits;
  readonly #onFailure: (error: Error) => void;
  readonly #onSettled: (id: number) => void;
  /** Of any message stored before this start. */
  readonly lastId: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #outgoing = new ParcelWriter();
  readonly #ended = Promise.withResolvers<void>();
  #state: 'open' | 'closing' | 'closed' | 'broken' = 'open';
  #scheduled = false;
  #fresh: Buffer | undefined;
  readonly #spareFresh: Buffer[] = [];
  #freshBytes = 0;
  #freshTimer: NodeJS.Timeout | undefined;
  /** Parcels not answered whole. */
  #sent = 0;
  #lastNumber = 0;
  #waitingBytes = 0;
  #answered = 0;
  #failed = 0;
  #groups = 0;
  #busyMs = 0;
  #longestGroupMs = 0;

  /** @throws StoreFailed when the database cannot be opened */
  static async open(options: LinkOptions): Promise<Link> {
    const worker = new Worker(options.script, { workerData: options.data, name: `store ${options.data.thread}` });
    const first = Promise.withResolvers<FromThread>();
    worker.once('message', first.resolve);
    worker.once('error', first.reject);
    let message: FromThread;
    try {
      message = await first.promise;
    } catch (error) {
      throw new StoreFailed('broken', `the storage thread did not start: ${(error as Error).message}`, { cause: error });
    }
    if (message.type === 'failed') throw errorOf(message.failure);
    worker.off('error', first.reject);
    return new Link(worker, options, message.type === 'ready' ? message.lastId : 0);
  }

  private constructor(worker: Worker, { limits, onFailure, onSettled }: LinkOptions, lastId: number) {
    this.#worker = worker;
    this.#limits = limits;
    this.#onFailure = onFailure;
    this.#onSettled = onSettled ?? ((): void => undefined);
    this.lastId = lastId;
    worker.on('message', (message: FromThread) => {
      if (message.type === 'answers') this.#take(message);
      else if (message.type === 'settled') this.#onSettled(message.to);
      else if (message.type === 'emptied')
        this.#spareFresh.push(...message.blocks.slice(0, FRESH_SPARE_MAX - this.#spareFresh.length).map((block) => Buffer.from(block)));
    });
    worker.on('error', (error: Error) => this.#fail(error));
    worker.on('exit', (code) => this.#exited(code));
  }

  get figures(): LinkFigures {
    return {
      waiting: this.#waiting.size,
      answered: this.#answered,
      failed: this.#failed,
      groups: this.#groups,
      busyMs: this.#busyMs,
      longestGroupMs: this.#longestGroupMs,
    };
  }

  call<N extends OperationName>(name: N, request: RequestOf<N>): Promise<ReplyOf<N>> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#lastNumber = (this.#lastNumber + 1) % NUMBER_MAX;
    const number = this.#lastNumber;
    const outgoing = this.#outgoing;
    const before = outgoing.byteLength;
    outgoing.value(number);
    outgoing.value(numbers.get(name));
    OPERATIONS[name].request.put(outgoing, request as never);
    const bytes = outgoing.byteLength - before;
    this.#waitingBytes += bytes;
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#send());
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { name, bytes, resolve: resolve as (value: never) => void, reject });
    });
  }

  #refusal(): StoreFailed | undefined {
    if (this.#state === 'broken') return new StoreFailed('broken', 'the storage thread has failed');
    if (this.#state !== 'open') return new StoreFailed('closed', 'the store is closed');
    if (this.#waiting.size >= this.#limits.waitingMax) return new StoreFailed('busy', `${this.#waiting.size} operations are waiting for the disk`);
    if (this.#waitingBytes >= this.#limits.waitingBytesMax) return new StoreFailed('busy', `${this.#waitingBytes} bytes are waiting for the disk`);
    return undefined;
  }

  /**
   * Tells the thread of messages the journal has, before any call that is made from now on.
   *
   * @param entries are copied
   */
  enter(entries: Uint8Array): void {
    if (this.#freshBytes + entries.length > FRESH_BYTES) this.#sendFresh();
    this.#fresh ??= this.#spareFresh.pop() ?? Buffer.allocUnsafeSlow(FRESH_BYTES);
    this.#fresh.set(entries, this.#freshBytes);
    this.#freshBytes += entries.length;
    this.#freshTimer ??= setTimeout(() => this.#sendFresh(), FRESH_MS);
  }

  /** Calls that are gathering go first: nothing of this is in their way. */
  #sendFresh(): void {
    const fresh = this.#takeFresh();
    if (fresh === undefined || this.#state === 'broken') return;
    this.#worker.postMessage({ type: 'calls', fresh } satisfies ToThread, [fresh.buffer as ArrayBuffer]);
  }

  #takeFresh(): Uint8Array | undefined {
    clearTimeout(this.#freshTimer);
    this.#freshTimer = undefined;
    if (this.#fresh === undefined || this.#freshBytes === 0) return undefined;
    // What is nearly full travels as it is; of a large block a few bytes would be carried along with the rest.
    const all = this.#fresh.subarray(0, this.#freshBytes);
    const fresh = this.#freshBytes > FRESH_BYTES / 2 ? all : new Uint8Array(all);
    if (fresh === all) this.#fresh = undefined;
    this.#freshBytes = 0;
    return fresh;
  }

  /** While the thread has one parcel in hand and one before it, more calls gather: they would only wait there, and cost a message each. */
  #send(): void {
    if (!this.#scheduled || this.#state === 'broken' || this.#sent >= PARCELS_AHEAD) return;
    this.#scheduled = false;
    this.#sent++;
    const parcel = this.#outgoing.seal();
    const fresh = this.#takeFresh();
    const message: ToThread = fresh === undefined ? { type: 'calls', parcel } : { type: 'calls', parcel, fresh };
    this.#worker.postMessage(message, [parcel.bytes.buffer as ArrayBuffer, ...(fresh === undefined ? [] : [fresh.buffer as ArrayBuffer])]);
  }

  #take({ parcel, done, busyMs }: Extract<FromThread, { type: 'answers' }>): void {
    turns.begin('answers');
    this.#sent -= done;
    // Before the answers are looked at: the thread must not wait while we are busy with them.
    this.#send();
    this.#groups++;
    this.#busyMs += busyMs;
    this.#longestGroupMs = Math.max(this.#longestGroupMs, busyMs);
    const answers = new ParcelReader(parcel);
    while (!answers.done) {
      const number = answers.value<number>();
      const call = this.#waiting.get(number);
      if (call === undefined) throw new Error(`the storage thread answered call ${number}, which nobody made`);
      this.#waiting.delete(number);
      this.#waitingBytes -= call.bytes;
      this.#answered++;
      if (answers.value<boolean>()) call.resolve(OPERATIONS[call.name].reply.take(answers) as never);
      else {
        this.#failed++;
        call.reject(errorOf({ code: answers.value(), message: answers.value() }));
      }
    }
  }

  #fail(error: Error): void {
    if (this.#state === 'broken' || this.#state === 'closed') return;
    this.#state = 'broken';
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new StoreFailed('broken', 'the storage thread has failed', { cause: error }));
    this.#onFailure(error);
  }

  #exited(code: number): void {
    if (this.#state === 'closing' && this.#waiting.size === 0) this.#state = 'closed';
    else this.#fail(new Error(`the storage thread ended with code ${code}`));
    this.#ended.resolve();
  }

  /** Answers what is waiting, then ends the thread. */
  close(): Promise<void> {
    if (this.#state !== 'open') return this.#ended.promise;
    this.#state = 'closing';
    this.#sent = 0; // nothing has to be held back any more
    this.#send();
    this.#sendFresh();
    this.#worker.postMessage({ type: 'close' } satisfies ToThread);
    return this.#ended.promise;
  }
}

function errorOf({ code, message }: Failure): Error {
  return code === 'defect' ? new Error(message) : new StoreFailed(code, message);
}
