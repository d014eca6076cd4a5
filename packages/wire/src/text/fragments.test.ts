import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Charset, decodeUcs2, encodeUcs2, type Fragment, fragmentsFromText, textFromFragments } from './fragments.ts';

const textFragment = (...data: number[]): Fragment => ({ id: 1, version: 1, data: Uint8Array.from(data) });
const capabilities: Fragment = { id: 5, version: 1, data: Uint8Array.of(1) };

test('plain ASCII goes out as charset 0 whatever the receiver reads', () => {
  for (const unicode of [true, false]) {
    assert.deepEqual(fragmentsFromText('Hi', { unicode, codepage: 1251 }), [capabilities, textFragment(0, 0, 0, 0, 0x48, 0x69)]);
  }
});

test('other text goes out as UCS-2 to who reads it, with the capability that says so', () => {
  assert.deepEqual(fragmentsFromText('Я', { unicode: true, codepage: 1251 }), [
    { id: 5, version: 1, data: Uint8Array.of(1, 6) },
    textFragment(0, 2, 0, 0, 0x04, 0x2f),
  ]);
});

test("other text goes out in the receiver's code page when he reads no UCS-2", () => {
  assert.deepEqual(fragmentsFromText('Я', { unicode: false, codepage: 1251 }), [capabilities, textFragment(0, 3, 0, 0, 0xdf)]);
});

test("every charset but UCS-2 is the sender's code page", () => {
  for (const charset of [Charset.ascii, Charset.codepage, Charset.binary, 0x1234]) {
    const got = textFromFragments([capabilities, textFragment(charset >> 8, charset & 0xff, 0, 0, 0xdf)], 1251);
    assert.deepEqual(got, { text: 'Я', charset });
  }
});

test('a subset of FFFF means nothing', () => {
  assert.deepEqual(textFromFragments([textFragment(0, 2, 0xff, 0xff, 0x04, 0x2f)], 1252), { text: 'Я', charset: 2 });
});

test('text fragments are joined, and a character cut between two of them is whole again', () => {
  const parts = [textFragment(0, 3, 0, 0, 0x82), textFragment(0, 3, 0, 0, 0xa0), textFragment(0, 2, 0, 0, 0, 0x21)];
  assert.deepEqual(textFromFragments(parts, 932), { text: 'あ!', charset: 3 });
});

test('no text fragment, or one too short for a charset, is no text', () => {
  assert.deepEqual(textFromFragments([], 1252), { text: '', charset: undefined });
  assert.deepEqual(textFromFragments([capabilities, textFragment(0, 0)], 1252), { text: '', charset: undefined });
  assert.deepEqual(textFromFragments([textFragment(0, 0, 0, 0)], 1252), { text: '', charset: 0 });
});

test('trailing NULs are dropped, others kept', () => {
  assert.equal(textFromFragments([textFragment(0, 0, 0, 0, 0x41, 0, 0x42, 0, 0)], 1252).text, 'A\0B');
});

test('a lone surrogate is replaced, an odd last byte dropped', () => {
  assert.equal(decodeUcs2(Uint8Array.of(0xd8, 0x00, 0x00, 0x41)), '\ufffdA');
  assert.equal(decodeUcs2(Uint8Array.of(0x00, 0x41, 0x00)), 'A');
  assert.deepEqual(encodeUcs2('\udc00'), Uint8Array.of(0xff, 0xfd));
});

test('any text reaches who reads UCS-2', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // A byte order mark is no text, NULs at the end are padding.
      fc.pre(!text.startsWith('\ufeff') && !text.endsWith('\0'));
      assert.equal(textFromFragments(fragmentsFromText(text, { unicode: true, codepage: 1252 }), 1251).text, text.toWellFormed());
    }),
  );
});
