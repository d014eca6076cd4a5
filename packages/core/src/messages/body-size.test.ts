import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { bodyBytes, utf8Bytes, writtenBytes } from './body-size.ts';

test('text is counted as an encoder would write it', () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(utf8Bytes(text), encoder.encode(text).length);
    }),
  );
  // Halves of pairs come from broken clients; an encoder writes U+FFFD for each.
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0xd700, max: 0xe100 })), (units) => {
      const text = String.fromCharCode(...units);
      assert.equal(utf8Bytes(text), encoder.encode(text).length);
    }),
  );
});

test('a body is as large as its words or the bytes its client wrote, whichever is more', () => {
  const original = { format: 'icbm/1', bytes: new Uint8Array(100) };
  assert.equal(bodyBytes({ kind: 'text', text: 'ж' }), 2);
  assert.equal(bodyBytes({ kind: 'text', text: 'ж', original }), 100);
  assert.equal(bodyBytes({ kind: 'text', text: 'x'.repeat(200), original }), 200);
  assert.equal(bodyBytes({ kind: 'url', url: 'abc', caption: 'de' }), 5);
  assert.equal(bodyBytes({ kind: 'contacts', contacts: [{ uin: 20_001 as never, nickname: 'ab' }] }), 12);
  assert.equal(bodyBytes({ kind: 'auth-request', reason: 'please' }), 6);
  assert.equal(bodyBytes({ kind: 'added' }), 0);
  assert.equal(bodyBytes({ kind: 'opaque', original, fallback: 'x' }), 100);
});

test('a message is as long as its client wrote it, in whatever code page', () => {
  const original = { format: 'icbm/1', bytes: new Uint8Array(7_000) };
  assert.equal(writtenBytes({ kind: 'text', text: 'ж'.repeat(7_000), original }), 7_000);
  assert.equal(writtenBytes({ kind: 'text', text: 'ж'.repeat(3_500) }), 7_000);
  assert.equal(writtenBytes({ kind: 'text', text: 'x'.repeat(30_000), original }), 10_000, 'few bytes do not bring many words');
});

test('what a front end adds to the bytes of a client is not counted as written', () => {
  const original = { format: 'icbm/1', bytes: new Uint8Array(109), stampBytes: 9 };
  assert.equal(writtenBytes({ kind: 'text', text: 'x'.repeat(100), original }), 100);
  assert.equal(writtenBytes({ kind: 'added', original }), 100);
  assert.equal(bodyBytes({ kind: 'added', original }), 109, 'it takes its room in the mailbox');
});

test('words count for a third of their UTF-8, and never for less than was written', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(60), (text, written) => {
      const original = { format: 'icbm/1', bytes: new Uint8Array(written) };
      assert.equal(writtenBytes({ kind: 'text', text, original }), Math.max(written, Math.ceil(utf8Bytes(text) / 3)));
    }),
  );
});
