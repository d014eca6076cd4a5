import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoomView } from '@seekyou/core';
import { decode } from '@seekyou/wire';
import { chatNavigation, ErrorCode, Family } from '@seekyou/wire/oscar';
import { encodeUcs2 } from '@seekyou/wire/text';
import { routes } from './chat-navigation.ts';
import { ALICE, asked, ascii, BOB, contextOf, handle, NOW, receivedOne } from './testing.ts';

const ROOM = '0123456789abcdef01234567';
const cookie = ascii(`${ROOM}-4-%d0%9a%d0%be%d1%88%d0%ba%d0%b8`);
const context = () => contextOf({ state: { service: Family.chatNavigation } });
const view: RoomView = { room: { id: ROOM, kind: 'private', name: 'Кошки', createdBy: ALICE, createdAt: NOW, usedAt: NOW }, members: [ALICE, BOB] };
const replied = (effects: Parameters<typeof receivedOne>[0]) => receivedOne(effects, chatNavigation.navigationReply).tlvs;
const errorOf = (effects: Parameters<typeof receivedOne>[0]): number => receivedOne(effects, chatNavigation.error).code;
const create = (exchange: number, tlvs: chatNavigation.CreateRoom['tlvs'], word = 'create') =>
  handle(routes, chatNavigation.createRoom, { exchange, cookie: word, instance: 0xffff, detail: 1, tlvs }, context());

test('limits name both exchanges', () => {
  const { roomsMax, exchanges } = replied(handle(routes, chatNavigation.rightsQuery, {}, context()));
  assert.equal(roomsMax, 10);
  assert.deepEqual(
    exchanges?.map(({ exchange }) => exchange),
    [4, 5],
  );
  assert.deepEqual(exchanges?.[0]?.tlvs.nameBytesMax, 100);
});

test('an exchange is told of alone; there are no others', () => {
  assert.deepEqual(
    replied(handle(routes, chatNavigation.exchangeQuery, { exchange: 5 }, context())).exchanges?.map(({ exchange }) => exchange),
    [5],
  );
  assert.equal(errorOf(handle(routes, chatNavigation.exchangeQuery, { exchange: 6 }, context())), ErrorCode.noMatch);
});

test('a room is made with the name it was given, in its charset', () => {
  const { input, answered } = asked(create(4, { name: Uint8Array.of(4, 0x1a), charset: 'unicode-2-0' }), 'rooms.open');
  assert.deepEqual(input, { kind: 'private', name: 'К' });
  const [room] = replied(answered(view)).rooms ?? [];
  assert.ok(room);
  assert.deepEqual([room.exchange, room.cookie, room.detail], [4, cookie, chatNavigation.RoomDetail.full]);
  assert.deepEqual(new TextDecoder().decode(room.tlvs.name), 'Кошки');
  assert.equal(room.tlvs.occupancy, 2);
  assert.equal(room.tlvs.visibleBytesMax, room.tlvs.messageBytesMax, 'libpurple sends no longer lines, and none without it');
  assert.deepEqual(asked(create(5, { name: ascii('cats') }), 'rooms.open').input, { kind: 'public', name: 'cats' });
});

test('who was invited asks for a room by its cookie, as libpurple does', () => {
  for (const name of [cookie, ascii(ROOM)]) {
    const { input, answered, refused } = asked(create(4, { name }), 'rooms.show');
    assert.deepEqual(input, { room: ROOM });
    assert.equal(replied(answered(view)).rooms?.length, 1);
    assert.equal(errorOf(refused('no-such-room')), ErrorCode.noMatch, 'and no room is made that is called so');
  }
});

test('a cookie is never the name of a new room, however it is written', () => {
  const text = new TextDecoder().decode(cookie);
  for (const exchange of [4, 5]) {
    for (const tlvs of [{ name: ascii(` ${text} `) }, { name: encodeUcs2(text), charset: 'unicode-2-0' }]) {
      assert.deepEqual(asked(create(exchange, tlvs), 'rooms.show').input, { room: ROOM });
    }
  }
  assert.deepEqual(asked(create(5, { name: ascii(ROOM.slice(1)) }), 'rooms.open').input, { kind: 'public', name: ROOM.slice(1) });
});

test('a cookie names its room behind the second dash, where libpurple and bitlbee look, as far as there is space', () => {
  const cookieOf = (name: string): string => {
    const [room] =
      replied(asked(create(5, { name: ascii('x') }), 'rooms.open').answered({ ...view, room: { ...view.room, kind: 'public', name } })).rooms ?? [];
    return new TextDecoder().decode(room?.cookie);
  };
  assert.equal(cookieOf('cats & dogs-2'), `${ROOM}-5-cats%20%26%20dogs%2d2`);
  const long = cookieOf('ю'.repeat(100));
  assert.equal(long, `${ROOM}-5-${'%d1%8e'.repeat(38)}`);
  assert.ok(long.length <= 255);
});

test('what is no room is not made', () => {
  for (const effects of [create(6, { name: ascii('cats') }), create(4, {}), create(4, { name: ascii('cats') }, 'destroy')]) {
    assert.equal(errorOf(effects), ErrorCode.incorrectFormat);
  }
  const { refused } = asked(create(4, { name: ascii('a\0b') }), 'rooms.open');
  assert.equal(errorOf(refused('bad-input')), ErrorCode.incorrectFormat);
  assert.equal(errorOf(refused('list-full')), ErrorCode.listOverflow);
});

test('a room is asked for by its cookie, and its people with it', () => {
  const { input, answered, refused } = asked(
    handle(routes, chatNavigation.roomQuery, { exchange: 4, cookie, instance: 0, detail: 2 }, context()),
    'rooms.show',
  );
  assert.deepEqual(input, { room: ROOM });
  assert.equal(replied(answered(view)).rooms?.[0]?.tlvs.occupants, undefined);
  assert.equal(errorOf(refused('no-such-room')), ErrorCode.noMatch);
  const people = asked(handle(routes, chatNavigation.occupantsQuery, { exchange: 4, cookie, instance: 0 }, context()), 'rooms.show');
  assert.deepEqual(decode(chatNavigation.occupants, replied(people.answered(view)).rooms?.[0]?.tlvs.occupants as Uint8Array), [String(ALICE), String(BOB)]);
  const odd = handle(routes, chatNavigation.roomQuery, { exchange: 4, cookie: ascii('../../etc/passwd'), instance: 0, detail: 2 }, context());
  assert.equal(errorOf(odd), ErrorCode.noMatch);
});

test('public rooms are searched, private ones are not', () => {
  const search = (exchange: number, name?: string) =>
    handle(routes, chatNavigation.searchRooms, { exchange, tlvs: name === undefined ? {} : { name: ascii(name) } }, context());
  const { input, answered } = asked(search(5, 'cat'), 'rooms.list');
  assert.deepEqual(input, { fragment: 'cat' });
  assert.equal(replied(answered([view, view])).rooms?.length, 2);
  assert.deepEqual(asked(search(5), 'rooms.list').input, { fragment: '' });
  assert.deepEqual(replied(asked(search(5), 'rooms.list').answered([])), {});
  assert.equal(errorOf(search(4, 'cat')), ErrorCode.noMatch);
});
