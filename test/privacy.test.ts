/**
 * Who sees what of whom (docs/protocol/oscar.md §10.1, §15): a real server, people of every relation to each other, and a
 * search through every byte each of them was sent, for what each of the others has to hide. Those who may see something have
 * to find it, so the search is known to work.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Refused } from '@seekyou/core';
import { createLog, loadConfig, type RunningServer, startServer } from '@seekyou/server';
import { encode } from '@seekyou/wire';
import { buddy, Capability, feedbag, icbm, icqMeta, ipv4, location, oservice, rendezvous, StatusFlag } from '@seekyou/wire/oscar';
import { encodeText } from '@seekyou/wire/text';
import { commands, replies } from '@seekyou/wire/udp';
import { RawUdpClient } from './wire/raw-udp-client.ts';
import { oldClient, OLD_CAPABILITIES, type Place, type RawClient, settled } from './wire/raw-client.ts';

const PASSWORD = 'secret12';
const INVISIBLE = 0x0100;
const RELAYS = '127.72.0.0/16';
/** 07DA 0366 with success, behind a sequence number of ours. */
const RANDOM_FOUND = Buffer.from('da07070066030a', 'hex');

/** What somebody may have to hide, and how much of it a relation shows. */
const FACTS = ['external', 'internal', 'port', 'cookie', 'version', 'times', 'capability', 'software'] as const;
type Fact = (typeof FACTS)[number];

const AS_SENT: readonly Fact[] = ['version', 'times', 'capability'];
const RELATIONS = {
  /** Not contacts of each other, or worse. */
  nothing: [],
  /** A contact, but no address may be told. */
  contact: AS_SENT,
  /** Mutual contacts, and nobody forbids it. */
  direct: [...AS_SENT, 'external', 'port'],
  /** The same, behind one address. */
  neighbour: [...AS_SENT, 'external', 'port', 'internal'],
} satisfies Record<string, readonly Fact[]>;

interface Cast {
  readonly from: string;
  /** Speaks that version of the UDP protocol; absent: OSCAR. */
  readonly udp?: 2 | 5;
  readonly status?: number;
  readonly authorisationRequired?: boolean;
  readonly hideAddress?: boolean;
  /** On his contact list. */
  readonly lists?: readonly Name[];
  readonly ignores?: readonly Name[];
}

const CAST = {
  anna: { from: '127.71.1.11', lists: ['boris', 'nina', 'ursula', 'viktor'], ignores: ['ivan'] },
  boris: { from: '127.71.1.12', lists: ['anna', 'hanna', 'hugo', 'irma', 'rudi', 'wanda', 'ursula', 'ulf'] },
  /** Stands behind the same address as Anna. */
  nina: { from: '127.71.1.11', lists: ['anna', 'hanna', 'rudi'] },
  /** Has Anna on his list, and she does not have him. */
  oleg: { from: '127.71.1.14', lists: ['anna'] },
  ivan: { from: '127.71.1.15', lists: ['anna'] },
  /** Knows nobody, writes to everybody. */
  pavel: { from: '127.71.1.16' },
  hanna: { from: '127.71.1.17', status: StatusFlag.hideIp, lists: ['boris', 'nina'] },
  hugo: { from: '127.71.1.18', hideAddress: true, lists: ['boris'] },
  irma: { from: '127.71.1.19', status: INVISIBLE, lists: ['boris'] },
  wanda: { from: '127.71.1.20', authorisationRequired: true, lists: ['boris'] },
  /** Behind a relay that hides its clients. */
  rudi: { from: '127.72.0.5', lists: ['boris', 'nina', 'rosa'] },
  rosa: { from: '127.72.0.5', lists: ['rudi'] },
  ursula: { from: '127.71.1.31', udp: 5, lists: ['anna', 'boris', 'viktor'] },
  viktor: { from: '127.71.1.32', udp: 2, lists: ['anna', 'ursula'] },
  /** Hides his address. */
  ulf: { from: '127.71.1.33', udp: 5, status: StatusFlag.hideIp, lists: ['boris'] },
  /** Knows nobody. */
  xenia: { from: '127.71.1.34', udp: 5 },
} as const satisfies Record<string, Omit<Cast, 'lists' | 'ignores'> & { readonly lists?: readonly string[]; readonly ignores?: readonly string[] }>;
type Name =
  | 'anna'
  | 'boris'
  | 'nina'
  | 'oleg'
  | 'ivan'
  | 'pavel'
  | 'hanna'
  | 'hugo'
  | 'irma'
  | 'wanda'
  | 'rudi'
  | 'rosa'
  | 'ursula'
  | 'viktor'
  | 'ulf'
  | 'xenia';
const NAMES = Object.keys(CAST) as Name[];

/** Subject, observer, and what they are to each other; all other pairs see nothing. */
const MAY_SEE: readonly (readonly [subject: Name, observer: Name, relation: keyof typeof RELATIONS])[] = [
  ['anna', 'boris', 'direct'],
  ['boris', 'anna', 'direct'],
  ['anna', 'nina', 'neighbour'],
  ['nina', 'anna', 'neighbour'],
  ['hanna', 'boris', 'contact'],
  ['boris', 'hanna', 'direct'],
  ['hanna', 'nina', 'contact'],
  ['nina', 'hanna', 'direct'],
  ['hugo', 'boris', 'contact'],
  ['boris', 'hugo', 'direct'],
  ['rudi', 'boris', 'contact'],
  ['boris', 'rudi', 'direct'],
  ['rudi', 'nina', 'contact'],
  ['nina', 'rudi', 'direct'],
  ['rudi', 'rosa', 'contact'],
  ['rosa', 'rudi', 'contact'],
  ['anna', 'ursula', 'direct'],
  ['ursula', 'anna', 'direct'],
  ['boris', 'ursula', 'direct'],
  ['ursula', 'boris', 'direct'],
  ['anna', 'viktor', 'direct'],
  ['viktor', 'anna', 'direct'],
  ['ursula', 'viktor', 'direct'],
  ['viktor', 'ursula', 'direct'],
  ['ulf', 'boris', 'contact'],
  ['boris', 'ulf', 'direct'],
  // He told the server that she is his contact.
  ['oleg', 'anna', 'contact'],
  // They see him, he does not see them: one is invisible, the other was not asked.
  ['boris', 'irma', 'direct'],
  ['boris', 'wanda', 'direct'],
];

interface Person {
  readonly name: Name;
  readonly uin: number;
  readonly client: RawClient | RawUdpClient;
  readonly internal: string;
  readonly needles: ReadonlyMap<Fact, readonly Buffer[]>;
}

test('nobody is sent an address, a program or a time he may not see, in any form', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'seekyou-privacy-'));
  const options = {
    data,
    listen: ['127.0.0.1:0'],
    udp: ['127.0.0.1:0'],
    admin: '127.0.0.1:0',
    plain_relays: [RELAYS],
    advertise: ['127.0.0.1'],
    // They ask more than people do.
    'limits.searches_at_once_max': 10_000,
  };
  const server = await startServer(loadConfig({ options, environment: {} }), createLog({ logFile: join(data, 'log'), logLevel: 'warn' }));
  const people: Person[] = [];
  try {
    const portOf = (addresses: readonly string[]): number => Number(/:(\d+)$/.exec(addresses[0] as string)?.[1]);
    const place = { host: '127.0.0.1', port: portOf(server.addresses), udpPort: portOf(server.udpAddresses) };
    const uins = await accounts(server);
    for (const [index, name] of NAMES.entries()) people.push(await arrives(place, uins, name, index));
    await Promise.all(people.map((person) => makesLists(person, uins)));
    await rests(people);
    for (const person of people) for (const other of people) if (other !== person) await meets(person, other);
    await chatsAtRandom(people);
    await rests(people);
    for (const { name, client } of people) goesAway(client, (statusOf(name) | 0x0001) >>> 0);
    await rests(people);
    assert.ok(
      people.some(({ client }) => Buffer.concat(client.bytes).includes(RANDOM_FOUND)),
      'somebody found somebody at random',
    );
    const found = findings(people);
    t.diagnostic(`${people.reduce((sum, { client }) => sum + size(client), 0)} bytes to ${people.length} people were searched`);
    assert.deepEqual(found, expected());
  } finally {
    for (const { client } of people) client.destroy();
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
});

// ---------------------------------------------------------------- the people

const castOf = (name: Name): Cast => CAST[name];
const statusOf = (name: Name): number => castOf(name).status ?? 0;

async function accounts(server: RunningServer): Promise<ReadonlyMap<Name, number>> {
  const uins = new Map<Name, number>();
  for (const name of NAMES) {
    const { authorisationRequired = false, hideAddress = false } = castOf(name);
    const made = await server.core.admin.create({ password: PASSWORD, nickname: name, authorisationRequired });
    assert.ok(!(made instanceof Refused));
    await server.core.admin.set(made.uin, { hideAddress });
    uins.set(name, made.uin);
  }
  return uins;
}

/** Everything about each person occurs nowhere else. */
async function arrives(server: Place & { readonly udpPort: number }, uins: ReadonlyMap<Name, number>, name: Name, index: number): Promise<Person> {
  const uin = uins.get(name) as number;
  const { from, udp } = castOf(name);
  const internal = `10.91.${200 + index}.${171 - index}`;
  // OSCAR has room for 32 bits; no client has such a port, and two bytes alone would be found by chance.
  const port = (udp === undefined ? 0x5a17_0000 : 0) + 47_043 + index * 257;
  const version = 0xa7c1 + index;
  const cookie = 0xd1ce_0000 + index * 0x101 + 0x77;
  const times = [0x5ea1_0000, 0x5ea2_0000, 0x5ea3_0000].map((base) => base + index * 0x0101 + 0x90) as [number, number, number];
  const capability = `5EE4C0DE${index.toString(16).padStart(2, '0').toUpperCase()}4A11D19E6F00C04FB6A1E9`;
  const program = `Spyglass ${name} messenger`;
  const distribution = 0x5ec0_ff10 + index;
  const who = { uin, password: PASSWORD };
  const client =
    udp === undefined
      ? await oldClient({ ...server, from }, who, {
          login: { clientName: program, distribution },
          capabilities: [...OLD_CAPABILITIES, capability],
          status: statusOf(name),
          direct: { internalIp: internal, port, version, cookie, infoTime: times[0], extendedInfoTime: times[1], extendedStatusTime: times[2] },
        })
      : await RawUdpClient.signsOn({ ...server, port: server.udpPort, from }, who, {
          version: udp,
          status: statusOf(name),
          port,
          address: internal,
          tcpVersion: version,
        });
  const needles = new Map<Fact, readonly Buffer[]>([
    ['external', addressForms(from)],
    ['internal', addressForms(internal)],
    [
      'port',
      udp === undefined
        ? numberForms(port)
        : shortForms(
            port,
            [
              [0, 0, 0, 0, 0, 0],
              [...bytesOf(internal), 0, 0],
            ],
            bytesOf(from),
          ),
    ],
    ['cookie', numberForms(cookie)],
    // With what stands before it in a DC block, for contacts and for who may connect, and behind a status by UDP.
    [
      'version',
      [
        ...shortForms(
          version,
          [
            [0, 0, 0, 0, 0],
            [...bigEndian(port), 4],
          ],
          [0, 0],
        ),
        ...shortForms(version, [], [2, 0]),
      ],
    ],
    ['times', times.flatMap(numberForms)],
    ['capability', [Buffer.from(capability, 'hex'), ...textForms(capability), ...textForms(capability.toLowerCase())]],
    ['software', [...textForms(program), ...numberForms(distribution)]],
  ]);
  return { name, uin, client, internal, needles };
}

async function makesLists({ name, client }: Person, uins: ReadonlyMap<Name, number>): Promise<void> {
  const { lists = [], ignores = [] } = castOf(name);
  const listed = lists.map((one) => uins.get(one) as number);
  if (client instanceof RawUdpClient) {
    client.say(commands.contactList, { uins: listed });
    // Only then others see him.
    await client.expect(replies.endOfContactList);
    return;
  }
  for (const [index, ignored] of ignores.entries()) {
    await client.ask(feedbag.insertItems, { items: [feedbag.makeItem(feedbag.ItemType.ignore, 0, 100 + index, String(uins.get(ignored)))] }, feedbag.status);
  }
  if (lists.length > 0) client.snac(buddy.addBuddies, { screenNames: listed.map(String) });
}

function goesAway(client: Person['client'], status: number): void {
  if (client instanceof RawUdpClient) client.say(commands.statusChange, { status });
  else client.snac(oservice.setNicknameFields, { tlvs: { status } });
}

/** Everything that was said has arrived. */
async function rests(people: readonly Person[]): Promise<void> {
  for (let round = 0; round < 2; round++) {
    for (const { client } of people) await (client instanceof RawUdpClient ? client.settled() : settled(client));
  }
}

/** Writes, types, offers a file, and asks everything one can ask about somebody. */
async function meets({ uin, client }: Person, other: Person): Promise<void> {
  if (client instanceof RawUdpClient) {
    await meetsByUdp(client, other.uin);
    return;
  }
  const to = String(other.uin);
  const imData = encode(icbm.fragments, [
    { id: icbm.FragmentId.capabilities, version: 1, data: Uint8Array.of(1) },
    { id: icbm.FragmentId.text, version: 1, data: encode(icbm.textFragment, { charset: 0, subset: 0, text: encodeText('hello', 1252).bytes }) },
  ]);
  client.snac(icbm.channelMsgToHost, { cookie: randomBytes(8), channel: icbm.Channel.plain, recipient: to, tlvs: { imData, store: true } });
  client.snac(icbm.clientEvent, { cookie: new Uint8Array(8), channel: 1, screenName: to, event: icbm.TypingEvent.begun });
  client.snac(icbm.channelMsgToHost, { cookie: randomBytes(8), channel: icbm.Channel.rendezvous, recipient: to, tlvs: { data: fileOffer() } });
  for (const type of Object.values(location.InfoType)) client.snac(location.userInfoQuery, { type, screenName: to });
  client.snac(location.userInfoQuery2, { flags: 0xffff_ffff, screenName: to });
  // The subject of full, short and phone information, and of searches by UIN, in both forms.
  const le32 = [0, 8, 16, 24].map((shift) => (other.uin >>> shift) & 255);
  for (const subtype of [0x04b2, 0x04cf, 0x04d0, 0x04ba, 0x0654, 0x051f]) meta(client, uin, subtype, le32);
  meta(client, uin, 0x0569, [0x36, 0x01, 4, 0, ...le32]);
  const nothing = [1, 0, 0];
  meta(client, uin, 0x0515, [...nothing, ...nothing, other.name.length + 1, 0, ...Buffer.from(`${other.name}\0`, 'latin1')]);
  await settled(client);
}

/** Everybody offers himself to strangers, with all that his client tells for that, and looks for others. */
async function chatsAtRandom(people: readonly Person[]): Promise<void> {
  const group = 1;
  for (const { uin, name, client, internal } of people) {
    if (client instanceof RawUdpClient) {
      if (castOf(name).udp === 5) client.say(commands.randSet, { group });
    } else meta(client, uin, 0x0758, [group, 0, ...bytesOf(castOf(name).from), 0, 0, 0x12, 0x34, ...bytesOf(internal), 4, 8, 0]);
  }
  await rests(people);
  for (const { uin, name, client } of people) {
    for (let times = 0; times < 8; times++) {
      if (!(client instanceof RawUdpClient)) meta(client, uin, 0x074e, [group, 0]);
      else if (castOf(name).udp === 5) client.say(commands.randSearch, { group });
    }
  }
}

async function meetsByUdp(client: RawUdpClient, other: number): Promise<void> {
  client.say(commands.sendMessage, { to: other, type: 1, text: Buffer.from('hello', 'latin1') });
  client.say(commands.searchUin, { requestSeq: 1, uin: other });
  client.say(commands.infoReq, { requestSeq: 2, uin: other });
  client.say(commands.extInfoReq, { requestSeq: 3, uin: other });
  await client.settled();
}

function meta(client: RawClient, owner: number, subtype: number, parameters: readonly number[]): void {
  const data = encode(icqMeta.metaRequestData, { subtype, data: Uint8Array.from(parameters) });
  client.snac(icqMeta.request, { block: { owner, type: icqMeta.IcqType.metaRequest, sequence: Uint8Array.of(7, 0), data } });
}

/** A file offer of somebody who does not want to tell his address, and whose client does not think about it. */
function fileOffer(): Uint8Array {
  const tlv = (type: number, data: Uint8Array) => ({ type, data });
  const extra = [
    tlv(0x0a, Uint8Array.of(0, 1)),
    tlv(0x0f, new Uint8Array(0)),
    tlv(0x05, Uint8Array.of(0x14, 0x46)),
    tlv(0x02, encode(ipv4, '10.200.0.1')),
    tlv(0x03, encode(ipv4, '10.200.0.1')),
  ];
  return encode(rendezvous.rendezvousEnvelope, {
    type: rendezvous.RendezvousType.request,
    cookie: randomBytes(8),
    capability: Capability.fileTransfer,
    tlvs: { extra },
  });
}

// ---------------------------------------------------------------- the search

/** As text of one byte and of two bytes a character. */
function textForms(text: string): Buffer[] {
  return [Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()];
}

/** 32 bits: both orders, in bytes and in hexadecimal, and in decimal. */
function numberForms(value: number): Buffer[] {
  const big = Buffer.alloc(4);
  big.writeUInt32BE(value);
  const little = Buffer.from(big.toReversed());
  const hex = [big, little].flatMap((bytes) => [bytes.toString('hex'), bytes.toString('hex').toUpperCase()]);
  const decimal = [big, little].map((bytes) => String(bytes.readUInt32BE()));
  return [big, little, ...[...hex, ...decimal].flatMap(textForms)];
}

/** 16 bits behind what stands before them: big-endian behind each of some, and as 32 bits little-endian behind another. */
function shortForms(value: number, before: readonly (readonly number[])[], beforeLittle: readonly number[]): Buffer[] {
  const [high, low] = [value >>> 8, value & 255];
  return [...before.map((bytes) => Buffer.of(...bytes, high, low)), Buffer.of(...beforeLittle, low, high, 0, 0)];
}

const bytesOf = (address: string): number[] => address.split('.').map(Number);
const bigEndian = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);

function addressForms(address: string): Buffer[] {
  const bytes = bytesOf(address);
  return [...numberForms(Buffer.from(bytes).readUInt32BE()), ...textForms(address), ...textForms(bytes.toReversed().join('.'))];
}

const size = (client: Person['client']): number => client.bytes.reduce((sum, { length }) => sum + length, 0);

/** `anna is shown to boris: external port …` */
function findings(people: readonly Person[]): string[] {
  return people.flatMap((subject) =>
    people.flatMap((observer) => {
      if (observer === subject) return [];
      const all = Buffer.concat(observer.client.bytes);
      return shown(
        subject.name,
        observer.name,
        FACTS.filter((fact) => subject.needles.get(fact)?.some((needle) => all.includes(needle)) === true),
      );
    }),
  );
}

function expected(): string[] {
  return NAMES.flatMap((subject) =>
    NAMES.flatMap((observer) => {
      if (observer === subject) return [];
      const allowed = relationOf(subject, observer).filter((fact) => canBeTold(fact, subject, observer));
      // Who may know the address of one of two people behind it has it from there.
      const knowsAddress = NAMES.some(
        (name) => castOf(name).from === castOf(subject).from && (name === observer || (relationOf(name, observer) as readonly Fact[]).includes('external')),
      );
      // Behind a relay not even one's own address is known to the server.
      const known = !castOf(subject).from.startsWith(RELAYS.slice(0, 6));
      return shown(
        subject,
        observer,
        FACTS.filter((fact) => (fact === 'external' ? known && knowsAddress : allowed.includes(fact))),
      );
    }),
  );
}

/** The UDP protocols know no capabilities, and only the last of them has times. */
function canBeTold(fact: Fact, subject: Name, observer: Name): boolean {
  if (fact === 'capability') return castOf(subject).udp === undefined && castOf(observer).udp === undefined;
  return fact !== 'times' || (castOf(subject).udp === undefined && castOf(observer).udp !== 2);
}

function relationOf(subject: Name, observer: Name): readonly Fact[] {
  return RELATIONS[MAY_SEE.find((one) => one[0] === subject && one[1] === observer)?.[2] ?? 'nothing'];
}

function shown(subject: Name, observer: Name, facts: readonly Fact[]): string[] {
  return facts.length === 0 ? [] : [`${subject} is shown to ${observer}: ${facts.join(' ')}`];
}
