import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type Layout } from '../schema.ts';
import {
  directoryFields,
  directoryPacket,
  encodeMetaReply,
  encodeMetaRequest,
  encodeMetaResult,
  FULL_INFO,
  fullInfoRequest,
  homepageCategory,
  icqBlock,
  infoTlvs,
  META_REPLIES,
  META_REQUESTS,
  META_UNANSWERED,
  metaReplyData,
  metaRequestData,
  MetaResult,
  reply,
  searchByUinTlv,
  searchFoundLast,
  shortInfoReply,
} from './icq-meta.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (byte) => Number.parseInt(byte, 16));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test('the size inside is the length of the TLV less two', () => {
  const block = { owner: 100001, type: 0x0042, sequence: Uint8Array.of(3, 0), data: Uint8Array.of(0) };
  assert.deepEqual(encode(reply.body, { block }), bytesOf('0001 000b 0900 a1860100 4200 0300 00'));
});

test('bytes behind the size inside are not the request', () => {
  const { data } = decode(icqBlock, bytesOf('0900 a1860100 d007 0200 77 ffff'));
  assert.deepEqual(data, Uint8Array.of(0x77));
});

test('a size inside that reaches beyond the TLV is an error', () => {
  assert.throws(() => decode(reply.body, bytesOf('0001 000a 0900 a1860100 4200 0300')), { name: 'WireError', code: 'short', path: ['block'] });
});

test('a request is its subtype and its body', () => {
  assert.deepEqual(encodeMetaRequest(fullInfoRequest, { uin: 100002 }), bytesOf('b204 a2860100'));
  assert.deepEqual(decode(metaRequestData, bytesOf('b204 a2860100')), { subtype: 0x04b2, data: bytesOf('a2860100') });
});

test('an answer is its subtype, success and its body', () => {
  const info = { nick: ascii('A'), first: ascii(''), last: ascii(''), email: ascii(''), authorization: 1, zero: 0, gender: 1 };
  const data = encodeMetaReply(shortInfoReply, info);
  assert.deepEqual(data, bytesOf('0401 0a 0200 4100 0100 00 0100 00 0100 00 01 00 01'));
  assert.deepEqual(decode(shortInfoReply.body, decode(metaReplyData, data).data), info);
});

test('a failure, and the answer to a change, end with the result', () => {
  assert.deepEqual(encodeMetaResult(0x01ae, MetaResult.noData), bytesOf('ae01 32'));
  assert.deepEqual(decode(metaReplyData, bytesOf('6400 0a')), { subtype: 0x0064, result: MetaResult.success, data: new Uint8Array(0) });
});

test('kinds are found by subtype, and full info ends with the part its request names', () => {
  assert.equal(META_REQUESTS.get(0x04b2), fullInfoRequest);
  assert.equal(META_REPLIES.get(0x01ae), searchFoundLast);
  assert.equal(META_REQUESTS.get(0x9999), undefined);
  assert.deepEqual(
    FULL_INFO.map(({ subtype }) => subtype),
    [0x00c8, 0x00dc, 0x00eb, 0x010e, 0x00d2, 0x00e6, 0x00f0, 0x00fa],
  );
  assert.equal(FULL_INFO.at(-1)?.subtype, fullInfoRequest.reply);
  for (const subtype of META_UNANSWERED) assert.equal(META_REQUESTS.has(subtype), false);
});

test('a UIN TLV that claims six bytes and has four is read (QIP 2005)', () => {
  assert.deepEqual(decode(searchByUinTlv.body, bytesOf('3601 0600 a2860100')), { uin: 100002 });
});

test('numbers in info TLVs are read as wide as they come', () => {
  assert.deepEqual(decode(infoTlvs, bytesOf('7c01 0200 0200  a401 0100 07  f802 0400 01000000')), { gender: 2, country: 7, authorization: 1 });
  assert.deepEqual(encode(infoTlvs, { gender: 2, country: 7 }), bytesOf('7c01 0100 02  a401 0200 0700'));
});

test('repeated info TLVs are lists', () => {
  assert.deepEqual(decode(infoTlvs, bytesOf('8601 0200 2600  8601 0200 0c00  ea01 0700 6700 0300 6d7500')), {
    languages: [0x26, 0x0c],
    interests: [{ category: 103, keywords: ascii('mu') }],
  });
});

test('an e-mail TLV that claims three bytes and has four is read (ICQ 2003b)', () => {
  const set = decode(infoTlvs, bytesOf('5e01 0300 0100 00 01  5401 0400 0200 4100'));
  assert.deepEqual(set, { emails: [{ email: ascii(''), hidden: 1 }], nick: ascii('A') });
});

test('an e-mail TLV of three bytes without the flag stays that', () => {
  const set = decode(infoTlvs, bytesOf('5e01 0300 0100 00  5401 0400 0200 4100'));
  assert.deepEqual(set, { emails: [{ email: ascii('') }], nick: ascii('A') });
});

test('a homepage category that is off is two zeros, one that is on stands between 1 and 0', () => {
  const both: [value: { homepage?: { category: number; text: Uint8Array } }, hex: string][] = [
    [{}, '00 00'],
    [{ homepage: { category: 5, text: ascii('x') } }, '01 0500 0200 7800 00'],
  ];
  for (const [value, hex] of both) {
    assert.deepEqual(encode(homepageCategory, value), bytesOf(hex));
    assert.deepEqual(decode(homepageCategory, bytesOf(hex)), value);
  }
});

test('a search result of an older server ends early', () => {
  const { person } = decode(searchFoundLast.body, bytesOf('1300 a2860100 0100 00 0100 00 0100 00 0100 00 01 0100'));
  assert.deepEqual(person, { uin: 100002, nick: ascii(''), first: ascii(''), last: ascii(''), email: ascii(''), authorization: 1, online: 1 });
});

test('a directory packet has its own length, header and lists of TLVs', () => {
  const packet = {
    family: 0x05b9,
    subtype: 3,
    flags: 0,
    requestId: 2,
    zero: 0,
    codepage: 1251,
    two: 2,
    body: bytesOf('0003'),
  };
  const data = encode(directoryPacket, packet);
  assert.deepEqual(data, bytesOf('1400 05b9 0003 0000 00000002 0000 04e3 00000002 0003'));
  assert.deepEqual(decode(directoryPacket, data), packet);
  const fields = { uin: '100002', home: [{ city: 'Омск', country: 7 }], birthday: 29221 };
  assert.deepEqual(decode(directoryFields, encode(directoryFields, fields)), fields);
  assert.deepEqual(encode(directoryFields, { birthday: 29221 }), bytesOf('01a4 0008 40dc894000000000'));
});

test('texts of every request may have length zero, which no text has', () => {
  // 040B, one address: flag, then a text whose length does not even count its NUL.
  const emails = META_REQUESTS.get(0x040b)?.body as Layout<unknown>;
  assert.deepEqual(decode(emails, bytesOf('01 01 0000')), { emails: [{ hidden: 1, email: ascii('') }] });
});
