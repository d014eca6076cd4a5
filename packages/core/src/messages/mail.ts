import type { Message, MessageId, Time, Uin } from '../words.ts';

/**
 * One session's messages between "given to its front end" and "confirmed". Holds ids only, except for messages that have
 * to wait; empty again once the client is heard of.
 */
export class Mail {
  // Two lists and not a map: new messages come last and are asked for at once, while in a large map each is looked for all over it.
  /** Given and not confirmed, ascending. */
  private readonly ids: MessageId[] = [];
  /** When the transport took each, or {@link UNWRITTEN}. */
  private readonly times: Time[] = [];
  /** No message was written before. */
  private oldest: Time = UNWRITTEN;
  /** Who sent what waits in the store to be fetched, or was fetched and is on its way. */
  unfetched: Set<Uin> | undefined;
  /** A fetch was begun and what it gives is not all on its way: until then nothing else ends the waiting. */
  fetching = false;
  /** Messages that came while earlier ones of the same sender wait, or before the client was ready. In order. */
  held: Message[] = [];
  /** What the last fetch gave. */
  private lastFetch: readonly MessageId[] = [];

  /** Was given to this client and is not confirmed. */
  has(id: MessageId): boolean {
    return this.isAt(this.placeOf(id), id);
  }

  /** Messages given and not confirmed. */
  get size(): number {
    return this.ids.length;
  }

  /** Something of this sender can only come by a fetch. */
  waitForFetch(sender: Uin): void {
    (this.unfetched ??= new Set()).add(sender);
  }

  holdsFrom(sender: Uin): boolean {
    return this.unfetched?.has(sender) === true || (this.held.length > 0 && this.held.some((message) => message.from === sender));
  }

  /** It is on its way to the transport. */
  give(id: MessageId): void {
    const place = this.placeOf(id);
    if (place === this.ids.length) {
      this.ids.push(id);
      this.times.push(UNWRITTEN);
    } else if (this.ids[place] !== id) {
      this.ids.splice(place, 0, id);
      this.times.splice(place, 0, UNWRITTEN);
    }
  }

  written(id: MessageId, now: Time): void {
    const place = this.placeOf(id);
    if (!this.isAt(place, id) || this.times[place] !== UNWRITTEN) return;
    this.times[place] = now;
    if (now < this.oldest) this.oldest = now;
  }

  /** A fetch gave these. Nothing has to be held that is among them, and what their senders write now comes after them. */
  fetched(messages: readonly Message[]): void {
    this.fetching = true;
    for (const { id, from } of messages) {
      this.give(id);
      this.waitForFetch(from);
    }
    this.lastFetch = messages.map((message) => message.id);
    if (this.held.length > 0) this.held = this.held.filter((message) => !this.has(message.id));
  }

  /** Nothing more will be given. */
  leave(): void {
    this.unfetched = undefined;
    this.fetching = false;
    this.held = [];
  }

  /** The transport took it, and it is not confirmed. */
  wasWritten(id: MessageId): boolean {
    const place = this.placeOf(id);
    return this.isAt(place, id) && this.times[place] !== UNWRITTEN;
  }

  /** The client has what the last fetch gave, as far as `has` says so: those of it that were not confirmed yet. */
  takeLastFetch(has: (id: MessageId) => boolean = () => true): MessageId[] {
    const ids = this.lastFetch.filter((id) => has(id) && this.take(id));
    this.lastFetch = [];
    return ids;
  }

  /** The client has this one. False when it was not given, or is confirmed already. */
  take(id: MessageId): boolean {
    const place = this.placeOf(id);
    if (!this.isAt(place, id)) return false;
    this.ids.splice(place, 1);
    this.times.splice(place, 1);
    return true;
  }

  /** Removes those written at `until` or before. */
  takeWrittenUntil(until: Time): readonly MessageId[] {
    if (this.oldest > until) return NONE;
    const { ids, times } = this;
    const taken: MessageId[] = [];
    let left = 0;
    this.oldest = UNWRITTEN;
    for (const [at, id] of ids.entries()) {
      const time = times[at] as Time;
      if (time <= until) taken.push(id);
      else {
        if (time < this.oldest) this.oldest = time;
        ids[left] = id;
        times[left++] = time;
      }
    }
    ids.length = left;
    times.length = left;
    return taken;
  }

  /** A place behind the last is not looked at: a list that was once asked for what it does not have is read slowly from then on. */
  private isAt(place: number, id: MessageId): boolean {
    return place < this.ids.length && this.ids[place] === id;
  }

  /** Where this one is, or would have to be. */
  private placeOf(id: MessageId): number {
    const { ids } = this;
    let from = 0;
    let to = ids.length;
    if (to === 0) return 0;
    const last = ids[to - 1] as MessageId;
    if (id > last) return to;
    if (id === last) return to - 1;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((ids[middle] as MessageId) < id) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

const NONE: readonly MessageId[] = [];
const UNWRITTEN: Time = Number.POSITIVE_INFINITY;
