import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { WireError } from './errors.ts';
import { Reader } from './reader.ts';
import {
  ascii,
  be,
  bytes,
  bytesOf,
  constant,
  decode,
  empty,
  encode,
  fixed,
  i8,
  type Layout,
  le,
  list,
  many,
  mapped,
  optional,
  rest,
  struct,
  tlvs,
  tlvsLe,
  u8,
  utf8,
  within,
} from './schema.ts';

const data = (hex: string): Uint8Array => Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

function bothWays<T>(layout: Layout<T>, hex: string, value: T): void {
  assert.deepEqual(decode(layout, data(hex)), value);
  assert.deepEqual(encode(layout, value), data(hex));
}

function refuses(run: () => unknown, code: string, message: RegExp): void {
  assert.throws(run, (error) => error instanceof WireError && error.code === code && message.test(error.message), String(message));
}

test('numbers stand in the order their name says', () => {
  bothWays(u8, 'fe', 0xfe);
  bothWays(i8, '80', -128);
  bothWays(i8, '7f', 127);
  bothWays(be.u16, '01 02', 0x0102);
  bothWays(le.u16, '01 02', 0x0201);
  bothWays(be.u32, 'ff 00 00 01', 0xff000001);
  bothWays(le.u32, 'ff 00 00 81', 0x810000ff);
});

test('a number outside its width is refused, never cut', () => {
  const layouts: (readonly [Layout<number>, number, number])[] = [
    [u8, -1, 0x100],
    [i8, -129, 128],
    [be.u16, -1, 0x10000],
    [le.u16, -1, 0x10000],
    [be.u32, -1, 0x100000000],
    [le.u32, -1, 0x100000000],
  ];
  for (const [layout, below, above] of layouts) {
    for (const value of [below, above, 1.5, Number.NaN]) refuses(() => encode(layout, value), 'out-of-range', /is not a whole number/);
  }
});

test('a length before its bytes goes no further than its enclosure', () => {
  const text = ascii(bytesOf(u8));
  bothWays(text, '02 68 69', 'hi');
  refuses(() => decode(text, data('03 68 69')), 'short', /at byte 1|need 3 bytes, have 2/);
  const boxed = struct({ box: within(fixed(2), text), after: u8 });
  refuses(() => decode(boxed, data('02 68 69 07')), 'short', /^box at byte 1: need 2 bytes, have 1$/);
});

test('a length that does not fit its number is refused', () => {
  refuses(() => encode(bytes(bytesOf(u8)), new Uint8Array(256)), 'too-long', /256 bytes do not fit/);
  refuses(() => encode(bytes(bytesOf(le.u16)), new Uint8Array(0x10000)), 'too-long', /65536 bytes do not fit/);
  refuses(() => encode(bytes(fixed(4)), new Uint8Array(3)), 'bad-value', /need exactly 4 bytes, got 3/);
});

test('what is left over inside a length is skipped, and what follows is read', () => {
  const layout = struct({ part: within(bytesOf(be.u16), struct({ a: u8 })), next: u8 });
  assert.deepEqual(decode(layout, data('00 03 01 ff ff 02')), { part: { a: 1 }, next: 2 });
  assert.deepEqual(encode(layout, { part: { a: 1 }, next: 2 }), data('00 01 01 02'));
});

test('text keeps bytes above 0x7F, and refuses characters that have no byte', () => {
  bothWays(ascii(rest), '41 e9 ff', 'A\u00e9\u00ff');
  refuses(() => encode(ascii(rest), 'Привет'), 'bad-value', /U\+41f is not ASCII/);
  bothWays(utf8(rest), 'd0 9f', 'П');
  assert.equal(decode(utf8(rest), data('41 d0')), 'A\ufffd');
  assert.equal(decode(utf8(rest), data('ef bb bf 41')), '\ufeffA');
});

test('an optional field is absent when no bytes remain', () => {
  const layout = struct({ a: u8, b: optional(be.u16) });
  bothWays(layout, '01', { a: 1 });
  bothWays(layout, '01 00 02', { a: 1, b: 2 });
  refuses(() => decode(layout, data('01 00')), 'short', /^b at byte 1: need 2 bytes, have 1$/);
});

test('a constant is written as it is and read as anything', () => {
  const layout = constant(be.u16, 3);
  assert.equal(layout.doc.type, 'u16 = 3');
  assert.equal(decode(layout, data('00 09')), 9);
});

test('a list stops at its count or at the end', () => {
  bothWays(list(be.u16), '', []);
  bothWays(list(be.u16), '00 01 00 02', [1, 2]);
  bothWays(struct({ some: list(u8, be.u16), after: u8 }), '00 02 07 08 09', { some: [7, 8], after: 9 });
  refuses(() => decode(list(be.u16), data('00 01 00')), 'short', /^\[1\] at byte 2/);
  refuses(() => decode(list(u8, be.u16), data('ff ff 01')), 'short', /^\[1\] at byte 3/);
});

test('a list of more than 4,096 items is refused, and so is an open list of nothings', () => {
  assert.equal(decode(list(u8), new Uint8Array(4096)).length, 4096);
  refuses(() => decode(list(u8), new Uint8Array(4097)), 'too-long', /more than 4096 items/);
  refuses(() => decode(list(empty, be.u16), data('ff ff')), 'too-long', /more than 4096 items/);
  refuses(() => decode(list(empty), data('01')), 'bad-value', /an item of no bytes/);
});

test('a mapped layout is the same bytes as another type', () => {
  const flag = mapped(
    u8,
    (n) => n !== 0,
    (on) => (on ? 1 : 0),
    'flag',
  );
  bothWays(flag, '01', true);
  assert.equal(flag.doc.type, 'flag');
});

const message = tlvs({ text: [0x02, bytes(rest)], ack: [0x03, empty], number: [0x16, be.u32], names: [0x0b, ascii(rest), many] });

test('TLVs have names; unknown ones and repetitions are kept in order', () => {
  bothWays(message, '0002 0001 61 0003 0000 0016 0004 0000000a', { text: data('61'), ack: true, number: 10 });
  const value = decode(message, data('0099 0001 ff 0002 0001 61 0002 0001 62 0098 0000'));
  assert.deepEqual(value, {
    text: data('61'),
    extra: [
      { type: 0x99, data: data('ff') },
      { type: 0x02, data: data('62') },
      { type: 0x98, data: data('') },
    ],
  });
  assert.deepEqual(encode(message, value), data('0002 0001 61 0099 0001 ff 0002 0001 62 0098 0000'));
});

test('a TLV that may be repeated is a list', () => {
  bothWays(message, '000b 0001 61 000b 0001 62', { names: ['a', 'b'] });
});

test('a TLV too short for its number is kept as one we do not know', () => {
  assert.deepEqual(decode(message, data('0016 0002 000a')), { extra: [{ type: 0x16, data: data('000a') }] });
});

test('a TLV that runs past its container is cut to what is left', () => {
  assert.deepEqual(decode(message, data('0003 0000 0002 00ff 6162')), { ack: true, text: data('6162') });
  const inner = struct({ block: within(fixed(6), message), after: u8 });
  assert.deepEqual(decode(inner, data('0002 00ff 6162 07')), { block: { text: data('6162') }, after: 7 });
});

test('the reader tells whether a TLV ran past its container', () => {
  for (const [bytes, isCut] of [
    ['0002 0002 6162', false],
    ['0002 0003 6162', true],
    ['0042 0001', true],
  ] as const) {
    const reader = new Reader(data(bytes));
    message.read(reader);
    assert.equal(reader.isCut, isCut, bytes);
  }
});

test('one to three bytes at the end of TLVs are padding', () => {
  assert.deepEqual(decode(message, data('0003 0000 000000')), { ack: true });
});

test('TLVs end by count or by size where they say so', () => {
  const counted = struct({ some: tlvs({ a: [1, u8] }, { count: be.u16 }), after: u8 });
  bothWays(counted, '0002 0001 0001 05 0009 0000 07', { some: { a: 5, extra: [{ type: 9, data: data('') }] }, after: 7 });
  refuses(() => decode(counted, data('0003 0001 0001 05')), 'short', /^some at byte 7/);
  const sized = struct({ some: tlvs({ a: [1, u8] }, { size: be.u16 }), after: u8 });
  bothWays(sized, '0005 0001 0001 05 07', { some: { a: 5 }, after: 7 });
  refuses(() => decode(sized, data('0009 0001 0001 05')), 'short', /^some at byte 2/);
});

test('little-endian TLVs are little-endian in type and length', () => {
  bothWays(tlvsLe({ uin: [0x0136, le.u32] }), '3601 0400 a2860100', { uin: 100002 });
});

test('more than 500 TLVs are refused', () => {
  assert.equal(decode(message, new Uint8Array(500 * 4)).extra?.length, 500);
  refuses(() => decode(message, new Uint8Array(501 * 4)), 'too-long', /more than 500 TLVs/);
});

test('a layout may encode what stands inside it, also when that fails', () => {
  const packed = mapped(
    bytes(bytesOf(u8)),
    (packet) => decode(be.u16, packet),
    (value) => encode(be.u16, value),
  );
  const layout = struct({ before: u8, packed, after: list(u8) });
  bothWays(layout, '01 02 0203 04 05', { before: 1, packed: 0x0203, after: [4, 5] });
  refuses(() => encode(layout, { before: 1, packed: 0x10000, after: [] }), 'out-of-range', /^packed: 65536 is not/);
  bothWays(layout, '01 02 0203', { before: 1, packed: 0x0203, after: [] });
  const kept = encode(u8, 7);
  encode(u8, 8);
  assert.deepEqual(kept, data('07'));
});

test('an error names the path to the field and the byte', () => {
  const layout = struct({ tlvs: tlvs({ parts: [2, list(struct({ id: u8, data: bytes(bytesOf(be.u16)) }))] }) });
  refuses(() => decode(layout, data('0002 0008 05 0001 01 01 0006 68')), 'short', /^tlvs\.parts\[1\]\.data at byte 11: need 6 bytes, have 1$/);
  refuses(() => encode(layout, { tlvs: { parts: [{ id: 300, data: data('') }] } }), 'out-of-range', /^tlvs\.parts\[0\]\.id: 300 is not/);
});

test('TLVs are written in the order of their declaration, whatever the order of the value', () => {
  const layout = tlvs({ a: [1, u8], b: [2, u8, many], c: [3, u8], d: [4, u8] }, { count: be.u16 });
  const written = data('0005 0001000101 0002000102 0002000103 0003000104 f0000000');
  const extra = [{ type: 0xf000, data: data('') }];
  assert.deepEqual(encode(layout, { a: 1, b: [2, 3], c: 4, extra }), written);
  assert.deepEqual(encode(layout, { extra, c: 4, b: [2, 3], a: 1 }), written);
  assert.deepEqual(encode(layout, { a: 1, c: 4, b: [2, 3], extra }), written);
});

test('an error in a TLV names it, whatever the order of the value', () => {
  const layout = tlvs({ a: [1, u8], b: [2, list(u8)] });
  refuses(() => encode(layout, { a: 1, b: [1, 300] }), 'out-of-range', /^b\[1\]: 300 is not/);
  refuses(() => encode(layout, { b: [1, 300], a: 1 }), 'out-of-range', /^b\[1\]: 300 is not/);
});

test('a layout of fixed numbers knows how few bytes it needs', () => {
  assert.equal(struct({ a: be.u32, b: u8, c: bytes(fixed(3)), d: optional(be.u16), e: ascii(bytesOf(be.u16)) }).min, 10);
});

test('any TLVs come back as they went', () => {
  const raw = fc.array(fc.record({ type: fc.integer({ min: 0x100, max: 0xffff }), data: fc.uint8Array({ maxLength: 40 }) }, { noNullPrototype: true }), {
    maxLength: 20,
    minLength: 1,
  });
  fc.assert(
    fc.property(raw, (extra) => {
      assert.deepEqual(decode(message, encode(message, { extra })), { extra });
    }),
  );
});

test('any bytes at all are a value or a WireError', () => {
  const layout = struct({ name: ascii(bytesOf(u8)), block: tlvs({ a: [1, u8], b: [2, list(be.u16)] }, { count: be.u16 }), tail: bytes(rest) });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        decode(layout, bytes);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }),
  );
});
