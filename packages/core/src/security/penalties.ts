/**
 * Accounts whose client sent so fast that its session was ended stay outside for a while, longer each time: coming back is
 * what costs a server most. People do not get here, only programs do.
 */
import type { Limits } from '../limits.ts';
import type { Clock } from '../ports.ts';
import type { Time, Uin } from '../words.ts';

interface Penalty {
  readonly times: number;
  readonly until: Time;
}

export class Penalties {
  private readonly limits: Pick<Limits, 'floodDelayMs' | 'failureDelayMaxMs' | 'brakeEntriesMax'>;
  private readonly clock: Clock;
  // In order of the last time.
  private readonly penalties = new Map<Uin, Penalty>();

  constructor(limits: Pick<Limits, 'floodDelayMs' | 'failureDelayMaxMs' | 'brakeEntriesMax'>, clock: Clock) {
    this.limits = limits;
    this.clock = clock;
  }

  /** Accounts in memory. */
  get size(): number {
    return this.penalties.size;
  }

  add(uin: Uin): void {
    const { floodDelayMs, failureDelayMaxMs, brakeEntriesMax } = this.limits;
    const now = this.clock.now();
    const before = this.penalties.get(uin);
    const times = before === undefined || this.isForgotten(before, now) ? 1 : before.times + 1;
    this.penalties.delete(uin);
    this.penalties.set(uin, { times, until: now + Math.min(floodDelayMs * 2 ** (times - 1), failureDelayMaxMs) });
    for (const [oldest, penalty] of this.penalties) {
      if (this.penalties.size <= brakeEntriesMax && !this.isForgotten(penalty, now)) break;
      this.penalties.delete(oldest);
    }
  }

  /** How long the account still has to stay outside; 0: not at all. */
  waitMs(uin: Uin): number {
    const penalty = this.penalties.get(uin);
    return penalty === undefined ? 0 : Math.max(0, penalty.until - this.clock.now());
  }

  /** Good for as long as the longest penalty. */
  private isForgotten({ until }: Penalty, now: Time): boolean {
    return now - until >= this.limits.failureDelayMaxMs;
  }
}
