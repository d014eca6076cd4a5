import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HERE, Place, refusalOf } from '../core-testing.ts';
import { memoryStore } from '../memory-store.ts';
import type { Ban } from '../ports.ts';
import { Refused } from '../refusals.ts';
import { settled, testBus, uin } from '../testing.ts';
import type { Peer } from '../words.ts';

const ALICE = 10_001;
const BOB = 10_002;
const HOUR = 3_600_000;
const ELSEWHERE: Peer = { address: '198.51.100.9', port: 4000, known: true };

async function place(): Promise<Place> {
  const made = new Place();
  await made.core.start();
  await made.accounts(ALICE, BOB);
  return made;
}

async function bans(made: Place, target: string, more: { readonly reason?: string; readonly forMs?: number } = {}): Promise<Ban> {
  const ban = await made.core.admin.ban({ target, reason: '', ...more });
  if (ban instanceof Refused) assert.fail(ban.refusal);
  return ban;
}

describe('a banned account', () => {
  test('is told so, as suspended, only by who knows the password', async () => {
    const there = await place();
    await bans(there, '10001');
    assert.equal(refusalOf(await there.verify(ALICE, 'secret')), 'suspended');
    assert.equal(refusalOf(await there.verify(ALICE, 'wrong')), 'wrong-credentials');
    assert.equal((await there.verify(BOB, 'secret')) instanceof Refused, false);
  });

  test('loses its sessions before the ban returns, and nobody else does', async () => {
    const there = await place();
    const [alice, bob] = [await there.signsOn(ALICE), await there.signsOn(BOB)];
    await bans(there, '10-001');
    assert.deepEqual([alice.endings, bob.endings], [['account-suspended'], []]);
  });

  test('gets no session with a password that was checked before', async () => {
    const there = await place();
    const verified = await there.verify(ALICE, 'secret');
    assert.ok(!(verified instanceof Refused));
    await bans(there, '10001');
    await assert.rejects(there.signsOn(ALICE, { verified }), /suspended/);
  });

  test('comes back when the ban is over, or lifted', async () => {
    const there = await place();
    await bans(there, '10001', { forMs: HOUR });
    await there.passes(HOUR - 1);
    assert.equal(refusalOf(await there.verify(ALICE, 'secret')), 'suspended');
    await there.passes(1);
    await there.signsOn(ALICE);
    await bans(there, '10002');
    assert.equal(await there.core.admin.unban('10002'), true);
    await there.signsOn(BOB);
    assert.equal(await there.core.admin.unban('10002'), false);
  });

  test('leaves no ban to the next owner of its number', async () => {
    const there = await place();
    await bans(there, '10001');
    await there.core.admin.remove(uin(ALICE));
    assert.deepEqual(there.core.admin.bans('', 10), []);
  });
});

describe('a banned network', () => {
  test('is not admitted, in either form of its addresses; others are', async () => {
    const there = await place();
    assert.equal(there.core.admits(HERE), true);
    await bans(there, '192.0.2.0/24');
    assert.equal(there.core.admits(HERE), false);
    assert.equal(there.core.admits({ address: '::ffff:192.0.2.200' }), false);
    assert.equal(there.core.admits(ELSEWHERE), true);
    assert.equal(there.core.admits({ address: 'no address' }), true);
  });

  test('loses its sessions, and front ends are told, before the ban returns', async () => {
    const there = await place();
    const [alice, bob] = [await there.signsOn(ALICE), await there.signsOn(BOB, { peer: ELSEWHERE })];
    let told = 0;
    const leave = there.core.whenBanned(() => told++);
    await bans(there, '192.0.2.7');
    assert.deepEqual([alice.endings, bob.endings, told], [['account-suspended'], [], 1]);
    leave();
    await bans(there, '198.51.100.0/24');
    assert.deepEqual([bob.endings, told], [['account-suspended'], 1]);
  });

  test('gets no session', async () => {
    const there = await place();
    await bans(there, '192.0.2.0/25');
    await assert.rejects(there.signsOn(ALICE), /suspended/);
    await there.signsOn(BOB, { peer: ELSEWHERE });
  });

  test('may come back when the ban is over', async () => {
    const there = await place();
    await bans(there, '192.0.2.0/24', { forMs: HOUR });
    assert.equal(there.core.admits(HERE), false);
    there.clock.advance(HOUR);
    assert.equal(there.core.admits(HERE), true);
    assert.deepEqual(there.core.admin.bans('', 10), []);
  });
});

describe('the list', () => {
  test('tells target, reason and time, a page at a time', async () => {
    const there = await place();
    const now = there.clock.now();
    await bans(there, '2001:DB8::1/32', { reason: 'spam' });
    await bans(there, '10001', { forMs: HOUR });
    const all = [
      { target: '10001', reason: '', since: now, until: now + HOUR },
      { target: '2001:db8::/32', reason: 'spam', since: now },
    ];
    assert.deepEqual(there.core.admin.bans('', 10), all);
    assert.deepEqual(there.core.admin.bans('', 1), all.slice(0, 1));
    assert.deepEqual(there.core.admin.bans('10001', 10), all.slice(1));
  });

  test('a ban of the same target replaces the one before', async () => {
    const there = await place();
    await bans(there, '192.0.2.0/24', { reason: 'first', forMs: HOUR });
    await bans(there, '192.0.2.99/24', { reason: 'second' });
    assert.deepEqual(
      there.core.admin.bans('', 10).map(({ reason, until }) => [reason, until]),
      [['second', undefined]],
    );
  });

  test('what cannot be banned is refused', async () => {
    const there = new Place({ limits: { bansMax: 1 } });
    await there.core.start();
    await there.accounts(ALICE);
    const refusal = async (target: string, more = {}): Promise<string | undefined> => refusalOf(await there.core.admin.ban({ target, reason: '', ...more }));
    for (const target of ['', 'alice', '9999', '1.2.3.4/33']) assert.equal(await refusal(target), 'bad-input', target);
    assert.equal(await refusal('10001', { forMs: 0 }), 'bad-input');
    assert.equal(await refusal('10001', { reason: 'x'.repeat(1_001) }), 'bad-input');
    assert.equal(await refusal('10002'), 'no-such-user');
    assert.equal(await refusal('10001'), undefined);
    assert.equal(await refusal('192.0.2.1'), 'list-full');
    assert.equal(await refusal('10001'), undefined);
  });

  test('is there after a restart, without what is over', async () => {
    const store = memoryStore();
    const before = new Place({ store });
    await before.core.start();
    await before.accounts(ALICE);
    await bans(before, '10001');
    await bans(before, '192.0.2.0/24', { forMs: HOUR });
    const after = new Place({ store });
    after.clock.advance(HOUR);
    await after.core.start();
    assert.equal(refusalOf(await after.verify(ALICE, 'secret')), 'suspended');
    assert.equal(after.core.admits(HERE), true);
    assert.deepEqual(
      (await store.bans.list()).map(({ target }) => target),
      ['10001'],
    );
  });

  test('is kept by all nodes', async () => {
    const [store, bus] = [memoryStore(), testBus()];
    const [one, other] = [new Place({ store, bus, seed: 1 }), new Place({ store, bus, seed: 2 })];
    await Promise.all([one.core.start(), other.core.start()]);
    await one.accounts(ALICE);
    const alice = await other.signsOn(ALICE);
    await bans(one, '10001');
    await bans(one, '192.0.2.0/24');
    await settled();
    assert.deepEqual([alice.endings, other.core.admits(HERE)], [['account-suspended'], false]);
    await one.core.admin.unban('192.0.2.0/24');
    assert.equal(other.core.admits(HERE), true);
  });
});

test('bans and what comes of them are audited, without a secret', async () => {
  const there = await place();
  await bans(there, '10001', { reason: 'spam', forMs: HOUR });
  await there.verify(ALICE, 'secret');
  await there.core.admin.unban('10001');
  assert.deepEqual(there.audited, [
    { event: 'banned', target: '10001', reason: 'spam', until: there.clock.now() + HOUR },
    { event: 'sign-on-refused', uin: ALICE, address: HERE.address, why: 'suspended' },
    { event: 'unbanned', target: '10001' },
  ]);
});
