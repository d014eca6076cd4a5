/**
 * Who is on line, who is told, and when. Every change ends in the same step: for one watcher and one subject, compare what
 * the watcher was told with what he sees now, and say the difference. Nothing here waits or touches the store.
 */
import type { LiveSession } from '../inside.ts';
import type { HeldRoster } from '../roster/rosters.ts';
import type { Roster } from '../roster/roster.ts';
import type { CoreSettings } from '../service.ts';
import type { PresenceView, Uin } from '../words.ts';
import { type ClientList, Person, Watcher } from './person.ts';
import { isSeen, sightOf, viewAt } from './view.ts';
import { WatcherIndex } from './watcher-index.ts';

export class PresenceRoom {
  private readonly policy: CoreSettings['direct'];
  private readonly cookieOf: (one: Uin, other: Uin) => number;
  private readonly people = new Map<Uin, Person>();
  /** Ready sessions, by whom they watch. */
  readonly index = new WatcherIndex<Watcher>();

  constructor(policy: CoreSettings['direct'], cookieOf: (one: Uin, other: Uin) => number) {
    this.policy = policy;
    this.cookieOf = cookieOf;
  }

  /** Somebody who has a session here. */
  person(uin: Uin): Person | undefined {
    return this.people.get(uin);
  }

  watcherOf(session: LiveSession): Watcher | undefined {
    return this.people.get(session.uin)?.watcherOf(session);
  }

  sees(observer: Uin, subject: Uin): boolean {
    const from = this.people.get(observer);
    const to = this.people.get(subject);
    return from !== undefined && to !== undefined && isSeen(from, to);
  }

  viewFor(observer: Uin, subject: Uin): PresenceView | undefined {
    const from = this.people.get(observer);
    const to = this.people.get(subject);
    if (from === undefined || to === undefined) return undefined;
    const sight = sightOf(from, to, this.policy);
    return sight === undefined ? undefined : viewAt(sight, from, to, this.cookieOf);
  }

  /** A session that is not ready yet; nobody hears of it. */
  enter(session: LiveSession, held: HeldRoster): void {
    let person = this.people.get(session.uin);
    if (person === undefined) {
      person = new Person(session.uin, held);
      this.people.set(session.uin, person);
    }
    // As long as it has to be: a list that may grow has room for sixteen more, and there may be twenty thousand of them.
    person.watchers = person.watchers.concat(new Watcher(session, person));
  }

  /** False when the session was not here. */
  leave(session: LiveSession): boolean {
    const person = this.people.get(session.uin);
    const watcher = person?.watcherOf(session);
    if (person === undefined || watcher === undefined) return false;
    person.watchers = person.watchers.filter((other) => other !== watcher);
    for (const uin of watcher.candidates()) this.forget(watcher, uin);
    this.sessionsChanged(person, session);
    if (person.watchers.length === 0) this.people.delete(session.uin);
    return true;
  }

  /** The session may be shown, and wants to know about its contacts. */
  ready(session: LiveSession): void {
    const watcher = this.watcherOf(session);
    if (watcher === undefined || session.ready) return;
    session.ready = true;
    this.sessionsChanged(watcher.person, session);
  }

  /** A session of this account says something else about itself. True when others see it. */
  announce(person: Person): boolean {
    const changed = person.refreshAppearance();
    if (changed) this.retell(person);
    return changed;
  }

  /** Something that everybody's sight depends on changed: sessions, or what administration decides. */
  reconsider(person: Person): void {
    this.retell(person);
    this.retellTo(person);
  }

  /** Nobody asked or answered whoever gets this number next. */
  forgetNumber(uin: Uin): void {
    for (const person of this.people.values()) person.forget(uin);
  }

  private sessionsChanged(person: Person, cause: LiveSession): void {
    const changed = person.refreshAppearance();
    for (const { session } of person.watchers) if (changed && session !== cause) session.emit({ type: 'own-presence' });
    this.reconsider(person);
  }

  /** Everybody who watches this person. */
  private retell(person: Person): void {
    for (const watcher of this.index.of(person.uin)) this.tell(watcher, person);
  }

  /** Everybody this person watches. */
  private retellTo(person: Person): void {
    for (const watcher of person.watchers) for (const uin of watcher.candidates()) this.watch(watcher, uin);
  }

  /** Something between these two changed: lists, grants. */
  reconsiderPair(one: Person, other: Uin): void {
    const subject = this.people.get(other);
    for (const watcher of one.watchers) this.watch(watcher, other);
    if (subject !== undefined) for (const watcher of subject.watchers) this.watch(watcher, one.uin);
  }

  /** The roster of an account was edited. */
  rosterChanged(held: HeldRoster, before: Roster, touched: Iterable<Uin>): void {
    const person = this.people.get(held.uin);
    if (person === undefined) return;
    for (const uin of touched) this.reconsiderPair(person, uin);
    if (before.mode !== held.roster.mode) this.retell(person);
  }

  useRoster(watcher: Watcher): void {
    watcher.usesRoster = true;
    for (const uin of watcher.person.roster.contactUins()) this.watch(watcher, uin);
  }

  /** Edits a list that the client keeps itself. */
  editList(watcher: Watcher, list: ClientList, verb: 'add' | 'remove', uins: Iterable<Uin>): void {
    for (const uin of uins) {
      watcher[verb](list, uin);
      this.reconsiderPair(watcher.person, uin);
    }
  }

  /** Compares the index with the lists again for one entry. */
  private watch(watcher: Watcher, uin: Uin): void {
    if (!watcher.session.ready || watcher.session.ended) return;
    if (!watcher.watches(uin)) return this.unwatch(watcher, uin);
    this.index.add(uin, watcher);
    const subject = this.people.get(uin);
    if (subject !== undefined) this.tell(watcher, subject);
  }

  /** A client that removes a contact needs no notice; one that keeps him, waiting for authorisation, should see him go. */
  private unwatch(watcher: Watcher, uin: Uin): void {
    const told = this.forget(watcher, uin);
    if (told && watcher.usesRoster && watcher.person.roster.hasContact(uin)) watcher.session.emit({ type: 'absence', uin });
  }

  private forget(watcher: Watcher, uin: Uin): boolean {
    this.index.delete(uin, watcher);
    return this.people.get(uin)?.told.delete(watcher) ?? false;
  }

  /** The one place that speaks. Constant cost: it runs for every watcher of a change. */
  private tell(watcher: Watcher, subject: Person): void {
    const before = subject.told.get(watcher);
    const sight = sightOf(watcher.person, subject, this.policy);
    if (sight === undefined) {
      if (before === undefined) return;
      subject.told.delete(watcher);
      watcher.session.emit({ type: 'absence', uin: subject.uin });
      return;
    }
    const now = subject.tellingOf(sight);
    if (before === now) return;
    subject.told.set(watcher, now);
    watcher.session.emit({ type: 'presence', view: viewAt(sight, watcher.person, subject, this.cookieOf) });
  }
}
