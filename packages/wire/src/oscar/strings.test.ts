import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError } from '../errors.ts';
import { decode, encode, rest, struct } from '../schema.ts';
import { bytes } from '../schema.ts';
import { ipv4, lnts, sn, str16 } from './strings.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

test('a screen name has its length in one byte', () => {
  assert.deepEqual(encode(sn, '100002'), Uint8Array.of(6, 0x31, 0x30, 0x30, 0x30, 0x30, 0x32));
  assert.throws(() => encode(sn, '1'.repeat(256)), WireError);
});

test('LNTS counts the NUL in its length', () => {
  assert.deepEqual(encode(lnts, text('hi')), Uint8Array.of(3, 0, 0x68, 0x69, 0));
  assert.deepEqual(encode(lnts, text('')), Uint8Array.of(1, 0, 0));
  assert.deepEqual(decode(lnts, Uint8Array.of(3, 0, 0x68, 0x69, 0)), text('hi'));
});

test('LNTS of length 0, without a NUL, or with text after a NUL, is read as far as it goes', () => {
  const before = struct({ text: lnts, tail: bytes(rest) });
  assert.deepEqual(decode(before, Uint8Array.of(0, 0, 9)), { text: text(''), tail: Uint8Array.of(9) });
  assert.deepEqual(decode(before, Uint8Array.of(2, 0, 0x68, 0x69, 9)), { text: text('hi'), tail: Uint8Array.of(9) });
  assert.deepEqual(decode(before, Uint8Array.of(4, 0, 0x68, 0, 0x69, 0, 9)), { text: text('h'), tail: Uint8Array.of(9) });
});

test('LNTS is cut at a NUL in the value, as the reader would cut it', () => {
  assert.deepEqual(encode(lnts, Uint8Array.of(0x68, 0, 0x69)), Uint8Array.of(2, 0, 0x68, 0));
});

test('LNTS whose length lies is refused', () => {
  assert.throws(() => decode(lnts, Uint8Array.of(9, 0, 0x68)), WireError);
  assert.throws(() => encode(lnts, new Uint8Array(0xffff).fill(0x41)), WireError);
  assert.equal(encode(lnts, new Uint8Array(0xfffe).fill(0x41)).length, 0x10001);
});

test('str16 has no terminator', () => {
  assert.deepEqual(encode(str16, text('hi')), Uint8Array.of(0, 2, 0x68, 0x69));
});

test('an IPv4 address is dotted here and four bytes there', () => {
  assert.deepEqual(encode(ipv4, '192.168.1.254'), Uint8Array.of(192, 168, 1, 254));
  assert.equal(decode(ipv4, Uint8Array.of(255, 0, 0, 1)), '255.0.0.1');
  for (const wrong of ['', '::1', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', '1.2.3.-4']) assert.throws(() => encode(ipv4, wrong), WireError, wrong);
});
