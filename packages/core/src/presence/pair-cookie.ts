import type { Uin } from '../words.ts';

/**
 * A maker of direct-connection cookies: one value per pair of people, the same in both directions, which neither can work
 * out for another pair. HalfSipHash-2-4 (Aumasson, Bernstein; reference code of SipHash) of the two UINs.
 *
 * @param key 8 bytes from the injected chance
 * @returns 1 to 4,294,967,295; 0 stands for "no cookie"
 */
export function pairCookies(key: Uint8Array): (one: Uin, other: Uin) => number {
  const view = new DataView(key.buffer, key.byteOffset, 8);
  const k0 = view.getUint32(0, true);
  const k1 = view.getUint32(4, true);
  return (one, other) => halfSipHash(k0, k1, Math.min(one, other), Math.max(one, other)) || 1;
}

/** Of the eight bytes that two little-endian words are. */
export function halfSipHash(k0: number, k1: number, first: number, second: number): number {
  const v: State = [k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1];
  for (const word of [first, second, 8 << 24]) {
    v[3] ^= word;
    round(v);
    round(v);
    v[0] ^= word;
  }
  v[2] ^= 0xff;
  for (let finishing = 0; finishing < 4; finishing++) round(v);
  return (v[1] ^ v[3]) >>> 0;
}

type State = [number, number, number, number];

function round(v: State): void {
  v[0] = (v[0] + v[1]) | 0;
  v[1] = rotate(v[1], 5) ^ v[0];
  v[0] = rotate(v[0], 16);
  v[2] = (v[2] + v[3]) | 0;
  v[3] = rotate(v[3], 8) ^ v[2];
  v[0] = (v[0] + v[3]) | 0;
  v[3] = rotate(v[3], 7) ^ v[0];
  v[2] = (v[2] + v[1]) | 0;
  v[1] = rotate(v[1], 13) ^ v[2];
  v[2] = rotate(v[2], 16);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
