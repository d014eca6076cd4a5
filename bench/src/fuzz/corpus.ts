/** What the fuzzer changes: frames of clients, from the golden packets and from a dialogue of our own client with the server. */
import { globSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { connect, nodePlatform } from '@seekyou/client';
import type { Transport } from '@seekyou/net';
import { encodeFlap, FlapChannel, FlapDecoder, type SnacDeclaration, SnacFlag } from '@seekyou/wire/oscar';
import { type Golden, parseGolden } from '@seekyou/wire/testing';
import type { Address } from '../load/line.ts';

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

export interface Person {
  readonly uin: number;
  readonly password: string;
}

/** Frames of two of our clients who do everything the library can, recorded as they leave. @throws Error when the dialogue fails */
export async function recordedSpecimens(server: Address, one: Person, other: Person): Promise<Specimen[]> {
  const recorded: Specimen[] = [];
  const node = nodePlatform();
  const platform = { ...node, dial: async (host: string, port: number) => recording(await node.dial(host, port), recorded) };
  const alice = await connect(platform, { ...one, server });
  const bob = await connect(platform, { ...other, server, method: 'roasted' });
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
    alice.requestAuthorisation(other.uin, 'please');
    bob.answerAuthorisation(one.uin, true, 'yes');
    await alice.remove(other.uin);
  } finally {
    alice.close();
    bob.close();
  }
  return recorded;
}

/** The transport, with a copy of every frame that is written. */
function recording(transport: Transport, into: Specimen[]): Transport {
  const decoder = new FlapDecoder();
  const write = transport.write.bind(transport);
  transport.write = (bytes, written) => {
    for (const { channel, sequence, payload } of decoder.push(Uint8Array.from(bytes))) {
      into.push({ name: `recorded ${into.length}`, frame: Buffer.from(encodeFlap(channel, sequence, payload)) });
    }
    write(bytes, written);
  };
  return transport;
}
