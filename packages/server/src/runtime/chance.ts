/** Cryptographic chance. */
import { randomFillSync } from 'node:crypto';
import type { Chance } from '@seekyou/core';

/** Asking the system for a few bytes at a time costs more than the bytes. */
const POOL_BYTES = 4096;

export function systemChance(): Chance {
  const pool = new Uint8Array(POOL_BYTES);
  let at = POOL_BYTES;
  return {
    bytes(length) {
      if (length > POOL_BYTES) return randomFillSync(new Uint8Array(length));
      if (at + length > POOL_BYTES) {
        randomFillSync(pool);
        at = 0;
      }
      const taken = pool.slice(at, at + length);
      // What was given out is nobody else's.
      pool.fill(0, at, at + length);
      at += length;
      return taken;
    },
  };
}
