import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '../schema.ts';
import { error, flapHello, loginAnswer, registerReply, registerRequest, signOffNotice } from './login.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (byte) => Number.parseInt(byte, 16));

test("the server's hello is four bytes", () => {
  assert.deepEqual(encode(flapHello, { version: 1, tlvs: {} }), Uint8Array.of(0, 0, 0, 1));
});

test('the cookie stands first in a hello', () => {
  const hello = encode(flapHello, { version: 1, tlvs: { clientName: 'x', cookie: Uint8Array.of(9) } });
  assert.deepEqual(hello, bytesOf('00000001 00060001 09 00030001 78'));
});

test('the end of a connection may carry a reason of one byte', () => {
  assert.deepEqual(decode(signOffNotice, bytesOf('00090001 01')), { reason: 1 });
  assert.deepEqual(encode(signOffNotice, { reason: 1 }), bytesOf('00090002 0001'));
  assert.deepEqual(decode(signOffNotice, new Uint8Array(0)), {});
});

test('a reason without bytes is none', () => {
  assert.deepEqual(decode(signOffNotice, bytesOf('00090000')), { extra: [{ type: 9, data: new Uint8Array(0) }] });
});

test('TLVs of an answer we do not know are kept', () => {
  const answer = decode(loginAnswer, bytesOf('00010001 31 00ff0002 abcd 00080002 0005'));
  assert.deepEqual(answer, { uin: '1', error: 5, extra: [{ type: 0xff, data: bytesOf('abcd') }] });
});

test('the new UIN stands at byte 42 of its block, where clients look without looking', () => {
  const registration = { sequence: Uint8Array.of(3, 0), port: 0, address: 0, cookie: 0, uin: 0x01020304 };
  const data = encode(registerReply.body, { registration });
  assert.equal(data.length, 4 + 0x32);
  assert.deepEqual(data.subarray(46, 50), Uint8Array.of(4, 3, 2, 1));
});

test('a registration whose trailer is short or missing is read', () => {
  const registration = { sequence: Uint8Array.of(3, 0), cookie: 7, password: bytesOf('706173'), trailer: new Uint8Array(0) };
  for (const trailer of ['', 'd601', '0000d601']) {
    const request = { registration: { ...registration, trailer: bytesOf(trailer) } };
    assert.deepEqual(decode(registerRequest.body, encode(registerRequest.body, request)), request);
  }
});

test('a refused registration carries its code before the TLVs', () => {
  const refused = { code: 1, tlvs: { url: 'http://127.0.0.1/' } };
  assert.deepEqual(decode(error.body, encode(error.body, refused)), refused);
  assert.deepEqual(encode(error.body, { code: 5, tlvs: {} }), bytesOf('0005'));
});
