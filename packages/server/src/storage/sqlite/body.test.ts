import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Body, Original, Uin } from '@seekyou/core';
import * as fc from 'fast-check';
import { decodeBody, encodeBody } from './body.ts';
import { fromColumn, textFromBytes, textToBytes, toColumn } from './text.ts';

/** Any sequence of UTF-16 units, halves of pairs more often than chance would have them. */
const anyText = fc
  .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 }), fc.constantFrom(0, 0xfe, 0xfffd, 0xfeff)), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));
const someBytes = fc.uint8Array({ maxLength: 300 });
const original = fc.record({ format: anyText, bytes: someBytes }, { noNullPrototype: true });
const contact = fc.record({ uin: fc.integer({ min: 10_000, max: 4_294_967_294 }).map((value) => value as Uin), nickname: anyText }, { noNullPrototype: true });

/** A kind with these fields, with an original or without. */
function body(kind: Body['kind'], fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Body> {
  const requiredKeys = ['kind', ...Object.keys(fields), ...(kind === 'opaque' ? ['original'] : [])];
  return fc.record({ kind: fc.constant(kind), ...fields, original }, { requiredKeys: requiredKeys as 'kind'[], noNullPrototype: true }) as fc.Arbitrary<Body>;
}

const bodies: { readonly [K in Body['kind']]: fc.Arbitrary<Body> } = {
  text: body('text', { text: anyText }),
  url: body('url', { url: anyText, caption: anyText }),
  contacts: body('contacts', { contacts: fc.array(contact) }),
  'auth-request': body('auth-request', { reason: anyText }),
  'auth-granted': body('auth-granted', { reason: anyText }),
  'auth-denied': body('auth-denied', { reason: anyText }),
  'pre-authorised': body('pre-authorised', { reason: anyText }),
  added: body('added', {}),
  opaque: body('opaque', { fallback: anyText }),
};

test('any text comes back from bytes and from a column', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      assert.equal(textFromBytes(textToBytes(text)), text);
      assert.equal(fromColumn(toColumn(text)), text);
    }),
  );
});

test('well-formed text is plain UTF-8, so that people and tools can read it', () => {
  assert.deepEqual(textToBytes('Привет \u{1f600}'), Buffer.from('Привет \u{1f600}'));
  assert.equal(toColumn('Привет'), 'Привет');
});

for (const [kind, bodyOfKind] of Object.entries(bodies)) {
  test(`any ${kind} comes back from its bytes, and from no part of them`, () => {
    fc.assert(
      fc.property(bodyOfKind, fc.nat(), (body, cut) => {
        const bytes = encodeBody(body);
        assert.deepEqual(decodeBody(bytes), body);
        const shorter = bytes.subarray(0, cut % bytes.length);
        assert.throws(() => decodeBody(shorter), /stored message body/);
      }),
    );
  });
}

test('a body longer than a length byte or two can say comes back', () => {
  for (const length of [127, 128, 16_383, 16_384, 3_000_000]) {
    const body: Body = { kind: 'text', text: 'x'.repeat(length) };
    assert.deepEqual(decodeBody(encodeBody(body)), body);
  }
});

/** Bytes as the first version wrote them; databases hold them for years. */
const drawn: Original = { format: 'icbm/1', bytes: Uint8Array.of(0, 254, 255) };
const WRITTEN: readonly (readonly [hex: string, body: Body])[] = [
  ['010108d0b4d0b020eda080', { kind: 'text', text: 'да \ud800' }],
  ['018208687474703a2f2f780163066963626d2f310300feff', { kind: 'url', url: 'http://x', caption: 'c', original: drawn }],
  ['0103013105313030303102416c', { kind: 'contacts', contacts: [{ uin: 10_001 as Uin, nickname: 'Al' }] }],
  ['01040172', { kind: 'auth-request', reason: 'r' }],
  ['010500', { kind: 'auth-granted', reason: '' }],
  ['0106026e6f', { kind: 'auth-denied', reason: 'no' }],
  ['010700', { kind: 'pre-authorised', reason: '' }],
  ['0108', { kind: 'added' }],
  ['01890166066963626d2f310300feff', { kind: 'opaque', fallback: 'f', original: drawn }],
];

test('what was written years ago is read today', () => {
  for (const [hex, body] of WRITTEN) {
    assert.deepEqual(decodeBody(Buffer.from(hex, 'hex')), body);
    assert.equal(Buffer.from(encodeBody(body)).toString('hex'), hex);
  }
});

test('a body of a later version says so', () => {
  assert.throws(() => decodeBody(Uint8Array.of(2, 1, 0)), /newer seekyou/);
  assert.throws(() => decodeBody(Uint8Array.of(1, 0x7f, 0)), /newer seekyou/);
});

test('a decoded body does not hang on to the bytes it came from', () => {
  const bytes = encodeBody({ kind: 'added', original: { format: 'a', bytes: Uint8Array.of(1, 2) } });
  const body = decodeBody(bytes);
  bytes.fill(9);
  assert.deepEqual(body, { kind: 'added', original: { format: 'a', bytes: Uint8Array.of(1, 2) } });
});
