/** How fast one account may search: some at once, then one more now and then. A search costs more than any other question. */
import type { Limits } from '../limits.ts';
import type { Clock } from '../ports.ts';
import { type Refused, refuse } from '../refusals.ts';
import type { Time, Uin } from '../words.ts';

export class SearchBrake {
  private readonly limits: Pick<Limits, 'searchesAtOnceMax' | 'searchMs' | 'brakeEntriesMax'>;
  private readonly clock: Clock;
  /** When everything an account used will have come back. */
  private readonly restedAt = new Map<Uin, Time>();

  constructor(limits: Pick<Limits, 'searchesAtOnceMax' | 'searchMs' | 'brakeEntriesMax'>, clock: Clock) {
    this.limits = limits;
    this.clock = clock;
  }

  /** Accounts in memory. */
  get size(): number {
    return this.restedAt.size;
  }

  /** Counts a search that begins. Refusal: `slow-down`, which is not counted. */
  enter(uin: Uin): Refused | undefined {
    const { searchesAtOnceMax, searchMs, brakeEntriesMax } = this.limits;
    const now = this.clock.now();
    const rested = Math.max(now, this.restedAt.get(uin) ?? now) + searchMs;
    const wait = rested - now - searchesAtOnceMax * searchMs;
    if (wait > 0) return refuse('slow-down', wait);
    this.restedAt.delete(uin);
    this.restedAt.set(uin, rested);
    for (const [oldest, at] of this.restedAt) {
      if (at > now && this.restedAt.size <= brakeEntriesMax) break;
      this.restedAt.delete(oldest);
    }
    return undefined;
  }
}
