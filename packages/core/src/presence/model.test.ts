/**
 * Random histories against a second opinion: the rules of oscar.md §10.1 and who sees an address, written once more, the
 * slow way, over what the store and the test itself know. SEEKYOU_SEED=… repeats a run, SEEKYOU_ROUNDS=… looks longer.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { StoredRoster } from '../ports.ts';
import { uin } from '../testing.ts';
import type { Peer, PresenceView, RosterEdit, Status, Uin } from '../words.ts';
import { add, contact, group, INVISIBLE, item, ONLINE, remove, Town, TownSession, update, visibility } from './town.ts';

const SEED = Number(process.env['SEEKYOU_SEED'] ?? Date.now() % 1_000_000_000);
const ROUNDS = Number(process.env['SEEKYOU_ROUNDS'] ?? 150);

const UINS = [20_001, 20_002, 20_003, 20_004].map(uin);
const PEERS: readonly Peer[] = [
  { address: '192.0.2.1', port: 1, known: true },
  { address: '198.51.100.9', port: 2, known: true },
  { address: '2001:db8::1', port: 4, known: true },
];
const UNKNOWN_PEER: Peer = { address: '192.0.2.1', port: 3, known: false };
const STATUSES: readonly Status[] = [
  ONLINE,
  { ...ONLINE, availability: 'away', word: 1 },
  INVISIBLE,
  { ...ONLINE, hideAddress: true },
  { ...ONLINE, direct: 'off' },
  { ...ONLINE, direct: 'authorised' },
];
const SOFTWARE = '4D6972616E64614D0008090000000000';
const DIRECT = { internalAddress: '10.0.0.7', port: 3333, kind: 4, version: 8, cookie: 1, webPort: 80, features: 3, times: [1, 2, 3] } as const;

// ---------------------------------------------------------------- what may happen

const who = fc.nat(UINS.length - 1).map((n) => UINS[n] ?? uin(0));
const which = fc.nat(7);
const edit: fc.Arbitrary<RosterEdit> = fc.oneof(
  fc
    .record({ verb: fc.constantFrom(add, update, remove, add), whom: who, groupId: fc.constantFrom(1, 2), awaiting: fc.boolean() })
    .map(({ verb, whom, groupId, awaiting }) => verb(contact(whom, { groupId, ...(awaiting ? { awaiting } : {}) }))),
  fc
    .record({ verb: fc.constantFrom(add, remove), kind: fc.constantFrom('permit', 'deny', 'ignore'), whom: who })
    .map(({ verb, kind, whom }) => verb(item(kind, whom))),
  fc
    .record({ verb: fc.constantFrom(add, update, remove), mode: fc.constantFrom('all', 'nobody', 'permitted', 'not-denied', 'contacts') })
    .map(({ verb, mode }) => verb(visibility(mode))),
  fc.record({ verb: fc.constantFrom(add, remove), groupId: fc.constantFrom(1, 2) }).map(({ verb, groupId }) => verb(group(groupId))),
);

const step = fc.oneof(
  fc.record({ do: fc.constant('sign-on' as const), uin: who, peer: fc.nat(3), status: fc.nat(5), roster: fc.boolean(), ready: fc.boolean() }),
  fc.record({ do: fc.constant('sign-off' as const), session: which }),
  fc.record({ do: fc.constant('ready' as const), session: which }),
  fc.record({ do: fc.constant('use-roster' as const), session: which }),
  fc.record({ do: fc.constant('status' as const), session: which, status: fc.nat(5) }),
  fc.record({ do: fc.constant('contacts' as const), session: which, verb: fc.constantFrom('add', 'remove'), uins: fc.array(who), temporary: fc.boolean() }),
  fc.record({
    do: fc.constant('visibility' as const),
    session: which,
    verb: fc.constantFrom('add', 'remove'),
    list: fc.constantFrom('visible', 'invisible'),
    uins: fc.array(who, { maxLength: 2 }),
  }),
  fc.record({ do: fc.constant('edit' as const), session: which, edits: fc.array(edit, { minLength: 1, maxLength: 4 }), importing: fc.boolean() }),
  fc.record({ do: fc.constant('authorise' as const), session: which, how: fc.constantFrom('grant', 'deny', 'withdraw'), whom: who }),
  fc.record({ do: fc.constant('account' as const), uin: who, authorisationRequired: fc.boolean(), hideAddress: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

// ---------------------------------------------------------------- the second opinion

interface Known {
  readonly session: TownSession;
  roster: boolean;
  readonly contacts: Set<Uin>;
  readonly temporary: Set<Uin>;
  readonly visible: Set<Uin>;
  readonly invisible: Set<Uin>;
}

class Model {
  readonly town = new Town();
  sessions: Known[] = [];
  /** By account: the sessions others see. */
  readonly shown = new Map<Uin, Known[]>();
  rosters = new Map<Uin, StoredRoster>();

  sessionsOf(one: Uin): Known[] {
    return this.sessions.filter(({ session }) => session.uin === one);
  }

  update(): void {
    for (const one of UINS) {
      const ready = this.sessionsOf(one).filter(({ session }) => session.ready);
      if (ready.length > 0 || this.sessionsOf(one).length === 0) this.shown.set(one, ready);
    }
  }

  lists(owner: Uin, kind: 'contact' | 'permit' | 'deny' | 'ignore', other: Uin): boolean {
    return this.rosters.get(owner)?.items.some((one) => one.kind === kind && one.uin === other) ?? false;
  }

  onShown(owner: Uin, list: 'contacts' | 'visible' | 'invisible', other: Uin): boolean {
    return this.shown.get(owner)?.some((one) => one[list].has(other)) ?? false;
  }

  followsByRoster(owner: Uin, other: Uin): boolean {
    return this.rosters.get(owner)?.items.some((one) => one.kind === 'contact' && one.uin === other && one.awaiting !== true) ?? false;
  }

  watches(one: Known, other: Uin): boolean {
    return (one.roster && this.followsByRoster(one.session.uin, other)) || one.contacts.has(other) || one.temporary.has(other);
  }

  authorised(owner: Uin, other: Uin): boolean {
    return owner === other || !this.town.accountOf(owner).authorisationRequired || this.rosters.get(owner)?.granted.includes(other) === true;
  }

  /** The session whose status counts: visible before invisible, online before away, then the latest. */
  lead(owner: Uin): TownSession | undefined {
    const rank = ({ status }: TownSession['presence']): number => (status.invisible ? 10 : 0) + (status.availability === 'away' ? 1 : 0);
    return this.shown
      .get(owner)
      ?.map(({ session }) => session)
      .toReversed()
      .sort((a, b) => rank(a.presence) - rank(b.presence))
      .at(0);
  }

  sees(observer: Uin, subject: Uin): boolean {
    const lead = this.lead(subject);
    if (lead === undefined || this.sessionsOf(observer).length === 0) return false;
    if (observer === subject) return true;
    if (this.lists(subject, 'ignore', observer) || this.lists(observer, 'ignore', subject)) return false;
    if (!this.authorised(subject, observer)) return false;
    if (this.lists(subject, 'deny', observer) || this.onShown(subject, 'invisible', observer)) return false;
    const mode = this.rosters.get(subject)?.items.find((one) => one.kind === 'visibility')?.mode;
    const permitted = this.lists(subject, 'permit', observer) || this.onShown(subject, 'visible', observer);
    if (lead.presence.status.invisible || mode === 'permitted' || mode === 'nobody') if (!permitted || mode === 'nobody') return false;
    return mode !== 'contacts' || this.lists(subject, 'contact', observer) || this.onShown(subject, 'contacts', observer);
  }

  address(observer: Uin, subject: Uin): 'none' | 'outer' | 'inner' {
    const lead = this.lead(subject);
    if (lead === undefined || observer === subject || !lead.peer.known || lead.peer.address.includes(':')) return 'none';
    const { status } = lead.presence;
    if (this.town.accountOf(subject).hideAddress || status.hideAddress || status.direct === 'off') return 'none';
    const follows = (one: Uin, other: Uin): boolean => this.followsByRoster(one, other) || this.onShown(one, 'contacts', other);
    if (!follows(observer, subject) || !follows(subject, observer)) return 'none';
    if (status.direct === 'authorised' && !this.authorised(observer, subject)) return 'none';
    const observers = this.shown.get(observer) ?? [];
    const near = observers.every(({ session: { peer } }) => peer.known && peer.address === lead.peer.address);
    return near && observers.length > 0 ? 'inner' : 'outer';
  }

  isStranger(observer: Uin, subject: Uin): boolean {
    if (observer === subject) return false;
    return !(this.lists(subject, 'contact', observer) || this.onShown(subject, 'contacts', observer) || this.rosters.get(subject)?.granted.includes(observer));
  }
}

// ---------------------------------------------------------------- running and checking

async function take(model: Model, action: Step): Promise<void> {
  if (action.do === 'sign-on') return signOn(model, action);
  if (action.do === 'account') {
    const { authorisationRequired, hideAddress } = action;
    return model.town.change(action.uin, { authorisationRequired, hideAddress });
  }
  const known = model.sessions[action.session % Math.max(1, model.sessions.length)];
  return known === undefined ? undefined : act(model, known, action);
}

async function signOn(model: Model, action: Step & { readonly do: 'sign-on' }): Promise<void> {
  if (model.sessionsOf(action.uin).length >= 2) return;
  const { roster, ready } = action;
  const presence = { status: STATUSES[action.status] ?? ONLINE, direct: DIRECT, capabilities: [SOFTWARE] };
  const session = await model.town.signOn(action.uin, { peer: PEERS[action.peer] ?? UNKNOWN_PEER, presence, roster, ready });
  model.sessions.push({ session, roster, contacts: new Set(), temporary: new Set(), visible: new Set(), invisible: new Set() });
}

async function act(model: Model, known: Known, action: Exclude<Step, { readonly do: 'sign-on' | 'account' }>): Promise<void> {
  const { town } = model;
  const { session } = known;
  switch (action.do) {
    case 'sign-off':
      town.signOff(session);
      model.sessions = model.sessions.filter((one) => one !== known);
      return undefined;
    case 'ready':
      return town.ask(session, 'presence.ready', undefined);
    case 'use-roster':
      known.roster = true;
      return town.ask(session, 'roster.use', undefined);
    case 'status':
      return town.ask(session, 'presence.set', { status: STATUSES[action.status] ?? ONLINE });
    case 'contacts':
      for (const one of action.uins) known[action.temporary ? 'temporary' : 'contacts'][action.verb === 'add' ? 'add' : 'delete'](one);
      return town.ask(session, action.verb === 'add' ? 'contacts.add' : 'contacts.remove', { uins: action.uins, temporary: action.temporary });
    case 'visibility':
      if (action.verb === 'add') known[action.list === 'visible' ? 'invisible' : 'visible'].clear();
      for (const one of action.uins) known[action.list][action.verb === 'add' ? 'add' : 'delete'](one);
      return town.ask(session, 'visibility.edit', { list: action.list, do: action.verb, uins: action.uins });
    case 'edit':
      return void (await town.ask(session, 'roster.edit', { edits: action.edits, importing: action.importing }));
    case 'authorise':
      // Refused where he means himself, which is as good a step as any.
      if (action.how === 'withdraw') return void (await town.run(session, 'authorisation.withdraw', { from: action.whom }));
      return void (await town.run(session, 'authorisation.answer', { to: action.whom, granted: action.how === 'grant', reason: '' }));
    default:
      return action satisfies never;
  }
}

async function check(model: Model): Promise<void> {
  model.update();
  for (const one of UINS) model.rosters.set(one, await model.town.store.rosters.load(one));
  for (const observer of UINS) for (const subject of UINS) checkView(model, observer, subject);
  for (const known of model.sessions) for (const subject of UINS) checkTold(model, known, subject);
  const index = model.town.parts.room.index.entries();
  assert.deepEqual(
    Array.from(index, ([subject, { session }]) => `${subject} ${(session as TownSession).id}`).sort(),
    model.sessions
      .flatMap((known) => UINS.filter((subject) => known.session.ready && model.watches(known, subject)).map((subject) => `${subject} ${known.session.id}`))
      .sort(),
    'the index is what one would make of all the lists',
  );
  assert.equal(model.town.parts.rosters.size, new Set(model.sessions.map(({ session }) => session.uin)).size);
  assert.deepEqual(model.town.problems, []);
}

function checkView(model: Model, observer: Uin, subject: Uin): void {
  const view = model.town.view(observer, subject);
  const pair = `${observer} looks at ${subject}`;
  assert.equal(view !== undefined, model.sees(observer, subject), pair);
  if (view === undefined) return;
  const address = model.address(observer, subject);
  assert.equal(view.externalAddress, address === 'none' ? undefined : model.lead(subject)?.peer.address, pair);
  assert.equal(view.direct?.internalAddress, address === 'inner' ? DIRECT.internalAddress : '0.0.0.0', pair);
  assert.equal(view.direct.port !== 0 && view.direct.cookie !== 0, address !== 'none', pair);
  const stranger = model.isStranger(observer, subject);
  assert.deepEqual([view.capabilities.length, view.direct.version], stranger ? [0, 0] : [1, 8], pair);
}

function checkTold(model: Model, { session, ...lists }: Known, subject: Uin): void {
  const told: PresenceView | undefined = session.sees.get(subject);
  const watching = session.ready && model.watches({ session, ...lists }, subject);
  if (watching) {
    assert.deepEqual(told, model.town.view(session.uin, subject), `${session.uin} was told the truth about ${subject}`);
    return;
  }
  const awaited = lists.roster && model.lists(session.uin, 'contact', subject);
  if (!session.ready || awaited) assert.equal(told, undefined, `${session.uin} does not see ${subject}`);
  // The client removed him from its list, and with that from its window.
  session.sees.delete(subject);
}

test(`whatever happens, everybody was told what he sees, and the index is what the lists say (seed ${SEED})`, { timeout: 300_000 }, async () => {
  let told = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
      const model = new Model();
      for (const one of UINS) await model.town.moveIn(one, {}, [group(1), group(2), ...UINS.slice(0, 3).map((other) => contact(other))]);
      for (const action of steps) {
        await take(model, action);
        await check(model);
      }
      for (const { session } of model.sessions) told += session.events.length;
    }),
    { seed: SEED, numRuns: ROUNDS },
  );
  assert.ok(told > ROUNDS, 'something was said at all');
});
