/** For the tests of connections: a front end over a core in memory, and a client that shows the bytes it gets. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { type Core, type CoreSettings, createCore, type Limits, PEOPLE, Refused, type Secrets, type Uin } from '@seekyou/core';
import { memoryStore, type TestClock, testBus, testChance, testClock, testSecrets } from '@seekyou/core/testing';
import { type Closed, type PairOptions, type Transport, transportPair, type TransportUser } from '@seekyou/net';
import { encode } from '@seekyou/wire';
import {
  decodeSnac,
  decodeSnacBody,
  encodeFlap,
  encodeSnac,
  FlapChannel,
  FlapDecoder,
  type FlapFrame,
  login,
  loginHash,
  oservice,
  roast,
  type Snac,
  type SnacDeclaration,
  snacName,
} from '@seekyou/wire/oscar';
import { startCounters } from './counters.ts';
import { createOscarFrontEnd, type OscarFrontEnd, type OscarSettings } from './front-end.ts';

export const PASSWORD = 'pass1234';

export interface WorldOptions {
  readonly limits?: Partial<Limits>;
  readonly settings?: Partial<OscarSettings>;
  readonly core?: Partial<CoreSettings>;
  /** Real ones, for clients that prove their password. */
  readonly secrets?: Secrets;
}

export interface World {
  readonly clock: TestClock;
  readonly core: Core;
  readonly frontEnd: OscarFrontEnd;
  readonly counters: Record<string, number>;
  /** Everything logged, as text. */
  readonly logs: string[];
  readonly connect: (options?: PairOptions) => TestClient;
  readonly account: (options?: { readonly authorisationRequired?: boolean }) => Promise<Uin>;
  /** Signs on by MD5 and goes to BOS; ends after 01/03. */
  readonly bos: (uin: Uin, options?: PairOptions) => Promise<TestClient>;
  /** A client that has said 01/02. */
  readonly online: (uin: Uin, options?: PairOptions) => Promise<TestClient>;
}

export async function world({ limits = {}, settings = {}, core: coreSettings = {}, secrets = testSecrets() }: WorldOptions = {}): Promise<World> {
  const clock = testClock();
  const logs: string[] = [];
  const allLimits = { ...PEOPLE, ...limits };
  const chance = testChance(20_261_121);
  const log = (fields: object, message: string): void =>
    void logs.push(`${message} ${JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.stack : value))}`);
  const core = createCore(
    {
      clock,
      chance,
      secrets,
      store: memoryStore(),
      bus: testBus(),
      report: (problem, error) => logs.push(`${problem} ${String(error)}`),
      audit: () => {},
    },
    { limits: allLimits, registration: 'open', oldClients: 'same', direct: 'contacts', defaultCodepage: 1252, ...coreSettings },
  );
  const counters: Record<string, number> = {};
  startCounters(counters);
  const frontEnd = createOscarFrontEnd({
    core,
    clock,
    chance,
    limits: allLimits,
    settings: { clearSignOn: 'all', advertise: [], defaultCodepage: 1252, ...settings },
    log: { debug: log, info: log, warn: log, error: log },
    counters,
  });
  const connect = (options: PairOptions = {}): TestClient => {
    const pair = transportPair({ sendQueueBytesMax: allLimits.sendQueueBytesMax, ...options });
    frontEnd.accept(pair.server);
    return new TestClient(pair.client);
  };
  const bos = async (uin: Uin, options?: PairOptions): Promise<TestClient> => {
    const { cookie } = await signOn(connect(options), uin);
    assert.ok(cookie);
    const client = connect(options);
    client.hello({ cookie });
    await quiet();
    return client;
  };
  const online = async (uin: Uin, options?: PairOptions): Promise<TestClient> => {
    const client = await bos(uin, options);
    client.say(oservice.clientVersions, {
      versions: [
        { family: 1, version: 4 },
        { family: 0x13, version: 4 },
      ],
    });
    client.say(oservice.clientOnline, { families: [] });
    await quiet();
    client.take();
    return client;
  };
  await quiet();
  return { clock, core, frontEnd, counters, logs, connect, bos, online, account };

  async function account({ authorisationRequired = false } = {}): Promise<Uin> {
    const created = await core.admin.create({ password: PASSWORD, authorisationRequired });
    assert.ok(!(created instanceof Refused));
    return created.uin;
  }
}

/** Lets everything come to rest that needs no time. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
export const md5ForTests = (data: Uint8Array): Uint8Array => hash('md5', data, 'buffer');

/** MD5 sign-on, new form. */
export async function signOn(client: TestClient, uin: Uin, password = PASSWORD, more: Partial<login.LoginRequest> = {}): Promise<login.LoginAnswer> {
  client.hello();
  client.say(login.keyRequest, { uin: String(uin) });
  await quiet();
  const { key } = client.one(login.keyReply);
  client.say(login.loginRequest, { uin: String(uin), hash: loginHash(md5ForTests, key, ascii(password), 'new'), md5WithHashedPassword: true, ...more });
  await quiet();
  return client.one(login.loginReply);
}

/** Roasted sign-on. */
export async function roastedSignOn(client: TestClient, uin: Uin, password = PASSWORD): Promise<void> {
  client.hello({ uin: String(uin), roastedPassword: roast(ascii(password)), clientName: 'ICQ Inc. - Product of ICQ (TM).2000b.4.65.1.3281.85', clientId: 266 });
  await quiet();
}

export class TestClient implements TransportUser {
  readonly transport: Transport;
  how: Closed | undefined;
  private readonly decoder = new FlapDecoder();
  private frames: FlapFrame[] = [];
  private sequence = 0x2886;
  private requestId = 0;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.attach(this);
  }

  received(chunk: Uint8Array): void {
    this.frames.push(...this.decoder.push(chunk));
  }

  drained(): void {}

  closed(how: Closed): void {
    this.how = how;
  }

  /** Frames that came since the last time. */
  take(): FlapFrame[] {
    return this.frames.splice(0);
  }

  snacs(): Snac[] {
    return this.take()
      .filter(({ channel }) => channel === FlapChannel.snac)
      .map(({ payload }) => decodeSnac(payload));
  }

  /** What came, in words: `hello`, `01/03`, `close`. */
  heard(): string[] {
    const names: Record<number, string> = { [FlapChannel.hello]: 'hello', [FlapChannel.close]: 'close' };
    return this.take().map(({ channel, payload }) => names[channel] ?? snacName(decodeSnac(payload)));
  }

  /** The only SNAC of its kind among those that came; the others are forgotten. */
  one<T>(declaration: SnacDeclaration<T>): T {
    const all = this.snacs().filter(({ family, subtype }) => family === declaration.family && subtype === declaration.subtype);
    assert.equal(all.length, 1, `one ${snacName(declaration)}`);
    return decodeSnacBody(declaration, (all[0] as Snac).data);
  }

  raw(bytes: Uint8Array): void {
    this.transport.write(bytes);
  }

  frame(channel: number, payload: Uint8Array): void {
    this.sequence = (this.sequence + 1) & 0x7fff;
    this.raw(encodeFlap(channel, this.sequence, payload));
  }

  hello(tlvs: login.FlapHello['tlvs'] = {}): void {
    this.frame(FlapChannel.hello, encode(login.flapHello, { version: 1, tlvs }));
  }

  /** @returns the request id */
  say<T>(declaration: SnacDeclaration<T>, value: T): number {
    this.requestId++;
    this.frame(FlapChannel.snac, encodeSnac(declaration, value, this.requestId));
    return this.requestId;
  }

  /** A SNAC of which only the numbers are known. */
  sayRaw(family: number, subtype: number, data: Uint8Array = new Uint8Array(0)): number {
    this.requestId++;
    const header = Uint8Array.of(family >>> 8, family, subtype >>> 8, subtype, 0, 0, 0, 0, this.requestId >>> 8, this.requestId);
    const payload = new Uint8Array(header.length + data.length);
    payload.set(header);
    payload.set(data, header.length);
    this.frame(FlapChannel.snac, payload);
    return this.requestId;
  }
}
