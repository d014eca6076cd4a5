import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Speech, speechOf } from './sniff.ts';

const text = (line: string): Uint8Array => new TextEncoder().encode(line);

const CASES: readonly (readonly [what: string, bytes: Uint8Array, speech: Speech, needed: number])[] = [
  ['a FLAP hello', Uint8Array.of(0x2a, 1, 0, 0, 0, 4, 0, 0, 0, 1), 'flap', 1],
  ['a ClientHello', Uint8Array.of(0x16, 3, 1, 2, 0), 'tls', 2],
  ['a handshake of no TLS there ever was', Uint8Array.of(0x16, 9), 'unknown', 2],
  ['GET', text('GET / HTTP/1.1\r\n'), 'http', 4],
  ['POST, which begins like PROXY', text('POST /x'), 'http', 5],
  ['PROPFIND', text('PROPFIND /'), 'http', 9],
  ['a PROXY line', text('PROXY TCP4 1.2.3.4'), 'proxy', 6],
  ['PROXY version 2', Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21), 'proxy', 12],
  ['SSH', text('SSH-2.0-x'), 'unknown', 4],
  ['SOCKS 5', Uint8Array.of(5, 1, 0), 'unknown', 1],
  ['small letters', text('get / http'), 'unknown', 1],
  ['a word that is no method', text('ABCDEFGHIJKLMNOPQRS '), 'unknown', 17],
  ['an empty line that goes on', Uint8Array.of(0x0d, 0x0a, 0x41), 'unknown', 3],
];

for (const [what, bytes, speech, needed] of CASES) {
  test(`${what} is ${speech}, as soon as that can be known`, () => {
    for (let length = 0; length <= bytes.length; length++) {
      assert.equal(speechOf(bytes.subarray(0, length)), length < needed ? undefined : speech, `${length} bytes`);
    }
  });
}
