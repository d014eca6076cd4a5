import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemChance } from './chance.ts';

test('bytes are as many as asked for, and never the same twice', () => {
  const chance = systemChance();
  const seen = new Set<string>();
  for (let round = 0; round < 1_000; round++) {
    const bytes = chance.bytes(16);
    assert.equal(bytes.length, 16);
    seen.add(Buffer.from(bytes).toString('hex'));
  }
  assert.equal(seen.size, 1_000);
  assert.equal(chance.bytes(100_000).length, 100_000);
  assert.equal(chance.bytes(0).length, 0);
});

test('what was given out stays as it is and belongs to nobody else', () => {
  const chance = systemChance();
  const first = chance.bytes(8);
  const before = first.slice();
  const second = chance.bytes(8);
  assert.deepEqual(first, before);
  assert.notEqual(first.buffer, second.buffer);
  assert.equal(first.buffer.byteLength, 8);
});
