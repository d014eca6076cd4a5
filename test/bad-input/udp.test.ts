/**
 * What clients must not say over UDP, said over real sockets to a live server: each datagram is dropped or answered as the
 * reference says and counted in the metrics, while two others talk on undisturbed and lose nothing. @see icq-udp.md §26
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { asUin, Refused, type Uin } from '@seekyou/core';
import {
  buildClientPacket,
  chooseCheck,
  type ClientPacket,
  commands,
  type Declaration,
  encodeParameters,
  isPacket,
  layoutOf,
  type Login,
  parseServerPacket,
  replies,
  type ServerPacket,
  UDP_REGISTRY,
  type Version,
} from '@seekyou/wire/udp';
import { OscarActor, type Places, UdpActor } from '../dialogue/actors.ts';
import { openStage, PASSWORD, type Stage } from '../dialogue/stage.ts';

const PATIENCE_MS = 15_000;
const PADDING = { padding: Uint8Array.of(1, 2, 3, 4) };
const VERSIONS: readonly Version[] = [2, 3, 4, 5];
const MUTATED = 100_000;

const seed = Number(process.env['SEEKYOU_TEST_SEED'] ?? Date.now() % 0x7fffffff);
let state = seed | 1;
/** 0 to 1, the same ones for a seed. */
function chance(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}
const below = (count: number): number => Math.floor(chance() * count);

let stage: Stage & { close(): Promise<void> };
let udp: Places['udp'];
let alice: OscarActor;
let bob: UdpActor;
let letters = 0;

before(async () => {
  stage = await openStage();
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(stage.server.udpAddresses[0] as string) ?? [];
  udp = { host, port: Number(port) };
  const places: Places = { oscar: { host: stage.host, port: stage.port }, udp };
  const people = [await stage.person('alice'), await stage.person('bob')] as const;
  alice = new OscarActor('alice', people[0].uin, 1252, places);
  bob = new UdpActor(5, 'bob', people[1].uin, 1252, places);
  await alice.signsOn([bob]);
  await bob.signsOn([alice]);
  await alice.sees(bob, 'online');
});

after(async () => {
  alice.signsOff();
  bob.signsOff();
  await stage.close();
});

/** Both write, both hear it, and nothing else. */
async function witness(): Promise<void> {
  const number = letters++;
  await alice.says(bob, `to bob ${number}`);
  await bob.says(alice, `to alice ${number}`);
  await bob.hears(alice, `to bob ${number}`, false);
  await alice.hears(bob, `to alice ${number}`, false);
  await alice.hearsNothingMore();
  await bob.hearsNothingMore();
}

async function events(): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${stage.server.adminUrl}/metrics`)).text();
  return new Map([...text.matchAll(/^seekyou_events_total\{event="(\w+)"\} (\d+)$/gm)].map(([, event, count]) => [event as string, Number(count)]));
}

/** @param counted the event that must have happened */
function abuse(name: string, counted: string, play: () => Promise<void>): void {
  test(name, async (t) => {
    t.diagnostic(`seed ${seed}: SEEKYOU_TEST_SEED repeats it`);
    const earlier = await events();
    try {
      await play();
    } finally {
      for (const one of around.splice(0)) one.close();
    }
    const later = await events();
    assert.ok((later.get(counted) ?? 0) > (earlier.get(counted) ?? 0), `${counted} is counted`);
    assert.equal(later.get('udp_handler_failures'), 0, 'nothing of ours failed');
    await witness();
  });
}

let machines = 0;
/** Who has a socket open. */
const around: Mallory[] = [];

/** Somebody who sends what he likes, from an address of his own. */
class Mallory {
  readonly version: Version;
  uin: number;
  sessionId: number;
  seq1: number;
  seq2 = 1;
  /** Everything that came since the last time it was taken. */
  came: { readonly packet: ServerPacket; readonly bytes: number }[] = [];
  private readonly socket: Socket;
  private wake: () => void = () => {};

  private constructor(socket: Socket, version: Version, uin: number) {
    this.socket = socket;
    around.push(this);
    this.version = version;
    this.uin = uin;
    this.sessionId = version === 5 ? 0x10000000 + below(0x1fffffff) : 0;
    this.seq1 = version === 5 ? below(0x3fff) : 1;
    socket.on('message', (bytes) => {
      const packet = parseServerPacket(new Uint8Array(bytes));
      assert.ok(isPacket(packet), 'the server sends packets');
      this.came.push({ packet, bytes: bytes.length });
      if (packet.command !== replies.ack.code && packet.command !== replies.notConnected.code) this.acknowledge(packet);
      this.wake();
    });
  }

  static async at(version: Version, uin: number, from = `127.0.${1 + (++machines >> 8)}.${1 + (machines & 0xff)}`): Promise<Mallory> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind({ port: 0, address: from }, resolve));
    return new Mallory(socket, version, uin);
  }

  /** Has a session. */
  static async online(version: Version = 5): Promise<Mallory> {
    const { uin } = await stage.person(`mallory ${machines}`);
    const mallory = await Mallory.at(version, uin);
    mallory.say(commands.login, loginOf(version));
    await mallory.expect(replies.loginReply);
    // Messages wait until the lists are there: all three, so that the server need not wait for more.
    for (const list of [commands.contactList, commands.invisibleList, commands.visibleList]) mallory.say(list, { uins: [] });
    await mallory.expect(replies.endOfContactList);
    await mallory.settles();
    return mallory;
  }

  build<T>(declaration: Declaration<T>, value: T, header: Partial<ClientPacket> = {}): Uint8Array {
    return this.packet(declaration.code, encodeParameters(declaration, this.version, value), header);
  }

  packet(command: number, parameters: Uint8Array, header: Partial<ClientPacket> = {}): Uint8Array {
    const { version, uin, sessionId, seq1 } = this;
    const packet = { version, command, seq1, seq2: version <= 2 ? 0 : this.seq2, uin, sessionId, parameters, ...header };
    return buildClientPacket(packet, version <= 2 ? 'zero' : chooseCheck(version, parameters.length, chance));
  }

  /** The next packet. */
  say<T>(declaration: Declaration<T>, value: T): Uint8Array {
    return this.sayParameters(declaration.code, encodeParameters(declaration, this.version, value));
  }

  sayParameters(command: number, parameters: Uint8Array): Uint8Array {
    const datagram = this.packet(command, parameters.length === 0 && this.version === 5 ? PADDING.padding : parameters);
    this.seq1 = (this.seq1 + 1) & 0xffff;
    this.seq2 = (this.seq2 + 1) & 0xffff;
    this.send(datagram);
    return datagram;
  }

  send(datagram: Uint8Array): void {
    this.socket.send(datagram, udp.port, udp.host);
  }

  acknowledge({ seq1, seq2, uin, sessionId }: ServerPacket): void {
    const whose = this.version === 5 ? { uin, sessionId } : {};
    this.send(this.packet(commands.ack.code, PADDING.padding, { seq1, seq2: this.version <= 2 ? 0 : seq2, ...whose }));
  }

  async expect({ code }: { readonly code: number }, fits: (packet: ServerPacket) => boolean = () => true): Promise<ServerPacket> {
    const give = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.came.find(({ packet }) => packet.command === code && fits(packet));
      if (found !== undefined) return found.packet;
      const left = give - Date.now();
      if (left <= 0) assert.fail(`packet ${code.toString(16)} did not come; came: ${this.came.map(({ packet }) => packet.command.toString(16)).join(' ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** In a session: everything before this was read, and answered. @returns the answers */
  async settles(): Promise<Mallory['came']> {
    const { seq1, uin } = this;
    this.say(commands.keepAlive, PADDING);
    await this.expect(replies.ack, (packet) => packet.seq1 === seq1 && (this.version <= 2 || packet.uin === uin));
    const { came } = this;
    this.came = [];
    return came;
  }

  /** In a session: what was sent before was not answered. What the server repeats or tells by itself may come in between. */
  async hearsOnlyOfItsKeepAlive(): Promise<void> {
    const { seq1 } = this;
    this.say(commands.keepAlive, PADDING);
    await this.expect(replies.ack, (packet) => packet.seq1 === seq1);
    const answers = this.came.filter(({ packet }) => packet.command === replies.ack.code || packet.command === replies.notConnected.code);
    assert.equal(answers.length, 1, answers.map(({ packet }) => `${packet.command.toString(16)} for ${packet.seq1}`).join(', '));
  }

  close(): void {
    this.socket.close();
  }
}

function loginOf(version: Version, password = PASSWORD): Login {
  return {
    time: 0,
    port: 0,
    password: latin(password),
    x1: 0x98,
    address: '10.0.0.2',
    tcpFlag: commands.TcpFlag.none,
    status: 0,
    tcpVersion: 3,
    tail: version === 5 ? { x2: 0x98_0010, webPort: 0, features: 3, build: 0, extra: new Uint8Array(0) } : { extra: new Uint8Array(8) },
    ...(version <= 2 ? { loginSeq: 1 } : {}),
  };
}

const latin = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const textTo = (to: number, text: string): { to: number; type: number; text: Uint8Array } => ({ to, type: 1, text: latin(text) });

// ---------------------------------------------------------------- whose it is

abuse('a wrong session id is dropped without an answer', 'udp_bad_sessions', async () => {
  const mallory = await Mallory.online();
  mallory.send(mallory.build(commands.sendMessage, textTo(bob.uin, 'forged'), { sessionId: mallory.sessionId ^ 1 }));
  await mallory.hearsOnlyOfItsKeepAlive();
});

abuse("another's UIN from one's own place is nobody's", 'udp_without_session', async () => {
  for (const version of VERSIONS) {
    const mallory = await Mallory.online(version);
    mallory.send(mallory.build(commands.sendMessage, textTo(alice.uin, 'I am Bob'), { uin: bob.uin }));
    await mallory.expect(replies.notConnected);
    await mallory.settles();
  }
});

abuse('a check code that does not fit is dropped', 'udp_bad_checks', async () => {
  for (const version of [4, 5] as const) {
    const mallory = await Mallory.online(version);
    const datagram = mallory.build(commands.sendMessage, textTo(bob.uin, 'changed'));
    datagram[version === 5 ? 21 : 17]! ^= 0x10;
    mallory.send(datagram);
    await mallory.hearsOnlyOfItsKeepAlive();
  }
});

// ---------------------------------------------------------------- once and in order

abuse('what is replayed is acknowledged, and not done again', 'udp_repeated', async () => {
  for (const version of VERSIONS) {
    const mallory = await Mallory.online(version);
    const friend = await Mallory.online(version);
    const datagram = mallory.say(commands.sendMessage, textTo(friend.uin, 'once'));
    await friend.expect(replies.sysDeliveredMess);
    for (let i = 0; i < 20; i++) mallory.send(datagram);
    await mallory.settles();
    const { seq1 } = friend;
    friend.say(commands.keepAlive, PADDING);
    await friend.expect(replies.ack, (packet) => packet.seq1 === seq1);
    assert.equal(friend.came.filter(({ packet }) => packet.command === replies.sysDeliveredMess.code).length, 1);
  }
});

abuse('what overtakes is told in the order it was said', 'udp_early', async () => {
  for (const version of VERSIONS) {
    const mallory = await Mallory.online(version);
    const friend = await Mallory.online(version);
    const datagrams = ['1', '2', '3'].map((text) => {
      const datagram = mallory.build(commands.sendMessage, textTo(friend.uin, text));
      mallory.seq1++;
      mallory.seq2++;
      return datagram;
    });
    for (const datagram of datagrams.toReversed()) mallory.send(datagram);
    await friend.expect(replies.sysDeliveredMess, ({ parameters }) => parameters.at(-2) === 0x33);
    const told = friend.came.filter(({ packet }) => packet.command === replies.sysDeliveredMess.code);
    assert.deepEqual(
      told.map(({ packet }) => String.fromCharCode(packet.parameters.at(-2) as number)),
      ['1', '2', '3'],
    );
  }
});

abuse('numbers of long ago are dropped', 'udp_stale', async () => {
  const mallory = await Mallory.online();
  const first = mallory.say(commands.sendMessage, textTo(mallory.uin, 'long ago'));
  for (let i = 0; i < 70; i++) {
    mallory.say(commands.addToList, { uin: bob.uin });
    await mallory.settles();
  }
  mallory.send(first);
  await mallory.settles();
});

// ---------------------------------------------------------------- strangers

abuse('before sign-on no answer is longer than the question', 'udp_without_session', async () => {
  for (const version of [1, ...VERSIONS] as const) {
    for (const { module, declaration } of UDP_REGISTRY) {
      if (module !== 'commands' || declaration.since > version || declaration.until < version) continue;
      if ([commands.regNewUser.code, commands.registrationRequest.code, commands.registrationForm.code].includes(declaration.code)) continue;
      const mallory = await Mallory.at(version, 123_456);
      const parameters = encodeParameters(declaration, version, layoutOf(declaration, version).sample(chance));
      const datagram = mallory.packet(declaration.code, parameters.length === 0 ? PADDING.padding : parameters);
      mallory.send(datagram);
      // Answered after it, and one of its own kind.
      mallory.uin = 654_321;
      mallory.send(mallory.packet(commands.keepAlive.code, PADDING.padding, { seq1: 0x7777, seq2: version <= 2 ? 0 : 0x7777 }));
      await mallory.expect(replies.notConnected, (packet) => version <= 2 || packet.seq2 === 0x7777);
      const answers = mallory.came.filter(({ packet }) => packet.seq2 !== 0x7777);
      const last = version <= 2 ? answers.slice(0, -1) : answers;
      const bytes = last.reduce((sum, answer) => sum + answer.bytes, 0);
      assert.ok(bytes <= datagram.length, `version ${version}, command ${declaration.code.toString(16)}: ${bytes} bytes for ${datagram.length}`);
    }
  }
});

abuse('nor with the right password, and a flood of it is not answered', 'udp_refusals_held', async () => {
  const { uin } = await stage.person('mallory with an account');
  for (const version of [3, 4, 5] as const) {
    const mallory = await Mallory.at(version, uin);
    const asks = (): number => mallory.say(commands.getDeps, { uin, password: latin(PASSWORD), clientVersion: 0 }).length;
    const bytes = asks();
    const { seq1 } = await mallory.expect(replies.ack);
    assert.equal(seq1, mallory.seq1 - 1);
    const answers = mallory.came.map((answer) => answer.bytes);
    // He has acknowledged the list.
    const acknowledgement = mallory.packet(commands.ack.code, PADDING.padding).length;
    const asked = version === 5 ? bytes : bytes + acknowledgement;
    assert.ok(answers.reduce((sum, one) => sum + one, 0) <= asked, `version ${version}: ${answers.join(' and ')} bytes for ${asked}`);
    // One at a time, as fast as answers to another come: what comes while he is being looked at is no question of its own.
    const online = await Mallory.online();
    for (let i = 0; i < 50; i++) {
      asks();
      await online.settles();
    }
    assert.ok(mallory.came.length <= 50, `${mallory.came.length} answers`);
  }
});

abuse('a flood is not answered at all', 'udp_refusals_held', async () => {
  const mallory = await Mallory.at(5, 123_456, '127.0.200.1');
  for (let i = 0; i < 500; i++) mallory.send(mallory.packet(commands.keepAlive.code, PADDING.padding, { seq1: i }));
  const online = await Mallory.online();
  await online.settles();
  assert.ok(mallory.came.length <= 25, `${mallory.came.length} answers`);
});

abuse('a flood from within a session ends it, and its account stays outside for a while', 'udp_rate_disconnects', async () => {
  for (const version of VERSIONS) {
    const mallory = await Mallory.online(version);
    const give = Date.now() + PATIENCE_MS;
    const isOut = (): boolean => mallory.came.some(({ packet }) => packet.command === replies.goAway.code);
    while (!isOut() && Date.now() < give) {
      for (let i = 0; i < 50; i++) mallory.say(commands.sendMessage, textTo(mallory.uin, 'flood'));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await mallory.expect(replies.goAway);
    // Not from elsewhere either.
    const again = await Mallory.at(version, mallory.uin);
    again.say(commands.login, loginOf(version));
    await again.expect(replies.tryAgain);
  }
});

abuse('three registrations an hour and address, no more', 'udp_registrations_refused', async () => {
  const from = '127.0.201.1';
  let given = 0;
  for (let i = 0; i < 5; i++) {
    const mallory = await Mallory.at(5, 0, from);
    mallory.say(commands.regNewUser, { password: latin('pass1234'), clientVersion: 0xa0, id: 0x2461, tail: new Uint8Array(8) });
    const { parameters } = await mallory.expect(replies.ack);
    if (parameters[0] === 0x0a) given++;
  }
  assert.equal(given, 3);
});

// ---------------------------------------------------------------- parameters

abuse('truncated parameters are acknowledged and dropped, whatever the command', 'udp_malformed', async () => {
  for (const version of VERSIONS) {
    const mallory = await Mallory.online(version);
    for (const { module, declaration } of UDP_REGISTRY) {
      if (module !== 'commands' || declaration.since > version || declaration.until < version) continue;
      if (declaration === commands.sendTextCode || declaration === commands.login || declaration === commands.changePassword) continue;
      const whole = encodeParameters(declaration, version, layoutOf(declaration, version).sample(chance));
      for (const length of new Set([0, 1, Math.floor(whole.length / 2), Math.max(0, whole.length - 1)])) {
        mallory.sayParameters(declaration.code, whole.subarray(0, length));
      }
      await mallory.settles();
    }
  }
});

abuse('a text whose length lies is dropped, and one without its zero is taken', 'udp_malformed', async () => {
  for (const version of VERSIONS) {
    const mallory = await Mallory.online(version);
    const friend = await Mallory.online(version);
    const to = [friend.uin & 0xff, (friend.uin >> 8) & 0xff, (friend.uin >> 16) & 0xff, friend.uin >>> 24];
    mallory.sayParameters(commands.sendMessage.code, Uint8Array.of(...to, 1, 0, 0xff, 0xff, 0x68, 0x69, 0));
    mallory.sayParameters(commands.sendMessage.code, Uint8Array.of(...to, 1, 0, 0, 0));
    mallory.sayParameters(commands.sendMessage.code, Uint8Array.of(...to, 1, 0, 2, 0, 0x68, 0x69));
    await friend.expect(replies.sysDeliveredMess, ({ parameters }) => parameters[8] === 0x68);
    await mallory.settles();
  }
});

abuse('nobody writes in the name of the server, of the pagers or of its broadcasts', 'udp_datagrams_received', async () => {
  for (const version of VERSIONS) {
    const mallory = await Mallory.online(version);
    const friend = await Mallory.online(version);
    for (const type of [0x09, 0x0d, 0x0e, 0x14, 0x1a, 0xe8])
      mallory.say(commands.sendMessage, { to: friend.uin, type, text: latin('a\xfe\xfe\xfeb\xfe3\xfetext') });
    mallory.say(commands.sendMessage, textTo(friend.uin, 'mine'));
    await friend.expect(replies.sysDeliveredMess);
    assert.deepEqual(
      friend.came.filter(({ packet }) => packet.command === replies.sysDeliveredMess.code).map(({ packet }) => packet.parameters[4]),
      [1],
      `version ${version}: his text, and nothing else`,
    );
  }
});

// ---------------------------------------------------------------- no packets at all

abuse('versions 0, 6 and 65535 are dropped', 'udp_bad_versions', async () => {
  const mallory = await Mallory.online();
  for (const version of [0, 6, 0xffff]) {
    const datagram = mallory.build(commands.keepAlive, PADDING);
    datagram[0] = version & 0xff;
    datagram[1] = version >>> 8;
    mallory.send(datagram);
  }
  await mallory.hearsOnlyOfItsKeepAlive();
});

abuse('datagrams too short for their header, or longer than any packet, are dropped', 'udp_bad_lengths', async () => {
  const mallory = await Mallory.online();
  for (const version of [1, ...VERSIONS]) for (let length = 0; length < 6; length++) mallory.send(Uint8Array.of(version, 0, 0, 0, 0, 0).subarray(0, length));
  mallory.send(new Uint8Array(5_000).fill(5));
  await mallory.settles();
});

abuse('what servers send is not answered', 'udp_bad_directions', async () => {
  const mallory = await Mallory.online();
  const datagram = mallory.build(commands.keepAlive, PADDING);
  datagram[3] = 0x7f;
  mallory.send(datagram);
  await mallory.settles();
});

// ---------------------------------------------------------------- the vectors

interface Vectors {
  readonly vectors: readonly { readonly name: string; readonly wire: string }[];
  readonly negative: readonly { readonly name: string; readonly wire: string; readonly expect: string }[];
}

const { vectors, negative } = JSON.parse(readFileSync(new URL('../../docs/protocol/icq-udp-vectors.json', import.meta.url), 'utf8')) as Vectors;
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

abuse('the negative datagrams of the reference get no answer', 'udp_bad_checks', async () => {
  for (const { name, wire, expect } of negative) {
    const mallory = await Mallory.at(5, 123_456);
    mallory.send(hex(wire));
    mallory.send(mallory.packet(commands.keepAlive.code, PADDING.padding, { seq2: 0x7777 }));
    await mallory.expect(replies.notConnected, (packet) => packet.seq2 === 0x7777);
    const answers = mallory.came.length - 1;
    assert.ok(answers === 0 || !['reject', 'drop'].includes(expect), `${name}: ${answers} answers`);
  }
});

/** The largest datagram of a server's (§28). */
const ANSWER_BYTES_MAX = 1_400;
const TO_STRANGERS: ReadonlySet<string> = new Set(['ack', 'notConnected', 'badPass', 'tryAgain', 'loginErr', 'depsList', 'newUin']);

function sessionsOf(...people: readonly { readonly uin: number }[]): readonly string[] {
  return people.flatMap(({ uin }) => stage.server.core.admin.sessionsOf(uin as Uin).map(({ id }) => id));
}

function mutated(): Uint8Array {
  const wire = hex((vectors[below(vectors.length)] as { readonly wire: string }).wire);
  for (let changes = 1 + below(4); changes > 0; changes--) wire[below(wire.length)] = below(256);
  return chance() < 0.2 ? wire.subarray(0, below(wire.length + 1)) : wire;
}

abuse(`${MUTATED.toLocaleString('en')} mutated vectors are dropped or answered, counted, and nobody notices`, 'udp_bad_checks', async () => {
  const earlier = await events();
  // Whose they are: he signs on with them, from where they come.
  assert.ok(!((await stage.server.core.admin.create({ uin: asUin(1_234_567) as Uin, password: PASSWORD })) instanceof Refused));
  const signOn = hex((vectors.find(({ name }) => name === 'v5-login-99b') as { readonly wire: string }).wire);
  const others = sessionsOf(alice, bob);
  const mallory = await Mallory.online();
  // In portions, so that none gets lost in front of the server.
  for (let sent = 0; sent < MUTATED; sent += 200) {
    if (sent % 1_000 === 0) mallory.send(signOn);
    for (let i = 0; i < 200; i++) mallory.send(mutated());
    for (const { packet, bytes } of await mallory.settles()) {
      assert.ok(bytes <= ANSWER_BYTES_MAX, `${bytes} bytes`);
      const name = UDP_REGISTRY.find(({ module, declaration }) => module === 'replies' && declaration.code === packet.command)?.name;
      assert.ok(name !== undefined, `${packet.command.toString(16)} is no packet of the reference`);
      if (packet.version === 5 && packet.uin !== mallory.uin && packet.uin !== 1_234_567) assert.ok(TO_STRANGERS.has(name), `a stranger is told ${name}`);
    }
    if (sent % 25_000 === 0) await witness();
  }
  const later = await events();
  const rise = (event: string): number => (later.get(event) ?? 0) - (earlier.get(event) ?? 0);
  assert.ok(rise('udp_datagrams_received') >= MUTATED, `${rise('udp_datagrams_received')} arrived`);
  // One is his own.
  assert.ok(rise('udp_sign_ons') > 1, 'the vectors reach a session');
  for (const event of ['udp_without_session', 'udp_unknown', 'udp_repeated', 'udp_early']) assert.ok(rise(event) > 0, `${event} is counted`);
  assert.deepEqual(sessionsOf(alice, bob), others, 'the others are where they were');
});
