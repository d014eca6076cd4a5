import assert from 'node:assert/strict';
import test from 'node:test';
import { testChance, uin } from '../testing.ts';
import { halfSipHash, pairCookies } from './pair-cookie.ts';

test('HalfSipHash agrees with the reference vector for the message 00…07 under the key 00…07', () => {
  assert.equal(halfSipHash(0x03020100, 0x07060504, 0x03020100, 0x07060504), 0x8f84b8d0);
});

test('a pair has one cookie in both directions, other pairs and other starts have others', () => {
  const cookieOf = pairCookies(testChance(1).bytes(8));
  const cookie = cookieOf(uin(1001), uin(2002));
  assert.equal(cookieOf(uin(2002), uin(1001)), cookie);
  assert.notEqual(cookieOf(uin(2002), uin(1002)), cookie);
  assert.notEqual(pairCookies(testChance(2).bytes(8))(uin(1001), uin(2002)), cookie);
});

test('ten thousand pairs have ten thousand cookies of 32 bits, none of them zero', () => {
  const cookieOf = pairCookies(testChance(3).bytes(8));
  const cookies = new Set(Array.from({ length: 10_000 }, (_, n) => cookieOf(uin(4_294_967_294), uin(10_000 + n))));
  assert.equal(cookies.size, 10_000);
  for (const cookie of cookies) assert.ok(Number.isInteger(cookie) && cookie > 0 && cookie <= 0xffffffff, String(cookie));
});
