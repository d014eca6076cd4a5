import type { Time, Uin } from '../words.ts';
import type { HeldRoster, RosterChange } from './rosters.ts';

/** Clients move a contact to another group by removing it here and adding it there, in two requests. */
export const MOVED_WITHIN_MS = 10_000;

/**
 * Whom to tell "you were added": people who were not on the contact list for good before, and whom the owner did not just
 * move. A contact that waits for authorisation is told when the waiting ends. Lists brought from elsewhere make no noise.
 */
export class AddedNotices {
  private readonly parted = new WeakMap<HeldRoster, Map<Uin, Time>>();

  due(held: HeldRoster, { before, touched, byHand }: RosterChange, now: Time): Uin[] {
    const parted = this.partedFrom(held, now);
    const due = [...byHand].filter((uin) => uin !== held.uin && !before.follows(uin) && held.roster.follows(uin) && !parted.has(uin));
    for (const uin of touched) if (before.follows(uin) && !held.roster.follows(uin)) parted.set(uin, now);
    if (parted.size > 0) this.parted.set(held, parted);
    else this.parted.delete(held);
    return due;
  }

  private partedFrom(held: HeldRoster, now: Time): Map<Uin, Time> {
    return new Map([...(this.parted.get(held) ?? [])].filter(([, at]) => now - at < MOVED_WITHIN_MS));
  }
}
