/** Old clients in numbers: many sessions of version 5 on a few sockets, which say nothing, or keep themselves alive. */
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import { buildClientPacket, chooseCheck, commands, type Declaration, encodeParameters, type Login, parseServerPacket, replies } from '@seekyou/wire/udp';
import { Chance } from '../chance.ts';
import type { Tell } from './crowd.ts';
import type { Address } from './line.ts';

interface OldClient {
  readonly uin: number;
  readonly sessionId: number;
  readonly socket: Socket;
  seq: number;
  signedOn: boolean;
}

const SESSIONS_PER_SOCKET = 1_000;
/** Sign-ons on their way: less than the server checks at the same time. */
const AT_ONCE = 200;
const SIGN_ON_MS_MAX = 120_000;
const RESEND_MS = 2_000;

const chance = new Chance(1_996);
const fraction = (): number => chance.next();

/** Everybody who is signed on. */
const crowd = new Map<number, OldClient>();
let sockets: Socket[] = [];

function datagram<T>({ uin, sessionId }: OldClient, declaration: Declaration<T>, value: T, seq1: number, seq2: number): Uint8Array {
  const parameters = encodeParameters(declaration, 5, value);
  return buildClientPacket({ version: 5, command: declaration.code, seq1, seq2, uin, sessionId, parameters }, chooseCheck(5, parameters.length, fraction));
}

const PADDING = { padding: Uint8Array.of(1, 2, 3, 4) };

function loginOf(client: OldClient, password: string): Uint8Array {
  const value: Login = {
    time: 0,
    port: 0,
    password: new TextEncoder().encode(password),
    x1: 0xd5,
    address: '10.0.0.2',
    tcpFlag: commands.TcpFlag.none,
    status: 0,
    tcpVersion: 6,
    tail: { x2: 0x822c01ec, webPort: 80, features: 3, build: 0x7a000411, extra: new Uint8Array(0) },
  };
  return datagram(client, commands.login, value, 1, 1);
}

async function openSocket(target: Address): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024, lookup: (name, _, callback) => callback(null, name, 4) });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.on('message', (bytes) => heard(bytes, socket, target));
  return socket;
}

/** Acknowledges whatever wants it. */
function heard(bytes: Uint8Array, socket: Socket, target: Address): void {
  const packet = parseServerPacket(bytes);
  if ('problem' in packet) return;
  const client = crowd.get(packet.uin);
  if (client === undefined || packet.command === replies.ack.code) return;
  if (packet.command === replies.loginReply.code) client.signedOn = true;
  socket.send(datagram(client, commands.ack, PADDING, packet.seq1, packet.seq2), target.port, target.host);
}

export interface HoldOptions {
  readonly target: Address;
  readonly uins: readonly number[];
  readonly password: string;
}

/** Signs them on. @throws Error when somebody is not let in */
export async function udpHold({ target, uins, password }: HoldOptions, tell: Tell): Promise<{ readonly count: number }> {
  const waiting: OldClient[] = [];
  for (let at = 0; at < uins.length; at += SESSIONS_PER_SOCKET) {
    const socket = await openSocket(target);
    sockets.push(socket);
    for (const uin of uins.slice(at, at + SESSIONS_PER_SOCKET)) {
      const client = { uin, sessionId: 0x10000000 + chance.below(0x1fffffff), socket, seq: 2, signedOn: false };
      crowd.set(uin, client);
      waiting.push(client);
    }
  }
  const until = performance.now() + SIGN_ON_MS_MAX;
  for (let at = 0; at < waiting.length; at += AT_ONCE) {
    let left = waiting.slice(at, at + AT_ONCE);
    for (let saidAt = -Infinity; left.length > 0; left = left.filter(({ signedOn }) => !signedOn)) {
      if (performance.now() > until) throw new Error(`${left.length} old clients could not sign on`);
      if (performance.now() - saidAt > RESEND_MS) {
        for (const client of left) client.socket.send(loginOf(client, password), target.port, target.host);
        saidAt = performance.now();
      }
      await delay(2);
    }
    tell(`${at + AT_ONCE} of ${waiting.length} old clients signed on`);
  }
  return { count: waiting.length };
}

export async function udpRelease(): Promise<void> {
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  sockets = [];
  crowd.clear();
}

export interface KeepAliveOptions {
  readonly target: Address;
  /** Datagrams without an answer at the same time. */
  readonly inFlight: number;
  readonly seconds: number;
}

export interface KeepAlives {
  readonly answered: number;
  readonly lost: number;
  readonly seconds: number;
}

/**
 * Keep-alives of those who are signed on, as many in flight as said, each new one for an answer. Whoever answers is measured: an
 * echo too.
 *
 * @throws Error when a session is not there
 */
export async function udpKeepAlives({ target, inFlight, seconds }: KeepAliveOptions): Promise<KeepAlives> {
  const clients = [...crowd.values()];
  const socketOf = Map.groupBy(clients, ({ socket }) => socket);
  const used = [...socketOf.keys()];
  const end = performance.now() + seconds * 1000;
  let sent = 0;
  let answered = 0;
  let turn = 0;
  let turnedAway = 0;
  const say = (socket: Socket): void => {
    const own = socketOf.get(socket) as OldClient[];
    const client = own[turn++ % own.length] as OldClient;
    const seq = client.seq++ & 0xffff;
    sent++;
    socket.send(datagram(client, commands.keepAlive, PADDING, seq, 0), target.port, target.host);
  };
  const hear =
    (socket: Socket) =>
    (bytes: Uint8Array): void => {
      const packet = parseServerPacket(bytes);
      // An echo is in no server's form; "not connected" is.
      if (!('problem' in packet) && packet.command === replies.notConnected.code) turnedAway++;
      answered++;
      if (performance.now() < end) say(socket);
    };
  const listeners = used.map((socket) => ({ socket, before: socket.listeners('message') as ((bytes: Uint8Array) => void)[], hear: hear(socket) }));
  const began = performance.now();
  for (const { socket, hear: listener } of listeners) {
    socket.removeAllListeners('message');
    socket.on('message', listener);
  }
  for (let i = 0; i < inFlight; i++) say(used[i % used.length] as Socket);
  await delay(seconds * 1000);
  const took = (performance.now() - began) / 1000;
  await delay(200);
  for (const { socket, before, hear: listener } of listeners) {
    socket.off('message', listener);
    for (const one of before) socket.on('message', one);
  }
  if (turnedAway > 0) throw new Error(`${turnedAway} keep-alives met no session`);
  return { answered, lost: sent - answered, seconds: took };
}
