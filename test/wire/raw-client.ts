/** A client by hand, for tests that say what no decent client says: every byte is the test's own. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { decode, encode } from '@seekyou/wire';
import {
  buddy,
  Capability,
  decodeSnac,
  decodeSnacBody,
  type DirectInfo,
  DirectKind,
  encodeFlap,
  encodeSnac,
  feedbag,
  FlapChannel,
  FlapDecoder,
  type FlapFrame,
  icbm,
  location,
  login,
  loginHash,
  nextSequence,
  oservice,
  privacy,
  roast,
  type Snac,
  type SnacDeclaration,
  snacName,
} from '@seekyou/wire/oscar';
import type { Target } from './recorder.ts';
import { titleOf } from './recording.ts';

/** Far beyond what anything here takes. */
const PATIENCE_MS = 15_000;

export type End = 'fin' | 'reset';

/** A server, and where to reach it from. */
export interface Place extends Target {
  /** An address of this machine, such as 127.0.0.2. */
  readonly from?: string;
}

export class RawClient {
  /** What came and nobody has taken yet. */
  readonly frames: FlapFrame[] = [];
  /** Every byte that came, taken or not. */
  readonly bytes: Buffer[] = [];
  /** How the server ended the connection. */
  readonly ended: Promise<End>;
  readonly socket: Socket;
  sequence = 0x1000;
  private readonly decoder = new FlapDecoder();
  private requests = 0;
  private over: End | undefined;
  private wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.bytes.push(chunk);
      this.frames.push(...this.decoder.push(Uint8Array.from(chunk)));
      this.wake();
    });
    this.ended = new Promise((resolve) => {
      const end = (how: End): void => {
        this.over ??= how;
        resolve(this.over);
        this.wake();
      };
      socket.on('end', () => end('fin'));
      socket.on('error', () => end('reset'));
      socket.on('close', () => end('reset'));
    });
  }

  /** A connection that has not read anything yet. */
  static async dial({ host, port, from }: Place): Promise<RawClient> {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true, ...(from === undefined ? {} : { localAddress: from }) });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** A connection whose server said hello, and nothing but hello. */
  static async greeted(server: Place): Promise<RawClient> {
    const client = await RawClient.dial(server);
    const hello = await client.frame('the hello', (frame) => frame.channel === FlapChannel.hello);
    assert.deepEqual([...hello.payload], [0, 0, 0, 1], 'a hello is exactly the FLAP version');
    return client;
  }

  // -------------------------------------------------------------- saying

  write(bytes: Uint8Array | readonly number[]): void {
    this.socket.write(Uint8Array.from(bytes));
  }

  send(channel: number, payload: Uint8Array | readonly number[]): void {
    this.write(encodeFlap(channel, this.sequence, Uint8Array.from(payload)));
    this.sequence = nextSequence(this.sequence);
  }

  /** @returns the request id */
  snac<T>(declaration: SnacDeclaration<T>, value: T): number {
    this.requests++;
    this.send(FlapChannel.snac, encodeSnac(declaration, value, this.requests));
    return this.requests;
  }

  /** A SNAC whose data is whatever the test wants. @returns the request id */
  rawSnac(family: number, subtype: number, data: Uint8Array | readonly number[], flags = 0): number {
    this.requests++;
    this.send(FlapChannel.snac, [...be16(family), ...be16(subtype), ...be16(flags), ...be16(0), ...be16(this.requests), ...data]);
    return this.requests;
  }

  // -------------------------------------------------------------- hearing

  /** Takes the first frame that fits out of what came, or waits for it. */
  async frame(what: string, fits: (frame: FlapFrame) => boolean): Promise<FlapFrame> {
    const give = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.frames.findIndex(fits);
      if (at >= 0) return this.frames.splice(at, 1)[0] as FlapFrame;
      const came = (): string => this.frames.map((frame) => titleOf(frame, 'server')).join('; ') || 'nothing';
      if (this.over !== undefined) assert.fail(`${what} did not come before the end (${this.over}); came: ${came()}`);
      const left = give - Date.now();
      if (left <= 0) assert.fail(`${what} did not come within ${PATIENCE_MS / 1000} s; came: ${came()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The next SNAC with these numbers, perhaps only that of a request. */
  async raw(of: { readonly family: number; readonly subtype: number }, requestId?: number): Promise<Snac> {
    const fits = (frame: FlapFrame): boolean => {
      if (frame.channel !== FlapChannel.snac) return false;
      const snac = decodeSnac(frame.payload);
      return snac.family === of.family && snac.subtype === of.subtype && (requestId === undefined || snac.requestId === requestId);
    };
    const frame = await this.frame(`${snacName(of)}${requestId === undefined ? '' : ` to request ${requestId}`}`, fits);
    return decodeSnac(frame.payload);
  }

  async expect<T>(declaration: SnacDeclaration<T>, requestId?: number): Promise<T> {
    return decodeSnacBody(declaration, (await this.raw(declaration, requestId)).data);
  }

  /** Asks and waits for the answer to this very question. */
  async ask<Q, A>(question: SnacDeclaration<Q>, value: Q, answer: SnacDeclaration<A>): Promise<A> {
    return this.expect(answer, this.snac(question, value));
  }

  /** The code of `xx/01` to a request. */
  async refusal(family: number, requestId: number): Promise<number> {
    const { data } = await this.raw({ family, subtype: 0x01 }, requestId);
    return be16At(data, 0);
  }

  /** Waits until the server has ended the connection, and leaves it as well. */
  async letGo(): Promise<End> {
    const how = await this.ended;
    this.destroy();
    return how;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

const be16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const be16At = (data: Uint8Array, at: number): number => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
const md5 = (data: Uint8Array): Uint8Array => createHash('md5').update(data).digest();
const text = new TextEncoder();

export interface Who {
  readonly uin: number;
  readonly password: string;
}

export type Way = 'hashed' | 'hashed-old' | 'roasted';

/** A sign-on of the oldest kind: one session, nothing said about the program. @returns the whole answer */
export async function answerTo(server: Place, who: Who, way: Way = 'hashed', more: login.LoginRequest = {}): Promise<login.LoginAnswer> {
  const client = await RawClient.greeted(server);
  try {
    if (way === 'roasted') {
      const tlvs = { uin: String(who.uin), roastedPassword: roast(text.encode(who.password)), ...more };
      client.send(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs }));
      const answer = await client.frame('the answer on channel 4', (frame) => frame.channel === FlapChannel.close);
      return decode(login.loginAnswer, answer.payload);
    }
    client.send(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: {} }));
    const { key } = await client.ask(login.keyRequest, { uin: String(who.uin) }, login.keyReply);
    const hash = loginHash(md5, key, text.encode(who.password), way === 'hashed' ? 'new' : 'old');
    const form = way === 'hashed' ? { md5WithHashedPassword: true as const } : {};
    return await client.ask(login.loginRequest, { uin: String(who.uin), hash, ...form, ...more }, login.loginReply);
  } finally {
    client.destroy();
  }
}

/** A cookie for BOS, and where that is. */
export async function admitted(
  server: Place,
  who: Who,
  way: Way = 'hashed',
  more: login.LoginRequest = {},
): Promise<{ readonly bos: Place; readonly cookie: Uint8Array }> {
  const { address, cookie, error } = await answerTo(server, who, way, more);
  assert.ok(address !== undefined && cookie !== undefined, `a cookie for ${who.uin}; the server said error ${error}`);
  const [host, port] = address.split(':');
  return { bos: { ...server, host: host as string, port: Number(port) }, cookie };
}

/** Shows a cookie at BOS. Nothing is set up: the server has been told nothing more. */
export async function shows(bos: Place, cookie: Uint8Array): Promise<RawClient> {
  const client = await RawClient.greeted(bos);
  client.send(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: { cookie } }));
  return client;
}

export const cookieLike = (length: number): Uint8Array => randomBytes(length);

// ---------------------------------------------------------------- an old client

/** What a client of the ICQ 2002 kind says about itself. */
export const OLD_CAPABILITIES: readonly string[] = [Capability.serverRelay, Capability.reverseConnection, Capability.fileTransfer, Capability.utf8];

const OLD_VERSIONS = [0x01, 0x13, 0x02, 0x03, 0x15, 0x04, 0x06, 0x09, 0x0a, 0x0b].map((family) => ({
  family,
  version: family === 0x01 ? 3 : family === 0x13 ? 2 : 1,
}));

export interface OldClientOptions {
  readonly way?: Way;
  readonly capabilities?: readonly string[];
  /** 01/17; those of ICQ 2002 unless said. */
  readonly versions?: typeof OLD_VERSIONS;
  /** What it says about its program at sign-on. */
  readonly login?: login.LoginRequest;
  readonly direct?: Partial<DirectInfo>;
  readonly status?: number;
}

/**
 * Signs on as ICQ 2002 does: one session only, a roasted password, the roster from the server, an address for direct connections,
 * and nothing fetched of what waits. @see oscar.md §3.1
 */
export async function oldClient(server: Place, who: Who, options: OldClientOptions = {}): Promise<RawClient> {
  const { bos, cookie } = await admitted(server, who, options.way ?? 'roasted', options.login);
  const client = await shows(bos, cookie);
  await client.expect(oservice.hostOnline);
  await client.ask(oservice.clientVersions, { versions: options.versions ?? OLD_VERSIONS }, oservice.hostVersions);
  await client.expect(oservice.motd);
  const rates = client.snac(oservice.rateParamsQuery, {});
  await client.raw(oservice.rateParamsReply, rates);
  client.snac(oservice.rateParamsSubAdd, { classes: [1, 2, 3, 4, 5] });
  await client.ask(oservice.userInfoQuery, {}, oservice.userInfoUpdate);
  await client.ask(location.rightsQuery, { tlvs: {} }, location.rightsReply);
  await client.ask(buddy.rightsQuery, { tlvs: {} }, buddy.rightsReply);
  await client.ask(icbm.parameterQuery, {}, icbm.parameterReply);
  await client.ask(privacy.rightsQuery, { tlvs: {} }, privacy.rightsReply);
  await client.ask(feedbag.rightsQuery, {}, feedbag.rightsReply);
  await client.ask(feedbag.queryIfModified, { time: 0, count: 0 }, feedbag.reply);
  client.snac(location.setInfo, { tlvs: { capabilities: options.capabilities ?? OLD_CAPABILITIES } });
  for (const channel of [1, 2, 4]) {
    client.snac(icbm.addParameters, { channel, flags: 3, lengthMax: 8000, senderWarningMax: 999, receiverWarningMax: 999, intervalMs: 0 });
  }
  client.snac(feedbag.use, {});
  client.snac(oservice.setNicknameFields, { tlvs: { status: options.status ?? 0, statusCaps: 0, directInfo: { ...DIRECT_INFO, ...options.direct } } });
  client.snac(oservice.idleNotification, { idleSeconds: 0 });
  client.snac(oservice.clientOnline, { families: OLD_VERSIONS.map((one) => ({ ...one, toolId: 0x0110, toolVersion: 0x047b })) });
  await settled(client);
  return client;
}

const DIRECT_INFO: DirectInfo = {
  internalIp: '192.168.7.7',
  port: 4_512,
  kind: DirectKind.normal,
  version: 8,
  cookie: 0x1234_5678,
  webPort: 0,
  features: 3,
  infoTime: 0x3d00_0000,
  extendedInfoTime: 0x3d00_0001,
  extendedStatusTime: 0x3d00_0002,
  unknown: 0,
};

/** Everything the server had for this client has arrived: it answers in order. */
export async function settled(client: RawClient): Promise<void> {
  await client.ask(icbm.parameterQuery, {}, icbm.parameterReply);
}
