/** For the tests of the frame: a front end over a core in memory and a network in memory, and clients that show what they get. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { asUin, type Core, type CoreSettings, createCore, type Limits, PEOPLE, Refused, type Store, type Uin } from '@seekyou/core';
import { memoryStore, type TestClock, testBus, testChance, testClock, testSecrets } from '@seekyou/core/testing';
import { type DatagramPort, type Endpoint, type Translator, VirtualNetwork } from '@seekyou/net';
import {
  buildClientPacket,
  chooseCheck,
  commands,
  type Declaration,
  decodeReply,
  encodeParameters,
  isPacket,
  type Login,
  parseServerPacket,
  replies,
  type ServerPacket,
  type Version,
} from '@seekyou/wire/udp';
import type { UdpSettings } from './around.ts';
import { createUdpFrontEnd, type UdpFrontEnd } from './front-end.ts';

export const PASSWORD = 'pass1234';
export const SERVER: Endpoint = { address: '192.0.2.1', port: 4000 };
export const VERSIONS: readonly Version[] = [2, 3, 4, 5];

/** The vectors of the reference. */
export const VECTORS = JSON.parse(readFileSync(new URL('../../../../docs/protocol/icq-udp-vectors.json', import.meta.url), 'utf8')) as {
  readonly vectors: readonly { readonly name: string; readonly version: number; readonly direction: string; readonly wire: string }[];
  readonly flows: readonly { readonly name: string; readonly steps: readonly string[] }[];
};

/** Who speaks in them. */
export const OWNER = asUin(1_234_567) as Uin;
export const OWNER_PASSWORD = 'secret12';

export function vectorOf(name: string): Uint8Array {
  const found = VECTORS.vectors.find((vector) => vector.name === name);
  assert.ok(found, `no vector ${name}`);
  return Uint8Array.from(Buffer.from(found.wire, 'hex'));
}

export interface WorldOptions {
  readonly limits?: Partial<Limits>;
  readonly settings?: Partial<UdpSettings>;
  readonly core?: Partial<CoreSettings>;
  readonly store?: Store;
  readonly seed?: number;
}

export interface ClientOptions {
  readonly version?: Version;
  readonly at?: Endpoint;
  readonly behind?: Translator;
}

export interface World {
  readonly clock: TestClock;
  readonly core: Core;
  readonly network: VirtualNetwork;
  readonly frontEnd: UdpFrontEnd;
  readonly port: DatagramPort;
  readonly counters: Record<string, number>;
  /** Everything logged, as text. */
  readonly logs: string[];
  readonly account: () => Promise<Uin>;
  /** One that has said nothing yet. */
  readonly client: (uin: number, options?: ClientOptions) => TestClient;
  /** One that signed on, and acknowledged that. */
  readonly online: (uin: number, options?: ClientOptions) => Promise<TestClient>;
  /** Time passes, and everything that comes of it comes to rest. */
  readonly passes: (ms: number) => Promise<void>;
}

/** Numbers from 0 to 1. */
export function fractions(seed: number): () => number {
  const chance = testChance(seed);
  return () => {
    const [a = 0, b = 0, c = 0] = chance.bytes(3);
    return (a * 0x10000 + b * 0x100 + c) / 0x1000000;
  };
}

export async function world({
  limits = {},
  settings = {},
  core: coreSettings = {},
  store = memoryStore(),
  seed = 20_261_121,
}: WorldOptions = {}): Promise<World> {
  const clock = testClock();
  const logs: string[] = [];
  const allLimits = { ...PEOPLE, ...limits };
  const chance = testChance(seed);
  const log = (fields: object, message: string): void =>
    void logs.push(`${message} ${JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.stack : value))}`);
  const core = createCore(
    { clock, chance, secrets: testSecrets(), store, bus: testBus(), report: (problem, error) => logs.push(`${problem} ${String(error)}`), audit: () => {} },
    { limits: allLimits, registration: 'open', oldClients: 'same', direct: 'contacts', defaultCodepage: 1252, ...coreSettings },
  );
  const counters: Record<string, number> = {};
  const frontEnd = createUdpFrontEnd({
    core,
    clock,
    chance,
    limits: allLimits,
    settings: { clearSignOn: 'all', oldClients: 'same', registration: 'open', defaultCodepage: 1252, ...settings },
    log: { debug: log, info: log, warn: log, error: log },
    counters,
  });
  const network = new VirtualNetwork(clock, fractions(seed + 1));
  const port = network.open({ at: SERVER, onDatagram: (bytes, from, through) => frontEnd.take(bytes, from, through) });
  let clients = 0;
  const passes = async (ms: number): Promise<void> => {
    // In steps, because answers need promises between them.
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(Math.min(left, 50));
      await quiet();
    }
    clock.advance(0);
    await quiet();
  };
  const client = (uin: number, options: ClientOptions = {}): TestClient => {
    clients++;
    return new TestClient(network, uin, { at: { address: `198.51.100.${clients}`, port: 1024 + clients }, ...options }, fractions(seed + 2 + clients));
  };
  const online = async (uin: number, options?: ClientOptions): Promise<TestClient> => {
    const one = client(uin, options);
    one.signOn();
    await passes(50);
    assert.deepEqual(one.names(), ['ack', 'loginReply']);
    one.take();
    return one;
  };
  await quiet();
  return { clock, core, network, frontEnd, port, counters, logs, account, client, online, passes };

  async function account(): Promise<Uin> {
    const created = await core.admin.create({ password: PASSWORD, authorisationRequired: false });
    assert.ok(!(created instanceof Refused));
    return created.uin;
  }
}

/** Lets everything come to rest that needs no time. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export interface Told {
  readonly name: string;
  readonly value: any;
  readonly packet: ServerPacket;
}

/** Speaks any version. It acknowledges everything at once unless it is told not to, and repeats nothing by itself. */
export class TestClient {
  readonly version: Version;
  readonly uin: number;
  readonly told: Told[] = [];
  sessionId: number;
  seq1: number;
  seq2 = 1;
  acknowledges = true;
  /** Makes datagrams and sends none. */
  mute = false;
  /** Hears everything as it comes, acknowledgements too. */
  listener: (told: Told) => void = () => {};
  /** The last datagram sent. */
  last = new Uint8Array(0);
  private readonly network: VirtualNetwork;
  private readonly chance: () => number;
  private port: DatagramPort;

  constructor(
    network: VirtualNetwork,
    uin: number,
    { version = 5, at = { address: '198.51.100.1', port: 1024 }, behind }: ClientOptions,
    chance: () => number,
  ) {
    this.network = network;
    this.uin = uin;
    this.version = version;
    this.chance = chance;
    this.sessionId = version === 5 ? 0x10000000 + Math.floor(chance() * 0x1fffffff) : 0;
    this.seq1 = version === 5 ? Math.floor(chance() * 0x3fff) : 1;
    const heard = (bytes: Uint8Array): void => this.heard(bytes);
    this.port = network.open({ at, onDatagram: heard, ...(behind === undefined ? {} : { behind }) });
  }

  get at(): Endpoint {
    return this.port.address;
  }

  /** Goes on from another port of the same machine. */
  async moves(port: number): Promise<void> {
    await this.port.close();
    this.port = this.network.open({ at: { ...this.at, port }, onDatagram: (bytes) => this.heard(bytes) });
  }

  async leaves(): Promise<void> {
    await this.port.close();
  }

  /** Counts and sends; with numbers it sends those and counts nothing. */
  say<T>(declaration: Declaration<T>, value: T, numbers?: { readonly seq1: number; readonly seq2: number }): Uint8Array {
    const { seq1, seq2 } = numbers ?? { seq1: this.seq1, seq2: this.seq2 };
    if (numbers === undefined) {
      this.seq1 = (this.seq1 + 1) & 0xffff;
      this.seq2 = (this.seq2 + 1) & 0xffff;
    }
    return this.send(this.datagram(declaration, value, { seq1, seq2 }));
  }

  datagram<T>(
    declaration: Declaration<T>,
    value: T,
    { seq1, seq2, uin = this.uin }: { readonly seq1: number; readonly seq2: number; readonly uin?: number },
  ): Uint8Array {
    const { version, sessionId } = this;
    const parameters = encodeParameters(declaration, version, value);
    return buildClientPacket(
      { version, command: declaration.code, seq1, seq2: version <= 2 ? 0 : seq2, uin, sessionId, parameters },
      version <= 2 ? 'zero' : chooseCheck(version, parameters.length, this.chance),
    );
  }

  send(datagram: Uint8Array): Uint8Array {
    this.last = datagram as Uint8Array<ArrayBuffer>;
    if (!this.mute) this.port.send(datagram, SERVER);
    return datagram;
  }

  signOn(password = PASSWORD, more: Partial<Login> = {}): Uint8Array {
    return this.say(commands.login, {
      time: 0,
      port: 0,
      password: ascii(password),
      x1: 0x98,
      address: '10.0.0.2',
      tcpFlag: commands.TcpFlag.none,
      status: 0,
      tcpVersion: 3,
      // Longer in version 5; two of the numbers stand behind the TCP version in all of them.
      tail: this.version === 5 ? { x2: 0x98_0010, webPort: 80, features: 3, build: 0, extra: NOTHING } : { extra: new Uint8Array(8) },
      ...(this.version <= 2 ? { loginSeq: 1 } : {}),
      ...more,
    } as Login);
  }

  keepAlive(): Uint8Array {
    return this.say(commands.keepAlive, PADDING);
  }

  writes(to: number, text: string): Uint8Array {
    return this.say(commands.sendMessage, { to, type: 1, text: ascii(text) });
  }

  acknowledge({ seq1, seq2 }: { readonly seq1: number; readonly seq2: number }): void {
    this.send(this.datagram(commands.ack, PADDING, { seq1, seq2 }));
  }

  /** What the server said, without acknowledgements of ours that need none. */
  names(): string[] {
    return this.told.map(({ name }) => name);
  }

  /** What it said since the last time. */
  take(): Told[] {
    return this.told.splice(0);
  }

  /** The texts of live messages. */
  get texts(): string[] {
    return this.told.filter(({ name }) => name === 'sysDeliveredMess').map(({ value }) => latin(value.text));
  }

  private heard(bytes: Uint8Array): void {
    const packet = parseServerPacket(bytes);
    assert.ok(isPacket(packet), 'the server sends packets');
    const decoded = decodeReply(this.version, packet);
    assert.ok(decoded, `the server sends packets of the reference, not ${packet.command}`);
    const told = { name: decoded.name, value: decoded.value, packet };
    this.told.push(told);
    this.listener(told);
    const isForAll = packet.command === replies.notConnected.code || packet.command === replies.goAway.code;
    if (this.acknowledges && packet.command !== replies.ack.code && !isForAll) this.acknowledge(packet);
  }
}

const NOTHING = new Uint8Array(0);

export const PADDING = { padding: Uint8Array.of(1, 2, 3, 4) };

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
