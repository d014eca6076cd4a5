/**
 * Floods: everything comes by the clock, whatever became of what came before, so that a port that answers nothing gets the
 * same flood as a server.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { encode } from '@seekyou/wire';
import { encodeFlap, FlapChannel, icqMeta, login, roast } from '@seekyou/wire/oscar';
import { buildClientPacket, chooseCheck, commands, encodeParameters, type Login } from '@seekyou/wire/udp';
import { measureFor, seconds, type Target, type Tell } from './crowd.ts';
import { snacFrame } from './frames.ts';
import { Letter } from './letter.ts';
import type { Address } from './line.ts';
import { Session } from './session.ts';

export const FLOODS = ['connections', 'sign-ons', 'datagrams', 'registrations', 'messages', 'searches'] as const;
export type FloodKind = (typeof FLOODS)[number];

export interface FloodOptions {
  readonly kind: FloodKind;
  /** Messages and searches come from people who are signed on here. */
  readonly target: Target;
  /** Takes the flood instead of the server. */
  readonly discard?: Address;
  /** Where datagrams go: guesses at passwords by UDP. */
  readonly udp: Address;
  /** Connections, or packets, a second. */
  readonly perSecond: number;
  readonly seconds: number;
  /** Accounts of the attackers; messages go to the first. */
  readonly uins: readonly number[];
  /** Of this machine; people elsewhere share no limit with these. */
  readonly from: readonly string[];
}

export interface FloodResult {
  /** Connections or packets that left. */
  readonly sent: number;
  /** Connections the other side ended, and sessions it did. */
  readonly ended: number;
}

/** An attacker is patient with a silent server, but not for ever. */
const OPEN_MS_MAX = 5_000;
/** Sockets of our own; more are not opened, because the machine would run out before the server does. */
const OPEN_MAX = 8_000;

/** All at once. Never fails for what the server does about it. */
export async function floods(all: readonly FloodOptions[], tell: Tell): Promise<FloodResult> {
  const results = await Promise.all(all.map((options) => flood(options, tell)));
  const sum = (of: (result: FloodResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  return { sent: sum(({ sent }) => sent), ended: sum(({ ended }) => ended) };
}

async function flood(options: FloodOptions, tell: Tell): Promise<FloodResult> {
  const attack = attackOf(options);
  await attack.ready();
  let struck = 0;
  const started = performance.now();
  const clock = setInterval(() => {
    const due = Math.floor(((performance.now() - started) * options.perSecond) / 1000);
    for (; struck < due; struck++) attack.strike(struck);
  }, 1);
  try {
    await measureFor(options.seconds, seconds, () => tell(`${options.kind}: ${attack.sent} sent, ${attack.ended} ended`));
  } finally {
    clearInterval(clock);
    attack.stop();
  }
  return { sent: attack.sent, ended: attack.ended };
}

function attackOf(options: FloodOptions): Attack {
  switch (options.kind) {
    case 'messages':
    case 'searches':
      return new Pumps(options);
    case 'datagrams':
      return new Datagrams(options);
    case 'connections':
    case 'sign-ons':
    case 'registrations':
      return new Visits(options);
    default:
      return options.kind satisfies never;
  }
}

interface Attack {
  sent: number;
  ended: number;
  ready(): Promise<void>;
  strike(turn: number): void;
  stop(): void;
}

// ---------------------------------------------------------------- a connection each

/** Connects, says at most one thing, and waits to be thrown out. */
class Visits implements Attack {
  sent = 0;
  ended = 0;
  private readonly options: FloodOptions;
  private readonly open = new Set<Socket>();
  private readonly first: Uint8Array | undefined;

  constructor(options: FloodOptions) {
    this.options = options;
    this.first = firstWords(options);
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  strike(turn: number): void {
    if (this.open.size >= OPEN_MAX) return;
    const { target, discard, from } = this.options;
    const { host, port } = discard ?? target.address;
    const socket = connect({ host, port, localAddress: from[turn % from.length] as string, noDelay: true });
    this.open.add(socket);
    this.sent++;
    // The server's words must be read, or it would be left with them.
    socket.resume();
    socket.on('error', () => {});
    socket.on('end', () => this.ended++);
    socket.on('close', () => this.open.delete(socket));
    socket.setTimeout(OPEN_MS_MAX, () => socket.destroy());
    if (this.first !== undefined) socket.write(this.first);
  }

  stop(): void {
    for (const socket of this.open) socket.destroy();
  }
}

function firstWords({ kind, uins }: FloodOptions): Uint8Array | undefined {
  if (kind === 'sign-ons') {
    const tlvs = { uin: String(uins[0]), roastedPassword: roast(Buffer.from('guess', 'latin1')) };
    return encodeFlap(FlapChannel.hello, 0, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs }));
  }
  if (kind !== 'registrations') return undefined;
  const hello = encodeFlap(FlapChannel.hello, 0, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: {} }));
  return Buffer.concat([hello, registrationFrame()]);
}

function registrationFrame(): Uint8Array {
  const block = { sequence: Uint8Array.of(0, 1), cookie: 0x12345678, password: Buffer.from('flooding\0', 'latin1'), trailer: new Uint8Array(0) };
  return snacFrame(login.registerRequest, { registration: block });
}

// ---------------------------------------------------------------- datagrams

/** Sign-ons by UDP with wrong passwords, each as if it were the first of its client. */
class Datagrams implements Attack {
  sent = 0;
  readonly ended = 0;
  private readonly options: FloodOptions;
  private readonly sockets: UdpSocket[] = [];

  constructor(options: FloodOptions) {
    this.options = options;
  }

  async ready(): Promise<void> {
    for (const address of this.options.from) {
      const socket = createSocket('udp4');
      socket.on('error', () => {});
      await new Promise<void>((resolve) => socket.bind({ address, port: 0 }, resolve));
      this.sockets.push(socket);
    }
  }

  strike(turn: number): void {
    const { udp, uins } = this.options;
    this.sent++;
    this.sockets[turn % this.sockets.length]?.send(guessByUdp(uins[turn % uins.length] as number, turn), udp.port, udp.host);
  }

  stop(): void {
    for (const socket of this.sockets) socket.close();
  }
}

function guessByUdp(uin: number, turn: number): Uint8Array {
  const tail = { x2: 0x98_0010, webPort: 0, features: 3, build: 0, extra: new Uint8Array(0) };
  const value: Login = {
    time: 0,
    port: 0,
    password: Buffer.from('guess', 'latin1'),
    x1: 0x98,
    address: '10.0.0.2',
    tcpFlag: 0,
    status: 0,
    tcpVersion: 3,
    tail,
  };
  const parameters = encodeParameters(commands.login, 5, value);
  const numbers = { seq1: turn & 0x3fff, seq2: 1, sessionId: 0x10000000 + turn };
  return buildClientPacket({ version: 5, command: commands.login.code, uin, parameters, ...numbers }, chooseCheck(5, parameters.length, Math.random));
}

// ---------------------------------------------------------------- people who say too much

/** Then whoever was thrown out tries again. Connections as fast as they go are a flood of their own. */
const AGAIN_MS = 250;

/** Signed-on sessions that send without listening. */
class Pumps implements Attack {
  sent = 0;
  ended = 0;
  private readonly options: FloodOptions;
  private readonly sessions: (Session | undefined)[] = [];
  private readonly letters: readonly Letter[];
  private readonly raw: Socket[] = [];
  private stopped = false;

  constructor(options: FloodOptions) {
    this.options = options;
    this.letters = options.uins.map((_, i) => new Letter(i, options.uins[0] as number));
  }

  async ready(): Promise<void> {
    const { discard, uins, from } = this.options;
    if (discard === undefined) {
      await Promise.all(uins.map((_, i) => this.signOn(i)));
      return;
    }
    for (const [i] of uins.entries()) {
      const socket = connect({ ...discard, localAddress: from[i % from.length] as string, noDelay: true });
      socket.on('error', () => {});
      this.raw.push(socket);
    }
  }

  strike(turn: number): void {
    const attacker = turn % this.options.uins.length;
    const frame = this.options.kind === 'messages' ? (this.letters[attacker] as Letter).write(turn) : searchFrame(this.options.uins[attacker] as number, turn);
    const session = this.sessions[attacker];
    const socket = this.raw[attacker];
    if (session !== undefined) session.line.sendCopy(frame);
    else if (socket !== undefined) socket.write(Buffer.from(frame));
    else return;
    this.sent++;
  }

  stop(): void {
    this.stopped = true;
    for (const session of this.sessions) session?.drop();
    for (const socket of this.raw) socket.destroy();
  }

  private signOn(attacker: number): Promise<void> {
    const { target, uins, from } = this.options;
    return new Promise((resolve) => {
      const session = new Session(
        {
          address: target.address,
          uin: uins[attacker] as number,
          password: Buffer.from(target.password, 'latin1'),
          waitsForHello: true,
          from: from[attacker % from.length] as string,
          lost: () => this.again(attacker),
        },
        (error) => {
          resolve();
          if (error !== undefined) this.again(attacker);
          else if (this.stopped) session.drop();
          else this.sessions[attacker] = session;
        },
      );
    });
  }

  private again(attacker: number): void {
    this.sessions[attacker] = undefined;
    if (this.stopped) return;
    this.ended++;
    setTimeout(() => void (this.stopped || this.signOn(attacker)), AGAIN_MS);
  }
}

const NOTHING = Uint8Array.of(0);

/** By name, which is what costs most. */
function searchFrame(owner: number, turn: number): Uint8Array {
  const data = icqMeta.encodeMetaRequest(icqMeta.searchByDetails, { first: NOTHING, last: NOTHING, nick: Buffer.from(`n${turn % 1000}\0`, 'latin1') });
  const block = { owner, type: icqMeta.IcqType.metaRequest, sequence: Uint8Array.of(turn & 255, (turn >> 8) & 255), data };
  return snacFrame(icqMeta.request, { block });
}
