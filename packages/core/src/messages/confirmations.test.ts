import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memoryStore } from '../memory-store.ts';
import { type IdRange, StoreFailed, type Store } from '../ports.ts';
import { settled, type TestClock, testBus, testChance, testClock, testSecrets, uin } from '../testing.ts';
import type { Uin } from '../words.ts';
import { Confirmations, rangesOf } from './confirmations.ts';

const ALICE = uin(20_001);
const BOB = uin(20_002);

interface Bench {
  readonly confirmations: Confirmations;
  readonly clock: TestClock;
  readonly confirmed: { readonly uin: Uin; readonly ranges: readonly IdRange[] }[];
  readonly reports: string[];
  /** The store answers only when it is let. */
  fails: boolean;
  hold: Promise<void> | undefined;
}

function bench(): Bench {
  const clock = testClock();
  const store = memoryStore();
  const parts: Bench = { confirmed: [], reports: [], clock, fails: false, hold: undefined, confirmations: undefined as unknown as Confirmations };
  const mailboxes: Store['mailboxes'] = {
    ...store.mailboxes,
    async confirm(number, ranges) {
      await parts.hold;
      if (parts.fails) throw new StoreFailed('broken', 'no disk');
      parts.confirmed.push({ uin: number, ranges });
    },
  };
  const report = (problem: string): void => void parts.reports.push(problem);
  const ports = { clock, chance: testChance(1), secrets: testSecrets(), bus: testBus(), store: { ...store, mailboxes }, report, audit: () => {} };
  return Object.assign(parts, { confirmations: new Confirmations(ports, 200_000) });
}

describe('ranges', () => {
  test('join what follows each other, in any order', () => {
    assert.deepEqual(rangesOf([7, 3, 1, 2, 9, 8]), [
      { first: 1, last: 3 },
      { first: 7, last: 9 },
    ]);
  });
  test('never cover what nobody confirmed', () => {
    assert.deepEqual(rangesOf([1, 3, 5]), [
      { first: 1, last: 1 },
      { first: 3, last: 3 },
      { first: 5, last: 5 },
    ]);
  });
  test('count what comes twice once', () => {
    assert.deepEqual(rangesOf([4, 4, 5, 5]), [{ first: 4, last: 5 }]);
  });
});

test('confirmations are written behind, one operation an account', async () => {
  const { confirmations, clock, confirmed } = bench();
  for (const id of [1, 2, 3]) confirmations.add(ALICE, id);
  confirmations.add(BOB, 9);
  assert.equal(confirmed.length, 0);
  clock.advance(1_000);
  await settled();
  assert.deepEqual(confirmed, [
    { uin: ALICE, ranges: [{ first: 1, last: 3 }] },
    { uin: BOB, ranges: [{ first: 9, last: 9 }] },
  ]);
  assert.equal(confirmations.unwritten, 0);
  assert.equal(clock.timers, 0, 'nothing to do, no timer');
});

test('a crowd is written a part at a time, without losing any', async () => {
  const { confirmations, clock, confirmed } = bench();
  for (let n = 0; n < 1_200; n++) confirmations.add(uin(20_001 + n), n + 1);
  clock.advance(250);
  await settled();
  assert.ok(confirmed.length > 0 && confirmed.length < 1_200, `${confirmed.length} at once`);
  for (let time = 0; time < 5; time++) {
    clock.advance(250);
    await settled();
  }
  assert.equal(new Set(confirmed.map(({ uin: number }) => number)).size, 1_200);
});

test('what failed is tried again, with what came meanwhile', async () => {
  const parts = bench();
  const { confirmations, clock, confirmed } = parts;
  parts.fails = true;
  confirmations.add(ALICE, 1);
  clock.advance(250);
  await settled();
  assert.equal(parts.reports.length, 1);
  confirmations.add(ALICE, 2);
  parts.fails = false;
  clock.advance(250);
  await settled();
  assert.deepEqual(confirmed, [{ uin: ALICE, ranges: [{ first: 1, last: 2 }] }]);
});

test('nor is anything lost that came while it was failing', async () => {
  const parts = bench();
  const { confirmations, clock, confirmed } = parts;
  let goOn: () => void = () => undefined;
  parts.hold = new Promise((resolve) => (goOn = resolve));
  parts.fails = true;
  confirmations.add(ALICE, 1);
  clock.advance(250);
  confirmations.add(ALICE, 2);
  goOn();
  await settled();
  parts.fails = false;
  clock.advance(250);
  await settled();
  assert.deepEqual(confirmed, [{ uin: ALICE, ranges: [{ first: 1, last: 2 }] }]);
  assert.equal(confirmations.unwritten, 0);
});

test("a flush and the regular writing do not get in each other's way", async () => {
  const parts = bench();
  const { confirmations, clock, confirmed } = parts;
  let goOn: () => void = () => undefined;
  parts.hold = new Promise((resolve) => (goOn = resolve));
  confirmations.add(ALICE, 1);
  const flushed = confirmations.flush(ALICE);
  await settled();
  confirmations.add(ALICE, 2);
  clock.advance(250);
  await settled();
  assert.ok(confirmations.holds(ALICE, 1) && confirmations.holds(ALICE, 2));
  goOn();
  await flushed;
  clock.advance(250);
  await settled();
  assert.deepEqual(
    confirmed.map(({ ranges }) => ranges[0]?.first),
    [1, 2],
  );
});

test('while the store is slow, an account is not written twice at once', async () => {
  const parts = bench();
  const { confirmations, clock, confirmed } = parts;
  let goOn: () => void = () => undefined;
  parts.hold = new Promise((resolve) => (goOn = resolve));
  confirmations.add(ALICE, 1);
  clock.advance(250);
  confirmations.add(ALICE, 2);
  assert.ok(confirmations.holds(ALICE, 1) && confirmations.holds(ALICE, 2), 'both count as confirmed already');
  const flushed = confirmations.flush(ALICE);
  await settled();
  assert.equal(confirmed.length, 0);
  goOn();
  await flushed;
  assert.deepEqual(
    confirmed.map(({ ranges }) => ranges[0]?.first),
    [1, 2],
  );
  assert.ok(!confirmations.holds(ALICE, 1) && !confirmations.holds(ALICE, 2));
});

test('a store that fails for ever does not fill the memory', async () => {
  const parts = bench();
  parts.fails = true;
  for (let id = 1; id <= 300_000; id++) {
    parts.confirmations.add(ALICE, id);
    if (id % 50_000 === 0) {
      parts.clock.advance(250);
      await settled();
    }
  }
  assert.equal(parts.confirmations.unwritten, 200_000);
});

test('stop writes everything, and what comes after it at once', async () => {
  const { confirmations, clock, confirmed } = bench();
  confirmations.add(ALICE, 1);
  await confirmations.stop();
  assert.equal(confirmed.length, 1);
  confirmations.add(ALICE, 2);
  clock.advance(0);
  await settled();
  assert.equal(confirmed.length, 2);
});

test('after a stop a store that is closed is not asked again and again', async () => {
  const parts = bench();
  await parts.confirmations.stop();
  parts.fails = true;
  parts.confirmations.add(ALICE, 1);
  parts.clock.advance(0);
  await settled();
  assert.equal(parts.reports.length, 1);
  assert.equal(parts.clock.timers, 0);
});
