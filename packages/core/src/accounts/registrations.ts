/** How fast accounts may be made by clients themselves: some an hour are free, then the wait grows, for an address and in all. */
import type { Limits } from '../limits.ts';
import type { Clock } from '../ports.ts';
import { type Refused, refuse } from '../refusals.ts';
import type { Peer, Time } from '../words.ts';
import { siteOf } from './site.ts';

const HOUR = 3_600_000;

/** A budget that comes back with time. */
interface Budget {
  used: number;
  countedAt: Time;
  strikes: number;
  notBefore: Time;
}

export class RegistrationBrake {
  private readonly limits: Limits;
  private readonly clock: Clock;
  private readonly all: Budget;
  private readonly sites = new Map<string, Budget>();

  constructor(limits: Limits, clock: Clock) {
    this.limits = limits;
    this.clock = clock;
    this.all = freshBudget(clock.now());
  }

  /**
   * Counts a registration that begins; the result takes it back when nothing came of it. Refuses `slow-down`.
   */
  enter(peer: Peer): (() => void) | Refused {
    const now = this.clock.now();
    const site = peer.known ? this.site(siteOf(peer.address), now) : undefined;
    this.restore(this.all, this.limits.registrationsPerHour, now);
    const wait = Math.max(this.all.notBefore - now, (site?.notBefore ?? 0) - now);
    if (wait > 0) return refuse('slow-down', wait);
    this.use(this.all, this.limits.registrationsPerHour, now);
    if (site !== undefined) this.use(site, this.limits.registrationsFreePerAddressPerHour, now);
    return () => {
      giveBack(this.all);
      if (site !== undefined) giveBack(site);
    };
  }

  private site(key: string, now: Time): Budget {
    let site = this.sites.get(key);
    if (site === undefined) {
      if (this.sites.size >= this.limits.brakeEntriesMax) this.forgetOldest();
      site = freshBudget(now);
      this.sites.set(key, site);
    }
    this.restore(site, this.limits.registrationsFreePerAddressPerHour, now);
    return site;
  }

  private restore(budget: Budget, perHour: number, now: Time): void {
    budget.used = Math.max(0, budget.used - ((now - budget.countedAt) / HOUR) * perHour);
    budget.countedAt = now;
    if (budget.used === 0) budget.strikes = 0;
  }

  private use(budget: Budget, free: number, now: Time): void {
    budget.used++;
    if (budget.used < free) return;
    budget.notBefore = now + Math.min(this.limits.failureDelayMs * 2 ** budget.strikes, this.limits.failureDelayMaxMs);
    budget.strikes++;
  }

  private forgetOldest(): void {
    const oldest = this.sites.keys().next();
    if (oldest.done !== true) this.sites.delete(oldest.value);
  }
}

function freshBudget(now: Time): Budget {
  return { used: 0, countedAt: now, strikes: 0, notBefore: 0 };
}

function giveBack(budget: Budget): void {
  budget.used = Math.max(0, budget.used - 1);
}
