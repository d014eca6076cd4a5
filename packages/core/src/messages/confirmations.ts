/**
 * Confirmed messages on their way to the store, written behind and in ranges. What a crash loses is delivered once more at
 * the next sign-on, nothing else.
 */
import type { IdRange } from '../ports.ts';
import type { CorePorts } from '../service.ts';
import type { MessageId, Uin } from '../words.ts';

const FLUSH_MS = 250;
/** Accounts of one flush, so that messages do not wait long behind it. */
const ACCOUNTS_PER_FLUSH = 500;

interface Writing {
  readonly ids: readonly MessageId[];
  readonly done: Promise<void>;
}

export class Confirmations {
  private readonly ports: CorePorts;
  private readonly waitingMax: number;
  private readonly waiting = new Map<Uin, MessageId[]>();
  private readonly writing = new Map<Uin, Writing>();
  private waitingIds = 0;
  private confirmed = 0;
  private cancelTimer: (() => void) | undefined;
  private stopped = false;

  /** @param waitingMax more than the store takes are forgotten */
  constructor(ports: CorePorts, waitingMax: number) {
    this.ports = ports;
    this.waitingMax = waitingMax;
  }

  /** Confirmations ever made. */
  get total(): number {
    return this.confirmed;
  }

  /** Confirmations the store has not got. */
  get unwritten(): number {
    return this.waitingIds;
  }

  add(uin: Uin, id: MessageId): void {
    this.confirmed++;
    if (this.waitingIds >= this.waitingMax) return;
    this.waitingIds++;
    const ids = this.waiting.get(uin);
    if (ids === undefined) this.waiting.set(uin, [id]);
    else ids.push(id);
    this.schedule();
  }

  /** The store does not know yet, or did not when it was asked. */
  holds(uin: Uin, id: MessageId): boolean {
    return this.waiting.get(uin)?.includes(id) === true || this.writing.get(uin)?.ids.includes(id) === true;
  }

  /** Writes those of one account. What the store is asked afterwards takes them into account. */
  async flush(uin: Uin): Promise<void> {
    await this.writing.get(uin)?.done;
    await this.write(uin);
  }

  /** Writes everything; what comes later is written at once. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    await Promise.all([...this.writing.values()].map((writing) => writing.done));
    await this.writeSome(this.waiting.size);
  }

  private schedule(): void {
    this.cancelTimer ??= this.ports.clock.after(this.stopped ? 0 : FLUSH_MS, () => {
      void this.writeSome(ACCOUNTS_PER_FLUSH).then(() => {
        this.cancelTimer = undefined;
        if (this.waiting.size > 0) this.schedule();
      });
    });
  }

  private async writeSome(limit: number): Promise<void> {
    const uins = this.waiting.keys().take(limit).toArray();
    await Promise.all(uins.map((uin) => this.write(uin)));
  }

  /** Never rejects: what failed is tried again. */
  private async write(uin: Uin): Promise<void> {
    const ids = this.waiting.get(uin);
    if (ids === undefined || this.writing.has(uin)) return;
    this.waiting.delete(uin);
    const done = this.ports.store.mailboxes.confirm(uin, rangesOf(ids), this.ports.clock.now()).then(
      () => {
        this.writing.delete(uin);
        this.waitingIds -= ids.length;
      },
      (error: unknown) => {
        this.writing.delete(uin);
        this.ports.report('delivered messages could not be marked', error);
        if (this.stopped) return;
        this.waiting.set(uin, ids.concat(this.waiting.get(uin) ?? []));
        this.schedule();
      },
    );
    this.writing.set(uin, { ids, done });
    await done;
  }
}

/** Ids that follow each other as one range each. */
export function rangesOf(ids: readonly MessageId[]): IdRange[] {
  const ranges: { first: MessageId; last: MessageId }[] = [];
  for (const id of ids.toSorted((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && id <= range.last + 1) range.last = id;
    else ranges.push({ first: id, last: id });
  }
  return ranges;
}
