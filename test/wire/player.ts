/**
 * Plays the clients' side of a recording against a live server and wants to hear from it what the recorded server said.
 *
 * Frames of clients go out as recorded, but for what a server makes up anew: cookies for BOS and for connections beside it, ids of
 * rooms, what is hashed with a key, the time of a roster. Before a client's frame goes out, everything its connection was told before
 * it in the recording must have come, in any order; what comes twice or again in between is judged at the end.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { decode } from '@seekyou/wire';
import {
  bart,
  buddy,
  chat,
  chatNavigation,
  decodeSnac,
  decodeSnacAs,
  decodeSnacBody,
  encodeFlap,
  encodeSnac,
  feedbag,
  FlapChannel,
  FlapDecoder,
  type FlapFrame,
  icbm,
  icqMeta,
  login,
  loginHash,
  lookup,
  oservice,
  own,
  rendezvous,
  SERVER_REQUEST_ID,
  type Snac,
  SNAC_HEADER_BYTES,
  type SnacDeclaration,
  snacName,
} from '@seekyou/wire/oscar';
import type { Target } from './recorder.ts';
import type { Recording } from './recording.ts';

const PATIENCE_MS = 15_000;

export type Tamper = (frame: FlapFrame) => readonly FlapFrame[];

export interface ReplayOptions {
  /** Passwords of the accounts that sign on with a hash. */
  readonly passwords: ReadonlyMap<number, string>;
  /** What the recording notes, when its turn comes. */
  readonly onNote?: (text: string) => Promise<void>;
  /** What arrives in place of a frame of the server: for the proof that a wrong answer is noticed. */
  readonly tamper?: Tamper;
  /** How long to wait for a frame; far beyond what anything here takes unless said. */
  readonly patienceMs?: number;
}

/** How many server frames of each kind came as recorded: `04/07` → 3. */
export type Heard = ReadonlyMap<string, number>;

/** @throws AssertionError naming the connection and the frame that did not come, or came without being wanted */
export async function replay(recording: Recording, server: Target, options: ReplayOptions): Promise<Heard> {
  const heard = new Map<string, number>();
  const world: World = { cookies: new Map(), times: new Map(), rooms: new Map(), options };
  const connections = new Map<number, Connection>();
  const connection = (number: number): Connection => {
    const found = connections.get(number);
    assert.ok(found, `connection ${number} was opened`);
    return found;
  };
  try {
    for (const event of recording.events) {
      if (event.type === 'note') await options.onNote?.(event.text);
      else if (event.type === 'open') connections.set(event.connection, await Connection.open(event.connection, server, world));
      else if (event.type === 'close') await connection(event.connection).close(event.from);
      else if (event.from === 'client') connection(event.connection).say(event.frame);
      else {
        await connection(event.connection).hear(event.frame);
        const kind = kindOf(event.frame);
        heard.set(kind, (heard.get(kind) ?? 0) + 1);
      }
    }
    for (const one of connections.values()) one.nothingUnwanted();
    return heard;
  } finally {
    for (const one of connections.values()) one.destroy();
  }
}

/** What the live server made up, by what the recorded one had made up. */
interface World {
  readonly cookies: Map<string, Uint8Array>;
  readonly times: Map<number, number>;
  /** Ids, which are equally long. */
  readonly rooms: Map<string, string>;
  readonly options: ReplayOptions;
}

interface Received {
  readonly frame: FlapFrame;
  readonly print: string;
}

class Connection {
  private readonly number: number;
  private readonly socket: Socket;
  private readonly world: World;
  private readonly decoder = new FlapDecoder();
  private readonly received: Received[] = [];
  /** Presence is a state: saying it again is allowed, and so is not saying it again. */
  private readonly said = new Set<string>();
  private key: Uint8Array | undefined;
  private ended = false;
  private failure: Error | undefined;
  private wake: () => void = () => {};

  private constructor(number: number, socket: Socket, world: World) {
    this.number = number;
    this.socket = socket;
    this.world = world;
    socket.on('data', (chunk) => {
      try {
        for (const frame of this.decoder.push(Uint8Array.from(chunk))) this.take(frame);
      } catch (error) {
        this.failure = error as Error;
      }
      this.wake();
    });
    for (const end of ['end', 'error', 'close'] as const) {
      socket.on(end, () => {
        this.ended = true;
        this.wake();
      });
    }
  }

  static async open(number: number, { host, port }: Target, world: World): Promise<Connection> {
    const socket = connect({ host, port, noDelay: true });
    const connection = new Connection(number, socket, world);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return connection;
  }

  private take(frame: FlapFrame): void {
    for (const one of this.world.options.tamper?.(frame) ?? [frame]) this.received.push({ frame: one, print: fingerprint(one) });
    if (frame.channel === FlapChannel.snac) this.acknowledge(decodeSnac(frame.payload));
  }

  /** Our own client was recorded before authorisation had ids (own.md §2). It says that it has it, or it is told again. */
  private acknowledge(snac: Snac): void {
    const declaration = AUTHORISATION.find((one) => is(snac, one));
    const id = declaration && decodeSnacBody(declaration, snac.data).tlvs.messageId;
    if (id !== undefined) this.socket.write(encodeFlap(FlapChannel.snac, 0, encodeSnac(own.delivered, { messageIds: [id] }, 0)));
  }

  // -------------------------------------------------------------- the client's side

  say(frame: FlapFrame): void {
    this.socket.write(encodeFlap(frame.channel, frame.sequence, this.renewed(frame)));
  }

  /** The payload with what only the live server can know. */
  private renewed(frame: FlapFrame): Uint8Array {
    const payload = this.withRooms(frame.payload);
    if (frame.channel === FlapChannel.hello) return this.withCookie(payload);
    if (frame.channel !== FlapChannel.snac) return payload;
    const snac = decodeSnac(payload);
    if (is(snac, login.loginRequest)) this.putHash(payload);
    if (is(snac, feedbag.queryIfModified)) this.putTime(payload);
    return payload;
  }

  private withRooms(payload: Uint8Array): Uint8Array {
    let text = Buffer.from(payload).toString('latin1');
    for (const [was, is] of this.world.rooms) text = text.replaceAll(was, is);
    return Uint8Array.from(Buffer.from(text, 'latin1'));
  }

  private withCookie(payload: Uint8Array): Uint8Array {
    const at = tlvAt(payload, 4, 0x0006);
    if (at === undefined) return payload;
    const live = this.world.cookies.get(hex(payload.subarray(at.start, at.end)));
    assert.ok(live, `connection ${this.number}: the recording shows a cookie that no server gave`);
    return Uint8Array.from([...payload.subarray(0, at.start - 2), live.length >>> 8, live.length & 0xff, ...live, ...payload.subarray(at.end)]);
  }

  private putHash(payload: Uint8Array): void {
    const { value } = decodeSnacAs(login.loginRequest, payload);
    const at = tlvAt(payload, SNAC_HEADER_BYTES, 0x0025);
    const password = this.world.options.passwords.get(Number(value.uin));
    assert.ok(at && this.key && password, `connection ${this.number}: ${value.uin} signs on with a key and a password that are known`);
    const form = value.md5WithHashedPassword === undefined ? 'old' : 'new';
    const hash = loginHash((data) => createHash('md5').update(data).digest(), this.key, new TextEncoder().encode(password), form);
    payload.set(hash, at.start);
  }

  private putTime(payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const live = this.world.times.get(view.getUint32(SNAC_HEADER_BYTES));
    if (live !== undefined) view.setUint32(SNAC_HEADER_BYTES, live);
  }

  // -------------------------------------------------------------- the server's side

  /** Waits for a frame that means what the recorded one means. */
  async hear(recorded: FlapFrame): Promise<void> {
    const print = fingerprint({ ...recorded, payload: this.withRooms(recorded.payload) });
    const live = await this.next(print);
    if (live === undefined) return;
    this.said.add(print);
    this.learn(recorded, live);
  }

  private async next(print: string): Promise<FlapFrame | undefined> {
    const patience = this.world.options.patienceMs ?? PATIENCE_MS;
    const give = Date.now() + patience;
    for (;;) {
      const at = this.received.findIndex((one) => one.print === print);
      if (at >= 0) return this.received.splice(at, 1)[0]?.frame;
      if (mayRepeat(print) && this.said.has(print)) return undefined;
      const came = (): string => this.received.map((one) => `\n  ${one.print}`).join('') || ' nothing';
      if (this.failure !== undefined) throw this.failure;
      if (this.ended) assert.fail(`connection ${this.number} ended before\n  ${print}\ncame instead:${came()}`);
      const left = give - Date.now();
      if (left <= 0) assert.fail(`connection ${this.number} waited ${patience / 1000} s for\n  ${print}\ncame instead:${came()}`);
      await this.somethingComes(left);
    }
  }

  private somethingComes(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, atMostMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** What the live server made up in place of what the recorded one had. */
  private learn(recorded: FlapFrame, live: FlapFrame): void {
    const [was, is] = [cookieOf(recorded), cookieOf(live)];
    if (was !== undefined && is !== undefined) this.world.cookies.set(hex(was), Uint8Array.from(is));
    if (live.channel !== FlapChannel.snac) return;
    const name = snacName(decodeSnac(live.payload));
    if (name === snacName(login.keyReply)) this.key = decodeSnacAs(login.keyReply, live.payload).value.key;
    if (name === snacName(chatNavigation.navigationReply)) {
      const [then, now] = [roomsOf(recorded), roomsOf(live)];
      for (const [i, id] of then.entries()) this.world.rooms.set(id, now[i] as string);
    }
    if (name !== snacName(feedbag.reply)) return;
    const [then, now] = [decodeSnacAs(feedbag.reply, recorded.payload).value.time, decodeSnacAs(feedbag.reply, live.payload).value.time];
    if (then !== undefined && now !== undefined && then !== 0) this.world.times.set(then, now);
  }

  async close(from: 'client' | 'server'): Promise<void> {
    if (from === 'client') {
      this.socket.end();
      return;
    }
    const give = Date.now() + (this.world.options.patienceMs ?? PATIENCE_MS);
    while (!this.ended && !this.socket.writableEnded) {
      const left = give - Date.now();
      assert.ok(left > 0, `connection ${this.number}: the server closed in the recording, this one does not`);
      await this.somethingComes(left);
    }
  }

  /** Presence, warnings about speed and the like may come once more; a message, an answer or an error may not. */
  nothingUnwanted(): void {
    const unwanted = this.received.filter(({ print }) => !mayRepeat(print)).map(({ print }) => print);
    assert.deepEqual(unwanted, [], `connection ${this.number} was told more than in the recording`);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

const AUTHORISATION: readonly SnacDeclaration<{ readonly tlvs: { readonly messageId?: number } }>[] = [
  feedbag.preAuthorized,
  feedbag.authorizeRequested,
  feedbag.authorizeResponded,
  feedbag.youWereAdded,
];

/** The cookie a server gives for the next connection. */
function cookieOf(frame: FlapFrame): Uint8Array | undefined {
  if (frame.channel === FlapChannel.close) return decode(login.loginAnswer, frame.payload).cookie;
  if (frame.channel !== FlapChannel.snac) return undefined;
  const snac = decodeSnac(frame.payload);
  if (is(snac, oservice.serviceResponse)) return decodeSnacBody(oservice.serviceResponse, snac.data).tlvs.cookie;
  return is(snac, login.loginReply) ? decode(login.loginAnswer, snac.data).cookie : undefined;
}

/** The ids of the rooms that are told of; each begins a cookie. */
function roomsOf(frame: FlapFrame): readonly string[] {
  const { rooms = [] } = decodeSnacAs(chatNavigation.navigationReply, frame.payload).value.tlvs;
  return rooms.map(({ cookie }) => Buffer.from(cookie.subarray(0, ROOM_ID_BYTES)).toString('latin1'));
}

function is(snac: Snac, declaration: SnacDeclaration<any>): boolean {
  return snac.family === declaration.family && snac.subtype === declaration.subtype;
}

/** Where the value of the first TLV of a type lies, in TLVs from `from` on. */
function tlvAt(data: Uint8Array, from: number, type: number): { readonly start: number; readonly end: number } | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = from; at + 4 <= data.length; at += 4 + view.getUint16(at + 2)) {
    if (view.getUint16(at) === type) return { start: at + 4, end: at + 4 + view.getUint16(at + 2) };
  }
  return undefined;
}

const hex = (data: Uint8Array | undefined): string => (data === undefined ? 'none' : Buffer.from(data).toString('hex'));

// ---------------------------------------------------------------- what a frame means

const ROOM_ID_BYTES = 24;

/** States: saying them again is allowed. */
const REPEATABLE: readonly string[] = [buddy.arrived, buddy.departed, oservice.userInfoUpdate, oservice.rateParamChange].map(snacName);

function mayRepeat(print: string): boolean {
  return REPEATABLE.some((name) => print.startsWith(name));
}

/** `04/07`, `channel 4`. */
export function kindOf(frame: FlapFrame): string {
  return frame.channel === FlapChannel.snac ? snacName(decodeSnac(frame.payload)) : `channel ${frame.channel}`;
}

/** What a server's frame means to a client, without what every server makes up for itself. Two frames with the same mean the same. */
export function fingerprint(frame: FlapFrame): string {
  if (frame.channel === FlapChannel.hello) return `channel 1 ${hex(frame.payload)}`;
  if (frame.channel === FlapChannel.close) return `channel 4 ${outcome(decode(login.loginAnswer, frame.payload))} ${signOff(frame.payload)}`;
  if (frame.channel !== FlapChannel.snac) return `channel ${frame.channel}`;
  const snac = decodeSnac(frame.payload);
  const request = snac.requestId >= SERVER_REQUEST_ID ? 'unasked' : `to ${snac.requestId}`;
  const meaning = MEANINGS.get(snacName(snac))?.(snac.data) ?? (snac.subtype === 0x01 ? `code ${(snac.data[0] ?? 0) * 256 + (snac.data[1] ?? 0)}` : '');
  return [snacName(snac), request, meaning].join(' ').trimEnd();
}

function outcome({ error, cookie, address }: login.LoginAnswer): string {
  if (error !== undefined) return `error ${error}`;
  return cookie === undefined || address === undefined ? 'no answer' : `cookie of ${cookie.length} bytes`;
}

function signOff(payload: Uint8Array): string {
  const { reason } = decode(login.signOffNotice, payload);
  return reason === undefined ? 'no reason' : `reason ${reason}`;
}

function meaning<T>(declaration: SnacDeclaration<T>, say: (value: T) => string): [string, (data: Uint8Array) => string] {
  return [snacName(declaration), (data) => say(decodeSnacBody(declaration, data))];
}

/** Changes by itself. */
const PASSING = new Set(['age', 'created']);

/** A value as text, texts in hex. */
function told(value: unknown): string {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return `[${value.map(told).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).filter(([key, field]) => field !== undefined && !PASSING.has(key));
  return `{${fields.map(([key, field]) => `${key} ${told(field)}`).join(', ')}}`;
}

const names = ({ users }: chat.ChatUsers): string => users.map(({ screenName }) => screenName).join(' ');

/** A room without what begins its cookie: a new room has a new id. */
const room = (info: chatNavigation.RoomInfo): string => told({ ...info, cookie: info.cookie.subarray(ROOM_ID_BYTES) });

/** What a directory answers; an answer that is no success, or that nobody declared, as bytes. */
function metaReply(data: Uint8Array): string {
  const { subtype, result, data: rest } = decode(icqMeta.metaReplyData, data);
  const declaration = result === icqMeta.MetaResult.success && rest.length > 0 ? icqMeta.META_REPLIES.get(subtype) : undefined;
  return `meta ${subtype} result ${result} ${declaration === undefined ? hex(rest) : told(decode(declaration.body, rest))}`;
}

const items = ({ items: list }: feedbag.Items): string =>
  list.map((item) => `${feedbag.itemName(item)} ${item.groupId}/${item.itemId} type ${item.type} ${hex(item.attributes)}`).join(', ');

const MEANINGS = new Map<string, (data: Uint8Array) => string>([
  meaning(login.loginReply, outcome),
  meaning(oservice.hostOnline, ({ families }) => families.join(' ')),
  meaning(oservice.hostVersions, ({ versions }) => versions.map(({ family, version }) => `${family}:${version}`).join(' ')),
  meaning(buddy.arrived, ({ screenName, tlvs }) => `${screenName} status ${(tlvs.status ?? 0) & 0xffff} idle ${tlvs.idleMinutes === undefined ? 'no' : 'yes'}`),
  meaning(buddy.departed, ({ screenName }) => screenName),
  meaning(icbm.channelMsgToClient, ({ channel, sender, tlvs }) =>
    [sender.screenName, `channel ${channel}`, tlvs.sendTime === undefined ? 'live' : 'stored', hex(tlvs.imData), channelData(channel, tlvs.data)].join(' '),
  ),
  meaning(icbm.clientErr, ({ screenName, cookie, reason, data }) => `${screenName} ${hex(cookie)} reason ${reason} ${hex(data)}`),
  meaning(icbm.hostAck, ({ recipient, cookie }) => `${recipient} ${hex(cookie)}`),
  meaning(icbm.clientEvent, ({ screenName, event }) => `${screenName} ${event}`),
  meaning(feedbag.reply, ({ items: list }) => items({ items: list })),
  meaning(feedbag.status, ({ results }) => results.join(' ')),
  meaning(feedbag.insertItems, items),
  meaning(feedbag.updateItems, items),
  meaning(feedbag.deleteItems, items),
  meaning(feedbag.authorizeRequested, ({ screenName, reason }) => `${screenName} ${hex(reason)}`),
  meaning(feedbag.authorizeResponded, ({ screenName, granted, reason }) => `${screenName} ${granted} ${hex(reason)}`),
  meaning(feedbag.youWereAdded, ({ screenName }) => screenName),
  meaning(icqMeta.reply, ({ block }) => {
    if (block === undefined) return 'empty';
    if (block.type === icqMeta.IcqType.offlineMessage) {
      const { sender, messageType, text } = decode(icqMeta.offlineMessage.body, block.data);
      return `stored from ${sender} type ${messageType} ${hex(text)}`;
    }
    return block.type === icqMeta.IcqType.metaReply ? metaReply(block.data) : `type ${block.type} ${hex(block.data)}`;
  }),
  meaning(
    oservice.serviceResponse,
    ({ tlvs: { family, address, cookie } }) => `${family} ${address === undefined ? 'nowhere' : 'there'}, cookie of ${cookie?.length} bytes`,
  ),
  meaning(oservice.bartReply, told),
  meaning(bart.uploadReply, told),
  meaning(bart.downloadReply, told),
  meaning(bart.download2Reply, told),
  meaning(lookup.findReply, told),
  meaning(chatNavigation.navigationReply, ({ tlvs: { rooms = [], ...limits } }) => `${told(limits)} ${rooms.map(room).join(', ')}`),
  meaning(chat.roomInfoUpdate, room),
  meaning(chat.usersJoined, names),
  meaning(chat.usersLeft, names),
  meaning(chat.channelMsgToClient, ({ cookie, tlvs: { sender, public: all, message } }) =>
    [sender?.screenName, hex(cookie), all === undefined ? 'whispers' : 'says', told(message)].join(' '),
  ),
]);

/** On channel 2 without addresses, which the server adds as it sees them. */
function channelData(channel: number, data: Uint8Array | undefined): string {
  if (channel !== icbm.Channel.rendezvous || data === undefined) return hex(data);
  const { type, capability, tlvs } = decode(rendezvous.rendezvousData, data);
  return `${type} ${capability} ${hex(tlvs.service)}`;
}
