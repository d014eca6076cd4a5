/** The UDP client against a scripted server, on lines as bad as one likes, in a time that passes when a test says so. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DatagramPort, type Endpoint, type Line, VirtualNetwork } from '@seekyou/net';
import { WireError } from '@seekyou/wire';
import { chanceFrom } from '@seekyou/wire/testing';
import {
  buildServerPacket,
  type ClientPacket,
  commands,
  type Declaration,
  decodeCommand,
  encodeReply,
  isPacket,
  meta,
  packMulti,
  parseClientPacket,
  replies,
  type ServerFormat,
  splitPacket,
  type Version,
} from '@seekyou/wire/udp';
import { ClientError, RequestRefused } from '../errors.ts';
import { connectUdp, type UdpClient, type UdpConnectOptions, type UdpEvent } from './client.ts';
import { RESEND_MS } from './link.ts';
import type { UdpPlatform } from './platform.ts';
import { registerUdp, type UdpVersion } from './sign-on.ts';

const UIN = 100_001;
const BOB = 100_002;
const VERSIONS: readonly UdpVersion[] = [2, 3, 4, 5];
const SERVER: Endpoint = { address: '192.0.2.1', port: 4000 };
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const latin1 = (data: Uint8Array): string => String.fromCharCode(...data);

/** Time and its timers, earliest first. */
class Time {
  at = 1_000_000_000_000;
  private timers: { readonly at: number; readonly run: () => void }[] = [];

  now = (): number => this.at;

  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.at + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  };

  /** Lets it pass, with everything that falls due and all that follows from it. */
  async pass(ms: number): Promise<void> {
    const end = this.at + ms;
    for (;;) {
      await settled();
      const next = this.timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((one) => one !== next);
      this.at = Math.max(this.at, next.at);
      next.run();
    }
    this.at = end;
    await settled();
  }
}

/** Every promise that can go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Answer = (server: Server, packet: ClientPacket, value: never) => void;
type Answers = ReadonlyMap<Declaration<any>, Answer>;

/** A server for one client: acknowledges, answers by a script, repeats in order until it is acknowledged. */
class Server {
  /** Commands acted upon, once each. */
  readonly heard: { readonly name: string; readonly value: any; readonly seq1: number; readonly seq2: number }[] = [];
  /** Everything that came, repetitions too. */
  readonly datagrams: ClientPacket[] = [];
  readonly unacknowledged: { readonly seq1: number; readonly bytes: Uint8Array }[] = [];
  version: Version = 5;
  sessionId = 0;
  uin = UIN;
  /** Loses so many of what comes next. */
  deaf = 0;
  acknowledges = true;
  seq1 = 0;
  private peer: Endpoint | undefined;
  private readonly acted = new Set<string>();
  private readonly port: DatagramPort;
  private readonly time: Time;
  private answers: Answers;

  constructor(network: VirtualNetwork, time: Time, answers: Answers) {
    this.time = time;
    this.answers = answers;
    this.port = network.open({ at: SERVER, onDatagram: (bytes, from) => this.received(bytes, from) });
  }

  answerWith(declaration: Declaration<any>, answer: Answer): void {
    this.answers = new Map([...this.answers, [declaration, answer]]);
  }

  private received(bytes: Uint8Array, from: Endpoint): void {
    const packet = parseClientPacket(bytes);
    assert.ok(isPacket(packet), 'a client sends packets with check codes that fit');
    this.datagrams.push(packet);
    if (this.deaf > 0) {
      this.deaf--;
      return;
    }
    this.peer = from;
    ({ version: this.version, sessionId: this.sessionId } = packet);
    if (packet.command === commands.ack.code) {
      if (this.unacknowledged[0]?.seq1 === packet.seq1) this.unacknowledged.shift();
      return;
    }
    const decoded = decodeCommand(packet);
    assert.ok(decoded !== undefined, `command ${packet.command} is declared for version ${packet.version}`);
    const key = `${packet.command} ${packet.seq1} ${packet.seq2}`;
    if (this.acknowledges) this.put(this.packet(replies.ack, {}, packet.seq1, packet.seq2));
    if (this.acted.has(key)) return;
    this.acted.add(key);
    this.heard.push({ name: decoded.name, value: decoded.value, seq1: packet.seq1, seq2: packet.seq2 });
    this.answers.get(decoded.declaration)?.(this, packet, decoded.value as never);
  }

  packet<T>(declaration: Declaration<T>, value: T, seq1: number, seq2: number, format?: ServerFormat, uin = this.uin): Uint8Array {
    const header = { seq1, seq2, uin, sessionId: this.sessionId, ...(format === undefined ? {} : { format }) };
    return buildServerPacket(encodeReply(this.version, declaration, value, header));
  }

  put(bytes: Uint8Array): void {
    assert.ok(this.peer !== undefined);
    this.port.send(bytes, this.peer);
  }

  /** In sequence, repeated until acknowledged. */
  say<T>(declaration: Declaration<T>, value: T, seq2 = 0): void {
    const { seq1 } = this;
    this.seq1 = (seq1 + 1) & 0xffff;
    this.unacknowledged.push({ seq1, bytes: this.packet(declaration, value, seq1, seq2) });
    this.repeat(seq1);
  }

  private repeat(seq1: number): void {
    const waiting = this.unacknowledged.find((one) => one.seq1 === seq1);
    if (waiting === undefined) return;
    this.put(waiting.bytes);
    this.time.after(4_000, () => this.repeat(seq1));
  }

  names(): string[] {
    return this.heard.map(({ name }) => name);
  }
}

const loginReply: Answer = (server, packet) => {
  server.say(replies.loginReply, { uin: UIN, address: '198.51.100.7', loginSeq: 1, intervalSeconds: 110 }, packet.seq2);
};

const ORDINARY: Answers = new Map<Declaration<any>, Answer>([
  [commands.login, loginReply],
  [commands.getDeps, (server, packet) => server.put(server.packet(replies.depsList, { tail: Uint8Array.of(2, 0, 0x2a, 0) }, 0, packet.seq2))],
  [commands.contactList, (server) => server.say(replies.endOfContactList, { uin: UIN })],
  [commands.login1, (server) => server.say(replies.endOfMessages, {})],
]);

interface Scene {
  readonly time: Time;
  readonly network: VirtualNetwork;
  readonly server: Server;
  readonly platform: UdpPlatform;
  /** Signs on and lets as much time pass as it takes. */
  readonly signsOn: (options?: Partial<UdpConnectOptions>) => Promise<UdpClient>;
  readonly events: UdpEvent[];
  /** Waits, in the time of the scene. */
  readonly within: <T>(promise: Promise<T>, ms?: number) => Promise<T>;
}

function scene(answers: Answers = new Map(), line: Line = {}, seed = 1): Scene {
  const time = new Time();
  const network = new VirtualNetwork(time, chanceFrom(seed), line);
  const server = new Server(network, time, new Map([...ORDINARY, ...answers]));
  const events: UdpEvent[] = [];
  let ports = 5_000;
  const platform: UdpPlatform = {
    openPort: (onDatagram) => Promise.resolve(network.open({ at: { address: '198.51.100.7', port: ports++ }, onDatagram })),
    resolve: (host) => Promise.resolve(host),
    timers: time,
    chance: chanceFrom(seed + 1),
  };
  async function within<T>(promise: Promise<T>, ms = 120_000): Promise<T> {
    promise.catch(() => {});
    await time.pass(ms);
    const late = Symbol('late');
    const got = await Promise.race([promise, settled().then((): typeof late => late)]);
    if (got === late) assert.fail(`not done within ${ms} ms`);
    return got as T;
  }
  return {
    time,
    network,
    server,
    platform,
    events,
    within,
    async signsOn(options = {}) {
      const client = await within(
        connectUdp(platform, { server: { host: SERVER.address, port: SERVER.port }, uin: UIN, password: 'secret12', ...options }),
        10_000,
      );
      client.listen((event) => events.push(event));
      return client;
    },
  };
}

const WANTED: Readonly<Record<UdpVersion, readonly string[]>> = {
  2: ['login', 'login1', 'contactList', 'invisibleList', 'visibleList'],
  3: ['login', 'login1', 'contactList', 'invisibleList', 'visibleList'],
  4: ['newUser1', 'getDeps', 'login', 'login1', 'contactList', 'invisibleList', 'visibleList'],
  5: ['login', 'login1', 'contactList', 'invisibleList', 'visibleList'],
};

for (const version of VERSIONS) {
  test(`version ${version} signs on in the order of its programs and uploads its lists`, async () => {
    const { server, signsOn, events } = scene();
    const lists = version >= 4 ? { visible: [7], invisibleTo: [8] } : {};
    const client = await signsOn({ version, contacts: [BOB], ...lists });
    // What answers the end of the stored messages may stand anywhere.
    assert.deepEqual(
      server.names().filter((name) => name !== 'ackMessages'),
      WANTED[version],
    );
    const login = server.heard.find(({ name }) => name === 'login');
    assert.equal(latin1(login?.value.password), 'secret12');
    assert.equal(login?.value.time === undefined, version < 4);
    assert.deepEqual(client.contacts(), [BOB]);
    assert.deepEqual(events.map(({ type }) => type).sort(), ['contacts-told', 'stored-told']);
    assert.deepEqual(server.unacknowledged, []);
  });

  test(`version ${version} numbers its packets as the reference says`, async () => {
    const { server, signsOn, within } = scene();
    const client = await signsOn({ version });
    await within(client.send(BOB, 'one'));
    client.close();
    await within(Promise.resolve(), 0);
    const [first, ...more] = server.heard;
    assert.ok(first !== undefined);
    let [seq1, seq2] = [first.seq1, first.seq2];
    if (version < 5) assert.equal(seq1, 1);
    assert.equal(seq2, version === 2 ? 0 : 1);
    for (const packet of more) {
      seq1 = (seq1 + 1) & 0xffff;
      const isUncounted = packet.name === 'keepAlive' || packet.name === 'sendTextCode';
      if (version === 5 && !isUncounted) seq2 += 1;
      assert.equal(packet.seq1, seq1, packet.name);
      assert.equal(packet.seq2, version === 2 || isUncounted ? 0 : version < 5 ? seq1 : seq2, packet.name);
    }
  });

  test(`version ${version} sends until it is acknowledged, one packet after another, and is acted upon once`, async () => {
    const { server, signsOn, within } = scene();
    const client = await signsOn({ version });
    server.deaf = 3;
    const done = Promise.all([client.send(BOB, 'one'), client.send(BOB, 'two')]);
    await within(done);
    const sent = server.heard.filter(({ name }) => name === 'sendMessage').map(({ value }) => latin1(value.text));
    assert.deepEqual(sent, ['one', 'two']);
    const numbers = server.datagrams.filter(({ command }) => command === commands.sendMessage.code).map(({ seq1 }) => seq1);
    assert.equal(numbers.length, 5);
    assert.equal(new Set(numbers).size, 2, 'a repetition has the same numbers');
  });

  test(`version ${version} hears each message once and in order, however they come`, async () => {
    const { server, signsOn, events, time } = scene();
    await signsOn({ version, codepage: 1251 });
    const first = server.seq1;
    const packets = ['раз', 'два', 'три'].map((text, i) => server.packet(replies.sysDeliveredMess, { from: BOB, type: 1, text: cp1251(text) }, first + i, 0));
    for (const i of [2, 1, 1, 0, 0, 2]) server.put(packets[i] as Uint8Array);
    await time.pass(100);
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'message' ? [event.text] : [])),
      ['раз', 'два', 'три'],
    );
    const acknowledged = server.datagrams.filter(({ command }) => command === commands.ack.code).map(({ seq1 }) => seq1 - first);
    assert.deepEqual(
      acknowledged.filter((seq) => seq >= 0),
      [0, 1, 2, 0, 2],
      'nothing is acknowledged before it was read, and repetitions are again',
    );
  });

  test(`version ${version} reads messages of every kind`, async () => {
    const { server, signsOn, events, time } = scene();
    await signsOn({ version });
    const fe = (...fields: string[]): Uint8Array => Uint8Array.from(fields.join('\u00fe'), (c) => c.charCodeAt(0));
    const say = (type: number, text: Uint8Array): void => server.say(replies.sysDeliveredMess, { from: BOB, type, text });
    say(1, ascii('plain'));
    say(0x8001, ascii('to several'));
    say(4, fe('my page', 'http://example.test/'));
    say(6, fe('nick', 'First', 'Last', 'e@x.test', '1', 'please'));
    say(7, ascii('no'));
    say(8, ascii(''));
    say(12, fe('nick', 'First', 'Last', 'e@x.test', '1'));
    say(19, fe('2', '100003', 'Carl', '100004', 'Dora', ''));
    say(9, fe('the server', '', '', 'e@x.test', '3', 'it goes down'));
    say(0x1a, ascii('?'));
    await time.pass(100);
    const got = events.filter(({ type }) => !type.endsWith('-told')).map(({ time: _time, ...event }: any) => event as unknown);
    assert.deepEqual(got, [
      { from: BOB, stored: false, type: 'message', text: 'plain' },
      { from: BOB, stored: false, type: 'message', text: 'to several' },
      { from: BOB, stored: false, type: 'url', url: 'http://example.test/', caption: 'my page' },
      { from: BOB, type: 'authorisation-asked', reason: 'please' },
      { from: BOB, type: 'authorisation-answered', granted: false, reason: 'no' },
      { from: BOB, type: 'authorisation-answered', granted: true, reason: '' },
      { from: BOB, type: 'added-by' },
      {
        from: BOB,
        stored: false,
        type: 'contacts',
        contacts: [
          { uin: 100003, nickname: 'Carl' },
          { uin: 100004, nickname: 'Dora' },
        ],
      },
      { from: BOB, stored: false, type: 'notice', name: 'the server', email: 'e@x.test', text: 'it goes down' },
      { type: 'trouble', packet: 'message type 26', message: 'not known' },
    ]);
  });

  test(`version ${version} reads what was stored and says that it has it`, async () => {
    const sentAt = 946_684_740;
    const { server, signsOn, events, time } = scene(
      new Map([
        [
          commands.login1,
          (one: Server) => {
            one.say(replies.recvMessage, { from: BOB, time: sentAt, type: 1, text: ascii('happy 2000') });
            one.say(replies.endOfMessages, {});
          },
        ],
      ]),
    );
    await signsOn({ version });
    await time.pass(100);
    assert.deepEqual(events[0], { type: 'message', from: BOB, text: 'happy 2000', time: '1999-12-31T23:59:00.000Z', stored: true });
    const done = server.heard.find(({ name }) => name === 'ackMessages');
    assert.ok(done !== undefined);
    if (version === 3) assert.equal(done.value.lastTime, sentAt);
  });

  test(`version ${version} sees contacts come, change and go`, async () => {
    const { server, signsOn, events, time } = scene();
    const client = await signsOn({ version, contacts: [BOB] });
    const nowhere = { address: '0.0.0.0', port: 0, ownAddress: '0.0.0.0', tcpFlag: 2, tcpVersion: 0 };
    server.say(replies.userOnline, { uin: BOB, status: 0x10001, ...nowhere });
    server.say(replies.statusUpdate, { uin: BOB, status: 0x113 });
    await time.pass(100);
    assert.deepEqual(client.statusOf(BOB), { status: 'do-not-disturb', invisible: true });
    server.say(replies.userOffline, { uin: BOB });
    await time.pass(100);
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'presence' ? [event.status.status] : [])),
      ['away', 'do-not-disturb', 'offline'],
    );
  });

  test(`version ${version}: a wrong password, a busy server and a session nobody knows are told apart`, async () => {
    const failing = async (declaration: Declaration<any>, format?: ServerFormat): Promise<string> => {
      const refuses: Answer = (server, packet) => server.put(server.packet(declaration, {}, 0, packet.seq2, format));
      const { signsOn } = scene(new Map([[commands.login, refuses]]));
      const error: unknown = await signsOn({ version }).catch((e: unknown) => e);
      assert.ok(error instanceof ClientError, String(error));
      return error.code;
    };
    assert.equal(await failing(replies.badPass), 'wrong-password');
    if (version === 5) assert.equal(await failing(replies.badPass, 3), 'wrong-password', 'in the form of version 3');
    assert.equal(await failing(replies.tryAgain), 'unavailable');
    assert.equal(await failing(replies.notConnected), 'closed');
  });

  test(`version ${version} keeps alive, and knows when the server is gone`, async () => {
    const { server, signsOn, events, time } = scene();
    await signsOn({ version });
    await time.pass(230_000);
    assert.equal(server.names().filter((name) => name === 'keepAlive').length, 2);
    server.deaf = Number.POSITIVE_INFINITY;
    await time.pass(110_000 + RESEND_MS.reduce((sum, ms) => sum + ms, 0));
    const closed = events.find((event) => event.type === 'closed');
    assert.equal(closed?.type === 'closed' && closed.error.code, 'timeout');
    const { length } = server.datagrams;
    await time.pass(1_000_000);
    assert.equal(server.datagrams.length, length, 'silence after the end');
  });

  test(`version ${version}: sent away, it is over, and what was under way fails`, async () => {
    const { server, signsOn, events, within } = scene();
    const client = await signsOn({ version });
    server.deaf = 1;
    const message = client.send(BOB, 'lost');
    message.catch(() => {});
    server.put(server.packet(replies.goAway, {}, 0, 0));
    await assert.rejects(within(message, 1_000), ClientError);
    assert.ok(events.some((event) => event.type === 'closed'));
    await assert.rejects(client.send(BOB, 'more'), ClientError);
  });

  test(`version ${version}: packets of others and packets that cannot be read change nothing`, async () => {
    const { server, network, signsOn, events, time, within } = scene();
    const client = await signsOn({ version });
    const before = events.length;
    const message = server.packet(replies.sysDeliveredMess, { from: BOB, type: 1, text: ascii('forged') }, server.seq1, 0);
    network.send(message, { address: '203.0.113.9', port: 4000 }, { address: '198.51.100.7', port: 5000 });
    if (version === 5) {
      const { sessionId } = server;
      server.sessionId = sessionId ^ 1;
      server.put(server.packet(replies.sysDeliveredMess, { from: BOB, type: 1, text: ascii('forged') }, server.seq1, 0));
      server.sessionId = sessionId;
    }
    for (const bytes of [new Uint8Array(0), Uint8Array.of(5), ascii('hello there, this is no packet'), message.subarray(0, 5)]) server.put(bytes);
    await time.pass(100);
    assert.equal(events.length, before);
    server.put(message.subarray(0, message.length - 3));
    await time.pass(100);
    assert.equal(events.at(-1)?.type, 'trouble');
    await within(client.send(BOB, 'still here'));
  });
}

test('a long text leaves in parts of at most 450 bytes, in order', async () => {
  const { server, signsOn, within } = scene();
  const client = await signsOn({ codepage: 1251 });
  const text = 'Привет, мир! '.repeat(100);
  await within(client.send(BOB, text));
  const parts = server.heard.filter(({ name }) => name === 'sendMessage').map(({ value }) => value.text as Uint8Array);
  assert.ok(parts.length > 2 && parts.every((part) => part.length <= 450));
  assert.equal(new TextDecoder('windows-1251').decode(Buffer.concat(parts)), text);
});

test('a field has no separator inside it', async () => {
  const { server, signsOn, within } = scene();
  const client = await signsOn({ codepage: 1251 });
  await within(client.sendUrl(BOB, 'http://example.test/', 'юг и юла'));
  const sent = server.heard.find(({ name }) => name === 'sendMessage');
  assert.equal(new TextDecoder('windows-1251').decode(sent?.value.text), 'Юг и Юлаюhttp://example.test/');
  assert.equal((sent?.value.text as Uint8Array | undefined)?.filter((byte) => byte === 0xfe).length, 1);
});

describe('what is too long for a packet', () => {
  const sent = (server: Server): Uint8Array[] => server.heard.filter(({ value }) => value.text !== undefined).map(({ value }) => value.text as Uint8Array);

  test('a caption and a reason are cut, between characters', async () => {
    const { server, signsOn, within } = scene();
    const client = await signsOn({ codepage: 936 });
    const long = '开'.repeat(800);
    await within(client.sendUrl(BOB, 'http://example.test/', long));
    await within(client.requestAuthorisation(BOB, long));
    await within(client.answerAuthorisation(BOB, false, long));
    const texts = sent(server);
    assert.ok(texts.every(({ length }) => length === 449 || length === 450));
    const gbk = new TextDecoder('gbk');
    const [url, request, answer] = texts as [Uint8Array, Uint8Array, Uint8Array];
    const fields = (text: Uint8Array): string[] => latin1(text).split('\u00fe');
    assert.deepEqual([fields(url).length, fields(url)[1]], [2, 'http://example.test/']);
    assert.deepEqual(fields(request).slice(0, 5), ['', '', '', '', '1']);
    assert.match(gbk.decode(answer), /^开+\.\.\.$/);
  });

  test('contacts leave in as many messages as it takes', async () => {
    const { server, signsOn, events, within, time } = scene();
    const client = await signsOn({ codepage: 1251 });
    const contacts = Array.from({ length: 100 }, (_, i) => ({ uin: 100_000 + i, nickname: i === 50 ? 'Б'.repeat(600) : `друг ${i}` }));
    await within(client.sendContacts(BOB, contacts));
    const texts = sent(server);
    assert.ok(texts.every((text) => text.length <= 450));
    for (const text of texts) server.say(replies.sysDeliveredMess, { from: BOB, type: 0x13, text });
    await time.pass(10_000);
    const heard = events.flatMap((event) => (event.type === 'contacts' ? event.contacts : []));
    assert.match(heard[50]?.nickname ?? '', /^Б{400,}\.\.\.$/);
    assert.deepEqual(heard.toSpliced(50, 1), contacts.toSpliced(50, 1));
  });

  test('an address, names and details are refused before they are sent, and the session goes on', async () => {
    const { server, signsOn, within } = scene();
    const client = await signsOn();
    const { length } = server.heard;
    const names = { nick: 'n'.repeat(1_500), first: '', last: '', email: '' };
    const tooLong = { name: 'RequestRefused', code: 0x0a };
    await assert.rejects(client.sendUrl(BOB, `http://${'x'.repeat(450)}/`, 'look'), tooLong);
    await assert.rejects(client.setInfo(names), tooLong);
    await assert.rejects(client.directory.setAbout('x'.repeat(1_500)), tooLong);
    // A field cannot even say how long this is.
    await assert.rejects(client.setInfo({ ...names, nick: 'n'.repeat(70_000) }), WireError);
    assert.equal(server.heard.length, length);
    await within(client.send(BOB, 'still here'), 1_000);
    const numbers = server.heard.slice(length - 1).map(({ seq1 }) => seq1);
    assert.equal(numbers[1], ((numbers[0] as number) + 1) & 0xffff, 'no number was left out');
  });

  test('a form to register with is refused as well', async () => {
    const opened: Answer = (server) => server.put(server.packet(replies.registrationInfo, { notes: ascii('x'), open: 1 }, 0, 0));
    const { platform, within } = scene(new Map([[commands.registrationRequest, opened]]));
    const options = { server: { host: SERVER.address, port: SERVER.port }, version: 3, password: '', nickname: 'n'.repeat(1_500) } as const;
    await assert.rejects(within(registerUdp(platform, options), 1_000), { name: 'RequestRefused', code: 0x0a });
  });
});

test('the byte that separates fields may be part of the last text', async () => {
  const { server, signsOn, events, time } = scene();
  await signsOn({ codepage: 1251 });
  const say = (type: number, text: string): void => server.say(replies.sysDeliveredMess, { from: BOB, type, text: cp1251(text) });
  say(4, 'Люблю этоюhttp://example.test/');
  say(6, 'юююю1юДавай дружить, люблю музыку');
  say(6, 'просто так');
  say(9, 'серверюююю3юлюблю');
  await time.pass(1_000);
  const got = events.filter(({ type }) => !type.endsWith('-told')).map(({ time: _time, ...event }: any) => event as unknown);
  assert.deepEqual(got, [
    { from: BOB, stored: false, type: 'url', url: 'http://example.test/', caption: 'Люблю это' },
    { from: BOB, type: 'authorisation-asked', reason: 'Давай дружить, люблю музыку' },
    { from: BOB, type: 'authorisation-asked', reason: 'просто так' },
    { from: BOB, stored: false, type: 'notice', name: 'сервер', email: '', text: 'люблю' },
  ]);
});

test('a list of more than a hundred goes in several packets', async () => {
  const { server, signsOn } = scene();
  await signsOn({ contacts: Array.from({ length: 250 }, (_, i) => 200_000 + i) });
  assert.deepEqual(
    server.heard.filter(({ name }) => name === 'contactList').map(({ value }) => value.uins.length as number),
    [100, 100, 50],
  );
});

describe('coming back', () => {
  /** As a server does: each sign-on begins the numbers anew. */
  const again: Answers = new Map<Declaration<any>, Answer>([
    [
      commands.login,
      (server, packet, value) => {
        server.seq1 = 0;
        server.unacknowledged.length = 0;
        loginReply(server, packet, value);
      },
    ],
  ]);
  const types = (events: readonly UdpEvent[]): string[] =>
    events.map(({ type }) => type).filter((type) => type === 'reconnecting' || type === 'reconnected' || type === 'closed');

  test('a server that falls silent is waited for, and told everything again', async () => {
    const { server, signsOn, events, time, within } = scene(again);
    const client = await signsOn({ reconnect: true, contacts: [BOB], invisibleTo: [8] });
    await within(client.add(3_000));
    await within(client.list('visible', 7, true));
    await within(client.list('invisible', 8, false));
    await within(client.setStatus('away', true));
    await within(client.joinRandom(4));
    server.deaf = Number.MAX_SAFE_INTEGER;
    // The sign of life goes unanswered.
    await time.pass(200_000);
    assert.equal(types(events)[0], 'reconnecting');
    assert.equal(types(events).includes('reconnected'), false);
    const unheard = assert.rejects(client.send(BOB, 'nobody hears this'), ClientError);
    await within(unheard, 200_000);
    server.deaf = 0;
    server.heard.length = 0;
    await time.pass(130_000);
    assert.equal(types(events).at(-1), 'reconnected');
    assert.deepEqual(
      server.names().filter((name) => name !== 'ackMessages' && name !== 'keepAlive'),
      ['login', 'login1', 'contactList', 'invisibleList', 'visibleList', 'randSet'],
    );
    const said = (name: string): any => server.heard.find((one) => one.name === name)?.value;
    assert.equal(said('login').status, 0x101, 'away and invisible');
    assert.deepEqual(said('contactList').uins, [BOB, 3_000]);
    assert.deepEqual([said('invisibleList').uins, said('visibleList').uins], [[], [7]]);
    await within(client.send(BOB, 'here I am'));
    assert.ok(server.names().includes('sendMessage'));
  });

  test('without being asked to, nobody comes back', async () => {
    const { server, signsOn, events, time } = scene(again);
    await signsOn();
    server.put(server.packet(replies.goAway, {}, 0, 0));
    await time.pass(300_000);
    assert.deepEqual(types(events), ['closed']);
    assert.equal(server.names().filter((name) => name === 'login').length, 1);
  });

  test('who is sent away comes back, but gives way when that happens again at once', async () => {
    const { server, signsOn, events, time } = scene(again);
    await signsOn({ reconnect: true });
    server.put(server.packet(replies.goAway, {}, 0, 0));
    await time.pass(10_000);
    assert.deepEqual(types(events), ['reconnecting', 'reconnected']);
    await time.pass(60_000);
    server.put(server.packet(replies.goAway, {}, 0, 0));
    await time.pass(10_000);
    assert.deepEqual(types(events), ['reconnecting', 'reconnected', 'reconnecting', 'reconnected'], 'the server was started again');
    server.put(server.packet(replies.goAway, {}, 0, 0));
    await time.pass(60_000);
    assert.equal(types(events).at(-1), 'closed', 'somebody else is there');
  });

  test('a password that is no longer right ends it', async () => {
    const { server, signsOn, events, time } = scene(again);
    await signsOn({ reconnect: true });
    const refusing: Answer = (one, packet) => one.put(one.packet(replies.badPass, {}, 0, packet.seq2));
    server.answerWith(commands.login, refusing);
    server.put(server.packet(replies.notConnected, {}, 0, 0));
    await time.pass(10_000);
    assert.deepEqual(types(events), ['reconnecting', 'closed']);
    const closed = events.find((event) => event.type === 'closed');
    assert.equal(closed?.type === 'closed' && closed.error.code, 'wrong-password');
  });

  test('who leaves meanwhile stays away', async () => {
    for (const how of ['close', 'destroy'] as const) {
      const { server, signsOn, events, time } = scene(again);
      const client = await signsOn({ reconnect: true });
      server.put(server.packet(replies.goAway, {}, 0, 0));
      await time.pass(100);
      client[how]();
      await time.pass(300_000);
      assert.deepEqual(types(events), ['reconnecting', 'closed']);
      assert.equal(server.names().filter((name) => name === 'login').length, 1);
    }
  });
});

test('packets inside a packet are heard, and the outer one is acknowledged once', async () => {
  const { server, signsOn, events, time } = scene();
  await signsOn();
  const seq = server.seq1;
  const inner = [1, 2].map((uin) => server.packet(replies.userOffline, { uin }, seq, 0));
  server.put(
    buildServerPacket({
      version: 5,
      command: replies.multiPacket.code,
      seq1: seq,
      seq2: 0,
      uin: UIN,
      sessionId: server.sessionId,
      parameters: packMulti(inner),
    }),
  );
  await time.pass(100);
  assert.deepEqual(
    events.flatMap((event) => (event.type === 'presence' ? [event.uin] : [])),
    [1, 2],
  );
  assert.equal(server.datagrams.filter(({ command, seq1 }) => command === commands.ack.code && seq1 === seq).length, 1);
});

test('a packet in fragments is put together', async () => {
  const { server, signsOn, events, time } = scene();
  await signsOn({ version: 3 });
  const text = 'x'.repeat(1_000);
  const whole = server.packet(replies.sysDeliveredMess, { from: BOB, type: 1, text: ascii(text) }, 0, 0);
  for (const [i, parameters] of splitPacket(whole).entries()) {
    server.put(buildServerPacket({ version: 3, command: replies.fragment.code, seq1: server.seq1 + i, seq2: 77, uin: UIN, sessionId: 0, parameters }));
  }
  await time.pass(100);
  const heard = events.find((event) => event.type === 'message');
  assert.equal(heard?.type === 'message' && heard.text, text);
});

test('an answer is found by its number, in versions with and without one of their own', async () => {
  const found = { uin: BOB, nick: ascii('bob'), first: ascii('Bob'), last: ascii('B.'), email: ascii('b@x.test'), authorization: 1 };
  const answers: Answers = new Map<Declaration<any>, Answer>([
    [
      commands.searchUser,
      (server, { seq2 }, { requestSeq }: { requestSeq?: number }) => {
        server.say(replies.userFound, { ...found, ...(requestSeq === undefined ? { online: 1 } : { requestSeq }) }, seq2);
        server.say(replies.endOfSearch, { more: 1, ...(requestSeq === undefined ? {} : { requestSeq }) }, seq2);
      },
    ],
    [
      commands.infoReq,
      (server, { seq2 }, { requestSeq, uin }: { requestSeq?: number; uin: number }) => {
        if (uin === BOB) server.say(replies.infoReply, { ...found, ...(requestSeq === undefined ? {} : { requestSeq }) }, seq2);
        else server.say(replies.infoFail, { uin }, seq2);
      },
    ],
  ]);
  for (const version of VERSIONS) {
    const { signsOn, within } = scene(answers);
    const client = await signsOn({ version });
    const { people, more } = await within(client.search({ nick: 'bob' }));
    assert.deepEqual([people.length, people[0]?.nick, people[0]?.online, more], [1, 'bob', version > 2 ? 1 : undefined, true]);
    assert.equal((await within(client.info(BOB))).email, 'b@x.test');
    await assert.rejects(within(client.info(5)), RequestRefused);
  }
});

test('META: all seven parts make a person, and failures are nobody', async () => {
  const texts = {
    nick: 'bob',
    first: 'Bob',
    last: '',
    email: '',
    email2: '',
    email3: '',
    city: 'Köln',
    state: '',
    phone: '',
    fax: '',
    street: '',
    cellular: '',
    zip: '50667',
  };
  const general = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Uint8Array.from(text, (c) => c.charCodeAt(0))])) as any;
  const answer: Answer = (server, { seq2 }, { subtype, data }: { subtype: number; data: Uint8Array }) => {
    const say = (parameters: { subtype: number; data: Uint8Array }): void => server.say(replies.metaUser, parameters, seq2);
    if (subtype !== meta.fullInfo.new)
      return say(subtype === meta.setAbout.old ? meta.encodeMetaAnswer(meta.aboutSet, 'new', {}) : meta.metaFailure(meta.passwordSet));
    if (data[0] !== (BOB & 0xff)) {
      for (const part of [
        meta.generalInfo,
        meta.moreInfoAnswer,
        meta.homepageCategoryAnswer,
        meta.workInfoAnswer,
        meta.aboutAnswer,
        meta.interestsAnswer,
        meta.affiliationsAnswer,
      ])
        say(meta.metaFailure(part));
      return undefined;
    }
    say(meta.encodeMetaAnswer(meta.generalInfo, 'new', { ...general, country: 49, gmtOffset: -2, authorization: 1, webAware: 0, hideAddress: 1 }));
    for (const part of [meta.moreInfoAnswer, meta.homepageCategoryAnswer, meta.workInfoAnswer]) say(meta.metaFailure(part));
    say(meta.encodeMetaAnswer(meta.aboutAnswer, 'new', { about: ascii('me') }));
    say(meta.encodeMetaAnswer(meta.interestsAnswer, 'new', { interests: [{ category: 100, keywords: ascii('chess') }] }));
    return say(meta.encodeMetaAnswer(meta.affiliationsAnswer, 'new', { past: [], affiliations: [] }));
  };
  const { signsOn, within } = scene(new Map([[commands.metaUser, answer]]));
  const client = await signsOn();
  const info = await within(client.directory.fullInfo(BOB));
  assert.deepEqual(
    [info.general?.city, info.general?.zip, info.about?.about, info.interests?.interests],
    ['Köln', '50667', 'me', [{ category: 100, keywords: 'chess' }]],
  );
  assert.equal(info.work, undefined);
  await assert.rejects(within(client.directory.fullInfo(5)), RequestRefused);
  await within(client.directory.setAbout('about me'));
  await assert.rejects(within(client.changePassword('newpass1')), RequestRefused);
});

for (const version of [2, 5] as const) {
  test(`version ${version} registers with a password of its own`, async () => {
    const answer: Answer = (server, packet, value: { id?: number }) => {
      if (version === 2) return server.put(server.packet(replies.newUin, { requestSeq: packet.seq1, uin: 555_555 }, 0, 0));
      // First in the form of version 3, then in its own (§8.3).
      const id = value.id as number;
      server.put(server.packet(replies.newUin, { id }, 0, packet.seq2, 3, 555_555));
      return server.put(server.packet(replies.newUin, { id }, 0, packet.seq2, 5, 555_555));
    };
    const { platform, within, server } = scene(new Map([[commands.regNewUser, answer]]));
    const registered = await within(registerUdp(platform, { server: { host: SERVER.address, port: SERVER.port }, version, password: 'secret12' }));
    assert.deepEqual(registered, { uin: 555_555, password: 'secret12' });
    assert.equal(latin1(server.heard.at(-1)?.value.password), 'secret12');
  });
}

test('versions 3 and 4 register with a form, and read the number and password they were given', async () => {
  const answers: Answers = new Map<Declaration<any>, Answer>([
    [commands.registrationRequest, (server, { seq2 }) => server.put(server.packet(replies.registrationInfo, { notes: ascii('welcome'), open: 1 }, 0, seq2))],
    [
      commands.registrationForm,
      (server, { seq2 }) =>
        server.put(server.packet(replies.registrationAccepted, { text: ascii('Your UIN: 555555\r\nYour password: aB3xY9zQ\r\n') }, 1, seq2)),
    ],
  ]);
  for (const version of [3, 4] as const) {
    const { platform, within } = scene(answers);
    const registered = await within(registerUdp(platform, { server: { host: SERVER.address, port: SERVER.port }, version, password: '' }));
    assert.deepEqual([registered.uin, registered.password], [555_555, 'aB3xY9zQ']);
  }
});

for (const seed of [1, 2, 3]) {
  test(`on a line that loses, repeats and reorders, everything arrives once and in order both ways (seed ${seed})`, async () => {
    const { server, signsOn, within, time, events, network } = scene(new Map(), { delayMs: [5, 200] }, seed);
    const client = await signsOn();
    network.line = { loss: 0.2, duplication: 0.2, delayMs: [5, 400] };
    const texts = Array.from({ length: 30 }, (_, i) => `message ${i}`);
    const all = Promise.all(texts.map((text) => client.send(BOB, text)));
    for (const text of texts) server.say(replies.sysDeliveredMess, { from: BOB, type: 1, text: ascii(text) });
    await within(all, 1_200_000);
    await time.pass(600_000);
    assert.deepEqual(
      server.heard.filter(({ name }) => name === 'sendMessage').map(({ value }) => latin1(value.text)),
      texts,
    );
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'message' ? [event.text] : [])),
      texts,
    );
    assert.deepEqual(server.unacknowledged, []);
  });
}

/** Cyrillic letters, which is all this needs. */
function cp1251(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => (c.charCodeAt(0) >= 0x410 ? c.charCodeAt(0) - 0x410 + 0xc0 : c.charCodeAt(0)));
}
