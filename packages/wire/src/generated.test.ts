import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError } from './errors.ts';
import { REGISTRY } from './oscar/registry.ts';
import { decodeSnac } from './oscar/snac.ts';
import { decode } from './schema.ts';
import { chanceFrom, checkAnyBytes, checkRoundTrip, mutate } from './testing.ts';

// A failure names its seed: SEEKYOU_SEED=… repeats it, SEEKYOU_ROUNDS=… looks longer.
const seed = Number(process.env['SEEKYOU_SEED'] ?? Date.now() % 1_000_000_000);
const rounds = Number(process.env['SEEKYOU_ROUNDS'] ?? 20);

for (const { module, name, layout } of REGISTRY) {
  const title = `oscar/${module} ${name}`;
  test(`${title}: generated values survive their bytes, and broken bytes are a value or a WireError (seed ${seed})`, { timeout: 60_000 }, () => {
    const chance = chanceFrom(seed);
    for (let round = 0; round < rounds; round++) {
      const data = checkRoundTrip(title, layout, chance);
      for (let end = 0; end < data.length; end++) checkAnyBytes(title, layout, data.subarray(0, end));
      for (let i = 0; i < 10; i++) checkAnyBytes(title, layout, mutate(data, chance));
    }
  });
}

test('the longest frames of one byte value are read or refused without delay', { timeout: 60_000 }, () => {
  for (const fill of [0x00, 0x01, 0x04, 0x30, 0xff]) {
    const data = new Uint8Array(0xfff9).fill(fill);
    for (const { layout } of REGISTRY) {
      try {
        decode(layout, data);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }
  }
});

test('any ten bytes are a SNAC header or a WireError', () => {
  const chance = chanceFrom(seed);
  for (let i = 0; i < 1000; i++) {
    const data = Uint8Array.from({ length: Math.floor(chance() * 20) }, () => Math.floor(chance() * 0x100));
    try {
      assert.ok(decodeSnac(data).data.length <= data.length - 10);
    } catch (error) {
      assert.ok(error instanceof WireError, `${String(error)} (seed ${seed})`);
    }
  }
});
