/**
 * Messages to people who are there, which the journal has and the database has not. Nearly all are confirmed a moment after
 * they were stored, so they go to the database together and late, in order of id. Until then they are found here.
 */
import { type Entry, entryAt, lengthAt } from './journal-format.ts';

export interface FreshMessage extends Entry {
  /** The entry as the journal has it. */
  readonly bytes: Uint8Array;
  /** Milliseconds on the clock of `Fresh`. */
  readonly enteredAt: number;
  /** When somebody confirmed it, milliseconds since 1970; 0: nobody has. */
  confirmedAt: number;
}

/** Confirmations come about a second after a message was written; who has not by then is slow or gone. */
const RIPE_AFTER_MS = 2_500;
/** Enough that pages are shared, few enough that nobody notices the pause: a few milliseconds. */
export const BATCH = 1_000;
/** A batch need not be full when its first message has been ripe so long. */
const BATCH_WAITS_MS = 1_000;

export class Fresh {
  readonly #now: () => number;
  /** In order of id. Those before `#head` are gone. */
  #queue: FreshMessage[] = [];
  #head = 0;
  /** Those from `#head` to here may be taken. */
  #ripe = 0;
  #byRecipient = new Map<number, Map<number, FreshMessage>>();
  /** Our own senders' ids: see `keyOf`. */
  readonly #bySenderId = new Map<string, number>();
  /** Taken, and not committed yet. */
  #taken: FreshMessage[] = [];
  #lastId = 0;

  /** @param now milliseconds on a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#queue.length - this.#head;
  }

  /** @param entries one after the other, in order of id; they are not copied. @returns what was new */
  enter(entries: Buffer): readonly FreshMessage[] {
    const enteredAt = this.#now();
    const entered: FreshMessage[] = [];
    for (let at = 0; at < entries.length; at += lengthAt(entries, at)) {
      const { id, recipient, sender, sentAt, size, senderId, body } = entryAt(entries, at);
      if (id <= this.#lastId) continue;
      this.#lastId = id;
      const message = {
        id,
        recipient,
        sender,
        sentAt,
        size,
        senderId,
        body,
        bytes: entries.subarray(at, at + lengthAt(entries, at)),
        enteredAt,
        confirmedAt: 0,
      };
      this.#queue.push(message);
      this.#index(message);
      entered.push(message);
    }
    return entered;
  }

  /** Of one recipient, in order of id. */
  of(recipient: number): Iterable<FreshMessage> {
    return this.#byRecipient.get(recipient)?.values() ?? [];
  }

  /** The message our own sender gave this id. */
  sentAs(sender: number, senderId: string, recipient: number): number | undefined {
    return this.#bySenderId.get(keyOf(sender, senderId, recipient));
  }

  /**
   * Both ends included.
   *
   * @returns whether every number of the range is that of a fresh message of his: then nobody has to look further
   */
  confirm(recipient: number, first: number, last: number, at: number): boolean {
    const mine = this.#byRecipient.get(recipient);
    if (mine === undefined) return false;
    // Ranges are of messages one person got, so most hold few numbers; but nobody promises it.
    const found = last - first < mine.size ? numbersBetween(mine, first, last) : [...mine.values()].filter(({ id }) => id >= first && id <= last);
    for (const message of found) if (message.confirmedAt === 0) message.confirmedAt = at;
    return found.length === last - first + 1;
  }

  /** Whether it is worth taking some now. */
  get due(): boolean {
    const now = this.#now();
    for (let next = this.#queue[this.#ripe]; next !== undefined && isRipe(next, now); next = this.#queue[this.#ripe]) this.#ripe++;
    if (this.#ripe - this.#head >= BATCH) return true;
    const first = this.#ripe > this.#head ? this.#queue[this.#head] : undefined;
    return first !== undefined && now - first.enteredAt > RIPE_AFTER_MS + BATCH_WAITS_MS;
  }

  /** Takes ripe ones out, oldest first; or any, so that nothing is left in the end. They count as gone when `committed` is called. */
  take(which: 'ripe' | 'any'): readonly FreshMessage[] {
    const taken = this.#queue.slice(this.#head, Math.min(this.#head + BATCH, which === 'any' ? this.#queue.length : this.#ripe));
    this.#head += taken.length;
    this.#ripe = Math.max(this.#ripe, this.#head);
    for (const message of taken) this.#forget(message);
    if (this.#head > 4 * BATCH) {
      this.#queue = this.#queue.slice(this.#head);
      this.#ripe -= this.#head;
      this.#head = 0;
    }
    this.#taken.push(...taken);
    return taken;
  }

  /** The database has what was taken. False: nothing was. */
  committed(): boolean {
    if (this.#taken.length === 0) return false;
    this.#taken = [];
    return true;
  }

  /** Something was undone: of what was taken the database has only messages up to `last`. */
  undone(last: number): void {
    const back = this.#taken.filter(({ id }) => id > last);
    if (back.length === 0) return;
    this.#taken = this.#taken.filter(({ id }) => id <= last);
    this.#queue = [...back, ...this.#queue.slice(this.#head)];
    this.#head = 0;
    this.#ripe = 0;
    this.#byRecipient = new Map();
    for (const message of this.#queue) this.#index(message);
  }

  #index(message: FreshMessage): void {
    const { id, sender, senderId, recipient } = message;
    const mine = this.#byRecipient.get(recipient);
    if (mine === undefined) this.#byRecipient.set(recipient, new Map([[id, message]]));
    else mine.set(id, message);
    if (senderId !== null) this.#bySenderId.set(keyOf(sender, senderId, recipient), id);
  }

  #forget({ id, sender, senderId, recipient }: FreshMessage): void {
    const mine = this.#byRecipient.get(recipient);
    mine?.delete(id);
    if (mine?.size === 0) this.#byRecipient.delete(recipient);
    if (senderId !== null) this.#bySenderId.delete(keyOf(sender, senderId, recipient));
  }
}

const keyOf = (sender: number, senderId: string, recipient: number): string => `${sender} ${senderId} ${recipient}`;

function isRipe(message: FreshMessage, now: number): boolean {
  return message.confirmedAt !== 0 || now - message.enteredAt > RIPE_AFTER_MS;
}

function numbersBetween(messages: ReadonlyMap<number, FreshMessage>, first: number, last: number): FreshMessage[] {
  const found: FreshMessage[] = [];
  for (let id = first; id <= last; id++) {
    const message = messages.get(id);
    if (message !== undefined) found.push(message);
  }
  return found;
}
