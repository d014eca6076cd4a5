import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Place, refusalOf } from '../core-testing.ts';
import { PEOPLE } from '../limits.ts';
import { Refused } from '../refusals.ts';
import { testClock, uin } from '../testing.ts';
import { SearchBrake } from './search-brake.ts';

const ALICE = uin(10_001);
const BOB = uin(10_002);

function brake(limits = {}) {
  const clock = testClock();
  return { clock, brake: new SearchBrake({ ...PEOPLE, searchesAtOnceMax: 3, searchMs: 1_000, ...limits }, clock) };
}

test('some searches at once are free, then there is one for each while that passes', () => {
  const { clock, brake: one } = brake();
  const tries = (count: number): (string | undefined)[] => Array.from({ length: count }, () => refusalOf(one.enter(ALICE)));
  assert.deepEqual(tries(5), [undefined, undefined, undefined, 'slow-down', 'slow-down']);
  clock.advance(1_000);
  assert.deepEqual(tries(2), [undefined, 'slow-down']);
  clock.advance(60_000);
  assert.deepEqual(tries(4), [undefined, undefined, undefined, 'slow-down']);
});

test('who is refused is told how long to wait, and does not make it longer by asking', () => {
  const { clock, brake: one } = brake();
  for (let n = 0; n < 3; n++) one.enter(ALICE);
  clock.advance(400);
  for (let n = 0; n < 5; n++) {
    const refused = one.enter(ALICE);
    assert.ok(refused instanceof Refused);
    assert.equal(refused.retryMs, 600);
  }
});

test('others are not slowed down, and who has rested is forgotten', () => {
  const { clock, brake: one } = brake();
  for (let n = 0; n < 9; n++) one.enter(ALICE);
  assert.equal(one.enter(BOB), undefined);
  assert.equal(one.size, 2);
  clock.advance(3_000);
  one.enter(BOB);
  assert.equal(one.size, 1);
});

test('memory is bounded: the one who searched longest ago is forgotten', () => {
  const { brake: one } = brake({ brakeEntriesMax: 10 });
  for (let n = 0; n < 1_000; n++) one.enter(uin(10_000 + n));
  assert.equal(one.size, 10);
});

test('a session that searches too often is refused, and may go on with everything else', async () => {
  const place = new Place({ limits: { searchesAtOnceMax: 2, searchMs: 1_000 } });
  await place.accounts(ALICE, BOB);
  const alice = await place.signsOn(ALICE);
  const search = async (): Promise<string | undefined> => refusalOf(await alice.asks('rooms.list', { fragment: 'x' }));
  assert.deepEqual([await search(), await search(), await search()], [undefined, undefined, 'slow-down']);
  assert.equal(refusalOf(await alice.says(BOB, 'hello')), undefined);
  const bob = await place.signsOn(BOB);
  assert.equal(refusalOf(await bob.asks('rooms.list', { fragment: 'x' })), undefined);
  await place.passes(1_000);
  assert.equal(await search(), undefined);
});
