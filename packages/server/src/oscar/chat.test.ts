import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RoomLine, Uin } from '@seekyou/core';
import { decode } from '@seekyou/wire';
import { chat, chatNavigation, ErrorCode, Family, oservice } from '@seekyou/wire/oscar';
import { UTF8 } from '@seekyou/wire/text';
import { roomNews, routes } from './chat.ts';
import { service } from './service-testing.ts';
import { quiet, type TestClient, type World, world } from './test-client.ts';
import { AIM_CLIENT, ALICE, asked, ascii, BOB, contextOf, handle, NOW, packets, received, receivedOne } from './testing.ts';

const ROOM = '0123456789abcdef01234567';
const COOKIE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const inRoom = (parts: Parameters<typeof contextOf>[0] = {}) => contextOf({ ...parts, state: { service: Family.chat, room: ROOM, ...parts.state } });
const text = (words: string, charset = 'us-ascii'): chat.ChatText => ({ tlvs: { text: ascii(words), charset, language: 'en' } });
const line = (parts: Partial<RoomLine> = {}): RoomLine => ({ from: BOB, text: 'hello', whisper: false, at: NOW, ...parts });

// ---------------------------------------------------------------- handlers

describe('0E/05', () => {
  const said = (tlvs: chat.ChatMsgToHost['tlvs'], context = inRoom()) => handle(routes, chat.channelMsgToHost, { cookie: COOKIE, channel: 3, tlvs }, context);

  test('to all is said to all, and echoed when that was asked for', () => {
    const { input, answered } = asked(said({ public: true, reflect: true, message: text('hello') }), 'rooms.say');
    assert.deepEqual({ ...input, original: undefined }, { room: ROOM, text: 'hello', echo: true, original: undefined });
    assert.deepEqual(answered(undefined), []);
    assert.equal(asked(said({ public: true, message: text('hello') }), 'rooms.say').input.echo, false);
  });

  test('without "to all" is for one alone', () => {
    assert.equal(asked(said({ whisperTo: String(BOB), message: text('psst') }), 'rooms.say').input.to, BOB);
    assert.equal(asked(said({ public: true, whisperTo: String(BOB), message: text('psst') }), 'rooms.say').input.to, undefined);
  });

  test('is read in its charset, and in the author’s code page when that is none', () => {
    const written = (bytes: Uint8Array, charset: string | undefined, codepage = 1251) =>
      asked(
        said(
          { public: true, message: { tlvs: { text: bytes, ...(charset === undefined ? {} : { charset }) } } },
          inRoom({ profile: { ...contextOf().session.profile, codepage } }),
        ),
        'rooms.say',
      ).input.text;
    assert.equal(written(Uint8Array.of(0x04, 0x3f, 0x04, 0x40), 'unicode-2-0'), 'пр');
    assert.equal(written(new TextEncoder().encode('пр'), 'utf-8'), 'пр');
    assert.equal(written(Uint8Array.of(0xef, 0xf0), 'iso-8859-1'), 'пр');
    assert.equal(written(Uint8Array.of(0xef, 0xf0), undefined), 'пр');
  });

  test('AIM’s HTML becomes words, other people’s angle brackets stay', () => {
    const html = text('<HTML><BODY>a &lt; b</BODY></HTML>');
    assert.equal(asked(said({ public: true, message: html }, inRoom({ profile: AIM_CLIENT })), 'rooms.say').input.text, 'a < b');
    const bare = text('cats &amp; dogs');
    assert.equal(asked(said({ public: true, message: bare }, inRoom({ profile: AIM_CLIENT })), 'rooms.say').input.text, 'cats & dogs', 'as libpurple writes');
    assert.equal(asked(said({ public: true, message: bare }), 'rooms.say').input.text, 'cats &amp; dogs', 'others mean what they write');
    assert.equal(asked(said({ public: true, message: text('vector<int>') }), 'rooms.say').input.text, 'vector<int>');
  });

  test('without text, without anybody to hear it, or before 01/02 is refused', () => {
    const refused = [said({ public: true }), said({ message: text('x') }), said({ whisperTo: 'me', message: text('x') })];
    for (const effects of [...refused, said({ public: true, message: text('x') }, inRoom({ state: { online: false } }))]) {
      assert.equal(receivedOne(effects, chat.error).code, ErrorCode.incorrectFormat);
    }
    const { refused: answer } = asked(said({ whisperTo: String(BOB), message: text('x') }), 'rooms.say');
    assert.equal(receivedOne(answer('off-line'), chat.error).code, ErrorCode.notLoggedIn);
    assert.equal(receivedOne(answer('too-large'), chat.error).code, ErrorCode.refusedByClient);
  });
});

describe('what members are told', () => {
  const heard = (one: RoomLine, parts: Parameters<typeof inRoom>[0] = {}) =>
    receivedOne(roomNews(inRoom(parts), { kind: 'said', line: one }), chat.channelMsgToClient);

  test('a line names its author and nothing else about him', () => {
    const { tlvs } = heard(line());
    assert.deepEqual(tlvs.sender, { screenName: String(BOB), warningLevel: 0, tlvs: { userClass: 0x50 } });
    assert.equal(tlvs.public, true);
    assert.equal(heard(line({ whisper: true })).tlvs.public, undefined);
  });

  test('what a client wrote passes as it is, with its cookie', () => {
    const bytes = Uint8Array.of(...COOKIE, 0, 1, 0, 2, 0xe4, 0xe5, 0, 2, 0, 10, ...ascii('iso-8859-1'), 0, 0x77, 0, 1, 9);
    const { cookie, tlvs } = heard(line({ original: { format: 'chat', bytes } }));
    assert.deepEqual(cookie, COOKIE);
    assert.deepEqual(tlvs.message, decode(chat.chatText, bytes.subarray(8)));
  });

  test('words of another kind of client are ASCII or UCS-2', () => {
    assert.deepEqual(heard(line()).tlvs.message?.tlvs, { text: ascii('hello'), charset: 'us-ascii', language: 'en' });
    assert.deepEqual(heard(line({ text: 'пр' })).tlvs.message?.tlvs, { text: Uint8Array.of(4, 0x3f, 4, 0x40), charset: 'unicode-2-0', language: 'en' });
  });

  test('who reads HTML gets HTML, the others get words', () => {
    const html = line({ text: 'a < b', original: { format: 'chat+html', bytes: Uint8Array.of(...COOKIE, 0, 1, 0, 10, ...ascii('<B>a &lt; ')) } });
    assert.deepEqual(heard(html).tlvs.message?.tlvs.text, ascii('a < b'));
    assert.deepEqual(heard(html, { profile: AIM_CLIENT }).tlvs.message?.tlvs.text, ascii('<B>a &lt; '));
    assert.deepEqual(heard(line({ text: 'a < b' }), { profile: AIM_CLIENT }).tlvs.message?.tlvs.text, ascii('a &lt; b'));
  });

  test('bitlbee reads and writes UTF-8, or Latin-1, and says of neither what it is', () => {
    const bitlbee = { ...contextOf().session.profile, codepage: UTF8 };
    const bytes = Uint8Array.of(...COOKIE, 0, 1, 0, 2, 4, 0x3f, 0, 2, 0, 11, ...ascii('unicode-2-0'));
    const told = heard(line({ text: 'п', original: { format: 'chat', bytes } }), { profile: bitlbee }).tlvs.message?.tlvs;
    assert.deepEqual([told?.text, told?.charset], [new TextEncoder().encode('п'), 'utf-8']);
    const said = (text: Uint8Array) =>
      asked(
        handle(
          routes,
          chat.channelMsgToHost,
          { cookie: COOKIE, channel: 3, tlvs: { public: true, message: { tlvs: { text } } } },
          inRoom({ profile: bitlbee }),
        ),
        'rooms.say',
      ).input.text;
    assert.deepEqual([said(Uint8Array.of(0xfc)), said(new TextEncoder().encode('ü'))], ['ü', 'ü']);
  });

  test('two hundred members share two encodings', () => {
    const one = line();
    const shared = (parts: Parameters<typeof inRoom>[0] = {}) => packets(roomNews(inRoom(parts), { kind: 'said', line: one }))[0]?.shared;
    assert.equal(shared(), shared({ uin: BOB }));
    assert.notEqual(shared(), shared({ profile: AIM_CLIENT }));
    assert.ok(shared());
  });

  test('who comes and goes is told by name, in frames every client takes', () => {
    const uins = Array.from({ length: 450 }, (_, i) => (100_000 + i) as Uin);
    const joined = received(roomNews(inRoom(), { kind: 'joined', uins }), chat.usersJoined);
    assert.deepEqual(
      joined.map(({ users }) => users.length),
      [200, 200, 50],
    );
    assert.deepEqual(received(roomNews(inRoom(), { kind: 'left', uins: [BOB] }), chat.usersLeft)[0]?.users[0]?.screenName, String(BOB));
  });
});

test('warnings are not for rooms', () => {
  const effects = handle(routes, chat.evilRequest, { anonymous: 0, screenName: String(ALICE) }, inRoom());
  assert.equal(receivedOne(effects, chat.error).code, ErrorCode.notSupportedByHost);
});

// ---------------------------------------------------------------- whole connections

interface Seat {
  readonly uin: Uin;
  readonly bos: TestClient;
  readonly room: TestClient;
}

async function createRoom(here: World, bos: TestClient, exchange: number = chatNavigation.Exchange.public): Promise<chatNavigation.RoomInfo> {
  const navigation = await service(here, bos, Family.chatNavigation);
  navigation.say(chatNavigation.createRoom, { exchange, cookie: 'create', instance: 0xffff, detail: 1, tlvs: { name: ascii('cats') } });
  await quiet();
  const [room] = navigation.one(chatNavigation.navigationReply).tlvs.rooms ?? [];
  assert.ok(room);
  navigation.transport.end();
  await quiet();
  return room;
}

async function takeSeat(here: World, room: chatNavigation.RoomInfo): Promise<Seat> {
  const uin = await here.account();
  const bos = await here.online(uin);
  return { uin, bos, room: await service(here, bos, Family.chat, { exchange: room.exchange, cookie: room.cookie, instance: 0 }) };
}

const names = ({ users }: chat.ChatUsers): string[] => users.map(({ screenName }) => screenName);

describe('a room over connections', () => {
  test('is created, entered, spoken in and left', async () => {
    const here = await world();
    const maker = await here.online(await here.account());
    const room = await createRoom(here, maker);
    const [alice, bob] = [await takeSeat(here, room), await takeSeat(here, room)];
    // libpurple draws its list from 0E/03 and wants itself in it.
    assert.deepEqual(alice.room.heard(), ['0E/03', '0E/02', '0E/03']);
    const first = bob.room.snacs();
    assert.deepEqual(
      first.map(({ subtype }) => subtype),
      [3, 2],
    );
    assert.deepEqual(names(decode(chat.usersJoined.body, first[0]?.data as Uint8Array)), [String(alice.uin), String(bob.uin)]);
    assert.deepEqual(decode(chat.roomInfoUpdate.body, first[1]?.data as Uint8Array).tlvs.name, ascii('cats'));

    alice.room.say(chat.channelMsgToHost, { cookie: COOKIE, channel: 3, tlvs: { public: true, reflect: true, message: text('hello') } });
    await quiet();
    for (const seat of [alice, bob]) assert.deepEqual(seat.room.one(chat.channelMsgToClient).tlvs.message, text('hello'));
    assert.deepEqual([alice.bos.heard(), bob.bos.heard()], [[], []], 'nothing of it on BOS');

    alice.room.transport.end();
    await quiet();
    assert.deepEqual(names(bob.room.one(chat.usersLeft)), [String(alice.uin)]);
    bob.room.say(chat.channelMsgToHost, { cookie: COOKIE, channel: 3, tlvs: { public: true, message: text('alone') } });
    await quiet();
    assert.deepEqual(bob.room.heard(), []);
  });

  test('ends with the session it belongs to', async () => {
    const here = await world();
    const room = await createRoom(here, await here.online(await here.account()));
    const [alice, bob] = [await takeSeat(here, room), await takeSeat(here, room)];
    alice.room.take();
    bob.bos.transport.end();
    await quiet();
    assert.deepEqual(names(alice.room.one(chat.usersLeft)), [String(bob.uin)]);
    here.clock.advance(6_000);
    await quiet();
    assert.equal(bob.room.how, 'fin');
  });

  test('may be silent for hours', async () => {
    const here = await world();
    const room = await createRoom(here, await here.online(await here.account()));
    const alice = await takeSeat(here, room);
    for (let minutes = 0; minutes < 120; minutes += 2) {
      alice.bos.frame(5, Uint8Array.of(0));
      here.clock.advance(120_000);
      await quiet();
    }
    assert.equal(alice.room.how, undefined);
  });

  test('of others is closed: neither its name nor its cookie opens it', async () => {
    const here = await world();
    const room = await createRoom(here, await here.online(await here.account()), chatNavigation.Exchange.private);
    const stranger = await here.online(await here.account());
    const own = await createRoom(here, stranger, chatNavigation.Exchange.private);
    assert.notDeepEqual(own.cookie, room.cookie);
    for (const cookie of [room.cookie, ascii('cats'), ascii('0'.repeat(24)), new Uint8Array(0)]) {
      stranger.say(oservice.serviceRequest, { family: Family.chat, tlvs: { room: { exchange: 4, cookie, instance: 0 } } });
      await quiet();
      assert.equal(stranger.one(oservice.error).code, ErrorCode.noMatch);
    }
    const navigation = await service(here, stranger, Family.chatNavigation);
    navigation.say(chatNavigation.roomQuery, { exchange: 4, cookie: room.cookie, instance: 0, detail: 2 });
    await quiet();
    assert.equal(navigation.one(chatNavigation.error).code, ErrorCode.noMatch);
  });

  test('is reached with a cookie that is good once, for this and while the session lasts', async () => {
    const here = await world();
    const bos = await here.online(await here.account());
    const cookieFor = async (family: number): Promise<Uint8Array> => {
      bos.say(oservice.serviceRequest, { family, tlvs: {} });
      await quiet();
      return bos.one(oservice.serviceResponse).tlvs.cookie as Uint8Array;
    };
    const used = await cookieFor(Family.bart);
    const [first, second] = [here.connect(), here.connect()];
    for (const client of [first, second]) client.hello({ cookie: used });
    await quiet();
    assert.deepEqual(
      [first.heard(), second.heard()],
      [
        ['hello', '01/03'],
        ['hello', 'close'],
      ],
    );

    const late = await cookieFor(Family.bart);
    bos.transport.end();
    await quiet();
    const third = here.connect();
    third.hello({ cookie: late });
    await quiet();
    assert.deepEqual(third.heard(), ['hello', 'close']);
  });

  test('may be entered twice by one session, which is in it until the last connection ends', async () => {
    const here = await world();
    const room = await createRoom(here, await here.online(await here.account()));
    const [alice, bob] = [await takeSeat(here, room), await takeSeat(here, room)];
    const again = await service(here, bob.bos, Family.chat, { exchange: room.exchange, cookie: room.cookie, instance: 0 });
    bob.room.transport.end();
    await quiet();
    for (const client of [alice.room, again]) client.take();
    alice.room.say(chat.channelMsgToHost, { cookie: COOKIE, channel: 3, tlvs: { public: true, message: text('still there?') } });
    await quiet();
    assert.deepEqual(again.one(chat.channelMsgToClient).tlvs.message, text('still there?'));
    again.transport.end();
    await quiet();
    assert.deepEqual(names(alice.room.one(chat.usersLeft)), [String(bob.uin)]);
  });

  test('takes so many connections beside a session and no more', async () => {
    const here = await world({ limits: { serviceConnectionsMax: 2 } });
    const bos = await here.online(await here.account());
    for (let i = 0; i < 2; i++) await service(here, bos, Family.bart);
    bos.say(oservice.serviceRequest, { family: Family.bart, tlvs: {} });
    await quiet();
    const third = here.connect();
    third.hello({ cookie: bos.one(oservice.serviceResponse).tlvs.cookie as Uint8Array });
    await quiet();
    assert.deepEqual(third.heard(), ['hello', 'close']);
  });
});
