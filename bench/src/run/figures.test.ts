import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchFigure, latencyFigures, messagesFigure, rosterSignOnsFigure, storesFigure, tableHead, tableRow } from './figures.ts';
import { contactsOf } from './smoke.ts';

const CLEAN = { sent: 10, acknowledged: 10, delivered: 10, lost: 0, repeated: 0, reordered: 0, changed: 0, misdelivered: 0, unanswered: 0 };
const FAST = { perSecond: 4_000, p50Ms: 0.2, p99Ms: 0.5 };
const SLOW = { perSecond: 400, p50Ms: 2, p99Ms: 8 };
const measured = (perSecond: number) => ({ perSecond, ackP50Ms: 1, ackP99Ms: 2, verdict: CLEAN });

test('messages are held against the floor, or against the disk when that is slower', () => {
  const against = { profile: 'bench', floor: 100_000 };
  assert.equal(messagesFigure(measured(50_000), 50, FAST, against).standing, 'ok');
  assert.equal(messagesFigure(measured(49_000), 50, FAST, against).standing, 'below');
  assert.equal(messagesFigure(measured(10_000), 50, SLOW, against).standing, 'ok', '0.5 × 50 × 400');
  assert.equal(messagesFigure(measured(9_000), 50, SLOW, against).standing, 'below');
});

test('a fast disk asks for 20,000 messages/s whatever the floor does', () => {
  assert.equal(messagesFigure(measured(19_000), 50, FAST, { profile: 'bench', floor: 30_000 }).standing, 'below');
  assert.equal(messagesFigure(measured(19_000), 50, SLOW, { profile: 'bench', floor: 30_000 }).standing, 'ok');
});

test('a fault goes before any speed', () => {
  const figure = messagesFigure({ ...measured(1e6), verdict: { ...CLEAN, lost: 1 } }, 50, FAST, { profile: 'bench' });
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

test('sign-ons with rosters are held against those without', () => {
  assert.equal(rosterSignOnsFigure({ perSecond: 800 }, 10_000, 1_000, 'people').standing, 'ok');
  assert.equal(rosterSignOnsFigure({ perSecond: 799 }, 10_000, 1_000, 'people').standing, 'below');
});

test('columns stand under their titles', () => {
  const [titles = ''] = tableHead().split('\n');
  const line = tableRow(messagesFigure(measured(50_000), 50, FAST, { profile: 'bench', floor: 100_000 }));
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
