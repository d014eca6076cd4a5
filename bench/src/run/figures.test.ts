import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchFigure, latencyFigures, messagesFigure, rosterSignOnsFigure, storesFigure, tableHead, tableRow } from './figures.ts';
import type { Fsync } from './fsync.ts';
import { inTurns, type Rate, type Rounds } from './rounds.ts';
import { contactsOf } from './smoke.ts';

const CLEAN = { sent: 10, acknowledged: 10, delivered: 10, lost: 0, repeated: 0, reordered: 0, changed: 0, misdelivered: 0, unanswered: 0 };
const FAST = { perSecond: 4_000, p50Ms: 0.2, p99Ms: 0.5 };
const SLOW = { perSecond: 400, p50Ms: 2, p99Ms: 8 };
const measured = (perSecond: number) => ({ perSecond, ackP50Ms: 1, ackP99Ms: 2, verdict: CLEAN });
const inRounds = <T extends Rate>(reference: number, ...all: readonly T[]): Promise<Rounds<T>> =>
  inTurns(
    all.length,
    () => Promise.resolve({ perSecond: reference }),
    (
      (left) => () =>
        Promise.resolve(left.shift() as T)
    )([...all]),
  );
const messages = async (floor: number, fsync: Fsync, ...rates: readonly number[]) =>
  messagesFigure(await inRounds(floor, ...rates.map((rate) => ({ ...measured(rate), fsync }))), 50, 'bench');

test('messages are held against the floor, or against the disk when that is slower', async () => {
  assert.equal((await messages(100_000, FAST, 50_000)).standing, 'ok');
  assert.equal((await messages(100_000, FAST, 49_000)).standing, 'below');
  assert.equal((await messages(100_000, SLOW, 10_000)).standing, 'ok', '0.5 × 50 × 400');
  assert.equal((await messages(100_000, SLOW, 9_000)).standing, 'below');
});

test('a fast disk asks for 20,000 messages/s whatever the floor does', async () => {
  assert.equal((await messages(30_000, FAST, 19_000)).standing, 'below');
  assert.equal((await messages(30_000, SLOW, 19_000)).standing, 'ok');
});

test('the best round counts, and all of them are shown', async () => {
  const figure = await messages(100_000, FAST, 41_000, 52_000, 48_000);
  assert.equal(figure.standing, 'ok');
  assert.equal(figure.value, '52,000');
  assert.match(figure.beside, /^0\.52 of floor 100,000, in turns 0\.41 0\.52 0\.48;/);
});

test('a fault in any round goes before any speed', async () => {
  const bad = { ...measured(1), verdict: { ...CLEAN, lost: 1 }, fsync: FAST };
  const figure = messagesFigure(await inRounds(1_000, { ...measured(1e6), fsync: FAST }, bad, { ...measured(1e6), fsync: FAST }), 50, 'bench');
  assert.equal(figure.standing, 'failed');
  assert.match(figure.beside, /^FAILED: 1 lost/);
  assert.equal(fetchFigure({ p50Ms: 1, maxMs: 1, messagesEach: 200, verdict: { ...CLEAN, repeated: 2 } }, 'people').standing, 'failed');
});

test('acknowledgements are held against the disk of the same run', () => {
  const result = { ...measured(500), ackP50Ms: 0.8, ackP99Ms: 4.1, deliveryP50Ms: 1, deliveryP99Ms: 1 };
  assert.deepEqual(
    latencyFigures(result, 500, FAST, { profile: 'people' }).map(({ standing }) => standing),
    ['ok', 'below'],
  );
});

test('absolute bars for stores are for fast disks', () => {
  assert.equal(storesFigure(measured(9_999), 100, FAST, 'bench').standing, 'below');
  assert.equal(storesFigure(measured(9_999), 100, SLOW, 'bench').standing, 'no bar');
});

test('sign-ons with rosters are held against those without', async () => {
  const signOns = async (...rates: readonly number[]) =>
    rosterSignOnsFigure(await inRounds(1_000, ...rates.map((perSecond) => ({ perSecond }))), 10_000, 'people');
  assert.equal((await signOns(800)).standing, 'ok');
  assert.equal((await signOns(799)).standing, 'below');
  assert.equal((await signOns(799, 800)).standing, 'ok');
});

test('columns stand under their titles', async () => {
  const [titles = ''] = tableHead().split('\n');
  const line = tableRow(await messages(100_000, FAST, 50_000));
  assert.equal(line.indexOf('50,000') + '50,000'.length, titles.indexOf('value') + 'value'.length);
  assert.equal(line.indexOf('bench'), titles.indexOf('limits'));
});

test('nobody who signs on in the measurement of people off line is anybody’s contact there', () => {
  for (const index of [0, 1, 500, 999]) {
    const contacts = contactsOf(index);
    assert.equal(new Set(contacts).size, 50);
    assert.ok(contacts.every((contact) => contact >= 2_000 && contact < 9_000));
  }
  assert.equal(contactsOf(1_500).filter((contact) => contact >= 9_000).length, 25);
});
