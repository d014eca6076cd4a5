import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError } from '../errors.ts';
import { chanceFrom } from '../testing.ts';
import { encodeFlap, FLAP_PAYLOAD_MAX, FlapChannel, FlapDecoder, type FlapFrame, followsSequence, nextSequence } from './flap.ts';

const payloads = [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(7), Uint8Array.of(0x2a, 0x2a, 0x2a)];
const sent: FlapFrame[] = payloads.map((payload, i) => ({ channel: i + 1, sequence: 0x7ffe + i, payload }));

function joined(frames: readonly FlapFrame[]): Uint8Array {
  return Uint8Array.from(frames.flatMap((frame) => [...encodeFlap(frame.channel, frame.sequence, frame.payload)]));
}

function pushed(decoder: FlapDecoder, chunks: readonly Uint8Array[]): FlapFrame[] {
  return chunks.flatMap((chunk) => decoder.push(chunk));
}

function refuses(run: () => unknown, code: string): void {
  assert.throws(run, (error) => error instanceof WireError && error.code === code);
}

test('a frame is a marker, a channel, a sequence number and a length before its payload', () => {
  assert.deepEqual(encodeFlap(FlapChannel.snac, 0x0b35, Uint8Array.of(9, 8)), Uint8Array.of(0x2a, 2, 0x0b, 0x35, 0, 2, 9, 8));
});

test('frames are found in one piece, in every two pieces, and byte by byte', () => {
  const stream = joined(sent);
  assert.deepEqual(new FlapDecoder().push(stream), sent);
  for (let cut = 0; cut <= stream.length; cut++) {
    assert.deepEqual(pushed(new FlapDecoder(), [stream.slice(0, cut), stream.slice(cut)]), sent, `cut at ${cut}`);
  }
  assert.deepEqual(
    pushed(
      new FlapDecoder(),
      Array.from(stream, (byte) => Uint8Array.of(byte)),
    ),
    sent,
  );
});

test('frames are found in pieces of any size', () => {
  const seed = Date.now() % 1_000_000;
  const chance = chanceFrom(seed);
  const stream = joined([...sent, ...sent, ...sent]);
  for (let round = 0; round < 100; round++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < stream.length; ) {
      const size = 1 + Math.floor(chance() * 40);
      chunks.push(stream.slice(at, at + size));
      at += size;
    }
    assert.deepEqual(pushed(new FlapDecoder(), chunks), [...sent, ...sent, ...sent], `seed ${seed}`);
  }
});

test('a decoder holds an incomplete frame and nothing else', () => {
  const decoder = new FlapDecoder();
  const stream = joined(sent.slice(1, 2));
  decoder.push(stream.slice(0, 4));
  assert.equal(decoder.pending, 4);
  decoder.push(stream.slice(4, 8));
  assert.equal(decoder.pending, 8);
  assert.equal(decoder.push(stream.slice(8)).length, 1);
  assert.equal(decoder.pending, 0);
});

test('what is held is a copy: the buffer it came in may be used again', () => {
  const decoder = new FlapDecoder();
  const stream = joined(sent.slice(1, 2));
  const chunk = stream.slice(0, 8);
  decoder.push(chunk);
  chunk.fill(0);
  assert.deepEqual(decoder.push(stream.slice(8)), sent.slice(1, 2));
});

test('a long frame that comes byte by byte is copied a few times, not once for each byte', (context) => {
  const set = context.mock.method(Uint8Array.prototype, 'set');
  const stream = encodeFlap(2, 0, new Uint8Array(5_000));
  const decoder = new FlapDecoder();
  set.mock.resetCalls();
  const frames = Array.from(stream, (byte) => Uint8Array.of(byte)).flatMap((chunk) => decoder.push(chunk));
  const copied = set.mock.calls.reduce((sum, { arguments: [bytes] }) => sum + bytes.length, 0);
  assert.equal(frames[0]?.payload.length, 5_000);
  assert.ok(copied <= 3 * stream.length, `${copied} bytes copied for ${stream.length}`);
});

test('whole frames are views of the chunk they came in, and little more than a frame is held for one that is cut', () => {
  const decoder = new FlapDecoder();
  const stream = joined(sent);
  for (const { payload } of decoder.push(stream)) assert.equal(payload.buffer, stream.buffer);
  const long = encodeFlap(2, 0, new Uint8Array(5_000));
  const [frame] = pushed(decoder, [long.slice(0, 4_000), long.slice(4_000, 4_001), long.slice(4_001)]);
  assert.equal(frame?.payload.buffer.byteLength, long.length);
});

test('a frame that does not begin with 0x2A is the end of the stream, even after good ones', () => {
  refuses(() => new FlapDecoder().push(Uint8Array.of(0x47, 0x45, 0x54)), 'bad-marker');
  refuses(() => new FlapDecoder().push(Uint8Array.of(...joined(sent.slice(1, 2)), 0x2b)), 'bad-marker');
});

test('a frame longer than agreed is refused when its header is there', () => {
  const decoder = new FlapDecoder(16);
  assert.equal(decoder.push(encodeFlap(2, 0, new Uint8Array(16))).length, 1);
  refuses(() => decoder.push(encodeFlap(2, 1, new Uint8Array(17)).slice(0, 6)), 'too-long');
  decoder.payloadMax = 17;
  assert.equal(decoder.push(encodeFlap(2, 1, new Uint8Array(17))).length, 1);
});

test('the longest frame passes and one more byte is refused', () => {
  const longest = encodeFlap(2, 0, new Uint8Array(FLAP_PAYLOAD_MAX));
  assert.equal(new FlapDecoder().push(longest)[0]?.payload.length, FLAP_PAYLOAD_MAX);
  refuses(() => encodeFlap(2, 0, new Uint8Array(FLAP_PAYLOAD_MAX + 1)), 'too-long');
});

test('we wrap at 0x8000 and accept both ways to wrap', () => {
  assert.equal(nextSequence(0x7fff), 0);
  assert.equal(nextSequence(41), 42);
  assert.ok(followsSequence(0x7fff, 0));
  assert.ok(followsSequence(0x7fff, 0x8000));
  assert.ok(followsSequence(0xffff, 0));
  assert.ok(!followsSequence(5, 5));
  assert.ok(!followsSequence(5, 7));
});
