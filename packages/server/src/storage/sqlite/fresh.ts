/**
 * Messages to people who are there, which the journal has and the database has not. Nearly all are confirmed a moment after
 * they were stored, so they go to the database together and late, in order of id. Until then they are found here.
 *
 * There may be a hundred thousand, and all most of them need is to be passed on: they stay the bytes they came as, and are
 * known by their *place*, a number that counts them since the start.
 */
import { firstWhere } from './first-where.ts';
import { type Entry, entryAt, idAt, isNamedAt, lengthAt, recipientAt } from './journal-format.ts';

/** Messages that came together. */
interface Block {
  /** The place of its first. */
  readonly start: number;
  readonly bytes: Buffer;
  /** Where each begins. */
  readonly offsets: Uint32Array;
  /** When somebody confirmed each, milliseconds since 1970; 0: nobody has. */
  readonly confirmedAt: Float64Array;
  /** Milliseconds on the clock of `Fresh`. */
  readonly enteredAt: number;
}

export interface FreshMessage extends Entry {
  readonly confirmedAt: number;
}

/** From the first place to the second, exclusive. */
export interface Places {
  readonly from: number;
  readonly to: number;
}

/** Confirmations come about a second after a message was written; who has not by then is slow or gone. */
const RIPE_AFTER_MS = 2_500;
/** Packs large enough that few pages are half empty, and few enough that nobody notices the pause: some 10 ms, and only in busy times. */
export const BATCH = 4_000;
/** A batch need not be full when its first message has been ripe so long. */
const BATCH_WAITS_MS = 1_000;

export class Fresh {
  readonly #now: () => number;
  readonly #blocks: Block[] = [];
  readonly #emptied: Buffer[] = [];
  /** Where the last search ended: most go on from there. */
  #near = 0;
  #lastId = 0;
  /** The place of the next that comes. */
  #end = 0;
  /** The places before are taken; those from here to `#ripe` may be. */
  #head = 0;
  #ripe = 0;
  /** The database has what is before. */
  #committed = 0;
  /** In ascending order. */
  readonly #byRecipient = new Map<number, number[]>();
  /** Places of messages with our own senders' ids, see `keyOf`. */
  readonly #bySenderId = new Map<string, number>();

  /** @param now milliseconds on a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#end - this.#head;
  }

  /**
   * @param entries one after the other, in order of id; they are not copied. Those that are here already do nothing
   * @param each called for each new one
   */
  enter(entries: Buffer, each: (recipient: number, at: number) => void = () => undefined): void {
    let from = 0;
    while (from < entries.length && idAt(entries, from) <= this.#lastId) from += lengthAt(entries, from);
    let count = 0;
    for (let at = from; at < entries.length; at += lengthAt(entries, at)) count++;
    if (count === 0) return;
    const block = { start: this.#end, bytes: entries, offsets: new Uint32Array(count), confirmedAt: new Float64Array(count), enteredAt: this.#now() };
    this.#blocks.push(block);
    for (let at = from, i = 0; at < entries.length; at += lengthAt(entries, at), i++) {
      block.offsets[i] = at;
      this.#lastId = idAt(entries, at);
      const recipient = recipientAt(entries, at);
      const mine = this.#byRecipient.get(recipient);
      if (mine === undefined) this.#byRecipient.set(recipient, [this.#end]);
      else mine.push(this.#end);
      if (isNamedAt(entries, at)) this.#bySenderId.set(keyOf(entryAt(entries, at)), this.#end);
      this.#end++;
      each(recipient, at);
    }
  }

  /** Of one recipient, in order of id. */
  of(recipient: number): FreshMessage[] {
    const places = this.#byRecipient.get(recipient)?.filter((place) => place >= this.#head) ?? [];
    return places.map((place) => ({ ...this.entry(place), confirmedAt: this.confirmedAt(place) }));
  }

  /** The message our own sender gave this id. */
  sentAs(sender: number, senderId: string, recipient: number): number | undefined {
    const place = this.#bySenderId.get(keyOf({ sender, senderId, recipient }));
    return place === undefined || place < this.#head ? undefined : this.#id(place);
  }

  /**
   * Both ends included.
   *
   * @returns whether every number of the range is that of a fresh message of his: then nobody has to look further
   */
  confirm(recipient: number, first: number, last: number, at: number): boolean {
    const mine = this.#byRecipient.get(recipient);
    if (mine === undefined) return false;
    let found = 0;
    for (let i = firstWhere(mine.length, (n) => this.#id(mine[n] as number) >= first); i < mine.length; i++) {
      const place = mine[i] as number;
      if (this.#id(place) > last) break;
      if (place < this.#head) continue;
      found++;
      const { confirmedAt, start } = this.#blockOf(place);
      if (confirmedAt[place - start] === 0) confirmedAt[place - start] = at;
    }
    return found === last - first + 1;
  }

  /** Whether it is worth taking some now. */
  get due(): boolean {
    const now = this.#now();
    while (this.#ripe < this.#end && this.#isRipe(this.#ripe, now)) this.#ripe++;
    if (this.#ripe - this.#head >= BATCH) return true;
    return this.#ripe > this.#head && now - this.#blockOf(this.#head).enteredAt > RIPE_AFTER_MS + BATCH_WAITS_MS;
  }

  #isRipe(place: number, now: number): boolean {
    return this.confirmedAt(place) !== 0 || now - this.#blockOf(place).enteredAt > RIPE_AFTER_MS;
  }

  /** Takes ripe ones out, oldest first; or any, so that nothing is left in the end. What they were can be asked until `committed`. */
  take(which: 'ripe' | 'any'): Places {
    const from = this.#head;
    this.#head = Math.min(from + BATCH, which === 'any' ? this.#end : this.#ripe);
    this.#ripe = Math.max(this.#ripe, this.#head);
    return { from, to: this.#head };
  }

  /** The database has what was taken. False: nothing was. */
  committed(): boolean {
    if (this.#committed === this.#head) return false;
    const recipients = new Set<number>();
    for (let place = this.#committed; place < this.#head; place++) {
      recipients.add(this.recipient(place));
      if (this.isNamed(place)) this.#bySenderId.delete(keyOf(this.entry(place)));
    }
    for (const recipient of recipients) this.#trim(recipient);
    this.#committed = this.#head;
    const kept = this.#blocks.findIndex(({ start, offsets }) => start + offsets.length > this.#head);
    for (const { bytes } of this.#blocks.splice(0, kept < 0 ? this.#blocks.length : kept)) this.#emptied.push(bytes);
    this.#near = 0;
    return true;
  }

  /** What `enter` was given and is not needed any more, once each. */
  takeEmptied(): readonly Buffer[] {
    return this.#emptied.splice(0);
  }

  #trim(recipient: number): void {
    const mine = this.#byRecipient.get(recipient);
    if (mine === undefined) return;
    const gone = firstWhere(mine.length, (n) => (mine[n] as number) >= this.#head);
    if (gone === mine.length) this.#byRecipient.delete(recipient);
    else mine.splice(0, gone);
  }

  /** Something was undone: of what was taken the database has only messages up to `last`. */
  undone(last: number): void {
    const taken = this.#head - this.#committed;
    this.#head = this.#committed + firstWhere(taken, (n) => this.#id(this.#committed + n) > last);
    this.#ripe = this.#head;
  }

  // ------------------------------------------------------------- of a place

  entry(place: number): Entry {
    const { bytes, offsets, start } = this.#blockOf(place);
    return entryAt(bytes, offsets[place - start] as number);
  }

  /** The entry as the journal has it. */
  bytes(place: number): Uint8Array {
    const { bytes, offsets, start } = this.#blockOf(place);
    const at = offsets[place - start] as number;
    return bytes.subarray(at, at + lengthAt(bytes, at));
  }

  recipient(place: number): number {
    const { bytes, offsets, start } = this.#blockOf(place);
    return recipientAt(bytes, offsets[place - start] as number);
  }

  confirmedAt(place: number): number {
    const { confirmedAt, start } = this.#blockOf(place);
    return confirmedAt[place - start] as number;
  }

  /** Whether one of our own senders gave it an id. */
  isNamed(place: number): boolean {
    const { bytes, offsets, start } = this.#blockOf(place);
    return isNamedAt(bytes, offsets[place - start] as number);
  }

  #id(place: number): number {
    const { bytes, offsets, start } = this.#blockOf(place);
    return idAt(bytes, offsets[place - start] as number);
  }

  #blockOf(place: number): Block {
    const near = this.#blocks[this.#near];
    if (near !== undefined && place >= near.start && place < near.start + near.offsets.length) return near;
    this.#near = firstWhere(this.#blocks.length, (n) => (this.#blocks[n] as Block).start > place) - 1;
    return this.#blocks[this.#near] as Block;
  }
}

const keyOf = ({ sender, senderId, recipient }: Pick<Entry, 'sender' | 'senderId' | 'recipient'>): string => `${sender} ${senderId} ${recipient}`;
