/** A room full of people: what one says reaches all the others. */
import { decode, encode } from '@seekyou/wire';
import { chat, chatNavigation, Family, FlapChannel, oservice, SNAC_HEADER_BYTES } from '@seekyou/wire/oscar';
import { Crowd, seconds, type Target, type Tell, within } from './crowd.ts';
import { cookieFrame, requestIdOf, snacFrame } from './frames.ts';
import { Line, type LineOwner } from './line.ts';
import { Samples } from './samples.ts';
import type { HeardSnac, Session } from './session.ts';

export interface RoomLinesOptions {
  readonly target: Target;
  readonly members: readonly number[];
  readonly lines: number;
}

export interface RoomLinesResult {
  /** From the first member who hears a line to the last one: median and worst of the lines. */
  readonly spreadP50Ms: number;
  readonly spreadMaxMs: number;
  /** From speaking to the last member. */
  readonly lastP50Ms: number;
  /** Lines heard beyond one for each member, and lines that were another's or changed. */
  readonly wrong: number;
}

const TIMEOUT_SECONDS = 10;
/** People speak, and rest. */
const PAUSE_SECONDS = 0.2;
const CHAT_MESSAGE = requestIdOf(chat.channelMsgToClient);

interface Place {
  readonly address: string;
  readonly cookie: Uint8Array;
}

/** Where the sessions of a crowd are sent by 01/05: the last answer to each. */
type Places = Map<Session, (place: Place) => void>;

/** @throws Error when somebody does not hear a line */
export async function roomLines(options: RoomLinesOptions, tell: Tell): Promise<RoomLinesResult> {
  const { target, members, lines } = options;
  const crowd = new Crowd();
  const places: Places = new Map();
  const hear = (session: Session, snac: HeardSnac): void => {
    if (snac.family !== oservice.serviceResponse.family) return;
    if (snac.subtype === oservice.error.subtype) crowd.fail(new Error(`${session.uin}: 01/04 was refused`));
    if (snac.subtype !== oservice.serviceResponse.subtype) return;
    const { tlvs } = decode(oservice.serviceResponse.body, Buffer.from(snac.data.subarray(snac.from, snac.to)));
    places.get(session)?.({ address: tlvs.address ?? '', cookie: tlvs.cookie ?? new Uint8Array(0) });
  };
  const sessions = await crowd.signOn({ target, uins: members, hear, tell });
  const ear = new Ear(sessions.length);
  const room = await crowd.or(makeRoom(sessions[0] as Session, places));
  const seats: Service[] = [];
  for (const session of sessions) {
    seats.push(await crowd.or(openService(session, places, { family: Family.chat, tlvs: { room } }, (name, data) => ear.frame(name, data))));
  }
  tell(`${seats.length} in the room`);
  // What those who came first are told of those who came later.
  await crowd.or(seconds(1));
  const spread = new Samples();
  const last = new Samples();
  for (let number = 0; number < lines; number++) {
    const heard = ear.expect(number);
    const startedAt = performance.now();
    (seats[number % seats.length] as Service).line.send(lineFrame(number));
    if ((await crowd.or(within(heard, TIMEOUT_SECONDS))) === undefined) throw new Error(`line ${number}: ${ear.missing} of ${seats.length} did not hear it`);
    spread.add(ear.lastAt - ear.firstAt);
    last.add(ear.lastAt - startedAt);
    if (number % 10 === 9) tell(`line ${number + 1} of ${lines}: ${(ear.lastAt - ear.firstAt).toFixed(1)} ms from first to last`);
    await crowd.or(seconds(PAUSE_SECONDS));
  }
  for (const seat of seats) seat.line.end();
  await crowd.signOff();
  return { spreadP50Ms: spread.percentiles([0.5])[0], spreadMaxMs: spread.max(), lastP50Ms: last.percentiles([0.5])[0], wrong: ear.wrong };
}

/** Counts who heard the line everybody waits for. */
class Ear {
  private readonly members: number;
  private wanted = Buffer.alloc(0);
  private left = 0;
  private done: () => void = () => {};
  firstAt = 0;
  lastAt = 0;
  wrong = 0;

  constructor(members: number) {
    this.members = members;
  }

  get missing(): number {
    return this.left;
  }

  /** Settles when every member has heard it. */
  expect(number: number): Promise<true> {
    this.wanted = Buffer.from(encode(chat.chatText, textOf(number)));
    this.left = this.members;
    this.firstAt = 0;
    const all = Promise.withResolvers<true>();
    this.done = () => all.resolve(true);
    return all.promise;
  }

  frame(name: number, data: Buffer): void {
    if (name !== CHAT_MESSAGE) return;
    // TLV 05 stands last, with its header.
    const text = data.subarray(data.length - this.wanted.length);
    if (this.left === 0 || text.compare(this.wanted) !== 0) {
      this.wrong++;
      return;
    }
    const now = performance.now();
    if (this.firstAt === 0) this.firstAt = now;
    this.lastAt = now;
    if (--this.left === 0) this.done();
  }
}

function textOf(number: number): chat.ChatText {
  const text = new TextEncoder().encode(`line ${number}: is it not a lovely evening?`);
  return { tlvs: { text, charset: 'us-ascii', language: 'en' } };
}

function lineFrame(number: number): Buffer {
  const cookie = new Uint8Array(8);
  new DataView(cookie.buffer).setUint32(4, number);
  const tlvs = { public: true, reflect: true, message: textOf(number) } as const;
  return Buffer.from(snacFrame(chat.channelMsgToHost, { cookie, channel: chat.CHAT_CHANNEL, tlvs }));
}

// ---------------------------------------------------------------- connections beside a session

interface Service {
  readonly line: Line;
}

type HearFrame = (name: number, data: Buffer) => void;

/** Asks for a connection beside a session, and opens it as far as 01/02. */
async function openService(session: Session, places: Places, request: oservice.ServiceRequest, hear: HearFrame): Promise<Service> {
  const { address, cookie } = await new Promise<Place>((resolve) => {
    places.set(session, resolve);
    session.line.send(Buffer.from(snacFrame(oservice.serviceRequest, request)));
  });
  const at = address.lastIndexOf(':');
  const ready = Promise.withResolvers<Service>();
  const owner: LineOwner = {
    frame(channel, data, from, to) {
      if (channel !== FlapChannel.snac) return;
      const name = data.readUInt32BE(from);
      if (name === requestIdOf(oservice.hostOnline)) {
        const versions = [
          { family: Family.oservice, version: 4 },
          { family: request.family, version: 1 },
        ];
        line.send(Buffer.concat([snacFrame(oservice.clientVersions, { versions }), snacFrame(oservice.clientOnline, { families: [] })]));
        ready.resolve({ line });
      } else hear(name, data.subarray(from + SNAC_HEADER_BYTES, to));
    },
    closed: (error) => ready.reject(error ?? new Error(`${session.uin}: the connection for family ${request.family} was closed`)),
  };
  const line = new Line({ host: address.slice(0, at).replaceAll(/[[\]]/g, ''), port: Number(address.slice(at + 1)) }, owner);
  line.send(cookieFrame(cookie));
  return ready.promise;
}

async function makeRoom(session: Session, places: Places): Promise<NonNullable<oservice.ServiceRequest['tlvs']['room']>> {
  const answer = Promise.withResolvers<chatNavigation.RoomInfo>();
  const { line } = await openService(session, places, { family: Family.chatNavigation, tlvs: {} }, (name, data) => {
    if (name !== requestIdOf(chatNavigation.navigationReply)) return;
    const [room] = decode(chatNavigation.navigationReply.body, Buffer.from(data)).tlvs.rooms ?? [];
    if (room !== undefined) answer.resolve(room);
  });
  const name = new TextEncoder().encode('bench');
  const request: chatNavigation.CreateRoom = { exchange: chatNavigation.Exchange.public, cookie: 'create', instance: 0xffff, detail: 1, tlvs: { name } };
  line.send(Buffer.from(snacFrame(chatNavigation.createRoom, request)));
  const { exchange, cookie, instance } = await answer.promise;
  line.end();
  return { exchange, cookie, instance };
}
