/** What the fuzzer changes: frames of clients, from the golden packets and from a dialogue of our own client with the server. */
import { globSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { connect, nodePlatform, type Platform } from '@seekyou/client';
import type { Transport } from '@seekyou/net';
import { decodeSnac, encodeFlap, FlapChannel, FlapDecoder, type SnacDeclaration, SnacFlag, snacName } from '@seekyou/wire/oscar';
import { type Golden, parseGolden } from '@seekyou/wire/testing';
import { Chance } from '../chance.ts';
import { within } from '../load/crowd.ts';
import type { Address } from '../load/line.ts';
import { framesOf } from './mutate.ts';

export interface Specimen {
  readonly name: string;
  /** A whole FLAP frame. */
  readonly frame: Buffer;
}

const TESTDATA = resolve(import.meta.dirname, '../../../packages/wire/testdata');

/** The golden packets a client could have sent. */
export function goldenSpecimens(): Specimen[] {
  const files = globSync('oscar/**/*.hex', { cwd: TESTDATA }).sort();
  return files.flatMap((file) => {
    const golden = parseGolden(readFileSync(resolve(TESTDATA, file), 'utf8'), file);
    const frame = frameOf(golden);
    return frame === undefined ? [] : [{ name: basename(file, '.hex'), frame: Buffer.from(frame) }];
  });
}

function frameOf({ form, packet, bytes, from }: Golden): Uint8Array | undefined {
  if (form === 'frame') return bytes;
  if (form === 'snac') return encodeFlap(FlapChannel.snac, 0, bytes);
  const { snac } = packet;
  // A server's packets are tried too: nothing says that a client cannot send them. A block alone is no packet.
  return snac === undefined ? undefined : encodeFlap(FlapChannel.snac, 0, withHeader(snac, bytes, from === 'client' ? 0 : SnacFlag.more));
}

function withHeader({ family, subtype }: SnacDeclaration<unknown>, body: Uint8Array, flags: number): Uint8Array {
  const snac = Buffer.alloc(10 + body.length);
  snac.writeUInt16BE(family, 0);
  snac.writeUInt16BE(subtype, 2);
  snac.writeUInt16BE(flags, 4);
  snac.writeUInt32BE(family * 0x10000 + subtype, 6);
  snac.set(body, 10);
  return snac;
}

const RECORDINGS = resolve(import.meta.dirname, '../../../test/recordings');

/** What real clients sent in our recordings: the hexadecimal lines under each `>`, every distinct frame once. */
export function clientSpecimens(): Specimen[] {
  const found = new Map<string, Specimen>();
  for (const file of globSync('*.txt', { cwd: RECORDINGS }).sort()) {
    const text = readFileSync(resolve(RECORDINGS, file), 'utf8');
    for (const [, hex = ''] of text.matchAll(/^\d+ > .*\n((?: {2}(?:[0-9a-f]{2} ?)+\n)+)/gm)) {
      for (const frame of framesOf(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'))) {
        frame.writeUInt16BE(0, 2);
        found.set(frame.toString('latin1'), { name: `${basename(file, '.txt')} ${found.size}`, frame });
      }
    }
  }
  return [...found.values()];
}

export interface Person {
  readonly uin: number;
  readonly password: string;
}

/** Longest wait for what one says and the other hears. */
const HEARD_MS_MAX = 10_000;

/**
 * Frames of two of our clients who do everything the library can, recorded as they leave: the first of each kind, so that
 * every recording is the same whatever the timing.
 *
 * @throws Error when the dialogue fails
 */
export async function recordedSpecimens(server: Address, one: Person, other: Person): Promise<Specimen[]> {
  const [fromAlice, fromBob] = [new Recorder('alice'), new Recorder('bob')];
  const alice = await connect(fromAlice.platform, { ...one, server, tls: 'off' });
  const bob = await connect(fromBob.platform, { ...other, server, tls: 'off', method: 'roasted' });
  const answered = Promise.withResolvers<true>();
  alice.listen((event) => {
    if (event.type === 'authorisation-answered') answered.resolve(true);
  });
  try {
    await alice.add(other.uin, 'Bob', 'it is me');
    await alice.rename(other.uin, 'Robert');
    for (const list of ['visible', 'invisible', 'ignore'] as const) {
      await alice.list(list, other.uin, true);
      await alice.list(list, other.uin, false);
    }
    alice.setStatus('away');
    alice.setIdle(600);
    alice.typing(other.uin, 'begun');
    await alice.send(other.uin, 'hello, привет, 日本');
    await alice.requestAuthorisation(other.uin, 'please');
    await bob.answerAuthorisation(one.uin, true, 'yes');
    if ((await within(answered.promise, HEARD_MS_MAX / 1000)) === undefined) throw new Error('the answer about authorisation did not arrive');
    await alice.remove(other.uin);
  } finally {
    alice.close();
    bob.close();
  }
  return [...fromAlice.specimens, ...fromBob.specimens];
}

/** A platform whose chance is always the same and whose connections leave a copy of the first frame of each kind. */
class Recorder {
  readonly specimens: Specimen[] = [];
  readonly platform: Platform;
  private readonly name: string;
  private readonly kinds = new Set<string>();

  constructor(name: string) {
    this.name = name;
    const chance = new Chance(name.length);
    const node = nodePlatform();
    this.platform = {
      ...node,
      random: (bytes) => Uint8Array.from({ length: bytes }, () => chance.below(0x100)),
      dial: async (host, port) => this.recording(await node.dial(host, port)),
    };
  }

  private recording(transport: Transport): Transport {
    const decoder = new FlapDecoder();
    const write = transport.write.bind(transport);
    transport.write = (bytes, written) => {
      for (const { channel, payload } of decoder.push(Uint8Array.from(bytes))) this.keep(channel, payload);
      write(bytes, written);
    };
    return transport;
  }

  private keep(channel: number, payload: Uint8Array): void {
    const kind = channel === FlapChannel.snac ? `${this.name} ${snacName(decodeSnac(payload))}` : `${this.name} channel ${channel}, ${payload.length} bytes`;
    if (this.kinds.has(kind)) return;
    this.kinds.add(kind);
    this.specimens.push({ name: kind, frame: Buffer.from(encodeFlap(channel, 0, payload)) });
  }
}
