/**
 * Messages to people who are there. Nearly all are confirmed a moment after they were stored, so they are entered into the
 * indexes together and late, in order of id: each would otherwise cost a page of its own in every commit, and its row another
 * when it is confirmed. Until then they are found here.
 */
export interface FreshMessage {
  readonly id: number;
  readonly recipient: number;
  readonly sender: number;
  readonly size: number;
  /** Milliseconds on the clock of `Fresh`. */
  readonly storedAt: number;
  /** When somebody confirmed it, milliseconds since 1970; 0: nobody has. */
  confirmedAt: number;
}

/** Confirmations come about a second after a message was written; who has not by then is slow or gone. */
const RIPE_AFTER_MS = 2_500;
/** Enough that pages are shared, few enough that nobody notices the pause: some 5 ms. */
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

  /** @param now milliseconds on a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#queue.length - this.#head;
  }

  add(id: number, recipient: number, sender: number, size: number): void {
    this.#enter({ id, recipient, sender, size, storedAt: this.#now(), confirmedAt: 0 });
  }

  /** Of one recipient, in order of id. */
  of(recipient: number): Iterable<FreshMessage> {
    return this.#byRecipient.get(recipient)?.values() ?? [];
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
    return first !== undefined && now - first.storedAt > RIPE_AFTER_MS + BATCH_WAITS_MS;
  }

  /** Takes ripe ones out, oldest first; or any, so that nothing is left in the end. */
  take(which: 'ripe' | 'any'): readonly FreshMessage[] {
    const taken = this.#queue.slice(this.#head, Math.min(this.#head + BATCH, which === 'any' ? this.#queue.length : this.#ripe));
    this.#head += taken.length;
    this.#ripe = Math.max(this.#ripe, this.#head);
    for (const { recipient, id } of taken) {
      const mine = this.#byRecipient.get(recipient);
      mine?.delete(id);
      if (mine?.size === 0) this.#byRecipient.delete(recipient);
    }
    if (this.#head > 4 * BATCH) {
      this.#queue = this.#queue.slice(this.#head);
      this.#ripe -= this.#head;
      this.#head = 0;
    }
    return taken;
  }

  /** Something was undone: these are the fresh ones now, in order of id. What is known of them beyond that is kept. */
  replace(stored: Iterable<Pick<FreshMessage, 'id' | 'recipient' | 'sender' | 'size'>>): void {
    const before = new Map(this.#queue.map((message) => [message.id, message]));
    this.#queue = [];
    this.#head = 0;
    this.#ripe = 0;
    this.#byRecipient = new Map();
    for (const message of stored) this.#enter(before.get(message.id) ?? { ...message, storedAt: this.#now(), confirmedAt: 0 });
  }

  #enter(message: FreshMessage): void {
    this.#queue.push(message);
    const mine = this.#byRecipient.get(message.recipient);
    if (mine === undefined) this.#byRecipient.set(message.recipient, new Map([[message.id, message]]));
    else mine.set(message.id, message);
  }
}

function isRipe(message: FreshMessage, now: number): boolean {
  return message.confirmedAt !== 0 || now - message.storedAt > RIPE_AFTER_MS;
}

function numbersBetween(messages: ReadonlyMap<number, FreshMessage>, first: number, last: number): FreshMessage[] {
  const found: FreshMessage[] = [];
  for (let id = first; id <= last; id++) {
    const message = messages.get(id);
    if (message !== undefined) found.push(message);
  }
  return found;
}
