import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackOff } from './back-off.ts';

test('each wait is up to twice the last, and none longer than a minute', () => {
  const longest = new BackOff(() => 1);
  assert.deepEqual(
    Array.from({ length: 9 }, () => longest.nextMs(0)),
    [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000],
  );
  const shortest = new BackOff(() => 0);
  assert.deepEqual([shortest.nextMs(0), shortest.nextMs(0)], [500, 1_000]);
});

test('a minute on line is a new beginning; a second is not', () => {
  const backOff = new BackOff(() => 1);
  backOff.nextMs(0);
  backOff.cameOnline(0);
  assert.equal(backOff.nextMs(1_000), 2_000);
  backOff.cameOnline(1_000);
  assert.equal(backOff.nextMs(61_000), 1_000);
});

test('a server that says how long is waited for so long at least', () => {
  assert.equal(new BackOff(() => 0).nextMs(0, 30_000), 30_500);
});
