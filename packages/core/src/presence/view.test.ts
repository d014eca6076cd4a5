import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { uin } from '../testing.ts';
import type { Account } from '../ports.ts';
import type { CoreSettings } from '../service.ts';
import type { DirectInfo, Presence, PresenceView, RosterItem, Status, VisibilityMode } from '../words.ts';
import { friends, INVISIBLE, item, ONLINE, Town, type TownSession, visibility } from './town.ts';

const owner = uin(20_001);
const watcher = uin(20_002);
const stranger = uin(20_003);

// ---------------------------------------------------------------- who sees whom (oscar.md §10.1)

interface Case {
  readonly name: string;
  /** Of the owner's roster, beside the watcher as contact. */
  readonly items?: readonly RosterItem[];
  /** The owner's roster without the watcher. */
  readonly unlisted?: boolean;
  readonly watcherItems?: readonly RosterItem[];
  readonly status?: Status;
  readonly account?: Partial<Account>;
  readonly granted?: boolean;
  readonly sees: boolean;
}

const permit = item('permit', watcher);
const deny = item('deny', watcher);
const ignore = item('ignore', watcher);
const mode = (which: VisibilityMode): RosterItem => visibility(which);

const CASES: readonly Case[] = [
  { name: 'rule 7: nothing is in the way', sees: true },
  { name: 'rule 7: not even the contact list', unlisted: true, sees: true },
  { name: 'rule 2: the owner ignores the watcher', items: [ignore], sees: false },
  { name: 'rule 2: also one on the visible list', items: [ignore, permit], sees: false },
  { name: 'rule 2: the watcher ignores the owner', watcherItems: [item('ignore', owner)], sees: false },
  { name: 'rule 2: somebody else is ignored', items: [item('ignore', stranger)], sees: true },
  { name: 'rule 3: authorisation is required', account: { authorisationRequired: true }, sees: false },
  { name: 'rule 3: the visible list is no authorisation', account: { authorisationRequired: true }, items: [permit], sees: false },
  { name: 'rule 3: authorisation was granted', account: { authorisationRequired: true }, granted: true, sees: true },
  { name: 'rule 4: on the invisible list', items: [deny], sees: false },
  { name: 'rule 4: on the invisible list, although granted', items: [deny], granted: true, sees: false },
  { name: 'rule 4: on both lists', items: [deny, permit], sees: false },
  { name: 'rule 4: on the invisible list and mode "all"', items: [deny, mode('all')], sees: false },
  { name: 'rule 4: somebody else is on the invisible list', items: [item('deny', stranger)], sees: true },
  { name: 'rule 5: invisible', status: INVISIBLE, sees: false },
  { name: 'rule 5: invisible to all but the visible list', status: INVISIBLE, items: [permit], sees: true },
  { name: 'rule 5: invisible, with another on the visible list', status: INVISIBLE, items: [item('permit', stranger)], sees: false },
  { name: 'rule 5: invisible and on both lists', status: INVISIBLE, items: [permit, deny], sees: false },
  { name: 'rule 5: mode "permitted" is being invisible', items: [mode('permitted')], sees: false },
  { name: 'rule 5: mode "permitted" and on the visible list', items: [mode('permitted'), permit], sees: true },
  { name: 'rule 5: mode "nobody"', items: [mode('nobody')], sees: false },
  { name: 'rule 5: mode "nobody" has no exceptions', items: [mode('nobody'), permit], sees: false },
  { name: 'rule 5: mode "nobody" while invisible', status: INVISIBLE, items: [mode('nobody'), permit], sees: false },
  { name: 'rule 6: mode "contacts" for a contact', items: [mode('contacts')], sees: true },
  { name: 'rule 6: mode "contacts" for another', items: [mode('contacts')], unlisted: true, sees: false },
  { name: 'rule 6: mode "contacts" while invisible', status: INVISIBLE, items: [mode('contacts')], sees: false },
  { name: 'rule 6: mode "contacts", invisible, permitted, not a contact', status: INVISIBLE, items: [mode('contacts'), permit], unlisted: true, sees: false },
  {
    name: 'rule 6: mode "contacts" for a contact whose authorisation is awaited',
    items: [mode('contacts'), item('contact', watcher, { awaiting: true })],
    unlisted: true,
    sees: true,
  },
  { name: 'rule 7: mode "all"', items: [mode('all')], sees: true },
  { name: 'rule 7: mode "not-denied"', items: [mode('not-denied')], sees: true },
];

async function townOf(one: Case, policy?: CoreSettings['direct']): Promise<Town> {
  const town = new Town(policy === undefined ? {} : { direct: policy });
  await town.moveIn(owner, one.account, [...(one.unlisted === true ? friends() : friends(watcher)), ...(one.items ?? [])]);
  await town.moveIn(watcher, {}, [...friends(owner), ...(one.watcherItems ?? [])]);
  await town.moveIn(stranger, {}, friends(owner));
  if (one.granted === true) await town.store.rosters.grant(owner, watcher);
  return town;
}

describe('who sees whom', () => {
  for (const one of CASES) {
    test(`${one.name}: ${one.sees ? 'seen' : 'not seen'}`, async () => {
      const town = await townOf(one);
      const observer = await town.signOn(watcher);
      assert.equal(town.view(watcher, owner), undefined, 'rule 1: nobody sees who is off line');

      const subject = await town.signOn(owner, { presence: { status: one.status ?? ONLINE }, ready: false });
      assert.equal(town.view(watcher, owner), undefined, 'rule 1: nor who has not finished signing on');
      assert.deepEqual(observer.hears(), []);

      await town.ask(subject, 'presence.ready', undefined);
      const view = town.view(watcher, owner);
      assert.equal(view !== undefined, one.sees);
      assert.deepEqual(observer.hears(), one.sees ? [`+${owner}`] : []);
      if (view !== undefined) assert.deepEqual(view.status, one.status ?? ONLINE, 'the real status, the invisible bit included');

      // The same question by the other ways in.
      const look = await town.run(observer, 'presence.look', { uin: owner });
      assert.equal('view' in (look as object), one.sees);
      assert.deepEqual(town.view(owner, owner)?.uin, owner, 'one always sees oneself');

      town.signOff(subject);
      assert.deepEqual(observer.hears(), one.sees ? [`-${owner}`] : []);
    });
  }

  test('a client-side list counts like a stored one', async () => {
    const town = await townOf({ name: '', sees: true });
    const observer = await town.signOn(watcher);
    const subject = await town.signOn(owner, { presence: { status: INVISIBLE } });
    await town.ask(subject, 'visibility.edit', { list: 'visible', do: 'add', uins: [watcher] });
    assert.deepEqual(observer.hears(), [`+${owner}`]);
    await town.ask(subject, 'visibility.edit', { list: 'invisible', do: 'add', uins: [] });
    assert.deepEqual(observer.hears(), [`-${owner}`], 'beginning the invisible list clears the visible one');
    await town.ask(subject, 'presence.set', { status: ONLINE });
    assert.deepEqual(observer.hears(), [`+${owner}`]);
    await town.ask(subject, 'visibility.edit', { list: 'invisible', do: 'add', uins: [watcher] });
    assert.deepEqual(observer.hears(), [`-${owner}`]);
    await town.ask(subject, 'visibility.edit', { list: 'invisible', do: 'remove', uins: [watcher] });
    assert.deepEqual(observer.hears(), [`+${owner}`]);
  });

  test('both client-side lists count where they stand side by side', async () => {
    const town = await townOf({ name: '', sees: true });
    const observer = await town.signOn(watcher);
    const subject = await town.signOn(owner, { presence: { status: INVISIBLE } });
    await town.ask(subject, 'visibility.edit', { list: 'visible', do: 'add', uins: [watcher], sideBySide: true });
    await town.ask(subject, 'visibility.edit', { list: 'invisible', do: 'add', uins: [], sideBySide: true });
    assert.deepEqual(observer.hears(), [`+${owner}`], 'the visible list still holds');
    await town.ask(subject, 'visibility.edit', { list: 'invisible', do: 'add', uins: [watcher], sideBySide: true });
    assert.deepEqual(observer.hears(), [`-${owner}`]);
  });

  test('nobody who is off line sees anybody', async () => {
    const town = await townOf({ name: '', sees: true });
    await town.signOn(owner);
    assert.equal(town.view(watcher, owner), undefined);
    await town.signOn(watcher);
    assert.notEqual(town.view(watcher, owner), undefined);
  });
});

// ---------------------------------------------------------------- who sees an address (design: "Who sees an address")

const SENT: DirectInfo = {
  internalAddress: '10.0.0.7',
  port: 3333,
  kind: 4,
  version: 8,
  cookie: 0x12345678,
  webPort: 80,
  features: 3,
  times: [1, 2, 3],
};
const ZERO: DirectInfo = { internalAddress: '0.0.0.0', port: 0, kind: 0, version: 0, cookie: 0, webPort: 0, features: 3, times: [0, 0, 0] };
/** Without addresses, as contacts get it. */
const CLOSED: DirectInfo = { ...ZERO, version: 8, times: [1, 2, 3] };
const CAPABILITIES = ['0946134E4C7F11D18222444553540000', '97B12751243C4334AD22D6ABF73F1492', '4D6972616E64614D0008090000000000'];

const peer = (address: string, known = true): TownSession['peer'] => ({ address, port: 1024, known });

interface AddressCase {
  readonly name: string;
  readonly policy?: CoreSettings['direct'];
  readonly hideAddress?: boolean;
  readonly status?: Partial<Status>;
  readonly ownerPeer?: TownSession['peer'];
  readonly watcherPeer?: TownSession['peer'];
  readonly ownerLists?: boolean;
  readonly watcherLists?: boolean;
  /** The watcher lets others see him by authorisation only, and has not granted it to the owner. */
  readonly watcherRequires?: boolean;
  readonly shows: 'nothing' | 'external' | 'internal too';
}

const FAR = peer('198.51.100.9');
const ADDRESS_CASES: readonly AddressCase[] = [
  { name: 'a mutual contact', shows: 'external' },
  { name: 'a mutual contact when the server lets all', policy: 'all', shows: 'external' },
  { name: 'a mutual contact behind the same address', watcherPeer: peer('192.0.2.1'), shows: 'internal too' },
  { name: 'the server forbids it', policy: 'off', shows: 'nothing' },
  { name: 'the account hides its address', hideAddress: true, shows: 'nothing' },
  { name: 'the client hides its address', status: { hideAddress: true }, shows: 'nothing' },
  { name: 'the client wants no connections', status: { direct: 'off' }, shows: 'nothing' },
  { name: 'the client wants connections of contacts', status: { direct: 'contacts' }, shows: 'external' },
  { name: 'the client wants connections of the authorised', status: { direct: 'authorised' }, shows: 'external' },
  {
    name: 'the client wants mutual authorisation, which the other side has not given',
    status: { direct: 'authorised' },
    watcherRequires: true,
    shows: 'nothing',
  },
  { name: 'contacts may do without the other side’s authorisation', status: { direct: 'contacts' }, watcherRequires: true, shows: 'external' },
  { name: 'the owner does not list the watcher', ownerLists: false, shows: 'nothing' },
  { name: 'the same when the server lets all', policy: 'all', ownerLists: false, shows: 'nothing' },
  { name: 'the watcher does not list the owner', watcherLists: false, shows: 'nothing' },
  { name: 'the owner comes through a relay that hides him', ownerPeer: peer('192.0.2.1', false), shows: 'nothing' },
  { name: 'both come through that relay', ownerPeer: peer('192.0.2.1', false), watcherPeer: peer('192.0.2.1', false), shows: 'nothing' },
  { name: 'the watcher comes through a relay at the same address', watcherPeer: peer('192.0.2.1', false), shows: 'external' },
  { name: 'the owner has an IPv6 address', ownerPeer: peer('2001:db8::7'), shows: 'nothing' },
  { name: 'both have the same IPv6 address', ownerPeer: peer('2001:db8::7'), watcherPeer: peer('2001:db8::7'), shows: 'nothing' },
];

describe('who sees an address', () => {
  for (const one of ADDRESS_CASES) {
    test(`${one.name}: ${one.shows}`, async () => {
      const town = new Town(one.policy === undefined ? {} : { direct: one.policy });
      await town.moveIn(owner, { hideAddress: one.hideAddress ?? false }, one.ownerLists === false ? friends() : friends(watcher));
      await town.moveIn(watcher, { authorisationRequired: one.watcherRequires ?? false }, one.watcherLists === false ? friends() : friends(owner));
      const presence: Partial<Presence> = { status: { ...ONLINE, ...one.status }, capabilities: CAPABILITIES, direct: SENT };
      await town.signOn(owner, { peer: one.ownerPeer ?? peer('192.0.2.1'), presence });
      await town.signOn(watcher, { peer: one.watcherPeer ?? FAR });
      const view = town.view(watcher, owner);
      assert.ok(view?.direct !== undefined);
      if (one.shows === 'nothing') {
        assert.equal(view.externalAddress, undefined);
        assert.deepEqual(view.direct, one.ownerLists === false ? ZERO : CLOSED);
        return;
      }
      assert.equal(view.externalAddress, '192.0.2.1');
      const { cookie, ...rest } = view.direct;
      const { cookie: _sent, ...expected } = { ...SENT, internalAddress: one.shows === 'internal too' ? SENT.internalAddress : '0.0.0.0' };
      assert.deepEqual(rest, expected);
      assert.notEqual(cookie, SENT.cookie, 'the server writes the cookie');
      assert.notEqual(cookie, 0);
    });
  }

  test('a pair is given the same cookie on both sides, and keeps it', async () => {
    const town = new Town();
    await town.moveIn(owner, {}, friends(watcher, stranger));
    await town.moveIn(watcher, {}, friends(owner));
    await town.moveIn(stranger, {}, friends(owner));
    const session = await town.signOn(owner, { presence: { direct: SENT } });
    await town.signOn(watcher, { presence: { direct: { ...SENT, cookie: 5 } } });
    await town.signOn(stranger);
    const cookie = town.view(watcher, owner)?.direct?.cookie;
    assert.equal(town.view(owner, watcher)?.direct?.cookie, cookie);
    assert.notEqual(town.view(stranger, owner)?.direct?.cookie, cookie);
    await town.ask(session, 'presence.set', { status: { ...ONLINE, availability: 'away', word: 1 } });
    assert.equal(town.view(watcher, owner)?.direct?.cookie, cookie);
  });

  test('an awaiting contact is not a mutual one', async () => {
    const town = new Town();
    await town.moveIn(owner, {}, [...friends(), item('contact', watcher, { awaiting: true })]);
    await town.moveIn(watcher, {}, friends(owner));
    await town.signOn(owner, { presence: { direct: SENT } });
    await town.signOn(watcher);
    assert.deepEqual(town.view(watcher, owner)?.direct, CLOSED);
    assert.equal(town.view(watcher, owner)?.externalAddress, undefined);
  });

  test('all clients of an observer have to be neighbours to be given the inner address', async () => {
    const town = new Town();
    await town.moveIn(owner, {}, friends(watcher));
    await town.moveIn(watcher, {}, friends(owner));
    await town.signOn(owner, { presence: { direct: SENT } });
    const home = await town.signOn(watcher);
    const inner = (view: PresenceView | undefined): string | undefined => view?.direct?.internalAddress;
    assert.equal(inner(home.sees.get(owner)), SENT.internalAddress);
    const abroad = await town.signOn(watcher, { peer: FAR });
    assert.equal(inner(abroad.sees.get(owner)), '0.0.0.0');
    assert.equal(inner(home.sees.get(owner)), '0.0.0.0');
    town.signOff(abroad);
    assert.equal(inner(home.sees.get(owner)), SENT.internalAddress);
  });
});

describe('what strangers see', () => {
  async function between(prepare: (town: Town) => Promise<void> | void, ownerItems: readonly RosterItem[]): Promise<PresenceView | undefined> {
    const town = new Town();
    await town.moveIn(owner, {}, ownerItems);
    await town.moveIn(watcher, {}, friends(owner));
    await prepare(town);
    await town.signOn(owner, { presence: { capabilities: CAPABILITIES, direct: SENT } });
    await town.signOn(watcher, { peer: FAR });
    return town.view(watcher, owner);
  }

  test('a stranger sees neither software nor the times and version of the direct block', async () => {
    const view = await between(() => undefined, friends());
    assert.deepEqual(view?.capabilities, [CAPABILITIES[0]]);
    assert.deepEqual(view.direct, ZERO);
  });

  test('a contact sees them as sent', async () => {
    const view = await between((town) => void town.change(owner, { hideAddress: true }), friends(watcher));
    assert.deepEqual(view?.capabilities, CAPABILITIES);
    assert.deepEqual(view.direct, CLOSED);
  });

  test('whom the owner authorised is no stranger', async () => {
    const view = await between((town) => town.store.rosters.grant(owner, watcher), friends());
    assert.deepEqual(view?.capabilities, CAPABILITIES);
    assert.deepEqual(view.direct, CLOSED);
  });

  test('a client without direct information still has a block of full shape', async () => {
    const town = new Town();
    await town.moveIn(owner, {}, friends(watcher));
    await town.moveIn(watcher);
    await town.signOn(owner);
    await town.signOn(watcher);
    assert.deepEqual(town.view(watcher, owner)?.direct, ZERO);
  });
});
