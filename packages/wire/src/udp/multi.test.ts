import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError } from '../errors.ts';
import { type Assembly, assemble, FRAGMENTS_MAX, FRAGMENTS_WAIT_MS, packMulti, SLICE_BYTES, splitPacket, unpackMulti } from './multi.ts';
import { buildServerPacket } from './packet.ts';
import { encodeReply } from './registry.ts';
import { userOffline } from './replies.ts';

const packet = Uint8Array.from({ length: 1200 }, (_, i) => i & 0xff);

/** All of them, in this order; the packet, or what is still waited for. */
function feed(fragments: readonly Uint8Array[], at = (_i: number): number => 0): Uint8Array | Assembly | undefined {
  let assembly: Assembly | undefined;
  for (const [i, parameters] of fragments.entries()) {
    const got = assemble(assembly, 7, parameters, at(i));
    if ('packet' in got) return got.packet;
    assembly = got.assembly;
  }
  return assembly;
}

test('a packet in fragments is put together in any order', () => {
  const fragments = splitPacket(packet);
  assert.equal(fragments.length, Math.ceil(packet.length / SLICE_BYTES));
  assert.deepEqual(feed(fragments), packet);
  assert.deepEqual(feed(fragments.toReversed()), packet);
});

test('a fragment that came twice changes nothing', () => {
  const [a, b, c] = splitPacket(packet) as [Uint8Array, Uint8Array, Uint8Array];
  assert.deepEqual(feed([a, a, b, a, b, c]), packet);
});

test('the rest of a packet is not waited for beyond the limit', () => {
  const fragments = splitPacket(packet);
  const late = feed(fragments, (i) => (i === 2 ? FRAGMENTS_WAIT_MS + 1 : 0));
  assert.ok(late !== undefined && 'slices' in late);
  assert.deepEqual(
    late.slices.map((slice) => slice !== undefined),
    [false, false, true],
  );
});

test('another seq2 begins anew', () => {
  const [first, second] = splitPacket(packet) as [Uint8Array, Uint8Array, Uint8Array];
  const one = assemble(undefined, 1, first, 0);
  assert.ok('assembly' in one);
  const two = assemble(one.assembly, 2, second, 0);
  assert.ok('assembly' in two && two.assembly.slices[0] === undefined);
});

test('parts that cannot be are refused', () => {
  for (const [part, parts] of [
    [0, 0],
    [2, 2],
    [0, FRAGMENTS_MAX + 1],
  ] as const) {
    assert.throws(() => assemble(undefined, 1, Uint8Array.of(part, parts, 1), 0), WireError);
  }
  assert.throws(() => splitPacket(new Uint8Array(SLICE_BYTES * FRAGMENTS_MAX + 1)), WireError);
});

test('packets inside a packet come out again, and what is none is left out', () => {
  const header = { seq1: 8, seq2: 0, uin: 1234567, sessionId: 5 };
  const inner = [10, 11].map((uin) => buildServerPacket(encodeReply(5, userOffline, { uin }, header)));
  const [one, two, ...more] = unpackMulti(packMulti([inner[0] as Uint8Array, Uint8Array.of(9, 9), inner[1] as Uint8Array]));
  assert.deepEqual([one?.parameters[0], two?.parameters[0], more.length], [10, 11, 0]);
  assert.equal(one?.seq1, 8);
});
