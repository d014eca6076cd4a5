/** Asking for, giving and taking back the permission to see somebody. @see oscar.md §7.3 */
import type { CommandTable, Inside, LiveSession } from '../inside.ts';
import { utf8Bytes } from '../messages/body-size.ts';
import type { PresenceRoom } from '../presence/presence.ts';
import { refuse, Refused } from '../refusals.ts';
import { AccountBudget } from '../security/account-budget.ts';
import type { Body, RosterEdit, Time, Uin } from '../words.ts';
import { tellOfEdit } from './commands.ts';
import type { Roster } from './roster.ts';
import type { HeldRoster, Rosters } from './rosters.ts';

type Names = 'authorisation.request' | 'authorisation.answer' | 'authorisation.grant' | 'authorisation.withdraw';
type Outcome = Promise<void | Refused>;

export function authorisationCommands(inside: Inside, room: PresenceRoom, rosters: Rosters): CommandTable<Names> {
  const { limits } = inside.settings;
  const store = inside.ports.store.rosters;
  const { requestsAtOnceMax: atOnceMax, requestMs: everyMs, brakeEntriesMax: entriesMax } = limits;
  const budget = new AccountBudget({ atOnceMax, everyMs, entriesMax }, inside.ports.clock);
  return {
    'authorisation.request': (session, { to, reason }) => check(session, to, reason) ?? request(session, to, reason),
    'authorisation.answer': (session, { to, granted, reason }) => check(session, to, reason) ?? answer(session, to, granted, reason),
    'authorisation.grant': (session, { to, reason }) => check(session, to, reason) ?? grant(session, to, { kind: 'pre-authorised', reason }),
    'authorisation.withdraw': (session, { from }) => check(session, from, '') ?? withdraw(session, from),
  };

  function check(session: LiveSession, other: Uin, reason: string): Refused | undefined {
    if (other === session.uin) return refuse('bad-input');
    return utf8Bytes(reason) > limits.reasonBytesMax ? refuse('too-large') : undefined;
  }

  /**
   * Clients repeat themselves, some at every sign-on: the other is asked once, until he has answered or time has passed.
   * Whoever was let in before has his answer from here, once likewise: his client may ask in two halves.
   */
  async function request({ uin }: LiveSession, to: Uin, reason: string): Outcome {
    const granted = await hasGranted(to, uin);
    const refused = await askOnce(uin, to, granted ? undefined : { kind: 'auth-request', reason });
    return granted && refused === undefined ? admit(to, uin) : refused;
  }

  /** Whether he is on line makes no difference, or asking would tell who is invisible. */
  async function hasGranted(owner: Uin, contact: Uin): Promise<boolean> {
    const granted = room.person(owner)?.held.granted;
    return granted === undefined ? (await store.standing(owner, contact))?.granted === true : granted.has(contact);
  }

  /** @param question `undefined`: it was answered with yes long ago */
  async function askOnce(from: Uin, to: Uin, question: Body | undefined): Outcome {
    const asked = askedBy(from);
    if (asked?.has(to) === true) return undefined;
    // What is not asked, or was answered before, costs nothing: only those who have to read it are to be spared.
    const tooOften = question === undefined ? undefined : budget.spend(from);
    if (tooOften !== undefined) return tooOften;
    asked?.set(to, inside.ports.clock.now());
    if (question !== undefined) room.person(to)?.answered.delete(from);
    try {
      const sent = await (question === undefined ? inside.send(to, from, { kind: 'auth-granted', reason: '' }) : inside.send(from, to, question));
      if (!(sent instanceof Refused)) return undefined;
      asked?.delete(to);
      return sent;
    } catch (error) {
      asked?.delete(to);
      throw error;
    }
  }

  function askedBy(uin: Uin): Map<Uin, Time> | undefined {
    const asked = room.person(uin)?.asked;
    const now = inside.ports.clock.now();
    for (const [other, at] of asked ?? []) if (now - at >= limits.requestRepeatMs) asked?.delete(other);
    return asked;
  }

  /** climm says every answer twice, as a message and as an edit of its list: the other hears it once. */
  async function answer(session: LiveSession, to: Uin, granted: boolean, reason: string): Outcome {
    const answered = room.person(session.uin)?.answered;
    const now = inside.ports.clock.now();
    for (const [uin, { at }] of answered ?? []) if (now - at >= limits.requestRepeatMs) answered?.delete(uin);
    if (answered?.get(to)?.granted === granted) return undefined;
    const refused = granted ? await grant(session, to, { kind: 'auth-granted', reason }) : await deny(session, to, reason);
    if (refused === undefined) answered?.set(to, { granted, at: now });
    return refused;
  }

  async function grant(session: LiveSession, to: Uin, notice: Body): Outcome {
    const refused = await using(session.uin, (mine) => remember(mine, to));
    if (refused !== undefined) return refused;
    const told = await notify(session.uin, to, notice);
    await admit(session.uin, to);
    return told;
  }

  async function remember(mine: HeldRoster, to: Uin): Outcome {
    if (mine.granted.has(to)) return undefined;
    if (mine.granted.size >= limits.grantsMax) return refuse('list-full');
    if (room.person(to) === undefined && (await store.standing(to, mine.uin)) === undefined) return refuse('no-such-user');
    await store.grant(mine.uin, to);
    mine.granted.add(to);
    reconsider(mine.uin, to);
    return undefined;
  }

  /**
   * The waiting is over: the answer is followed by the entry without its mark, and by presence (oscar.md §7.3). Clients that
   * were off line, or read the answer as a message, could not do it themselves; those that do it as well change nothing.
   */
  function admit(owner: Uin, contact: Uin): Promise<void> {
    return using(contact, (theirs) =>
      editFor(theirs, (roster) => {
        const waiting = roster.contactItems(owner).filter((item) => item.awaiting === true);
        return waiting.map((item) => ({ do: 'update', item: { ...item, awaiting: false } }));
      }),
    );
  }

  async function deny(session: LiveSession, to: Uin, reason: string): Outcome {
    await using(session.uin, (mine) => forget(mine, to));
    return notify(session.uin, to, { kind: 'auth-denied', reason });
  }

  async function withdraw(session: LiveSession, from: Uin): Outcome {
    const me = session.uin;
    await using(from, (theirs) => editFor(theirs, (roster) => roster.contactItems(me).map(({ groupId, itemId }) => ({ do: 'remove', groupId, itemId }))));
    // Afterwards, so that his client sees a contact removed and not one that leaves.
    await using(me, (mine) => forget(mine, from));
  }

  async function forget(mine: HeldRoster, other: Uin): Promise<void> {
    if (!mine.granted.has(other)) return;
    await store.revoke(mine.uin, other);
    mine.granted.delete(other);
    reconsider(mine.uin, other);
  }

  async function editFor(theirs: HeldRoster, edits: (roster: Roster) => readonly RosterEdit[]): Promise<void> {
    if (edits(theirs.roster).length === 0) return;
    await rosters.edit(theirs, { edits, importing: false, stored: (done, stamp) => tellOfEdit(room, theirs.uin, done, stamp) });
  }

  async function notify(from: Uin, to: Uin, body: Body): Outcome {
    const asked = askedBy(to);
    if (body.kind === 'auth-granted') asked?.set(from, inside.ports.clock.now());
    else asked?.delete(from);
    const sent = await inside.send(from, to, body);
    return sent instanceof Refused ? sent : undefined;
  }

  /** What was asked and answered before is so no more, whichever way it was changed: it may be said again. */
  function reconsider(owner: Uin, other: Uin): void {
    room.person(other)?.asked.delete(owner);
    const person = room.person(owner);
    if (person === undefined) return;
    person.answered.delete(other);
    room.reconsiderPair(person, other);
  }

  /** Keeps a roster in memory for as long as something is done with it. */
  async function using<T>(uin: Uin, run: (held: HeldRoster) => Promise<T>): Promise<T> {
    const held = await rosters.open(uin);
    try {
      return await run(held);
    } finally {
      rosters.release(held);
    }
  }
}
