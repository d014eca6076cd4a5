/**
 * Who sees whom, and how: the one place where it is decided. Presence, look-ups, messages and their errors all ask here,
 * so an invisible user cannot be found out by comparing answers. @see oscar.md §10.1, §5.1
 */
import type { FoundOnline } from '../directory/search.ts';
import type { LiveSession } from '../inside.ts';
import type { CoreSettings } from '../service.ts';
import type { DirectInfo, PresenceView, Uin } from '../words.ts';
import type { Appearance } from './appearance.ts';
import type { Person } from './person.ts';

/** How much of a visible person an observer sees; each includes the ones before. */
export const Sight = {
  /** Neither on the subject's contact list nor authorised by him. */
  stranger: 0,
  /** Sees what the client said about itself, without addresses. */
  contact: 1,
  /** May connect directly. */
  direct: 2,
  /** May connect directly and stands behind the same external address. */
  neighbour: 3,
} as const;
export type Sight = (typeof Sight)[keyof typeof Sight];

/** What strangers have to know to write a message that can be read: ICQ's own format, UTF-8, typing notices. */
const NEEDED_BY_STRANGERS: ReadonlySet<string> = new Set([
  '094613494C7F11D18222444553540000',
  '0946134E4C7F11D18222444553540000',
  '563FC8090B6F41BD9F79422609DFA2F3',
]);

/** The full shape with nothing in it: clients that get none take the user for one of AIM. `features` is always 3 (oscar.md §3.5). */
const NO_DIRECT: DirectInfo = { internalAddress: '0.0.0.0', port: 0, kind: 0, version: 0, cookie: 0, webPort: 0, features: 3, times: [0, 0, 0] };

/** `undefined`: off line, or as good as that for this observer. */
export function sightOf(observer: Person, subject: Person, policy: CoreSettings['direct']): Sight | undefined {
  const { appearance } = subject;
  if (appearance === undefined || !isSeen(observer, subject)) return undefined;
  return observer === subject ? Sight.contact : closenessOf(observer, subject, appearance, policy);
}

/** Whether there is any sight of him. */
export function isSeen(observer: Person, subject: Person): boolean {
  const { appearance } = subject;
  if (appearance === undefined) return false; // rule 1
  return observer === subject || !isHidden(observer, subject, appearance);
}

/** Rules 2 to 6 of oscar.md §10.1. */
function isHidden(observer: Person, subject: Person, appearance: Appearance): boolean {
  return !subject.authorises(observer.uin) || isConcealed(observer, subject, appearance);
}

/** Whoever may know him: whether the subject, or what he chose lately, hides him from this observer. */
function isConcealed(observer: Person, subject: Person, appearance: Appearance): boolean {
  if (subject.roster.ignores(observer.uin) || observer.roster.ignores(subject.uin)) return true;
  if (subject.denies(observer.uin)) return true;
  const { mode } = subject.roster;
  if (mode === 'nobody') return true;
  if ((appearance.status.invisible || mode === 'permitted') && !subject.permits(observer.uin)) return true;
  return mode === 'contacts' && !subject.hasContact(observer.uin);
}

/**
 * What a search says of somebody: on line for those who see him and are on his list, and for everybody if he is web-aware.
 * Who is invisible is as who is not there. @see oscar.md §9.5
 *
 * @param webAware as his profile has it; his status may say so too
 */
export function foundOnline(observer: Person | undefined, subject: Person | undefined, webAware: boolean): FoundOnline {
  const elsewhere = webAware ? 'offline' : 'hidden';
  const appearance = subject?.appearance;
  if (observer === undefined || subject === undefined || appearance === undefined) return elsewhere;
  if (observer === subject) return 'online';
  if (isConcealed(observer, subject, appearance)) return elsewhere;
  const known = subject.hasContact(observer.uin) && observer.hasContact(subject.uin) && subject.authorises(observer.uin);
  return known || webAware || appearance.status.webAware ? 'online' : elsewhere;
}

function closenessOf(observer: Person, subject: Person, appearance: Appearance, policy: CoreSettings['direct']): Sight {
  if (mayConnect(observer, subject, appearance, policy)) {
    return isNeighbour(observer, appearance) ? Sight.neighbour : Sight.direct;
  }
  return subject.hasContact(observer.uin) || subject.held.granted.has(observer.uin) ? Sight.contact : Sight.stranger;
}

/**
 * The strictest of server, account and status counts, and even the most generous lets only mutual contacts connect whom the
 * subject authorised. Without a known IPv4 address there is nowhere to connect to.
 */
function mayConnect(observer: Person, subject: Person, appearance: Appearance, policy: CoreSettings['direct']): boolean {
  const { status, peer } = appearance;
  if (policy === 'off' || subject.account.hideAddress || status.hideAddress || status.direct === 'off') return false;
  if (!peer.known || !subject.follows(observer.uin) || !observer.follows(subject.uin)) return false;
  if (!isIpv4(peer.address)) return false;
  return status.direct !== 'authorised' || observer.authorises(subject.uin);
}

/** All of the observer's clients, because each of them is told the same. */
function isNeighbour(observer: Person, appearance: Appearance): boolean {
  return observer.shown.length > 0 && observer.shown.every(({ session }) => session.peer.known && session.peer.address === appearance.peer.address);
}

/** Views are made once per appearance and shared; only those who may connect get their own, for the cookie in it. */
export function viewAt(sight: Sight, observer: Person, subject: Person, cookieOf: (one: Uin, other: Uin) => number): PresenceView {
  if (subject.appearance === undefined) throw new Error(`${subject.uin} is off line`);
  const view = (subject.views[sight] ??= makeView(sight, subject, subject.appearance));
  if (view.direct === undefined || (sight !== Sight.direct && sight !== Sight.neighbour)) return view;
  return { ...view, direct: { ...view.direct, cookie: cookieOf(observer.uin, subject.uin) } };
}

/** The same person, but where one of his sessions is: not always the one others see, and it may hide what that one shows. */
export function viewFrom({ peer, presence }: LiveSession, view: PresenceView): PresenceView {
  if (view.externalAddress === undefined) return view;
  const { direct, externalAddress: _elsewhere, ...rest } = view;
  const { status } = presence;
  const isShown = peer.known && isIpv4(peer.address) && !status.hideAddress && status.direct !== 'off';
  // Whether the other is authorised was looked at only if the session others see asks for it.
  if (!isShown || (status.direct === 'authorised' && view.status.direct !== 'authorised')) return { ...rest, direct: NO_DIRECT };
  const own = directAt(Sight.direct, presence.direct ?? NO_DIRECT);
  return { ...rest, direct: { ...own, cookie: direct?.cookie ?? 0 }, externalAddress: peer.address };
}

/** As one's own contacts see one. */
export function ownView(person: Person, appearance: Appearance): PresenceView {
  return makeView(Sight.contact, person, appearance);
}

function makeView(sight: Sight, subject: Person, appearance: Appearance): PresenceView {
  const { status, capabilities, signedOnAt, idleSince, items, pictures, peer } = appearance;
  return {
    uin: subject.uin,
    status,
    capabilities: sight === Sight.stranger ? capabilities.filter((capability) => NEEDED_BY_STRANGERS.has(capability)) : capabilities,
    signedOnAt,
    createdAt: subject.account.createdAt,
    ...(idleSince === undefined ? {} : { idleSince }),
    ...(items === undefined ? {} : { items }),
    ...(pictures === undefined || pictures.length === 0 ? {} : { pictures }),
    direct: directAt(sight, appearance.direct ?? NO_DIRECT),
    ...(sight === Sight.direct || sight === Sight.neighbour ? { externalAddress: peer.address } : {}),
  };
}

function directAt(sight: Sight, sent: DirectInfo): DirectInfo {
  switch (sight) {
    case Sight.stranger:
      return NO_DIRECT;
    case Sight.contact:
      return { ...NO_DIRECT, version: sent.version, features: sent.features, times: sent.times };
    case Sight.direct:
      return { ...sent, internalAddress: NO_DIRECT.internalAddress, cookie: 0 };
    case Sight.neighbour:
      return { ...sent, cookie: 0 };
    default:
      return sight satisfies never;
  }
}

/** Older formats have no room for anything else. */
export function isIpv4(address: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(address);
}
