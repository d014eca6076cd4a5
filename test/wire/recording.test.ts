/** Recordings: what goes through the recorder arrives, and what it writes down can be read again by others and by us. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { encode } from '@seekyou/wire';
import { encodeFlap, encodeSnac, FlapChannel, icbm, login } from '@seekyou/wire/oscar';
import { pcapOf } from './pcap.ts';
import { RawClient } from './raw-client.ts';
import { type Recorder, startRecorder } from './recorder.ts';
import { formatRecording, framesOf, parseRecording, type WireEvent } from './recording.ts';

const HELLO = encodeFlap(FlapChannel.hello, 5, encode(login.flapHello, { version: 1, tlvs: {} }));
const TYPING = encodeSnac(icbm.clientEvent, { cookie: new Uint8Array(8), channel: 1, screenName: '100002', event: 2 }, 7);

const EVENTS: readonly WireEvent[] = [
  { type: 'note', connection: 0, atMs: 1, text: 'alice types' },
  { type: 'open', connection: 1, atMs: 1_000_000_500, clientPort: 40_000 },
  { type: 'bytes', connection: 1, atMs: 1_000_000_501, from: 'server', bytes: HELLO },
  // One frame in two pieces, the second with the beginning of another one that never ends.
  { type: 'bytes', connection: 1, atMs: 1_000_000_502, from: 'client', bytes: encodeFlap(2, 6, TYPING).subarray(0, 9) },
  { type: 'bytes', connection: 1, atMs: 1_000_000_503, from: 'client', bytes: Uint8Array.from([...encodeFlap(2, 6, TYPING).subarray(9), 0x2a, 2]) },
  { type: 'close', connection: 1, atMs: 1_000_000_504, from: 'client', how: 'fin' },
];

test('a recording says in words what each frame is, and is the same after reading it again', () => {
  const recording = { headers: [['origin', 'by hand']] as const, events: framesOf(EVENTS) };
  const text = formatRecording(recording);
  assert.match(text, /^origin: by hand\n\n\n# alice types\n1 open\n1 < FLAP channel 1, sequence 5, 4 bytes from the server\n {2}2a 01 00 05/);
  assert.match(text, /^1 > SNAC 04\/14 icbm clientEvent, flags 0000, request 00000007$/m);
  assert.match(text, /^1 close client$/m);
  const read = parseRecording(text, 'by hand');
  assert.equal(formatRecording(read), text);
  assert.equal(read.events.filter((event) => event.type === 'frame').length, 2, 'the frame that never ended is left out');
});

test('what is no recording is refused with the number of its line', () => {
  assert.throws(() => parseRecording('origin: x\n\n1 open\nhello\n', 'file.txt'), /file\.txt:4: not a line of a recording: hello/);
  assert.throws(() => parseRecording('origin: x\n\n1 > FLAP\n  2a 01 00 05\n', 'file.txt'), /file\.txt:3: not exactly one frame/);
});

test('a pcap has right lengths, sequence numbers and checksums', () => {
  const packets = packetsOf(pcapOf([...EVENTS, { type: 'close', connection: 1, atMs: 1_000_000_505, from: 'server', how: 'fin' }]));
  assert.equal(packets.length, 3 + 3 * 2 + 2 * 2, 'handshake; three times data and acknowledgement; two ends');
  const next = new Map<number, number>();
  for (const { ip, tcp, atSeconds } of packets) {
    assert.ok(Math.abs(atSeconds - 1_000_000.5) < 0.1, 'the time it was seen');
    assert.equal(sum(ip), 0xffff, 'the sum over an IP header with its checksum');
    const pseudo = [...ip.subarray(12, 20), 0, 6, tcp.length >>> 8, tcp.length & 0xff];
    assert.equal(sum(Uint8Array.from([...pseudo, ...tcp])), 0xffff, 'the sum over a TCP segment with its checksum');
    const view = new DataView(tcp.buffer, tcp.byteOffset, tcp.byteLength);
    const [port, sequence, acknowledged, flags] = [view.getUint16(0), view.getUint32(4), view.getUint32(8), view.getUint16(12)];
    const other = view.getUint16(2);
    assert.deepEqual(new Set([port, other]), new Set([40_000, 5_190]));
    assert.equal(sequence, next.get(port) ?? sequence, 'nothing lost, nothing twice');
    if ((flags & 0x10) !== 0) assert.equal(acknowledged, next.get(other), 'what was seen of the other side');
    next.set(port, sequence + tcp.length - 20 + ((flags & 0x03) === 0 ? 0 : 1));
  }
  assert.equal(next.get(5_190), 2_000 + 1 + HELLO.length + 1);
});

interface Packet {
  readonly ip: Uint8Array;
  readonly tcp: Uint8Array;
  readonly atSeconds: number;
}

function packetsOf(file: Uint8Array): Packet[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  assert.deepEqual([view.getUint32(0, true), view.getUint32(20, true)], [0xa1b2c3d4, 1], 'microseconds, little-endian, Ethernet');
  const packets: Packet[] = [];
  for (let at = 24; at < file.length; ) {
    const length = view.getUint32(at + 8, true);
    const frame = file.subarray(at + 16, at + 16 + length);
    assert.equal((frame[16] as number) * 256 + (frame[17] as number), length - 14, 'the length in the IP header');
    packets.push({ ip: frame.subarray(14, 34), tcp: frame.slice(34), atSeconds: view.getUint32(at, true) + view.getUint32(at + 4, true) / 1e6 });
    at += 16 + length;
  }
  return packets;
}

/** One's complement sum of 16-bit words. */
function sum(data: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < data.length; i += 2) total += ((data[i] as number) << 8) | (data[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

async function withRecorder(run: (recorder: Recorder) => Promise<void>): Promise<void> {
  const recorder = await startRecorder();
  try {
    await run(recorder);
  } finally {
    await recorder.close();
  }
}

test('the recorder passes bytes on unchanged, ends included, and writes both sides down', () =>
  withRecorder(async (recorder) => {
    const got: number[] = [];
    const server = createServer((socket) => {
      socket.write(HELLO);
      socket.on('data', (chunk) => got.push(...chunk));
      socket.on('end', () => socket.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    recorder.towards({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
    const client = await RawClient.greeted(recorder);
    client.send(FlapChannel.snac, TYPING);
    client.socket.end();
    assert.equal(await client.ended, 'fin', 'the server’s end arrives after ours did');
    assert.deepEqual(Uint8Array.from(got), encodeFlap(2, 0x1000, TYPING));
    const kinds = recorder
      .recording([])
      .events.map((event) => (event.type === 'frame' ? `${event.from} frame` : event.type === 'close' ? `${event.from} closes` : event.type));
    assert.deepEqual(kinds, ['open', 'server frame', 'client frame', 'client closes', 'server closes']);
    await new Promise((resolve) => server.close(resolve));
  }));

test('a connection that breaks on one side breaks on the other', () =>
  withRecorder(async (recorder) => {
    const server = createServer((socket) => socket.resetAndDestroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    recorder.towards({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
    const client = await RawClient.dial(recorder);
    assert.equal(await client.ended, 'reset');
    await new Promise((resolve) => server.close(resolve));
  }));
