import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Samples } from './samples.ts';

test('percentiles are values that were measured, in any order and beyond the first capacity', () => {
  const samples = new Samples(4);
  for (let i = 100; i >= 1; i--) samples.add(i);
  assert.equal(samples.size, 100);
  assert.deepEqual(samples.percentiles([0, 0.5, 0.99, 1]), [1, 51, 100, 100]);
  assert.equal(samples.max(), 100);
});

test('nothing measured is not zero', () => {
  assert.ok(Number.isNaN(new Samples().percentiles([0.5])[0]));
});
