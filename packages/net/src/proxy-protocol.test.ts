import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginsProxyHeader, PROXY_HEADER_BYTES_MAX, ProxyHeaderError, readProxyHeader } from './proxy-protocol.ts';

const text = (line: string): Uint8Array => new TextEncoder().encode(line);
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const binary = (command: number, family: number, body: readonly number[]): Uint8Array =>
  Uint8Array.of(...SIGNATURE, command, family, body.length >> 8, body.length & 0xff, ...body);
const V4 = [198, 51, 100, 7, 203, 0, 113, 4, 0x04, 0x00, 0x14, 0x46];
const zeros = (length: number): number[] => Array.from({ length }, () => 0);
const six = (last: number): number[] => [0x20, 0x01, 0x0d, 0xb8, ...zeros(11), last];
const V6 = [...six(7), ...six(4), 0x04, 0x00, 0x14, 0x46];

const source = { address: '198.51.100.7', port: 1024 };
const destination = { address: '203.0.113.4', port: 5190 };

const GOOD: readonly (readonly [what: string, bytes: Uint8Array, ends: unknown])[] = [
  ['a line of TCP4', text('PROXY TCP4 198.51.100.7 203.0.113.4 1024 5190\r\n'), { source, destination }],
  [
    'a line of TCP6',
    text('PROXY TCP6 2001:db8::7 2001:db8::4 1024 5190\r\n'),
    { source: { address: '2001:db8::7', port: 1024 }, destination: { address: '2001:db8::4', port: 5190 } },
  ],
  ['a line with an IPv4 address in IPv6 clothes', text('PROXY TCP6 ::ffff:198.51.100.7 ::ffff:203.0.113.4 1024 5190\r\n'), { source, destination }],
  ['a line that does not know', text('PROXY UNKNOWN\r\n'), undefined],
  ['a line that does not know, but goes on', text('PROXY UNKNOWN ff:: :: 1 2\r\n'), undefined],
  ['version 2 of TCP4', binary(0x21, 0x11, V4), { source, destination }],
  ['version 2 with additions', binary(0x21, 0x11, [...V4, 0x04, 0x00, 0x01, 0x00]), { source, destination }],
  ['version 2 of TCP6', binary(0x21, 0x21, V6), { source: { address: '2001:db8::7', port: 1024 }, destination: { address: '2001:db8::4', port: 5190 } }],
  ['a relay that looks whether we live', binary(0x20, 0x00, []), undefined],
  ['version 2 of a family that is none', binary(0x21, 0x00, [1, 2, 3]), undefined],
  ['version 2 of datagrams', binary(0x21, 0x12, V4), undefined],
];

for (const [what, bytes, ends] of GOOD) {
  test(`${what}, byte by byte and with data behind it`, () => {
    for (let length = 0; length < bytes.length; length++) assert.equal(readProxyHeader(bytes.subarray(0, length)), undefined, `${length} bytes`);
    const glued = Uint8Array.of(...bytes, 0x2a, 0x01);
    const header = readProxyHeader(glued);
    assert.equal(header?.length, bytes.length);
    assert.deepEqual(header?.ends, ends);
  });
}

const BAD: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ['no header', text('GET / HTTP/1.1\r\n')],
  ['a line without an end', text(`PROXY TCP4 ${'1'.repeat(200)}`)],
  ['a line that ends late', text(`PROXY UNKNOWN ${'x'.repeat(100)}\r\n`)],
  ['a line that ends in LF alone', text('PROXY TCP4 198.51.100.7 203.0.113.4 1024 5190\n')],
  ['addresses of the other family', text('PROXY TCP4 2001:db8::7 2001:db8::4 1024 5190\r\n')],
  ['a port that is none', text('PROXY TCP4 198.51.100.7 203.0.113.4 70000 5190\r\n')],
  ['an address that is none', text('PROXY TCP4 198.51.100.256 203.0.113.4 1024 5190\r\n')],
  ['a family that is none', text('PROXY UDP4 198.51.100.7 203.0.113.4 1024 5190\r\n')],
  ['a line in small letters behind the word', text('PROXY tcp4 198.51.100.7 203.0.113.4 1024 5190\r\n')],
  ['a version that is none', binary(0x31, 0x11, V4)],
  ['a command that is none', binary(0x22, 0x11, V4)],
  ['addresses that are cut off', binary(0x21, 0x11, V4.slice(0, 11))],
  ['64 KiB', binary(0x21, 0x11, zeros(65_535)).subarray(0, 16)],
];

for (const [what, bytes] of BAD) {
  test(`refused: ${what}`, () => {
    assert.throws(() => readProxyHeader(bytes), ProxyHeaderError);
  });
}

test('nothing waits for more than the longest header', () => {
  for (const [, bytes] of [...GOOD, ...BAD] as (readonly [string, Uint8Array])[]) {
    const padded = new Uint8Array(PROXY_HEADER_BYTES_MAX + 1);
    padded.set(bytes.subarray(0, padded.length));
    try {
      assert.notEqual(readProxyHeader(padded), undefined);
    } catch (error) {
      assert.ok(error instanceof ProxyHeaderError);
    }
  }
});

test('what begins a header, and what may', () => {
  assert.equal(beginsProxyHeader(text('P')), 'maybe');
  assert.equal(beginsProxyHeader(text('PROXY ')), true);
  assert.equal(beginsProxyHeader(text('POST ')), false);
  assert.equal(beginsProxyHeader(Uint8Array.of(0x0d, 0x0a)), 'maybe');
  assert.equal(beginsProxyHeader(Uint8Array.of(0x2a)), false);
});
