/** Family 0D: finding and creating rooms. @see oscar.md §8.3 */
import type { Limits, Refusal, Refused, RoomId, RoomKind, RoomView } from '@seekyou/core';
import { encode } from '@seekyou/wire';
import { chatNavigation, ErrorCode } from '@seekyou/wire/oscar';
import { decodeText, UTF8 } from '@seekyou/wire/text';
import { CHAT_CHARSET, chatTextFrom } from './chat-text.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, type OscarEffect, reply, type Request, type Route } from './state.ts';

const { CreationPermission, Exchange, RoomDetail, RoomFlag } = chatNavigation;

const KINDS: ReadonlyMap<number, RoomKind> = new Map<number, RoomKind>([
  [Exchange.private, 'private'],
  [Exchange.public, 'public'],
]);
/** `undefined`: there is no such exchange. */
export function roomKindOf(exchange: number): RoomKind | undefined {
  return KINDS.get(exchange);
}

const EXCHANGES = { private: Exchange.private, public: Exchange.public } satisfies Record<RoomKind, number>;

// Of the real server: people may be looked at from outside, and there are several rooms of a name.
const FLAGS = RoomFlag.evilable | RoomFlag.navigationOnly | RoomFlag.instancing | RoomFlag.occupantPeek;
const CLASS = 0x10;

function exchangeInfo(exchange: number, limits: Limits): chatNavigation.ExchangeInfo {
  return {
    exchange,
    tlvs: {
      class: CLASS,
      roomsMax: limits.roomsJoinedMax,
      nameBytesMax: limits.roomNameBytesMax,
      flags: FLAGS,
      messageBytesMax: limits.roomLineBytesMax,
      occupancyMax: limits.roomMembersMax,
      creationPermission: CreationPermission.rooms,
      charset: CHAT_CHARSET.ascii,
      language: 'en',
    },
  };
}

const COOKIE_BYTES_MAX = 255;

/** As 01/04 and this family name a room. `undefined` when it cannot be one of ours. */
export function roomIdFrom(cookie: Uint8Array): RoomId | undefined {
  return /^([0-9a-f]{24})(?:-|$)/.exec(String.fromCharCode(...cookie.subarray(0, COOKIE_BYTES_MAX)))?.[1];
}

const utf8 = new TextEncoder();

/**
 * The id, the exchange and the name with dashes between them, ASCII.
 * COMPAT: libpurple and bitlbee call a room what they find behind the second dash, and libpurple opens none without it.
 */
function roomCookie({ id, kind, name }: RoomView['room']): Uint8Array {
  let cookie = `${id}-${EXCHANGES[kind]}-`;
  for (const character of name) {
    const escaped = /^[A-Za-z0-9]$/.test(character) ? character : Array.from(utf8.encode(character), percent).join('');
    if (cookie.length + escaped.length > COOKIE_BYTES_MAX) break;
    cookie += escaped;
  }
  return utf8.encode(cookie);
}

const percent = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`;

/** A room as 0D/09 and 0E/02 tell of it; names are UTF-8. */
export function roomInfo({ room, members }: RoomView, limits: Limits): chatNavigation.RoomInfo {
  const name = utf8.encode(room.name);
  return {
    exchange: EXCHANGES[room.kind],
    cookie: roomCookie(room),
    instance: 0,
    // COMPAT: libpurple reads nothing of a room of another detail.
    detail: RoomDetail.full,
    tlvs: {
      fullName: name,
      occupancy: members.length,
      flags: FLAGS,
      created: Math.floor(room.createdAt / 1000) >>> 0,
      messageBytesMax: limits.roomLineBytesMax,
      occupancyMax: limits.roomMembersMax,
      name,
      creationPermission: CreationPermission.rooms,
      // COMPAT: libpurple sends nothing longer than this, and without it nothing.
      visibleBytesMax: limits.roomLineBytesMax,
    },
  };
}

const onRights: Handler<unknown> = ({ limits }, _message, request) => [
  reply(request, chatNavigation.navigationReply, {
    tlvs: { roomsMax: limits.roomsJoinedMax & 0xff, exchanges: [...KINDS.keys()].map((exchange) => exchangeInfo(exchange, limits)) },
  }),
];

const onExchange: Handler<{ readonly exchange: number }> = ({ limits }, { exchange }, request) =>
  KINDS.has(exchange)
    ? [reply(request, chatNavigation.navigationReply, { tlvs: { exchanges: [exchangeInfo(exchange, limits)] } })]
    : [failed(request, 'no-such-room')];

const onRoom: Handler<chatNavigation.RoomQuery> = (context, { cookie }, request) => showRoom(context.limits, cookie, request, () => ({}));

const onOccupants: Handler<chatNavigation.OccupantsQuery> = (context, { cookie }, request) =>
  showRoom(context.limits, cookie, request, ({ members }) => ({ occupants: encode(chatNavigation.occupants, members.map(String)) }));

function showRoom(limits: Limits, cookie: Uint8Array, request: Request, more: (view: RoomView) => chatNavigation.RoomInfo['tlvs']): readonly OscarEffect[] {
  const room = roomIdFrom(cookie);
  if (room === undefined) return [failed(request, 'no-such-room')];
  return [
    ask(
      'rooms.show',
      { room },
      (view) => {
        const info = roomInfo(view, limits);
        return [reply(request, chatNavigation.navigationReply, { tlvs: { rooms: [{ ...info, tlvs: { ...info.tlvs, ...more(view) } }] } })];
      },
      ({ refusal }) => [failed(request, refusal)],
    ),
  ];
}

const onSearch: Handler<chatNavigation.SearchRooms> = ({ limits }, { exchange, tlvs }, request) => {
  if (KINDS.get(exchange) !== 'public') return [failed(request, 'no-such-room')];
  return [
    ask(
      'rooms.list',
      { fragment: decodeText(tlvs.name ?? new Uint8Array(0), UTF8) },
      (views) => [reply(request, chatNavigation.navigationReply, { tlvs: { rooms: views.map((view) => roomInfo(view, limits)) } })],
      ({ refusal }) => [failed(request, refusal)],
    ),
  ];
};

/** The room of that name: whoever asks for one that is there gets that one. */
const onCreate: Handler<chatNavigation.CreateRoom> = ({ limits, session }, { exchange, cookie, tlvs }, request) => {
  const kind = KINDS.get(exchange);
  if (kind === undefined || cookie !== chatNavigation.CREATE_ROOM || tlvs.name === undefined) return [failed(request, 'bad-input')];
  const name = chatTextFrom(tlvs.name, tlvs.charset, session.profile.codepage);
  const found = (view: RoomView): readonly OscarEffect[] => [reply(request, chatNavigation.navigationReply, { tlvs: { rooms: [roomInfo(view, limits)] } })];
  const refused = ({ refusal }: Refused): readonly OscarEffect[] => [failed(request, refusal)];
  // COMPAT: libpurple, invited to a room, asks for one whose name is the cookie. That is never a name: a new room would tell everybody
  // what the closed one is called.
  const room = roomIdFrom(utf8.encode(name.trim()));
  return [room === undefined ? ask('rooms.open', { kind, name }, found, refused) : ask('rooms.show', { room }, found, refused)];
};

function failed(request: Request, refusal: Refusal): OscarEffect {
  const code = refusal === 'no-such-room' ? ErrorCode.noMatch : REFUSAL_CODES[refusal];
  return reply(request, chatNavigation.error, { code, tlvs: {} });
}

export const routes: readonly Route[] = [
  on(chatNavigation.rightsQuery, onRights),
  on(chatNavigation.exchangeQuery, onExchange),
  on(chatNavigation.roomQuery, onRoom),
  on(chatNavigation.occupantsQuery, onOccupants),
  on(chatNavigation.searchRooms, onSearch),
  on(chatNavigation.createRoom, onCreate),
];
