/**
 * What must not be said of people, pictures and rooms, said over real sockets to a live server: details that cannot be, numbers of
 * others, pictures that are none, names that deceive, rooms of others, questions that fit everybody. Each gets its answer, while two
 * others who are in a room together, one of whom shows a picture, notice nothing.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { RequestRefused } from '@seekyou/client';
import { decode, encode } from '@seekyou/wire';
import {
  bart,
  type BartItem,
  BartFlag,
  bartItem,
  BartType,
  Capability,
  chat,
  chatNavigation,
  decodeSnac,
  decodeSnacBody,
  directory,
  ErrorCode,
  extended,
  Family,
  feedbag,
  FlapChannel,
  type FlapFrame,
  icbm,
  icqMeta,
  invitation,
  lookup,
  oservice,
  rendezvous,
  type Snac,
} from '@seekyou/wire/oscar';
import { encodeUcs2 } from '@seekyou/wire/text';
import { openStage, PASSWORD, type Person, type Stage } from '../dialogue/stage.ts';
import { cookieLike, oldClient, RawClient, settled, shows } from '../wire/raw-client.ts';

const utf8 = new TextEncoder();
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const hex = (text: string): Uint8Array => Uint8Array.from(text.split(' '), (digits) => Number.parseInt(digits, 16));
const GIF = ascii('GIF89a, more or less');
const { failed, noData, success, textError } = icqMeta.MetaResult;

interface Scene {
  readonly stage: Stage;
  readonly alice: Person;
  readonly bob: Person;
  readonly mallory: { readonly uin: number; readonly client: RawClient };
  /** Of Alice's private room. */
  readonly room: string;
}

/** Alice has told of herself and shows a picture; she is in a public room with Bob, and alone in a private one. */
function abuse(name: string, play: (scene: Scene) => Promise<void>): void {
  test(name, async (t) => {
    const stage = await openStage({ 'limits.profile': 'bench', 'limits.searches_at_once_max': 100_000, 'limits.password_tries_max': 1_000 });
    const [alice, bob, somebody] = [await stage.person('alice'), await stage.person('bob'), await stage.person('mallory')];
    let client: RawClient | undefined;
    try {
      for (const person of [alice, bob]) await person.signsOn();
      await alice.client.directory.tell({ nickname: 'Anna', about: 'before', email: 'anna@example.org', hideEmail: true });
      await bob.client.add(alice.uin);
      await bob.sees(alice, 'online');
      await alice.client.avatars.show(GIF);
      await bob.expects('her picture', (event) => event.type === 'presence' && bob.client.avatars.has(alice.uin));
      await alice.client.rooms.join('cats');
      await bob.client.rooms.join('cats');
      await alice.expects('Bob in the room', (event) => event.type === 'room-joined');
      const { id: room } = await alice.client.rooms.join('plans', { private: true });
      client = await oldClient(stage, { uin: somebody.uin, password: PASSWORD });
      await play({ stage, alice, bob, mallory: { uin: somebody.uin, client }, room });
      await settled(client);
      await unharmed(stage, alice, bob);
    } catch (error) {
      t.diagnostic(`came to Mallory: ${client?.frames.length ?? 0} frames that nobody took`);
      throw error;
    } finally {
      client?.destroy();
      await stage.close();
    }
  });
}

async function unharmed(stage: Stage, alice: Person, bob: Person): Promise<void> {
  const read = await bob.client.directory.info(alice.uin);
  assert.deepEqual([read?.nickname, read?.about, read?.email], ['Anna', 'before', '']);
  assert.deepEqual(await bob.client.avatars.of(alice.uin), GIF);
  assert.deepEqual(
    alice.client.rooms.joined().map(({ name, uins }) => [name, uins]),
    [
      ['cats', [alice.uin, bob.uin]],
      ['plans', [alice.uin]],
    ],
  );
  await alice.client.rooms.say('cats', 'still here');
  const line = await bob.expects('a line in the room', (event) => event.type === 'room-line');
  assert.equal(line.type === 'room-line' && line.text, 'still here');
  await bob.says(alice, 'after');
  await alice.hears(bob, 'after');
  for (const person of [alice, bob]) await person.hearsNothingMore();
  const figures = await (await fetch(`${stage.server.adminUrl}/metrics`)).text();
  assert.match(figures, /^seekyou_events_total\{event="oscar_handler_failures"\} 0$/m, 'nothing of ours failed');
}

type Mallory = Scene['mallory'];

/** The subtype and the result of the last part of an answer. */
async function asks({ uin, client }: Mallory, data: Uint8Array): Promise<number> {
  const block = { owner: uin, type: icqMeta.IcqType.metaRequest, sequence: Uint8Array.of(2, 0), data };
  const request = client.snac(icqMeta.request, { block });
  for (;;) {
    const part = await client.raw(icqMeta.reply, request);
    if ((part.flags & 1) !== 0) continue;
    const { block: answered } = decodeSnacBody(icqMeta.reply, part.data);
    return decode(icqMeta.metaReplyData, answered?.data ?? new Uint8Array(0)).result;
  }
}

function tells<T>(mallory: Mallory, declaration: icqMeta.MetaRequest<T>, value: T): Promise<number> {
  return asks(mallory, icqMeta.encodeMetaRequest(declaration, value));
}

/** A connection beside Mallory's session. */
async function beside({ stage, mallory }: Scene, family: number): Promise<RawClient> {
  const { tlvs } = await mallory.client.ask(oservice.serviceRequest, { family, tlvs: {} }, oservice.serviceResponse);
  return opened(stage, tlvs);
}

async function opened(stage: Stage, { address = '', cookie = new Uint8Array(0) }: oservice.ServiceResponse['tlvs']): Promise<RawClient> {
  const [host = '', port] = address.split(':');
  const client = await shows({ ...stage, host, port: Number(port) }, cookie);
  await client.expect(oservice.hostOnline);
  client.snac(oservice.clientOnline, { families: [] });
  return client;
}

/** The answer to a request, whatever it is. */
async function anyAnswer(client: RawClient, request: number): Promise<Snac> {
  const fits = ({ channel, payload }: FlapFrame): boolean => channel === FlapChannel.snac && decodeSnac(payload).requestId === request;
  return decodeSnac((await client.frame(`an answer to request ${request}`, fits)).payload);
}

// ---------------------------------------------------------------- details

abuse('texts without their zero, with another inside, and of no length are read as what they say', async ({ bob, mallory }) => {
  for (const [data, about] of [
    ['06 04 03 00 61 62 63', 'abc'],
    ['06 04 06 00 61 62 00 63 64 00', 'ab'],
    ['06 04 00 00', ''],
    ['06 04 03 00 64 65 66 00 00 00', 'def'],
  ] as const) {
    assert.equal(await asks(mallory, hex(data)), success, data);
    assert.equal((await bob.client.directory.info(mallory.uin))?.about, about, data);
  }
});

const MORE = { age: 0, gender: 0, homepage: ascii(''), birthYear: 0, birthMonth: 0, birthDay: 0, language1: 0, language2: 0, language3: 0 };

abuse('days that never were, and genders there are not, are refused in every form', async ({ bob, mallory }) => {
  assert.equal(await tells(mallory, icqMeta.setMoreInfo, { ...MORE, birthYear: 1974, birthMonth: 5, birthDay: 31, gender: 2 }), success);
  for (const [birthYear, birthMonth, birthDay] of [
    [1999, 2, 30],
    [1900, 2, 29],
    [1999, 13, 1],
    [1999, 4, 31],
    [1999, 0, 5],
    [0, 255, 255],
    [1, 1, 1],
    [9999, 1, 1],
    [65_535, 12, 31],
  ] as const) {
    const day = `${birthYear}-${birthMonth}-${birthDay}`;
    assert.equal(await tells(mallory, icqMeta.setMoreInfo, { ...MORE, birthYear, birthMonth, birthDay }), failed, day);
    assert.equal(await tells(mallory, icqMeta.setInfoTlvs, { birthday: { year: birthYear, month: birthMonth, day: birthDay }, extra: [] }), failed, day);
  }
  for (const gender of [3, 9, 255]) {
    assert.equal(await tells(mallory, icqMeta.setMoreInfo, { ...MORE, gender }), failed);
    assert.equal(await tells(mallory, icqMeta.setInfoTlvs, { gender, extra: [] }), failed);
  }
  for (const birthday of [1e300, -1e9, Number.MAX_SAFE_INTEGER]) {
    const result = await updates(mallory, { birthday, extra: [] });
    assert.ok(result === failed || result === success, String(result));
  }
  const read = await bob.client.directory.info(mallory.uin);
  assert.equal(read?.gender, 2);
  assert.ok(['1974-05-31', ''].includes(read?.birthday ?? 'none'), read?.birthday);
});

/** 0FD2. */
function updates(mallory: Mallory, fields: icqMeta.DirectoryFields): Promise<number> {
  const body = encode(icqMeta.directoryUpdateBody, { kind: icqMeta.DirectoryKind.withInterests, fields });
  const { update } = icqMeta.DirectorySubtype;
  return tells(mallory, icqMeta.directoryUpdate, { family: 0x05b9, subtype: update, flags: 0, requestId: 2, zero: 0, codepage: 0, two: 2, body });
}

abuse('codes beyond all tables are refused, and what was told with them; a time zone nobody has is none', async ({ bob, mallory }) => {
  const topics = [{ category: 150, keywords: ascii('what') }];
  assert.equal(await tells(mallory, icqMeta.setInfoTlvs, { nick: ascii('before'), country: 61_891, interests: topics, extra: [] }), success);
  const beyond = [{ category: 65_535, keywords: ascii('what') }];
  for (const codes of [
    { country: 65_535 },
    { originCountry: 64_000 },
    { workCountry: 10_000 },
    { occupation: 50_000 },
    { languages: [12, 255] },
    { marital: 256 },
    { interests: beyond },
    { past: beyond },
    { affiliations: [...topics, ...beyond] },
  ])
    assert.equal(await tells(mallory, icqMeta.setInfoTlvs, { nick: ascii('after'), ...codes, extra: [] }), failed, JSON.stringify(codes));
  const read = await bob.client.directory.info(mallory.uin);
  assert.deepEqual([read?.nickname, read?.country, read?.originCountry, read?.occupation, read?.languages], ['before', 61_891, 0, 0, []]);
  assert.deepEqual(read?.interests, [{ category: 150, text: 'what' }]);
  for (const [gmtOffset, shown] of [
    [24, 24],
    [-24, -24],
    [25, -100],
    [-128, -100],
    [127, -100],
  ] as const) {
    assert.equal(await tells(mallory, icqMeta.setInfoTlvs, { gmtOffset, extra: [] }), success);
    assert.equal((await bob.client.directory.info(mallory.uin))?.gmtOffset, shown, String(gmtOffset));
  }
});

abuse('texts of 64 KiB are refused wherever people write', async (scene) => {
  const { mallory } = scene;
  const long = new Uint8Array(60_000).fill(0x41);
  for (const tlvs of [{ nick: long }, { about: long }, { homepage: long }, { interests: [{ category: 1, keywords: long }] }, { emails: [{ email: long }] }])
    assert.equal(await tells(mallory, icqMeta.setInfoTlvs, { ...tlvs, extra: [] }), failed, Object.keys(tlvs)[0]);
  assert.equal(await updates(mallory, { about: 'x'.repeat(60_000), extra: [] }), failed);
  assert.notEqual(await tells(mallory, icqMeta.sendSms, { one: 1, twentyTwo: 0x16, zeros: new Uint8Array(16), zero: 0, xml: long }), success);
  const search = mallory.client.snac(lookup.findByEmail, { email: long });
  await mallory.client.refusal(Family.lookup, search);
  const message = encode(icbm.fragments, [{ id: icbm.FragmentId.text, version: 1, data: long }]);
  const to = { cookie: cookieLike(8), channel: icbm.Channel.plain, recipient: String(scene.bob.uin), tlvs: { imData: message, requestHostAck: true as const } };
  assert.equal(await mallory.client.refusal(Family.icbm, mallory.client.snac(icbm.channelMsgToHost, to)), ErrorCode.refusedByClient);
});

// ---------------------------------------------------------------- numbers of others

abuse('in another’s name nothing is told, changed or removed', async ({ alice, mallory }) => {
  assert.equal(await tells(mallory, icqMeta.setInfoTlvs, { uin: alice.uin, nick: ascii('Mallory'), extra: [] }), failed);
  assert.equal(await updates(mallory, { uin: String(alice.uin), nick: 'Mallory', authorization: 1, extra: [] }), failed);
  assert.equal(await tells(mallory, icqMeta.unregister, { uin: alice.uin, password: ascii(PASSWORD) }), failed);
  const read = await alice.client.directory.info(mallory.uin);
  assert.equal(read?.nickname, 'mallory', 'nor is it told in the own');
  assert.equal(await updates(mallory, { uin: String(mallory.uin), nick: 'M', extra: [] }), success, 'the own is what it is for');
});

// ---------------------------------------------------------------- questions

abuse('whatever fits everybody finds nobody, in every form, and what is hidden stays hidden', async (scene) => {
  const { mallory } = scene;
  const names = (text: string) => ({ first: ascii(text), last: ascii(text), nick: ascii(text) });
  const pages = { ...EMPTY_PAGES, onlineOnly: 0 };
  for (const all of ['', '*', '**', '?', '* *', '%', '_', '*a*']) {
    const text = ascii(all);
    for (const [declaration, value] of [
      [icqMeta.searchByDetails, names(all)],
      [icqMeta.searchByDetailsWild, names(all)],
      [icqMeta.searchByEmail, { email: text }],
      [icqMeta.searchByEmailWild, { email: text }],
      [icqMeta.searchByEmailTlv, { emails: [{ email: text }], extra: [] }],
      [icqMeta.searchWhitePages, { ...pages, ...names(all), email: text, city: text }],
      [icqMeta.searchWhitePagesWild, { ...pages, ...names(all), email: text, city: text }],
      [icqMeta.searchWhitePagesTlv, { nick: text, keywords: text, extra: [] }],
    ] as const) {
      const result = await tells(mallory, declaration as icqMeta.MetaRequest<unknown>, value);
      assert.equal(result, noData, `${JSON.stringify(all)} in ${declaration.subtype.toString(16)}`);
    }
    assert.equal(await mallory.client.refusal(Family.lookup, mallory.client.snac(lookup.findByEmail, { email: text })), ErrorCode.noMatch, all);
  }
  assert.equal(await tells(mallory, icqMeta.searchByEmail, { email: ascii('anna@example.org') }), noData);
  const service = await beside(scene, Family.directory);
  for (const tlvs of [{}, { nickname: ascii('*') }, { interest: ascii('') }, { email: ascii('anna@example.org') }]) {
    const request = service.snac(directory.infoQuery, { tlvs });
    const answer = await anyAnswer(service, request);
    const found = answer.subtype === directory.infoReply.subtype ? decodeSnacBody(directory.infoReply, answer.data).found.length : 0;
    assert.equal(found, 0, JSON.stringify(tlvs));
  }
  service.destroy();
});

const NOBODY = new Uint8Array(0);
const EMPTY_PAGES = {
  first: NOBODY,
  last: NOBODY,
  nick: NOBODY,
  email: NOBODY,
  ageFrom: 0,
  ageTo: 0,
  gender: 0,
  language: 0,
  city: NOBODY,
  state: NOBODY,
  country: 0,
  company: NOBODY,
  department: NOBODY,
  position: NOBODY,
  occupation: 0,
  past: 0,
  pastKeywords: NOBODY,
  interest: 0,
  interestKeywords: NOBODY,
  affiliation: 0,
  affiliationKeywords: NOBODY,
  homepage: 0,
  homepageKeywords: NOBODY,
};

// ---------------------------------------------------------------- what there is not

abuse('SMS, mail and invitations by mail are answered: not here', async ({ mallory }) => {
  const { client } = mallory;
  const xml = ascii('<icq_sms_message><destination>+48123456789</destination><text>hello</text></icq_sms_message>\0');
  assert.equal(await tells(mallory, icqMeta.sendSms, { one: 1, twentyTwo: 0x16, zeros: new Uint8Array(16), zero: 0, xml }), textError);
  const invite = client.snac(invitation.inviteRequest, { tlvs: { email: 'friend@example.org', text: ascii('come') } });
  assert.equal(await client.refusal(Family.invitation, invite), ErrorCode.serviceUnavailable);
  const alerts = client.snac(oservice.serviceRequest, { family: Family.emailAlert, tlvs: {} });
  assert.equal(await client.refusal(Family.oservice, alerts), ErrorCode.serviceUnavailable);
  for (const recipient of ['friend@example.org', '+48123456789', 'SMS', '1002', '10']) {
    const message = { cookie: cookieLike(8), channel: icbm.Channel.plain, recipient, tlvs: { imData: plain('hello'), store: true as const } };
    assert.equal(await client.refusal(Family.icbm, client.snac(icbm.channelMsgToHost, message)), ErrorCode.notLoggedIn, recipient);
  }
});

function plain(text: string): Uint8Array {
  return encode(icbm.fragments, [
    { id: icbm.FragmentId.capabilities, version: 1, data: Uint8Array.of(1) },
    { id: icbm.FragmentId.text, version: 1, data: encode(icbm.textFragment, { charset: 0, subset: 0, text: ascii(text) }) },
  ]);
}

// ---------------------------------------------------------------- pictures

const md5 = (data: Uint8Array): Uint8Array => createHash('md5').update(data).digest();

/** The roster says that this is shown; the server's word of it, if there is any. */
async function claims({ client }: Mallory, name: string, hash: Uint8Array): Promise<void> {
  const attributes = encode(feedbag.itemAttributes, { bart: { flags: BartFlag.custom, hash } });
  const item = { name: utf8.encode(name), groupId: 0, itemId: 77, type: feedbag.ItemType.ownAvatar, attributes };
  await client.ask(feedbag.insertItems, { items: [item] }, feedbag.status);
  await settled(client);
  await client.ask(feedbag.deleteItems, { items: [item] }, feedbag.status);
  await client.ask(feedbag.insertItems, { items: [item] }, feedbag.status);
  await settled(client);
}

abuse('pictures of the wrong kind, hash or size are refused, and shown to nobody', async (scene) => {
  const { stage, alice, mallory } = scene;
  const { BartCode } = bart;
  const service = await beside(scene, Family.bart);
  const uploads = async (type: number, data: Uint8Array): Promise<number> => (await service.ask(bart.upload, { type, data }, bart.uploadReply)).code;
  await claims(mallory, '1', md5(GIF.slice(1)));
  assert.equal(await uploads(BartType.icon, GIF), BartCode.invalid, 'another hash than was told');
  for (const [what, data] of [
    ['a program', ascii('MZ is a program')],
    ['a page', ascii('<html><script>')],
    ['a film', ascii('FWS moves')],
    ['words', ascii('<?xml version="1.0"?><a/>')],
    ['nothing but a beginning', ascii('GIF89a')],
  ] as const) {
    await claims(mallory, '1', md5(data));
    assert.equal(await uploads(BartType.icon, data), BartCode.invalid, what);
  }
  const big = Uint8Array.from({ length: stage.config.limits.pictureBytesMax + 1 }, (_, at) => GIF[at] ?? 0);
  await claims(mallory, '1', md5(big));
  assert.equal(await uploads(BartType.icon, big), BartCode.tooBig);
  assert.equal(await uploads(BartType.icon, new Uint8Array(0)), BartCode.tooSmall);
  for (const type of [BartType.statusNote, BartType.arriveSound, 0x99, 0xffff]) assert.equal(await uploads(type, GIF), BartCode.invalidType, String(type));
  for (const data of ['00', '00 01 ff ff 47', '00 01 00']) {
    assert.equal(await service.refusal(Family.bart, service.rawSnac(Family.bart, bart.upload.subtype, hex(data))), ErrorCode.incorrectFormat, data);
  }
  service.destroy();
  assert.equal(alice.client.avatars.has(mallory.uin), false);
});

abuse('hashes that are none are claimed in vain', async ({ mallory, alice }) => {
  for (const hash of [new Uint8Array(0), new Uint8Array(15), new Uint8Array(17), new Uint8Array(255)]) await claims(mallory, '1', hash);
  for (const name of ['', '99', 'one', '-1', '1e0']) await claims(mallory, name, md5(GIF));
  assert.equal(alice.client.avatars.has(mallory.uin), false);
});

abuse('pictures are given to those who see their owner, by their right hash, and not by the hundred', async (scene) => {
  const { alice, mallory } = scene;
  const service = await beside(scene, Family.bart);
  const { notFound } = bart.BartCode;
  const id = (data: Uint8Array): BartItem => ({ type: BartType.icon, flags: BartFlag.custom, data });
  const takes = async (screenName: string, item: BartItem): Promise<number> =>
    (await service.ask(bart.download2, { screenName, ids: [item] }, bart.download2Reply)).code;
  for (const name of [String(mallory.uin), '99999999', 'nobody', '']) assert.equal(await takes(name, id(md5(GIF))), notFound, name);
  for (const data of [new Uint8Array(0), new Uint8Array(16), md5(GIF).slice(1), bart.NO_ICON_HASH])
    assert.equal(await takes(String(alice.uin), id(data)), notFound);
  const many = { screenName: String(alice.uin), ids: Array.from({ length: 255 }, () => id(md5(GIF))) };
  assert.equal(await service.refusal(Family.bart, service.snac(bart.download2, many)), ErrorCode.refusedByClient);
  const lying = [...ascii(`\x06${alice.uin}`), 9, ...encode(bartItem, id(md5(GIF)))];
  assert.equal(await service.refusal(Family.bart, service.rawSnac(Family.bart, bart.download2.subtype, lying)), ErrorCode.incorrectFormat);
  const old = await service.ask(bart.download, { screenName: String(mallory.uin), command: 1, id: id(md5(GIF)) }, bart.downloadReply);
  assert.equal(old.data.length, 0);
  service.destroy();
});

// ---------------------------------------------------------------- rooms

const CREATE = { cookie: chatNavigation.CREATE_ROOM, instance: 0xffff, detail: chatNavigation.RoomDetail.full } as const;

abuse('rooms of deceiving, empty or endless names are not made', async (scene) => {
  const service = await beside(scene, Family.chatNavigation);
  const { public: open, private: closed } = chatNavigation.Exchange;
  const refused = (exchange: number, name: Uint8Array, charset: string): Promise<number> =>
    service.refusal(Family.chatNavigation, service.snac(chatNavigation.createRoom, { exchange, ...CREATE, tlvs: { name, charset, language: 'en' } }));
  const hostile = [
    '',
    ' ',
    '\u00a0',
    'a\0b',
    'a\r\nb',
    '\u001b[2J',
    '\u202etxt.exe',
    'ad\u200bmin',
    'c\ufeffats',
    '\ue000',
    'x'.repeat(101),
    'ж'.repeat(51),
    'x'.repeat(30_000),
  ];
  for (const exchange of [open, closed]) {
    for (const name of hostile) {
      assert.equal(await refused(exchange, encodeUcs2(name), 'unicode-2-0'), ErrorCode.incorrectFormat, JSON.stringify(name.slice(0, 20)));
      assert.equal(await refused(exchange, utf8.encode(name), 'utf-8'), ErrorCode.incorrectFormat, JSON.stringify(name.slice(0, 20)));
    }
    assert.equal(await refused(exchange, Uint8Array.of(0xd8, 0x00), 'unicode-2-0'), ErrorCode.incorrectFormat, 'half a character');
  }
  for (const exchange of [0, 3, 6, 0xffff]) assert.notEqual(await refused(exchange, ascii('fine'), 'us-ascii'), 0);
  const search = { exchange: open, tlvs: { name: ascii('x'.repeat(30_000)) } };
  assert.equal(await service.refusal(Family.chatNavigation, service.snac(chatNavigation.searchRooms, search)), ErrorCode.incorrectFormat);
  // A name that only looks like another's is that one's room, and not a second of the same.
  const same = await service.ask(
    chatNavigation.createRoom,
    { exchange: open, ...CREATE, tlvs: { name: utf8.encode(' ＣＡＴＳ '), charset: 'utf-8', language: 'en' } },
    chatNavigation.navigationReply,
  );
  assert.equal(same.tlvs.rooms?.[0]?.tlvs.occupancy, 2);
  service.destroy();
});

abuse('who was not invited learns nothing of a private room, and comes in by no way', async (scene) => {
  const { alice, bob, mallory, room } = scene;
  const { client } = mallory;
  const service = await beside(scene, Family.chatNavigation);
  const exchange = chatNavigation.Exchange.private;
  const named = { exchange, cookie: ascii(room), instance: 0 };
  const { noMatch } = ErrorCode;
  assert.equal(await service.refusal(Family.chatNavigation, service.snac(chatNavigation.roomQuery, { ...named, detail: 2 })), noMatch);
  assert.equal(await service.refusal(Family.chatNavigation, service.snac(chatNavigation.occupantsQuery, named)), noMatch);
  const byName = await service.ask(
    chatNavigation.createRoom,
    { exchange, ...CREATE, tlvs: { name: ascii('plans'), charset: 'us-ascii', language: 'en' } },
    chatNavigation.navigationReply,
  );
  assert.notEqual(Buffer.from(byName.tlvs.rooms?.[0]?.cookie ?? []).toString(), room, 'a room of the own');
  const all = await service.ask(chatNavigation.searchRooms, { exchange: chatNavigation.Exchange.public, tlvs: {} }, chatNavigation.navigationReply);
  assert.ok(!(all.tlvs.rooms ?? []).some(({ tlvs }) => Buffer.from(tlvs.name ?? []).toString() === 'plans'));
  service.destroy();

  for (const cookie of [ascii(room), ascii(room.toUpperCase()), ascii('f'.repeat(24)), new Uint8Array(0), new Uint8Array(255), ascii('cats')]) {
    for (const wanted of [exchange, chatNavigation.Exchange.public, 0]) {
      const tlvs = { room: { exchange: wanted, cookie, instance: 0 } };
      const request = client.snac(oservice.serviceRequest, { family: Family.chat, tlvs });
      assert.equal(await comesIn(scene, request), false, `${Buffer.from(cookie).toString()} by exchange ${wanted}`);
    }
  }
  await client.refusal(Family.oservice, client.snac(oservice.serviceRequest, { family: Family.chat, tlvs: {} }));
  const own = { ...named, cookie: byName.tlvs.rooms?.[0]?.cookie ?? new Uint8Array(0) };
  assert.equal(await comesIn(scene, client.snac(oservice.serviceRequest, { family: Family.chat, tlvs: { room: own } })), true, 'into his own');

  // Nor can he bring others where he may not go himself.
  const invites = encode(extended.chatInvitation, named);
  const cookie = cookieLike(8);
  const data = encode(rendezvous.rendezvousData, {
    type: rendezvous.RendezvousType.request,
    cookie,
    capability: Capability.chatRooms,
    tlvs: { sequence: 1, requestHostCheck: true, invitation: ascii('come'), service: invites },
  });
  const message = { cookie, channel: icbm.Channel.rendezvous, recipient: String(bob.uin), tlvs: { data, requestHostAck: true as const } };
  await client.refusal(Family.icbm, client.snac(icbm.channelMsgToHost, message));
  await assert.rejects(
    bob.client.rooms.join(room).then(({ id }) => assert.notEqual(id, room) ?? Promise.reject(new RequestRefused('a room of his own', 0))),
    RequestRefused,
  );
  for (const { name } of bob.client.rooms.joined()) if (name !== 'cats') bob.client.rooms.leave(name);
  assert.deepEqual(alice.client.rooms.joined().find(({ id }) => id === room)?.uins, [alice.uin]);
});

/** Whether a request for a connection to a room leads into it. */
async function comesIn({ stage, mallory }: Scene, request: number): Promise<boolean> {
  const answer = await anyAnswer(mallory.client, request);
  if (answer.subtype !== oservice.serviceResponse.subtype) return false;
  const inside = await opened(stage, decodeSnacBody(oservice.serviceResponse, answer.data).tlvs);
  // Whoever is inside hears at once who is there.
  const heard = await inside.expect(chat.usersJoined).then(
    () => true,
    () => false,
  );
  inside.destroy();
  return heard;
}

abuse('in a room nobody speaks for long, or to those who are not there, or in rooms he is not in', async (scene) => {
  const { stage, mallory, alice } = scene;
  const { client } = mallory;
  const navigation = await beside(scene, Family.chatNavigation);
  const named = { name: ascii('echo'), charset: 'us-ascii', language: 'en' };
  const { tlvs } = await navigation.ask(
    chatNavigation.createRoom,
    { exchange: chatNavigation.Exchange.public, ...CREATE, tlvs: named },
    chatNavigation.navigationReply,
  );
  navigation.destroy();
  const own = tlvs.rooms?.[0] ?? assert.fail('no room');
  const place = { room: { exchange: own.exchange, cookie: own.cookie, instance: 0 } };
  const { tlvs: where } = await client.ask(oservice.serviceRequest, { family: Family.chat, tlvs: place }, oservice.serviceResponse);
  const inside = await opened(stage, where);
  await inside.expect(chat.usersJoined);
  const says = (text: Uint8Array, to?: string): number =>
    inside.snac(chat.channelMsgToHost, {
      cookie: cookieLike(8),
      channel: chat.CHAT_CHANNEL,
      tlvs: {
        ...(to === undefined ? { public: true as const } : { whisperTo: to }),
        reflect: true,
        message: { tlvs: { text, charset: 'us-ascii', language: 'en' } },
      },
    });
  for (const length of [stage.config.limits.roomLineBytesMax + 1, 30_000, 60_000]) {
    assert.equal(await inside.refusal(Family.chat, says(new Uint8Array(length).fill(0x41))), ErrorCode.refusedByClient, String(length));
  }
  assert.equal(await inside.refusal(Family.chat, says(ascii('psst'), String(alice.uin))), ErrorCode.notLoggedIn);
  for (const to of ['nobody', '0']) assert.equal(await inside.refusal(Family.chat, says(ascii('psst'), to)), ErrorCode.incorrectFormat, to);
  inside.rawSnac(Family.chat, chat.channelMsgToHost.subtype, hex('00 01 02 03 04 05 06 07 00 03 00 05 ff ff 00 01'));
  says(ascii('still mine'));
  await inside.expect(chat.channelMsgToClient);
  inside.destroy();
});
