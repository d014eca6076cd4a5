/** What an account looks like from outside: one presence made of its sessions. @see oscar.md §10.4 */
import type { LiveSession } from '../inside.ts';
import type { Picture } from '../pictures/picture.ts';
import type { Availability, DirectInfo, Peer, Status, StyledText, Time } from '../words.ts';

export interface Appearance {
  readonly status: Status;
  readonly capabilities: readonly string[];
  readonly signedOnAt: Time;
  /** Where the session comes from whose status is shown. */
  readonly peer: Peer;
  readonly direct: DirectInfo | undefined;
  readonly idleSince: Time | undefined;
  readonly items: Uint8Array | undefined;
  readonly pictures: readonly Picture[] | undefined;
}

/** Most available first. */
const RANK: Readonly<Record<Availability, number>> = {
  'free-for-chat': 0,
  online: 1,
  away: 2,
  occupied: 3,
  'not-available': 4,
  'do-not-disturb': 5,
};

/** The session whose status, address and texts are shown: the most available, of equals the one that signed on last. */
export function leadOf(sessions: readonly LiveSession[]): LiveSession | undefined {
  return sessions.reduce<LiveSession | undefined>((lead, session) => (lead === undefined || rankOf(session) <= rankOf(lead) ? session : lead), undefined);
}

/** `undefined` without sessions. They are in order of sign-on. */
export function appearanceOf(sessions: readonly LiveSession[]): Appearance | undefined {
  const lead = leadOf(sessions);
  if (lead === undefined) return undefined;
  const { status, direct, items, capabilities } = lead.presence;
  return {
    status,
    capabilities: sessions.length === 1 ? capabilities : [...new Set(sessions.flatMap((session) => session.presence.capabilities))],
    signedOnAt: Math.min(...sessions.map((session) => session.signedOnAt)),
    peer: lead.peer,
    direct,
    idleSince: idleSinceOf(sessions),
    items,
    pictures: lead.account.pictures,
  };
}

export function sameAppearance(a: Appearance | undefined, b: Appearance | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    sameStatus(a.status, b.status) &&
    sameElements(a.capabilities, b.capabilities) &&
    a.signedOnAt === b.signedOnAt &&
    a.idleSince === b.idleSince &&
    a.peer.address === b.peer.address &&
    a.peer.known === b.peer.known &&
    sameDirect(a.direct, b.direct) &&
    (a.items === b.items || (a.items !== undefined && b.items !== undefined && sameElements(a.items, b.items))) &&
    samePictures(a.pictures, b.pictures)
  );
}

/** The text the account shows, of the lead if it has one. */
export function styledTextOf(sessions: readonly LiveSession[], which: 'profile' | 'away'): StyledText | undefined {
  return leadOf(sessions)?.presence[which] ?? sessions.findLast((session) => session.presence[which] !== undefined)?.presence[which];
}

function rankOf(session: LiveSession): number {
  const { status } = session.presence;
  return RANK[status.availability] + (status.invisible ? 10 : 0);
}

/** A person who uses one of several clients is not idle. */
function idleSinceOf(sessions: readonly LiveSession[]): Time | undefined {
  let latest: Time | undefined;
  for (const { presence } of sessions) {
    if (presence.idleSince === undefined) return undefined;
    latest = Math.max(latest ?? presence.idleSince, presence.idleSince);
  }
  return latest;
}

function sameStatus(a: Status, b: Status): boolean {
  return (
    a.word === b.word &&
    a.availability === b.availability &&
    a.invisible === b.invisible &&
    a.webAware === b.webAware &&
    a.hideAddress === b.hideAddress &&
    a.direct === b.direct
  );
}

function sameDirect(a: DirectInfo | undefined, b: DirectInfo | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.internalAddress === b.internalAddress &&
    a.port === b.port &&
    a.kind === b.kind &&
    a.version === b.version &&
    a.webPort === b.webPort &&
    a.features === b.features &&
    sameElements(a.times, b.times)
  );
}

function samePictures(a: readonly Picture[] = [], b: readonly Picture[] = []): boolean {
  return a === b || (a.length === b.length && a.every(({ kind, hash }, at) => kind === b[at]?.kind && hash === b[at].hash));
}

function sameElements(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
