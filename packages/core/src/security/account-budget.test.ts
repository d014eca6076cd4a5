import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Place, refusalOf } from '../core-testing.ts';
import { Refused } from '../refusals.ts';
import { testClock, uin } from '../testing.ts';
import { AccountBudget } from './account-budget.ts';

const ALICE = uin(10_001);
const BOB = uin(10_002);

function budget(limits = {}) {
  const clock = testClock();
  return { clock, budget: new AccountBudget({ atOnceMax: 3, everyMs: 1_000, entriesMax: 100, ...limits }, clock) };
}

test('some times at once are free, then there is one for each while that passes', () => {
  const { clock, budget: one } = budget();
  const tries = (count: number): (string | undefined)[] => Array.from({ length: count }, () => refusalOf(one.spend(ALICE)));
  assert.deepEqual(tries(5), [undefined, undefined, undefined, 'slow-down', 'slow-down']);
  clock.advance(1_000);
  assert.deepEqual(tries(2), [undefined, 'slow-down']);
  clock.advance(60_000);
  assert.deepEqual(tries(4), [undefined, undefined, undefined, 'slow-down']);
});

test('who is refused is told how long to wait, and does not make it longer by asking', () => {
  const { clock, budget: one } = budget();
  for (let n = 0; n < 3; n++) one.spend(ALICE);
  clock.advance(400);
  for (let n = 0; n < 5; n++) {
    const refused = one.spend(ALICE);
    assert.ok(refused instanceof Refused);
    assert.equal(refused.retryMs, 600);
  }
});

test('others are not slowed down, and who has rested is forgotten', () => {
  const { clock, budget: one } = budget();
  for (let n = 0; n < 9; n++) one.spend(ALICE);
  assert.equal(one.spend(BOB), undefined);
  assert.equal(one.size, 2);
  clock.advance(3_000);
  one.spend(BOB);
  assert.equal(one.size, 1);
});

test('memory is bounded: the one who spent longest ago is forgotten', () => {
  const { budget: one } = budget({ entriesMax: 10 });
  for (let n = 0; n < 1_000; n++) one.spend(uin(10_000 + n));
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

test('a session cannot try passwords on its own account', async () => {
  const place = new Place({ limits: { passwordTriesMax: 2, passwordTryMs: 60_000 } });
  await place.accounts(ALICE);
  const alice = await place.signsOn(ALICE);
  const guess = async (password: string): Promise<string | undefined> => refusalOf(await alice.asks('account.unregister', { password }));
  assert.deepEqual([await guess('a'), await guess('b'), await guess('secret')], ['wrong-credentials', 'wrong-credentials', 'slow-down']);
  await place.passes(60_000);
  assert.equal(await guess('secret'), undefined);
});
