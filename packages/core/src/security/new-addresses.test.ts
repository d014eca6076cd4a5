import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HERE, OWN, Place } from '../core-testing.ts';
import { memoryStore } from '../memory-store.ts';
import { settled } from '../testing.ts';
import { type Peer, SYSTEM } from '../words.ts';

const ALICE = 10_001;
const MINUTE = 60_000;
const peer = (address: string, known = true): Peer => ({ address, port: 4000, known });
const ELSEWHERE = peer('198.51.100.9');

async function place(limits = {}): Promise<Place> {
  const there = new Place({ limits });
  await there.accounts(ALICE);
  return there;
}

test('the other sessions are told of a new address, the one that came from there is not', async () => {
  const there = await place();
  const alice = await there.signsOn(ALICE, { profile: OWN });
  const other = await there.signsOn(ALICE, { profile: OWN, peer: ELSEWHERE });
  await settled();
  assert.equal(alice.messages.length, 1);
  assert.equal(alice.messages[0]?.from, SYSTEM);
  assert.match(alice.heard[0] ?? '', /account 10001 from 198\.51\.100\.9, .* with a test, on 2001-02-03 04:05 UTC/);
  assert.deepEqual([other.heard, await other.fetches()], [[], []]);
  assert.deepEqual(
    there.audited.filter(({ event }) => event === 'new-address'),
    [{ event: 'new-address', uin: ALICE, address: ELSEWHERE.address }],
  );
});

test('with nobody there it waits in the mailbox for who comes from somewhere else', async () => {
  const there = await place();
  const first = await there.signsOn(ALICE);
  first.session.close(true);
  for (let times = 0; times < 2; times++) {
    const stranger = await there.signsOn(ALICE, { peer: ELSEWHERE });
    await settled();
    assert.deepEqual([stranger.heard, await stranger.fetches()], [[], []]);
    stranger.session.close(true);
  }
  const alice = await there.signsOn(ALICE);
  assert.match((await alice.fetches()).join(), /198\.51\.100\.9/);
});

test('the first address of an account is nothing new, nor is one it was at before', async () => {
  const there = await place();
  for (const from of [HERE, HERE]) (await there.signsOn(ALICE, { peer: from })).session.close(true);
  await settled();
  assert.deepEqual(await (await there.signsOn(ALICE)).fetches(), []);
});

test('a restart forgets nothing', async () => {
  const store = memoryStore();
  const before = new Place({ store });
  await before.accounts(ALICE);
  (await before.signsOn(ALICE)).session.close(true);
  await settled();
  const after = new Place({ store });
  const alice = await after.signsOn(ALICE, { profile: OWN });
  await settled();
  assert.deepEqual(alice.heard, []);
  await after.signsOn(ALICE, { profile: OWN, peer: ELSEWHERE });
  await settled();
  assert.equal(alice.heard.length, 1);
});

test('who moves about is told once an hour', async () => {
  const there = await place();
  const alice = await there.signsOn(ALICE, { profile: OWN });
  const heardAfter = async (address: string): Promise<number> => {
    (await there.signsOn(ALICE, { peer: peer(address) })).session.close(true);
    await settled();
    return alice.heard.length;
  };
  assert.equal(await heardAfter('198.51.100.1'), 1);
  assert.equal(await heardAfter('198.51.100.2'), 1);
  await there.passes(60 * MINUTE - 1);
  assert.equal(await heardAfter('198.51.100.3'), 1);
  await there.passes(1);
  assert.equal(await heardAfter('198.51.100.4'), 2);
  assert.equal(there.audited.filter(({ event }) => event === 'new-address').length, 4);
});

test('an IPv6 customer is one address, and what a relay hides is none', async () => {
  const there = await place();
  const alice = await there.signsOn(ALICE, { profile: OWN, peer: peer('2001:db8:1:2::1') });
  await there.signsOn(ALICE, { profile: OWN, peer: peer('2001:db8:1:2:3:4:5:6') });
  await there.signsOn(ALICE, { profile: OWN, peer: peer('203.0.113.1', false) });
  await settled();
  assert.deepEqual(alice.heard, []);
  await there.signsOn(ALICE, { profile: OWN, peer: peer('2001:db8:1:3::1') });
  await settled();
  assert.equal(alice.heard.length, 1);
});

test('notices can be switched off', async () => {
  const there = await place({ newAddressNoticeMs: 0 });
  const alice = await there.signsOn(ALICE, { profile: OWN });
  await there.signsOn(ALICE, { profile: OWN, peer: ELSEWHERE });
  await settled();
  assert.deepEqual([alice.heard, there.audited.some(({ event }) => event === 'new-address')], [[], false]);
});

test('after a restart, too, who came from there is not given the notice that waits', async () => {
  const store = memoryStore();
  const before = new Place({ store });
  await before.accounts(ALICE);
  for (const from of [HERE, ELSEWHERE]) {
    (await before.signsOn(ALICE, { peer: from })).session.close(true);
    await settled();
  }
  const after = new Place({ store });
  const stranger = await after.signsOn(ALICE, { peer: ELSEWHERE });
  assert.deepEqual([stranger.heard, await stranger.fetches()], [[], []]);
  stranger.session.close(true);
  const alice = await after.signsOn(ALICE);
  assert.match((await alice.fetches()).join(), /198\.51\.100\.9/);
});

test('what somebody writes in the words of a notice reaches everybody', async () => {
  const there = await place();
  await there.accounts(10_002);
  const alice = await there.signsOn(ALICE, { profile: OWN });
  const other = await there.signsOn(10_002);
  await other.says(ALICE, `Somebody signed on to your account ${ALICE} from ${HERE.address}, where it was not used before, with a test`);
  assert.equal(alice.heard.length, 1);
});
