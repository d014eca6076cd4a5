/** Rooms: finding and making them, being in them. Each has a connection of its own. @see oscar.md §8.3 */
import { decode, encode, type RawTlv } from '@seekyou/wire';
import { Capability, chat, chatNavigation, decodeSnacBody, ErrorCode, extended, Family, icbm, oservice, rendezvous, type Snac } from '@seekyou/wire/oscar';
import { decodeText, decodeUcs2, encodeUcs2, isAscii, plainFromHtml, looksLikeAimHtml, UTF8 } from '@seekyou/wire/text';
import type { OscarConnection } from './connection.ts';
import { RequestRefused } from './errors.ts';
import { type Beside, openService } from './services.ts';

const { Exchange } = chatNavigation;
const SERVICE_TLV = 0x2711;

/** A room as the server tells of it. */
export interface RoomSummary {
  /** What the server calls it, and no other room: with an invitation it opens a private room. */
  readonly id: string;
  readonly name: string;
  readonly private: boolean;
  /** How many are in it. */
  readonly members: number;
}

/** `room` is its name, which another room may have, too: a public one and private ones of several people. `id` tells them apart. */
export type RoomEvent =
  | { readonly type: 'room-joined'; readonly room: string; readonly id: string; readonly uin: number }
  | { readonly type: 'room-left'; readonly room: string; readonly id: string; readonly uin: number }
  | {
      readonly type: 'room-line';
      readonly room: string;
      readonly id: string;
      readonly from: number;
      readonly text: string;
      readonly whisper: boolean;
      readonly time: string;
    }
  /** Somebody asks us into a room; `join` takes its id. */
  | { readonly type: 'room-invitation'; readonly from: number; readonly id: string; readonly text: string }
  /** We are no longer in it, and did not leave. */
  | { readonly type: 'room-closed'; readonly room: string; readonly id: string };

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
  /** By the room's id. */
  private readonly seats = new Map<string, Seat>();
  /** Where we were, are not any more, and did not leave. By id. */
  private readonly left = new Map<string, RoomSummary>();

  constructor(session: Beside, platform: RoomsPlatform, emit: (event: RoomEvent) => void) {
    this.session = session;
    this.platform = platform;
    this.emit = emit;
  }

  /** Rooms we are in, and who is there. */
  joined(): readonly (RoomSummary & { readonly uins: readonly number[] })[] {
    return [...this.seats.values()].map(({ summary, members }) => ({ ...summary, members: members.size, uins: [...members] }));
  }

  /** What to call a room of an event: its name, as long as we are in no other of that name; else its id. */
  called({ room, id }: { readonly room: string; readonly id: string }): string {
    return named(room, this.summaries()).some((one) => one.id !== id) ? id : room;
  }

  /** Public rooms with this in their names. */
  async list(fragment = ''): Promise<readonly RoomSummary[]> {
    const tlvs = fragment === '' ? {} : { name: utf8.encode(fragment) };
    return this.navigate((connection) =>
      connection.request(chatNavigation.searchRooms, { exchange: Exchange.public, tlvs }, chatNavigation.navigationReply, 'looking for rooms'),
    );
  }

  /**
   * Goes into a room; it is made when there is none of that name. Which room a name means, the server knows: a public one and
   * private ones may have the same.
   *
   * @param name its name, or the id of an invitation
   * @throws RequestRefused
   */
  async join(name: string, options: { readonly private?: boolean } = {}): Promise<RoomSummary> {
    return this.enter(name, options.private === true || isId(name), () => true);
  }

  /** @param wanted whether we still want to, when the way is open */
  private async enter(name: string, isPrivate: boolean, wanted: () => boolean): Promise<RoomSummary> {
    const exchange = isPrivate ? Exchange.private : Exchange.public;
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
    if (summary === undefined) throw new RequestRefused(what, ErrorCode.noMatch);
    if (!this.seats.has(summary.id)) await this.sit(summary, what, wanted);
    this.left.delete(summary.id);
    return summary;
  }

  /** @param name of a room we are in or would come back into, or its id: the name is enough while there is only one */
  leave(name: string): void {
    const { id } = theOne(name, new Map([...this.left, ...this.summaries()]));
    const seat = this.seats.get(id);
    this.seats.delete(id);
    this.left.delete(id);
    seat?.connection.close();
  }

  /**
   * Says something to all, or to one alone; resolves when the server has taken it.
   *
   * @param name as in `leave`
   * @throws RequestRefused, ClientError
   */
  async say(name: string, text: string, to?: number): Promise<void> {
    const { connection, summary } = this.seatOf(name);
    const lines = text.replaceAll(/\r?\n/g, '\r\n');
    const ascii = isAscii(lines);
    const message = { tlvs: { text: ascii ? utf8.encode(lines) : encodeUcs2(lines), charset: ascii ? 'us-ascii' : 'unicode-2-0', language: 'en' } };
    const tlvs = to === undefined ? { public: true as const, message } : { whisperTo: String(to), message };
    const line = { cookie: this.platform.random(8), channel: chat.CHAT_CHANNEL, tlvs };
    const what = `a line in the room ${summary.name}`;
    // Any server was asked this when the connection began.
    const behind = (): Promise<unknown> => connection.request(oservice.rateParamsQuery, {}, oservice.rateParamsReply, what);
    await connection.submit(chat.channelMsgToHost, line, what, behind);
  }

  /** Asks somebody into a room we are in. */
  async invite(name: string, uin: number, text = ''): Promise<unknown> {
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
    for (const { summary, connection } of this.seats.values()) {
      this.closed(summary);
      connection.close();
    }
  }

  /** @internal We are on line again: back to where we were. A room that is closed to us now stays closed. */
  async comeBack(): Promise<void> {
    const back = async (room: RoomSummary): Promise<void> => {
      try {
        await this.enter(room.private ? room.id : room.name, room.private, () => this.left.has(room.id));
      } catch (error) {
        // Where the line broke again, or the server is busy, there is another time.
        if (error instanceof RequestRefused && error.code === ErrorCode.noMatch) this.left.delete(room.id);
      }
    };
    await Promise.all(Array.from(this.left.values(), back));
  }

  /** @internal We sign off. */
  leaveAll(): void {
    const seats = [...this.seats.values()];
    this.seats.clear();
    for (const { connection } of seats) connection.close();
  }

  // -------------------------------------------------------------- inside

  private seatOf(name: string): Seat {
    return this.seats.get(theOne(name, this.summaries()).id) as Seat;
  }

  private summaries(): ReadonlyMap<string, RoomSummary> {
    return new Map(Array.from(this.seats, ([id, { summary }]) => [id, summary]));
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

  private async sit(summary: RoomSummary, what: string, wanted: () => boolean): Promise<void> {
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
    if (connection.ended !== undefined) throw connection.ended;
    // Somebody asked for it twice, and was in it sooner by the other way; or has left it meanwhile.
    if (this.seats.has(summary.id) || !wanted()) return connection.close();
    this.seats.set(summary.id, { summary, connection, members });
    connection.onClosed = () => {
      // A room's connection may break before the session's does.
      if (this.seats.get(summary.id)?.connection === connection) this.closed(summary);
    };
  }

  private closed(summary: RoomSummary): void {
    this.seats.delete(summary.id);
    this.left.set(summary.id, summary);
    this.emit({ type: 'room-closed', room: summary.name, id: summary.id });
  }

  private heard(summary: RoomSummary, members: Set<number>, entered: () => void, snac: Snac): void {
    if (snac.family !== Family.chat) return;
    const room = { room: summary.name, id: summary.id };
    switch (snac.subtype) {
      case chat.usersJoined.subtype: {
        const arrivals = uinsIn(snac);
        // The first list is of those who are there, ourselves among them.
        const isFirst = !members.has(this.session.uin);
        for (const uin of arrivals) members.add(uin);
        if (!isFirst) for (const uin of arrivals) this.emit({ type: 'room-joined', ...room, uin });
        return undefined;
      }
      case chat.roomInfoUpdate.subtype:
        return entered();
      case chat.usersLeft.subtype:
        for (const uin of uinsIn(snac)) {
          members.delete(uin);
          this.emit({ type: 'room-left', ...room, uin });
        }
        return undefined;
      case chat.channelMsgToClient.subtype:
        return this.line(summary, decodeSnacBody(chat.channelMsgToClient, snac.data));
      default:
        return undefined;
    }
  }

  private line({ name, id }: RoomSummary, { tlvs }: chat.ChatMsgToClient): void {
    const { text = new Uint8Array(0), charset } = tlvs.message?.tlvs ?? {};
    const written = textOf(text, charset, this.platform.codepage);
    this.emit({
      type: 'room-line',
      room: name,
      id,
      from: Number(tlvs.sender?.screenName ?? 0),
      // Our servers give us words, whoever wrote them; of other servers' lines some are HTML.
      text: !isId(id) && looksLikeAimHtml(written) ? plainFromHtml(written) : written,
      whisper: tlvs.public === undefined,
      time: new Date(this.platform.now()).toISOString(),
    });
  }
}

function textOf(text: Uint8Array, charset: string | undefined, codepage: number): string {
  if (charset === 'unicode-2-0') return decodeUcs2(text);
  return decodeText(text, charset === 'utf-8' ? UTF8 : codepage);
}

/** @throws RequestRefused when it is none of these, or several have this name */
function theOne(name: string, rooms: ReadonlyMap<string, RoomSummary>): RoomSummary {
  const byId = rooms.get(name);
  if (byId !== undefined) return byId;
  const [room, ...others] = named(name, rooms);
  const what = `the room ${name}`;
  if (room === undefined) throw new RequestRefused(what, ErrorCode.noMatch);
  if (others.length === 0) return room;
  const ids = [room, ...others].map((one) => `${one.id} (${one.private ? 'private' : 'public'})`);
  throw new RequestRefused(what, ErrorCode.requestAmbiguous, `you are in ${ids.length} of that name; say which: ${ids.join(', ')}`);
}

function named(name: string, rooms: ReadonlyMap<string, RoomSummary>): readonly RoomSummary[] {
  const folded = fold(name);
  return [...rooms.values()].filter((room) => fold(room.name) === folded);
}

const fold = (name: string): string => name.trim().normalize('NFKC').toLowerCase();

/** What our servers call rooms, and nobody else does. */
const isId = (name: string): boolean => /^[0-9a-f]{24}(?:$|-)/.test(name);

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
