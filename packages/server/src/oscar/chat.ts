/** Family 0E: one connection, one room. @see oscar.md §8.3 */
import { type ClientProfile, type CommandInput, parseUin, type Refusal, type RoomLine, type RoomNews, type Uin } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { chat, ErrorCode, Family, type UserInfo } from '@seekyou/wire/oscar';
import { isAscii, plainFromHtml, UTF8 } from '@seekyou/wire/text';
import { escapedHtml, meansHtml } from './bodies.ts';
import { roomInfo } from './chat-navigation.ts';
import { chatTextFrom, chatTextTo } from './chat-text.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, type OscarContext, type OscarEffect, reply, type Request, type Route, say } from './state.ts';
import { messageSender } from './user-info.ts';

// ---------------------------------------------------------------- coming in

/** 01/02 came on a connection beside a session: if it is for a room, its client is in it now. */
export function enterRoom({ state, limits, now }: OscarContext): readonly OscarEffect[] {
  const { service, room } = state;
  if (service !== Family.chat || room === undefined) return [];
  return [
    ask(
      'rooms.join',
      { room },
      (view) => [...peoplePackets(chat.usersJoined, view.members, now), say(chat.roomInfoUpdate, roomInfo(view, limits))],
      ({ refusal }) => [{ do: 'close', last: [], why: `a room was not entered: ${refusal}` }],
    ),
  ];
}

/** So many fit a frame of 8 KB, the longest that every client takes. */
const PEOPLE_AT_ONCE = 200;

function peoplePackets(declaration: typeof chat.usersJoined, uins: readonly Uin[], now: number): readonly OscarEffect[] {
  const packets: OscarEffect[] = [];
  for (let at = 0; at < uins.length; at += PEOPLE_AT_ONCE) {
    packets.push(say(declaration, { users: uins.slice(at, at + PEOPLE_AT_ONCE).map((uin) => person(uin, now)) }));
  }
  return packets;
}

/** In a room people are seen by all alike, also by those who would not see them elsewhere: so nothing is told but who it is. */
function person(uin: Uin, now: number): UserInfo {
  return messageSender(uin, undefined, now);
}

// ---------------------------------------------------------------- speaking

/** What a client wrote: its cookie, then TLV 05. `html`: in AIM's HTML. */
const Format = { plain: 'chat', html: 'chat+html' } as const;
const COOKIE_BYTES = 8;

const onMessage: Handler<chat.ChatMsgToHost> = (context, message, request) => {
  const { session, state } = context;
  const { tlvs } = message;
  const to = tlvs.public === undefined && tlvs.whisperTo !== undefined ? parseUin(tlvs.whisperTo) : undefined;
  const text = tlvs.message?.tlvs.text;
  if (state.room === undefined || !state.online || text === undefined || (tlvs.public === undefined && to === undefined)) return [failed(request, 'bad-input')];
  const input: CommandInput<'rooms.say'> = {
    room: state.room,
    ...spoken(message, session.profile),
    ...(to === undefined ? {} : { to }),
    echo: tlvs.reflect !== undefined,
  };
  return [
    ask(
      'rooms.say',
      input,
      () => [],
      ({ refusal }) => [failed(request, refusal)],
    ),
  ];
};

function spoken(
  { cookie, tlvs }: chat.ChatMsgToHost,
  { codepage, html }: { readonly codepage: number; readonly html: boolean },
): Pick<CommandInput<'rooms.say'>, 'text' | 'original'> {
  const message = tlvs.message ?? { tlvs: {} };
  const written = chatTextFrom(message.tlvs.text ?? new Uint8Array(0), message.tlvs.charset, codepage);
  // Who writes HTML writes nothing else in rooms, with tags or without: libpurple says `&amp;` and puts no tag around it.
  const asHtml = html && meansHtml(written);
  const data = encode(chat.chatText, message);
  const bytes = new Uint8Array(COOKIE_BYTES + data.length);
  bytes.set(cookie);
  bytes.set(data, COOKIE_BYTES);
  return { text: asHtml ? plainFromHtml(written) : written, original: { format: asHtml ? Format.html : Format.plain, bytes } };
}

function failed(request: Request, refusal: Refusal): OscarEffect {
  return reply(request, chat.error, { code: REFUSAL_CODES[refusal], tlvs: {} });
}

/** Nobody is warned here. */
const onEvil: Handler<unknown> = (_context, _message, request) => [reply(request, chat.error, { code: ErrorCode.notSupportedByHost, tlvs: {} })];

export const routes: readonly Route[] = [on(chat.channelMsgToHost, onMessage), on(chat.evilRequest, onEvil), on(chat.clientErr, () => [])];

// ---------------------------------------------------------------- what the members are told

export function roomNews({ session, now }: OscarContext, news: RoomNews): readonly OscarEffect[] {
  switch (news.kind) {
    case 'joined':
      return peoplePackets(chat.usersJoined, news.uins, now);
    case 'left':
      return peoplePackets(chat.usersLeft, news.uins, now);
    case 'said': {
      const value = packetOf(news.line, readingOf(session.profile), now);
      return [say(chat.channelMsgToClient, value, { shared: value })];
    }
    default:
      return news satisfies never;
  }
}

/** How a client reads lines. `utf8`: it looks at no charset. */
type Reading = 'plain' | 'html' | 'utf8';

// COMPAT: bitlbee takes what it reads in a room for UTF-8, whatever its charset is called.
function readingOf({ html, codepage }: ClientProfile): Reading {
  return html ? 'html' : codepage === UTF8 ? 'utf8' : 'plain';
}

/** A line as those who read alike get it: made once for two hundred of them. */
const written = new WeakMap<RoomLine, { [R in Reading]?: chat.ChatMsgToClient }>();

function packetOf(line: RoomLine, reading: Reading, now: number): chat.ChatMsgToClient {
  const known = written.get(line) ?? {};
  written.set(line, known);
  return (known[reading] ??= makePacket(line, reading, now));
}

function makePacket(line: RoomLine, reading: Reading, now: number): chat.ChatMsgToClient {
  const { original } = line;
  const ours = original?.format === Format.plain || original?.format === Format.html ? original : undefined;
  return {
    cookie: ours === undefined ? timeCookie(line.at) : ours.bytes.subarray(0, COOKIE_BYTES),
    channel: chat.CHAT_CHANNEL,
    tlvs: {
      sender: person(line.from, now),
      ...(line.whisper ? {} : { public: true }),
      message:
        ours !== undefined && readsTheSame(ours.format, line.text, reading)
          ? decode(chat.chatText, ours.bytes.subarray(COOKIE_BYTES))
          : rewritten(line.text, reading),
    },
  };
}

function readsTheSame(format: string, text: string, reading: Reading): boolean {
  if (format === Format.html) return reading === 'html';
  return reading === 'plain' || (reading === 'html' ? !meansHtml(text) : isAscii(text));
}

function rewritten(text: string, reading: Reading): chat.ChatText {
  return chatTextTo(reading === 'html' && meansHtml(text) ? escapedHtml(text) : text, reading === 'utf8');
}

function timeCookie(at: number): Uint8Array {
  const cookie = new Uint8Array(COOKIE_BYTES);
  new DataView(cookie.buffer).setBigUint64(0, BigInt(at));
  return cookie;
}
