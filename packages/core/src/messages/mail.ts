import type { Message, MessageId, Time, Uin } from '../words.ts';

/**
 * One session's messages between "given to its front end" and "confirmed". Holds ids only, except for messages that have
 * to wait; empty again once the client is heard of.
 */
export class Mail {
  /** When the transport took what was given and is not confirmed, or {@link UNWRITTEN}; in the order of giving. */
  private readonly given = new Map<MessageId, Time>();
  /** No message was written before. */
  private oldest: Time = Number.POSITIVE_INFINITY;
  /** Who sent what waits in the store to be fetched. */
  unfetched: Set<Uin> | undefined;
  /** Messages that came while earlier ones of the same sender wait, or before the client was ready. In order. */
  held: Message[] = [];
  /** What the last fetch gave. */
  private lastFetch: readonly MessageId[] = [];

  /** Was given to this client and is not confirmed. */
  has(id: MessageId): boolean {
    return this.given.has(id);
  }

  /** Messages given and not confirmed. */
  get size(): number {
    return this.given.size;
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
    this.given.set(id, UNWRITTEN);
  }

  written(id: MessageId, now: Time): void {
    if (this.given.get(id) !== UNWRITTEN) return;
    this.given.set(id, now);
    if (now < this.oldest) this.oldest = now;
  }

  /** A fetch gave these. Nothing has to be held that is among them. */
  fetched(messages: readonly Message[]): void {
    for (const { id } of messages) this.give(id);
    this.lastFetch = messages.map((message) => message.id);
    if (this.held.length > 0) this.held = this.held.filter((message) => !this.has(message.id));
  }

  /** The client has what the last fetch gave: those of it that were not confirmed yet. */
  takeLastFetch(): MessageId[] {
    const ids = this.lastFetch.filter((id) => this.take(id));
    this.lastFetch = [];
    return ids;
  }

  /** The client has this one. False when it was not given, or is confirmed already. */
  take(id: MessageId): boolean {
    return this.given.delete(id);
  }

  /** Removes those written at `until` or before, oldest first. */
  *takeWrittenUntil(until: Time): Iterable<MessageId> {
    if (this.oldest > until) return;
    this.oldest = Number.POSITIVE_INFINITY;
    for (const [id, at] of this.given) {
      // What came later may be written before: what the client cannot be shown counts as written at once.
      if (at === UNWRITTEN) continue;
      if (at > until) {
        this.oldest = at;
        return;
      }
      this.given.delete(id);
      yield id;
    }
  }
}

const UNWRITTEN: Time = Number.POSITIVE_INFINITY;
