/** Datagrams that break rules: from strangers, and from those who are signed on. */
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  buildClientPacket,
  chooseCheck,
  commands,
  encodeParameters,
  layoutOf,
  type Login,
  parseServerPacket,
  replies,
  UDP_REGISTRY,
  type Version,
} from '@seekyou/wire/udp';
import type { Chance } from '../chance.ts';
import type { Address } from '../load/line.ts';
import { mutatedStream } from './mutate.ts';

export interface DatagramPlace {
  readonly udp: Address;
  readonly password: string;
  readonly uins: readonly number[];
}

export interface DatagramDeed {
  readonly kind: string;
  readonly uin?: number;
  readonly sent: Buffer[];
}

const VECTORS = resolve(import.meta.dirname, '../../../docs/protocol/icq-udp-vectors.json');
const DATAGRAMS_MAX = 40;
/** Few enough that none is lost in front of the server. */
const ROUND = 8;
const SIGN_ON_MS_MAX = 1_000;

const vectors: readonly Buffer[] = (JSON.parse(readFileSync(VECTORS, 'utf8')) as { vectors: { wire: string }[] }).vectors.map(({ wire }) =>
  Buffer.from(wire, 'hex'),
);

/** Vectors of the reference, changed. */
export async function strangeDatagrams({ udp }: DatagramPlace, from: string, chance: Chance): Promise<DatagramDeed> {
  const deed: DatagramDeed = { kind: 'strange datagrams', sent: [] };
  const socket = await openSocket(from, () => {});
  for (let i = 0; i < DATAGRAMS_MAX; i++) {
    const vector = Buffer.from(chance.pick(vectors));
    await send(socket, udp, deed, chance.below(4) === 0 ? vector : mutatedStream(vector, chance).subarray(0, 2_000), i);
  }
  socket.close();
  return deed;
}

/** A session of any version whose commands have changed parameters, numbers and headers in a cipher that is right. */
export async function badConversation({ udp, password, uins }: DatagramPlace, from: string, chance: Chance): Promise<DatagramDeed> {
  const uin = chance.pick(uins);
  const version = chance.pick([2, 3, 4, 5] as const);
  const deed: DatagramDeed = { kind: `a conversation of version ${version}`, uin, sent: [] };
  const sessionId = version === 5 ? 0x10000000 + chance.below(0x1fffffff) : 0;
  const fraction = (): number => chance.next();
  const build = (command: number, parameters: Uint8Array, seq: number, id = sessionId): Uint8Array =>
    buildClientPacket(
      { version, command, seq1: seq & 0xffff, seq2: version <= 2 ? 0 : seq & 0xffff, uin, sessionId: id, parameters },
      version <= 2 ? 'zero' : chooseCheck(version, parameters.length, fraction),
    );
  const welcome = Promise.withResolvers<void>();
  const socket = await openSocket(from, (bytes) => {
    const packet = parseServerPacket(bytes);
    if ('problem' in packet || packet.command === replies.ack.code) return;
    if (packet.command === replies.loginReply.code) welcome.resolve();
    // Some of what comes is acknowledged, some never.
    if (chance.below(3) > 0) socket.send(build(commands.ack.code, PADDING, packet.seq1), udp.port, udp.host);
  });
  socket.send(build(commands.login.code, encodeParameters(commands.login, version, loginOf(version, password)), 1), udp.port, udp.host);
  await Promise.race([welcome.promise, delay(SIGN_ON_MS_MAX)]);
  const all = UDP_REGISTRY.filter(({ module, declaration }) => module === 'commands' && declaration.since <= version && version <= declaration.until);
  let seq = 2;
  for (let i = 0; i < DATAGRAMS_MAX; i++) {
    const { declaration } = chance.pick(all);
    const good = encodeParameters(declaration, version, layoutOf(declaration, version).sample(fraction));
    const parameters = chance.below(3) === 0 ? good : mutatedStream(Buffer.from(good.length === 0 ? PADDING : good), chance).subarray(0, 1_400);
    const datagram = build(
      declaration.code,
      parameters.length === 0 ? PADDING : parameters,
      seq,
      chance.below(20) === 0 ? chance.below(0x3fffffff) : sessionId,
    );
    // Mostly the next number; sometimes the same again, one too far, or any.
    seq = (seq + chance.pick([1, 1, 1, 1, 0, 2, -3, 1_000])) & 0xffff;
    await send(socket, udp, deed, datagram, i);
  }
  socket.close();
  return deed;
}

const PADDING = Uint8Array.of(1, 2, 3, 4);

function loginOf(version: Version, password: string): Login {
  return {
    time: 0,
    port: 0,
    password: new TextEncoder().encode(password),
    x1: 0x98,
    address: '10.0.0.2',
    tcpFlag: commands.TcpFlag.none,
    status: 0,
    tcpVersion: 3,
    tail: { extra: new Uint8Array(8) },
    ...(version <= 2 ? { loginSeq: 1 } : {}),
  };
}

async function openSocket(from: string, hear: (bytes: Uint8Array) => void): Promise<Socket> {
  const socket = createSocket('udp4', hear);
  await new Promise<void>((done) => socket.bind({ port: 0, address: from }, done));
  return socket;
}

async function send(socket: Socket, { host, port }: Address, { sent }: DatagramDeed, datagram: Uint8Array, at: number): Promise<void> {
  sent.push(Buffer.from(datagram));
  await new Promise<void>((done) => socket.send(datagram, port, host, () => done()));
  if (at % ROUND === 0) await delay(1);
}
