/** People who are on line, and their sessions as watchers of others. */
import type { LiveSession } from '../inside.ts';
import type { HeldRoster } from '../roster/rosters.ts';
import type { Roster } from '../roster/roster.ts';
import type { PresenceView, Time, Uin } from '../words.ts';
import { type Appearance, appearanceOf, sameAppearance } from './appearance.ts';

/** Lists that a client keeps itself and uploads at each sign-on (oscar.md §5.2, §5.3). */
export type ClientList = 'contacts' | 'temporary' | 'visible' | 'invisible';

const NOBODY: ReadonlySet<Uin> = new Set();

/** One session, as somebody who is told about others. */
export class Watcher {
  readonly session: LiveSession;
  readonly person: Person;
  /** The server roster decides whom it watches. */
  usesRoster = false;
  /** It knows the server roster and hears of its edits. */
  hasRoster = false;
  // Old clients fill these, others never do: they are made when needed.
  private readonly lists: { [L in ClientList]?: Set<Uin> } = {};

  constructor(session: LiveSession, person: Person) {
    this.session = session;
    this.person = person;
  }

  list(which: ClientList): ReadonlySet<Uin> {
    return this.lists[which] ?? NOBODY;
  }

  add(which: ClientList, uin: Uin): void {
    this.lists[which] ??= new Set();
    this.lists[which].add(uin);
  }

  remove(which: ClientList, uin: Uin): void {
    this.lists[which]?.delete(uin);
  }

  clear(which: ClientList): void {
    delete this.lists[which];
  }

  /** Wants to know about this person. */
  watches(uin: Uin): boolean {
    return (this.usesRoster && this.person.roster.follows(uin)) || this.list('contacts').has(uin) || this.list('temporary').has(uin);
  }

  /** Everybody it may want to know about; `watches` decides. Some may come twice. */
  *candidates(): Iterable<Uin> {
    if (this.usesRoster) yield* this.person.roster.contactUins();
    yield* this.list('contacts');
    yield* this.list('temporary');
  }
}

/** How somebody answered a request for authorisation, and when. */
interface Answered {
  readonly granted: boolean;
  readonly at: Time;
}

/** An account with at least one session on this node. */
export class Person {
  readonly uin: Uin;
  readonly held: HeldRoster;
  /** In order of sign-on. Replaced, never changed: a session may leave while it is being told something. */
  watchers: readonly Watcher[] = [];
  /**
   * The sessions others see. While a client is replaced by one that is still signing on, the one that left: its status and
   * its lists stand until the new one is ready, so that nobody sees a gap.
   */
  shown: readonly Watcher[] = [];
  /** `undefined`: off line for everybody. */
  appearance: Appearance | undefined;
  /** Views made of the present appearance. */
  views: (PresenceView | undefined)[] = [];
  private version = 0;
  // An empty map is 230 bytes, and most people need none of these.
  private toldMap: Map<Watcher, number> | undefined;
  private askedMap: Map<Uin, Time> | undefined;
  private answeredMap: Map<Uin, Answered> | undefined;

  constructor(uin: Uin, held: HeldRoster) {
    this.uin = uin;
    this.held = held;
  }

  /** What each watcher that sees this person was told, as {@link tellingOf} writes it. */
  get told(): Map<Watcher, number> {
    return (this.toldMap ??= new Map());
  }

  /** Whom this person asked for authorisation or had it from, and when. */
  get asked(): Map<Uin, Time> {
    return (this.askedMap ??= new Map());
  }

  /** Whom this person answered since he was asked last. */
  get answered(): Map<Uin, Answered> {
    return (this.answeredMap ??= new Map());
  }

  /** Whatever was asked or answered. */
  forget(uin: Uin): void {
    this.askedMap?.delete(uin);
    this.answeredMap?.delete(uin);
  }

  get roster(): Roster {
    return this.held.roster;
  }

  get account(): LiveSession['account'] {
    const last = this.watchers.at(-1) ?? this.shown.at(-1);
    if (last === undefined) throw new Error(`${this.uin} has no session`);
    return last.session.account;
  }

  watcherOf(session: LiveSession): Watcher | undefined {
    return this.watchers.find((watcher) => watcher.session === session);
  }

  /** Lets the other see him: by a grant, or because he wants to be asked by nobody. */
  authorises(uin: Uin): boolean {
    return uin === this.uin || !this.account.authorisationRequired || this.held.granted.has(uin);
  }

  /** On the contact list, whether or not authorisation is awaited. */
  hasContact(uin: Uin): boolean {
    return this.roster.hasContact(uin) || this.onShownList('contacts', uin);
  }

  /** On the contact list for good. */
  follows(uin: Uin): boolean {
    return this.roster.follows(uin) || this.onShownList('contacts', uin);
  }

  permits(uin: Uin): boolean {
    return this.roster.permits(uin) || this.onShownList('visible', uin);
  }

  denies(uin: Uin): boolean {
    return this.roster.denies(uin) || this.onShownList('invisible', uin);
  }

  /** Looks at the sessions again. True when others see something different now. */
  refreshAppearance(): boolean {
    const ready = this.watchers.filter((watcher) => watcher.session.ready);
    // Mostly all are, and one list will do.
    if (ready.length > 0 || this.watchers.length === 0) this.shown = ready.length === this.watchers.length ? this.watchers : ready;
    const appearance = appearanceOf(this.shown.map((watcher) => watcher.session));
    if (sameAppearance(appearance, this.appearance)) return false;
    this.appearance = appearance;
    this.version++;
    this.views = [];
    return true;
  }

  /** Tells apart all that a given watcher can have been told: the same number, the same view. */
  tellingOf(sight: number): number {
    return this.version * 4 + sight;
  }

  private onShownList(which: ClientList, uin: Uin): boolean {
    // No closure: asked several times for every message.
    for (const watcher of this.shown) if (watcher.list(which).has(uin)) return true;
    return false;
  }
}
