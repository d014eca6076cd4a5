/** How often one account may do something that costs much: some times at once, then once more now and then. */
import type { Clock } from '../ports.ts';
import { type Refused, refuse } from '../refusals.ts';
import type { Time, Uin } from '../words.ts';

export interface BudgetLimits {
  readonly atOnceMax: number;
  /** One more comes back each time. */
  readonly everyMs: number;
  /** Accounts in memory; the one that spent longest ago is forgotten. */
  readonly entriesMax: number;
}

export class AccountBudget {
  private readonly limits: BudgetLimits;
  private readonly clock: Clock;
  /** When everything an account used will have come back. */
  private readonly restedAt = new Map<Uin, Time>();

  constructor(limits: BudgetLimits, clock: Clock) {
    this.limits = limits;
    this.clock = clock;
  }

  /** Accounts in memory. */
  get size(): number {
    return this.restedAt.size;
  }

  /** Refusal: `slow-down`, which costs nothing of the budget. */
  spend(uin: Uin): Refused | undefined {
    const { atOnceMax, everyMs, entriesMax } = this.limits;
    const now = this.clock.now();
    const rested = Math.max(now, this.restedAt.get(uin) ?? now) + everyMs;
    const wait = rested - now - atOnceMax * everyMs;
    if (wait > 0) return refuse('slow-down', wait);
    this.restedAt.delete(uin);
    this.restedAt.set(uin, rested);
    for (const [oldest, at] of this.restedAt) {
      if (at > now && this.restedAt.size <= entriesMax) break;
      this.restedAt.delete(oldest);
    }
    return undefined;
  }
}
