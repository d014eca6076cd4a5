/**
 * How full mailboxes are, remembered so that a message to a full one costs no more than one to an empty one.
 *
 * Valid because one thread does all the writing; whatever takes messages away, and every rollback, makes it forget.
 */
export interface Tally {
  messages: number;
  bytes: number;
  readonly bySender: Map<number, number>;
}

/** Of all remembered mailboxes together: some 10 MB. */
const SENDERS_MAX = 100_000;

export class Tallies {
  readonly #count: (recipient: number) => Tally;
  readonly #sendersMax: number;
  readonly #known = new Map<number, Tally>();
  #senders = 0;

  /** @param count reads the undelivered messages of a recipient */
  constructor(count: (recipient: number) => Tally, sendersMax = SENDERS_MAX) {
    this.#count = count;
    this.#sendersMax = sendersMax;
  }

  of(recipient: number): Tally {
    const known = this.#known.get(recipient);
    if (known !== undefined) return known;
    const tally = this.#count(recipient);
    this.#senders += weight(tally);
    this.#known.set(recipient, tally);
    this.#makeRoom(recipient);
    return tally;
  }

  /** A message was stored. */
  add(recipient: number, sender: number, size: number): void {
    const tally = this.#known.get(recipient);
    if (tally === undefined) return;
    const before = weight(tally);
    tally.messages++;
    tally.bytes += size;
    tally.bySender.set(sender, (tally.bySender.get(sender) ?? 0) + 1);
    this.#senders += weight(tally) - before;
  }

  forget(recipient: number): void {
    const tally = this.#known.get(recipient);
    if (tally === undefined) return;
    this.#senders -= weight(tally);
    this.#known.delete(recipient);
  }

  forgetAll(): void {
    this.#known.clear();
    this.#senders = 0;
  }

  /** The ones learned first go first. */
  #makeRoom(kept: number): void {
    for (const recipient of this.#known.keys()) {
      if (this.#senders <= this.#sendersMax) return;
      if (recipient !== kept) this.forget(recipient);
    }
  }
}

/** A mailbox without messages takes room too. */
const weight = (tally: Tally): number => tally.bySender.size + 1;
