/** Rooms: finding and making them, being in them. Each has a connection of its own. @see oscar.md §8.3 */
import { decode, encode, type RawTlv } from '@seekyou/wire';
import { Capability, chat, chatNavigation, decodeSnacBody, extended, Family, icbm, rendezvous, type Snac } from '@seekyou/wire/oscar';
import { decodeText, decodeUcs2, encodeUcs2, isAscii, plainFromHtml, looksLikeAimHtml, UTF8 } from '@seekyou/wire/text';
import type { OscarConnection } from './connection.ts';
import { RequestRefused } from './errors.ts';
import { type Beside, openService } from './services.ts';

const { Exchange } = chatNavigation;
const SERVICE_TLV = 0x2711;

/** A room as the server tells of it. */
export interface RoomSummary {
  /** What the server calls it: with an invitation it opens a private room. */
  readonly id: string;
  readonly name: string;
  readonly private: boolean;
  /** How many are in it. */
  readonly members: number;
}

/** `room` is its name. */
export type RoomEvent =
  | { readonly type: 'room-joined'; readonly room: string; readonly uin: number }
  | { readonly type: 'room-left'; readonly room: string; readonly uin: number }
  | { readonly type: 'room-line'; readonly room: string; readonly from: number; readonly text: string; readonly whisper: boolean; readonly time: string }
  /** Somebody asks us into a room; `join` takes its id. */
  | { readonly type: 'room-invitation'; readonly from: number; readonly id: string; readonly text: string }
  /** We are no longer in it, and did not leave. */
  | { readonly type: 'room-closed'; readonly room: string };

export interface RoomsPlatform {
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
  /** Windows code page for what comes without a charset. */
  readonly codepage: number;
}

interface Seat {
  readonly summary: RoomSummary;
  readonly connection: OscarConnection;
  readonly members: Set<number>;
}

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

export class Rooms {
  private readonly session: Beside;
  private readonly platform: RoomsPlatform;
  private readonly emit: (event: RoomEvent) => void;
  /** By folded name. */
  private readonly seats = new Map<string, Seat>();
  /** Where we were when the connection broke. */
  private left: readonly RoomSummary[] = [];

  constructor(session: Beside, platform: RoomsPlatform, emit: (event: RoomEvent) => void) {
    this.session = session;
    this.platform = platform;
    this.emit = emit;
  }

  /** Rooms we are in, and who is there. */
  joined(): readonly (RoomSummary & { readonly uins: readonly number[] })[] {
    return [...this.seats.values()].map(({ summary, members }) => ({ ...summary, members: members.size, uins: [...members] }));
  }

  /** Public rooms with this in their names. */
  async list(fragment = ''): Promise<readonly RoomSummary[]> {
    const tlvs = fragment === '' ? {} : { name: utf8.encode(fragment) };
    return this.navigate((connection) =>
      connection.request(chatNavigation.searchRooms, { exchange: Exchange.public, tlvs }, chatNavigation.navigationReply, 'looking for rooms'),
    );
  }

  /**
   * Goes into a room; it is made when there is none of that name.
   *
   * @param name its name, or the id of an invitation
   * @throws RequestRefused
   */
  async join(name: string, options: { readonly private?: boolean } = {}): Promise<RoomSummary> {
    const known = this.seats.get(fold(name));
    if (known !== undefined) return known.summary;
    const exchange = options.private === true || isId(name) ? Exchange.private : Exchange.public;
    const ascii = isAscii(name);
    const request: chatNavigation.CreateRoom = {
      exchange,
      cookie: chatNavigation.CREATE_ROOM,
      instance: 0xffff,
      detail: chatNavigation.RoomDetail.full,
      tlvs: { name: ascii ? utf8.encode(name) : encodeUcs2(name), charset: ascii ? 'us-ascii' : 'unicode-2-0', language: 'en' },
    };
    const what = `the room ${name}`;
    const [summary] = await this.navigate((connection) => connection.request(chatNavigation.createRoom, request, chatNavigation.navigationReply, what));
    if (summary === undefined) throw new RequestRefused(what, 0x14);
    await this.sit(summary, what);
    return summary;
  }

  leave(name: string): void {
    const seat = this.seatOf(name);
    this.seats.delete(fold(seat.summary.name));
    seat.connection.close();
  }

  /** Says something to all, or to one alone. @throws RequestRefused when we are not in that room */
  say(name: string, text: string, to?: number): void {
    const lines = text.replaceAll(/\r?\n/g, '\r\n');
    const ascii = isAscii(lines);
    const message = { tlvs: { text: ascii ? utf8.encode(lines) : encodeUcs2(lines), charset: ascii ? 'us-ascii' : 'unicode-2-0', language: 'en' } };
    const tlvs = to === undefined ? { public: true as const, message } : { whisperTo: String(to), message };
    this.seatOf(name).connection.send(chat.channelMsgToHost, { cookie: this.platform.random(8), channel: chat.CHAT_CHANNEL, tlvs });
  }

  /** Asks somebody into a room we are in. */
  invite(name: string, uin: number, text = ''): Promise<unknown> {
    const { summary } = this.seatOf(name);
    const cookie = this.platform.random(8);
    const service = encode(extended.chatInvitation, { exchange: exchangeOf(summary), cookie: utf8.encode(summary.id), instance: 0 });
    const data = encode(rendezvous.rendezvousData, {
      type: rendezvous.RendezvousType.request,
      cookie,
      capability: Capability.chatRooms,
      tlvs: { sequence: 1, requestHostCheck: true, invitation: utf8.encode(text), service },
    });
    const message = { cookie, channel: icbm.Channel.rendezvous, recipient: String(uin), tlvs: { data, requestHostAck: true as const } };
    return this.session.request(icbm.channelMsgToHost, message, icbm.hostAck, `an invitation of ${uin}`);
  }

  /** @internal A channel-2 message of that capability came. */
  invited(from: number, envelope: rendezvous.RendezvousEnvelope): void {
    const tlv = (type: number): Uint8Array | undefined => envelope.tlvs.extra?.find((one: RawTlv) => one.type === type)?.data;
    const service = tlv(SERVICE_TLV);
    if (envelope.type !== rendezvous.RendezvousType.request || service === undefined) return;
    const { cookie } = decode(extended.chatInvitation, service);
    this.emit({ type: 'room-invitation', from, id: fromUtf8.decode(cookie), text: fromUtf8.decode(tlv(0x0c) ?? new Uint8Array(0)) });
  }

  /** @internal The session is over, and its rooms with it. */
  lost(): void {
    if (this.seats.size > 0) this.left = [...this.seats.values()].map(({ summary }) => summary);
    for (const seat of this.seats.values()) {
      this.seats.delete(fold(seat.summary.name));
      seat.connection.close();
      this.emit({ type: 'room-closed', room: seat.summary.name });
    }
  }

  /** @internal We are on line again: back to where we were. A room that is closed to us now stays closed. */
  async comeBack(): Promise<void> {
    const rooms = this.left;
    this.left = [];
    await Promise.allSettled(rooms.map((room) => this.join(room.private ? room.id : room.name, { private: room.private })));
  }

  /** @internal We sign off. */
  leaveAll(): void {
    const seats = [...this.seats.values()];
    this.seats.clear();
    for (const { connection } of seats) connection.close();
  }

  // -------------------------------------------------------------- inside

  private seatOf(name: string): Seat {
    const seat = this.seats.get(fold(name)) ?? [...this.seats.values()].find(({ summary }) => summary.id === name);
    if (seat === undefined) throw new RequestRefused(`the room ${name}`, 0x14);
    return seat;
  }

  private async navigate(ask: (connection: OscarConnection) => Promise<chatNavigation.NavigationReply>): Promise<readonly RoomSummary[]> {
    const connection = await openService(this.session, Family.chatNavigation, 'rooms');
    connection.onClosed = () => {};
    try {
      return ((await ask(connection)).tlvs.rooms ?? []).map(summaryOf);
    } finally {
      connection.close();
    }
  }

  private async sit(summary: RoomSummary, what: string): Promise<void> {
    const members = new Set<number>();
    const room = { exchange: exchangeOf(summary), cookie: utf8.encode(summary.id), instance: 0 };
    let entered = (): void => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const connection = await openService(this.session, Family.chat, what, (snac) => this.heard(summary, members, entered, snac), room);
    const refused = new Promise<never>((_resolve, reject) => {
      connection.onClosed = reject;
    });
    await Promise.race([inside, refused]);
    this.seats.set(fold(summary.name), { summary, connection, members });
    connection.onClosed = () => {
      if (this.seats.get(fold(summary.name))?.connection !== connection) return;
      this.seats.delete(fold(summary.name));
      this.emit({ type: 'room-closed', room: summary.name });
    };
  }

  private heard(summary: RoomSummary, members: Set<number>, entered: () => void, snac: Snac): void {
    if (snac.family !== Family.chat) return;
    const room = summary.name;
    switch (snac.subtype) {
      case chat.usersJoined.subtype: {
        const arrivals = uinsIn(snac);
        // The first list is of those who are there, ourselves among them.
        const isFirst = !members.has(this.session.uin);
        for (const uin of arrivals) members.add(uin);
        if (!isFirst) for (const uin of arrivals) this.emit({ type: 'room-joined', room, uin });
        return undefined;
      }
      case chat.roomInfoUpdate.subtype:
        return entered();
      case chat.usersLeft.subtype:
        for (const uin of uinsIn(snac)) {
          members.delete(uin);
          this.emit({ type: 'room-left', room, uin });
        }
        return undefined;
      case chat.channelMsgToClient.subtype:
        return this.line(room, decodeSnacBody(chat.channelMsgToClient, snac.data));
      default:
        return undefined;
    }
  }

  private line(room: string, { tlvs }: chat.ChatMsgToClient): void {
    const { text = new Uint8Array(0), charset } = tlvs.message?.tlvs ?? {};
    const written = textOf(text, charset, this.platform.codepage);
    this.emit({
      type: 'room-line',
      room,
      from: Number(tlvs.sender?.screenName ?? 0),
      text: looksLikeAimHtml(written) ? plainFromHtml(written) : written,
      whisper: tlvs.public === undefined,
      time: new Date(this.platform.now()).toISOString(),
    });
  }
}

function textOf(text: Uint8Array, charset: string | undefined, codepage: number): string {
  if (charset === 'unicode-2-0') return decodeUcs2(text);
  return decodeText(text, charset === 'utf-8' ? UTF8 : codepage);
}

const fold = (name: string): string => name.trim().normalize('NFKC').toLowerCase();

/** What our server calls rooms. */
const isId = (name: string): boolean => /^[0-9a-f]{24}$/.test(name);

function exchangeOf(summary: RoomSummary): number {
  return summary.private ? Exchange.private : Exchange.public;
}

function summaryOf({ exchange, cookie, tlvs }: chatNavigation.RoomInfo): RoomSummary {
  const id = fromUtf8.decode(cookie);
  return { id, name: tlvs.name === undefined ? id : fromUtf8.decode(tlvs.name), private: exchange === Exchange.private, members: tlvs.occupancy ?? 0 };
}

function uinsIn(snac: Snac): readonly number[] {
  return decodeSnacBody(chat.usersJoined, snac.data).users.map(({ screenName }) => Number(screenName));
}
