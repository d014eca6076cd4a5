import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testSettings, uin } from '../testing.ts';
import { Refused } from '../refusals.ts';
import type { DirectInfo, Presence, Status, Uin } from '../words.ts';
import { contact, friends, group, INVISIBLE, item, ONLINE, Town, type TownSession } from './town.ts';

const alice = uin(20_001);
const bob = uin(20_002);
const carol = uin(20_003);
const AWAY: Status = { ...ONLINE, availability: 'away', word: 1 };

/** Alice and Bob list each other; Carol lists both and nobody lists her. */
async function threeFriends(): Promise<Town> {
  const town = new Town();
  await town.moveIn(alice, {}, friends(bob));
  await town.moveIn(bob, {}, friends(alice));
  await town.moveIn(carol, {}, friends(alice, bob));
  return town;
}

describe('signing on and off', () => {
  test('a client is told of its contacts when it is ready, and they of it', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    assert.deepEqual(a.hears(), []);
    const c = await town.signOn(carol);
    assert.deepEqual(c.hears(), [`+${alice}`]);
    assert.deepEqual(a.hears(), [], 'Alice does not list Carol');
    const b = await town.signOn(bob, { ready: false });
    assert.deepEqual([a.hears(), b.hears(), c.hears()], [[], [], []], 'before it is ready nobody hears anything');
    await town.ask(b, 'presence.ready', undefined);
    assert.deepEqual([a.hears(), b.hears(), c.hears()], [[`+${bob}`], [`+${alice}`], [`+${bob}`]]);
    await town.ask(b, 'presence.ready', undefined);
    assert.deepEqual([a.hears(), b.hears(), c.hears()], [[], [], []], 'once is enough');
    town.signOff(b);
    assert.deepEqual([a.hears(), b.hears(), c.hears()], [[`-${bob}`], [], [`-${bob}`]]);
  });

  test('what changed before a client is ready is what others see first', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const b = await town.signOn(bob, { ready: false });
    await town.ask(b, 'presence.set', { status: AWAY });
    assert.deepEqual(b.hears(), ['own-presence'], 'the client hears its own status at once');
    await town.ask(b, 'presence.ready', undefined);
    assert.equal(a.sees.get(bob)?.status.availability, 'away');
    assert.deepEqual(a.hears(), [`+${bob}`]);
  });

  test('a client that never used the server roster watches only what it names', async () => {
    const town = await threeFriends();
    await town.signOn(alice);
    await town.signOn(bob);
    const c = await town.signOn(carol, { roster: false });
    assert.deepEqual(c.hears(), []);
    await town.ask(c, 'contacts.add', { uins: [bob, bob], temporary: false });
    assert.deepEqual(c.hears(), [`+${bob}`]);
    await town.ask(c, 'contacts.add', { uins: [alice], temporary: true });
    assert.deepEqual(c.hears(), [`+${alice}`]);
    await town.ask(c, 'roster.use', undefined);
    assert.deepEqual(c.hears(), [], 'both are known already');
  });

  test('a contact stays watched while any of the lists has it', async () => {
    const town = await threeFriends();
    const b = await town.signOn(bob);
    const c = await town.signOn(carol);
    await town.ask(c, 'contacts.add', { uins: [bob], temporary: false });
    await town.edit(c, { do: 'remove', groupId: 1, itemId: contact(bob).itemId });
    c.hears();
    await town.ask(b, 'presence.set', { status: AWAY });
    assert.deepEqual(c.hears(), [`+${bob}`]);
    await town.ask(c, 'contacts.remove', { uins: [bob], temporary: false });
    await town.ask(b, 'presence.set', { status: ONLINE });
    assert.deepEqual(c.hears(), []);
  });

  test('whom a client removes it is told nothing more about, whatever the roster it does not use says', async () => {
    const town = await threeFriends();
    await town.signOn(bob);
    const c = await town.signOn(carol, { roster: false });
    await town.ask(c, 'contacts.add', { uins: [bob], temporary: false });
    c.hears();
    await town.ask(c, 'contacts.remove', { uins: [bob], temporary: false });
    assert.deepEqual(c.hears(), []);
  });

  test('a session that goes before its roster is loaded leaves nothing behind', async () => {
    const town = await threeFriends();
    const b = await town.signOn(bob, { ready: false });
    town.signOff(b);
    b.ended = true;
    await town.parts.people.arrive(b);
    assert.equal(town.parts.rosters.size, 0);
    assert.equal(town.parts.room.person(bob), undefined);
  });

  test('a roster is loaded once for all sessions of an account and dropped with the last', async () => {
    const town = await threeFriends();
    town.store.reset();
    const [first, second] = await Promise.all([town.signOn(alice), town.signOn(alice)]);
    assert.deepEqual([...town.store.counts], [['rosters.load', 1]]);
    town.signOff(first);
    assert.equal(town.parts.rosters.size, 1);
    town.signOff(second);
    assert.equal(town.parts.rosters.size, 0);
  });
});

describe('changes', () => {
  test('a change is told once, and no change not at all', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const b = await town.signOn(bob);
    a.hears();
    b.hears();
    await town.ask(b, 'presence.set', { status: AWAY });
    assert.deepEqual([a.hears(), b.hears()], [[`+${bob}`], ['own-presence']]);
    await town.ask(b, 'presence.set', { status: { ...AWAY } });
    assert.deepEqual([a.hears(), b.hears()], [[], ['own-presence']]);
    await town.ask(b, 'presence.set', { idleSince: 5 });
    assert.deepEqual([a.hears(), b.hears()], [[`+${bob}`], []]);
    assert.equal(a.sees.get(bob)?.idleSince, 5);
    await town.ask(b, 'presence.set', { idleSince: undefined });
    assert.deepEqual(a.hears(), [`+${bob}`]);
    assert.equal('idleSince' in (a.sees.get(bob) ?? {}), false);
    await town.ask(b, 'presence.set', { capabilities: ['00'.repeat(16)] });
    assert.deepEqual(a.hears(), [`+${bob}`]);
    await town.ask(b, 'presence.set', { profile: { mediaType: 'text/plain', bytes: Uint8Array.of(1) } });
    assert.deepEqual(a.hears(), [], 'a profile is asked for, not announced');
  });

  test('every part of what a client says is news when it changes', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const direct: DirectInfo = { internalAddress: '10.0.0.1', port: 1, kind: 4, version: 8, cookie: 1, webPort: 0, features: 3, times: [1, 2, 3] };
    const b = await town.signOn(bob);
    a.hears();
    const steps: readonly [Partial<Presence>, boolean][] = [
      [{ direct }, true],
      [{ direct: { ...direct, times: [1, 2, 3] } }, false],
      [{ direct: { ...direct, times: [1, 2, 4] } }, true],
      [{ direct: { ...direct, cookie: 7, times: [1, 2, 4] } }, false],
      [{ direct: { ...direct, port: 2 } }, true],
      [{ direct: { ...direct, internalAddress: '10.0.0.2' } }, true],
      [{ items: Uint8Array.of(1) }, true],
      [{ items: Uint8Array.of(1) }, false],
      [{ items: Uint8Array.of(2) }, true],
      [{ capabilities: ['A'] }, true],
      [{ capabilities: ['A'] }, false],
      [{ capabilities: ['B'] }, true],
      [{ status: { ...ONLINE, word: 0x1000 } }, true],
      [{ status: { ...ONLINE, word: 0x1000, webAware: true } }, true],
      [{ status: { ...ONLINE, word: 0x1000, webAware: true, hideAddress: true } }, true],
      [{ status: { ...ONLINE, word: 0x1000, webAware: true, hideAddress: true, direct: 'off' } }, true],
      [{ status: { ...ONLINE, word: 0x1000, webAware: true, hideAddress: true, direct: 'off' } }, false],
    ];
    for (const [changes, news] of steps) {
      await town.ask(b, 'presence.set', changes);
      assert.deepEqual(a.hears(), news ? [`+${bob}`] : [], JSON.stringify(changes));
    }
  });

  test('the address of the session that is shown is news when another is shown', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const one = await town.signOn(bob, { peer: { address: '198.51.100.1', port: 1, known: true } });
    const addresses = [a.sees.get(bob)?.externalAddress];
    await town.signOn(bob, { peer: { address: '198.51.100.2', port: 1, known: true } });
    addresses.push(a.sees.get(bob)?.externalAddress);
    const hidden = await town.signOn(bob, { peer: { address: '198.51.100.2', port: 1, known: false } });
    addresses.push(a.sees.get(bob)?.externalAddress);
    town.signOff(hidden);
    addresses.push(a.sees.get(bob)?.externalAddress);
    assert.deepEqual(addresses, ['198.51.100.1', '198.51.100.2', undefined, '198.51.100.2']);
    assert.equal(one.ended, false);
  });

  test('bytes are kept although the buffer they came in is used again', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const b = await town.signOn(bob);
    const buffer = Uint8Array.of(1, 2, 3);
    await town.ask(b, 'presence.set', { items: buffer, away: { mediaType: 'text/plain', bytes: buffer } });
    buffer.fill(0);
    assert.deepEqual(a.sees.get(bob)?.items, Uint8Array.of(1, 2, 3));
    assert.deepEqual((await town.ask(a, 'presence.look', { uin: bob })).away?.bytes, Uint8Array.of(1, 2, 3));
  });

  test('going invisible is going off line for all but the visible list', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const c = await town.signOn(carol);
    const b = await town.signOn(bob);
    await town.edit(b, { do: 'add', item: item('permit', carol) });
    a.hears();
    c.hears();
    await town.ask(b, 'presence.set', { status: INVISIBLE });
    assert.deepEqual([a.hears(), c.hears()], [[`-${bob}`], [`+${bob}`]]);
    await town.ask(b, 'presence.set', { status: { ...INVISIBLE, availability: 'away' } });
    assert.deepEqual([a.hears(), c.hears()], [[], [`+${bob}`]]);
    await town.ask(b, 'presence.set', { status: ONLINE });
    assert.deepEqual([a.hears(), c.hears()], [[`+${bob}`], [`+${bob}`]]);
  });

  test('who sees the same is given the same object', async () => {
    const town = new Town();
    const watchers = Array.from({ length: 20 }, (_, n) => uin(30_000 + n));
    await town.moveIn(alice, { hideAddress: true }, friends(...watchers.slice(10)));
    const sessions: TownSession[] = [];
    for (const watcher of watchers) {
      await town.moveIn(watcher, {}, friends(alice));
      sessions.push(await town.signOn(watcher));
    }
    const a = await town.signOn(alice, { presence: { capabilities: ['00'.repeat(16)] } });
    await town.ask(a, 'presence.set', { status: AWAY });
    const views = new Set(sessions.map((session) => session.sees.get(alice)));
    assert.equal(views.size, 2, 'strangers and contacts');
    assert.equal(views.has(undefined), false);
  });

  test('administration is felt at once', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const b = await town.signOn(bob);
    a.hears();
    await town.change(bob, { authorisationRequired: true });
    assert.deepEqual(a.hears(), [`-${bob}`]);
    await town.change(bob, { authorisationRequired: false });
    assert.deepEqual(a.hears(), [`+${bob}`]);
    assert.equal(a.sees.get(bob)?.externalAddress, '192.0.2.1');
    await town.change(bob, { hideAddress: true });
    assert.deepEqual(a.hears(), [`+${bob}`]);
    assert.equal(a.sees.get(bob)?.externalAddress, undefined);
    await town.change(bob, { nickname: 'Bob' });
    assert.deepEqual(a.hears(), []);
    assert.equal(b.ended, false);
    await town.change(carol, { authorisationRequired: true });
    assert.deepEqual([a.hears(), town.problems], [[], []], 'somebody off line is nobody’s news');
  });

  test('too much of anything is refused', async () => {
    const town = await threeFriends();
    const b = await town.signOn(bob);
    const { profileBytesMax, mediaTypeBytesMax, capabilitiesMax } = testSettings.limits;
    const long = new Uint8Array(profileBytesMax + 1);
    const strange = 'x'.repeat(mediaTypeBytesMax + 1);
    const cases = [
      { profile: { mediaType: '', bytes: long } },
      { away: { mediaType: '', bytes: long } },
      { profile: { mediaType: strange, bytes: long.subarray(0, 1) } },
      { away: { mediaType: strange, bytes: long.subarray(0, 1) } },
      { items: long },
      { capabilities: Array.from({ length: capabilitiesMax + 1 }, (_, n) => String(n)) },
    ];
    for (const changes of cases) {
      const answer = await town.run(b, 'presence.set', changes);
      assert.ok(answer instanceof Refused && answer.refusal === 'too-large', JSON.stringify(Object.keys(changes)));
    }
    assert.deepEqual(b.presence.capabilities, []);
    await town.ask(b, 'presence.set', { items: long.subarray(1), away: { mediaType: strange.slice(1), bytes: long.subarray(1) } });
  });
});

describe('several sessions of one account', () => {
  test('the most available status is shown and capabilities are joined', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const home = await town.signOn(bob, { presence: { status: AWAY, capabilities: ['A1', 'A2'], idleSince: 5 } });
    town.clock.advance(1000);
    const work = await town.signOn(bob, { presence: { capabilities: ['A2', 'A3'] } });
    assert.equal(a.sees.get(bob)?.status.availability, 'online');
    assert.deepEqual(a.sees.get(bob)?.capabilities, ['A1', 'A2', 'A3']);
    assert.equal(a.sees.get(bob)?.idleSince, undefined, 'one of his clients is in use');
    assert.equal(a.sees.get(bob)?.signedOnAt, home.signedOnAt);
    assert.deepEqual(a.hears(), [`+${bob}`, `+${bob}`]);
    await town.ask(work, 'presence.set', { status: INVISIBLE });
    assert.equal(a.sees.get(bob)?.status.availability, 'away', 'an invisible client stands back behind a visible one');
    town.signOff(home);
    assert.deepEqual(a.hears(), [`+${bob}`, `-${bob}`]);
    town.signOff(work);
    assert.deepEqual(a.hears(), []);
  });

  test('absence comes after the last one leaves', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const one = await town.signOn(bob, { presence: { status: AWAY } });
    const two = await town.signOn(bob);
    a.hears();
    town.signOff(two);
    assert.deepEqual(a.hears(), [`+${bob}`]);
    assert.equal(a.sees.get(bob)?.status.availability, 'away');
    town.signOff(one);
    assert.deepEqual(a.hears(), [`-${bob}`]);
  });

  test('each session has its own contacts', async () => {
    const town = await threeFriends();
    await town.signOn(alice);
    const full = await town.signOn(carol);
    const old = await town.signOn(carol, { roster: false });
    assert.deepEqual([full.sees.has(alice), old.sees.has(alice)], [true, false]);
    await town.ask(old, 'contacts.add', { uins: [alice], temporary: false });
    full.hears();
    town.signOff(full);
    assert.equal(old.sees.has(alice), true);
  });

  test('siblings hear that the account’s presence changed', async () => {
    const town = await threeFriends();
    const one = await town.signOn(bob, { presence: { status: AWAY } });
    const two = await town.signOn(bob);
    assert.deepEqual([one.hears(), two.hears()], [['own-presence'], []]);
    await town.ask(two, 'presence.set', { status: { ...ONLINE, availability: 'free-for-chat', word: 0x20 } });
    assert.deepEqual([one.hears(), two.hears()], [['own-presence'], ['own-presence']]);
    await town.ask(one, 'presence.set', { status: INVISIBLE });
    assert.deepEqual([one.hears(), two.hears()], [['own-presence'], []], 'what is shown did not change');
  });
});

describe('one client replaces another', () => {
  test('nobody sees a gap', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const old = await town.signOn(bob);
    a.hears();
    const fresh = await town.signOn(bob, { ready: false });
    town.signOff(old);
    assert.deepEqual(a.hears(), []);
    assert.notEqual(town.view(alice, bob), undefined);
    town.clock.advance(1000);
    await town.ask(fresh, 'presence.ready', undefined);
    assert.deepEqual(a.hears(), [], 'nothing about him is different');
    assert.deepEqual(fresh.hears(), [`+${alice}`]);
    await town.ask(fresh, 'presence.set', { status: AWAY });
    assert.deepEqual(a.hears(), [`+${bob}`]);
  });

  test('he is gone when the new one gives up', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const old = await town.signOn(bob);
    a.hears();
    const fresh = await town.signOn(bob, { ready: false });
    town.signOff(old);
    town.signOff(fresh);
    assert.deepEqual(a.hears(), [`-${bob}`]);
    assert.equal(town.view(alice, bob), undefined);
  });

  test('the lists of the old client hold until the new one is ready', async () => {
    const town = await threeFriends();
    const a = await town.signOn(alice);
    const c = await town.signOn(carol);
    const old = await town.signOn(bob, { roster: false });
    await town.ask(old, 'visibility.edit', { list: 'invisible', do: 'add', uins: [carol] });
    a.hears();
    c.hears();
    const fresh = await town.signOn(bob, { roster: false, ready: false });
    town.signOff(old);
    assert.deepEqual(c.hears(), [], 'Carol does not get to see him in between');
    await town.ask(fresh, 'visibility.edit', { list: 'invisible', do: 'add', uins: [carol, alice] });
    assert.deepEqual(a.hears(), []);
    await town.ask(fresh, 'presence.ready', undefined);
    assert.deepEqual([a.hears(), c.hears()], [[`-${bob}`], []]);
  });
});

test('sessions may end while they are being told something', async () => {
  const town = await threeFriends();
  const a = await town.signOn(alice);
  const [one, two, three] = [await town.signOn(bob), await town.signOn(bob), await town.signOn(bob)];
  for (const session of [one, two, three]) session.hears();
  const emit = one.emit.bind(one);
  one.emit = (event) => {
    emit(event);
    if (!two.ended) town.signOff(two);
  };
  await town.edit(a, { do: 'add', item: item('deny', bob) });
  assert.deepEqual([one.hears(), two.hears(), three.hears()], [[`-${alice}`], [], [`-${alice}`]]);
  await town.edit(a, { do: 'remove', groupId: 0, itemId: item('deny', bob).itemId });
  assert.deepEqual([one.hears(), two.hears(), three.hears()], [[`+${alice}`], [], [`+${alice}`]]);
  town.signOff(one);
  town.signOff(three);
  assert.deepEqual(Array.from(town.parts.room.index.of(alice)), []);
  assert.deepEqual([...(town.parts.room.person(alice)?.told.keys() ?? [])], []);
});

describe('looking', () => {
  test('one looks at whom one sees, and finds profile and away text', async () => {
    const town = await threeFriends();
    const c = await town.signOn(carol);
    const absent = await town.run(c, 'presence.look', { uin: bob });
    assert.ok(absent instanceof Refused && absent.refusal === 'off-line');
    const b = await town.signOn(bob);
    const profile = { mediaType: 'text/plain', bytes: Uint8Array.of(66) };
    await town.ask(b, 'presence.set', { profile });
    const found = await town.ask(c, 'presence.look', { uin: bob });
    assert.deepEqual([found.view.uin, found.profile, found.away], [bob, profile, undefined]);
    await town.ask(b, 'presence.set', { status: INVISIBLE });
    const hidden = await town.run(c, 'presence.look', { uin: bob });
    assert.deepEqual(hidden, absent, 'invisible and off line are not told apart');
  });

  test('one’s own presence has one’s own address, as the server sees it', async () => {
    const town = await threeFriends();
    const v4 = await town.signOn(bob, { peer: { address: '192.0.2.77', port: 1, known: true }, ready: false, presence: { status: AWAY } });
    const own = await town.ask(v4, 'presence.own', undefined);
    assert.deepEqual([own.externalAddress, own.sessionStartedAt, own.view.status], ['192.0.2.77', v4.signedOnAt, AWAY]);
    const others: readonly [TownSession['peer'], string | undefined][] = [
      [{ address: '2001:db8::1', port: 1, known: true }, undefined],
      [{ address: '192.0.2.77', port: 1, known: false }, undefined],
    ];
    for (const [peer, expected] of others) {
      const session = await town.signOn(alice, { peer });
      assert.equal((await town.ask(session, 'presence.own', undefined)).externalAddress, expected);
    }
  });

  test('a session that has left is refused', async () => {
    const town = await threeFriends();
    const b = await town.signOn(bob);
    town.signOff(b);
    for (const command of ['presence.own', 'roster.load', 'roster.use'] as const) {
      const answer = await town.run(b, command, undefined);
      assert.ok(answer instanceof Refused && answer.refusal === 'unavailable', command);
    }
  });
});

describe('many', () => {
  test('a change costs its watchers, not everybody: three thousand of them, without a promise or the store', async () => {
    const town = new Town();
    const watchers: TownSession[] = [];
    await town.moveIn(alice);
    for (let n = 0; n < 3000; n++) {
      const one = uin(100_000 + n) as Uin;
      await town.moveIn(one, {}, [group(1), contact(alice)]);
      watchers.push(await town.signOn(one));
    }
    const a = await town.signOn(alice);
    for (const watcher of watchers) watcher.hears();
    town.store.reset();
    // Not awaited: everybody has been told when the command returns.
    const answer = town.parts.people.commands['presence.set'](a, { status: AWAY });
    assert.equal(answer, undefined);
    assert.ok(watchers.every((watcher) => watcher.events.length === 1));
    assert.equal(new Set(watchers.map((watcher) => watcher.sees.get(alice))).size, 1);
    assert.equal(town.store.total, 0);
  });
});
