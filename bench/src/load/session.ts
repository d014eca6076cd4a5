/** A client reduced to what a measurement needs: signs on by MD5, sets up, and hands every later SNAC to its owner. */
import { hash } from 'node:crypto';
import { decode } from '@seekyou/wire';
import { FlapChannel, icbm, login, loginHashOfMd5, oservice, SNAC_HEADER_BYTES, SnacFlag } from '@seekyou/wire/oscar';
import { contactsFrames, cookieFrame, helloFrame, keyRequestFrame, loginFrame, requestIdOf, setUpFlights, signOffFrame } from './frames.ts';
import { type Address, Line, type LineOwner } from './line.ts';

/** A SNAC's numbers and where its data lies; valid during the call. */
export interface HeardSnac {
  family: number;
  subtype: number;
  requestId: number;
  data: Buffer;
  /** The data after the SNAC header: from here to `to`, exclusive. */
  from: number;
  to: number;
}

export type Hear = (session: Session, snac: HeardSnac) => void;

export interface SessionOptions {
  readonly address: Address;
  readonly uin: number;
  readonly password: Buffer;
  /** Like climm: says nothing before the server has said hello. */
  readonly waitsForHello: boolean;
  /** Where to connect from; see {@link Line}. */
  readonly from?: string;
  /** Changes what is sent; see {@link Line}. */
  readonly alter?: (frames: Buffer) => Uint8Array;
  /** A list the client keeps itself, sent before 01/02. */
  readonly contacts?: readonly number[];
  /** What the set-up does not consume: messages, presence, acknowledgements. */
  readonly hear?: Hear;
  /** The session ended without being asked to. */
  readonly lost?: (session: Session, why: Error) => void;
}

/** Longest wait for a whole sign-on. */
const SIGN_ON_MS_MAX = 60_000;

export const md5 = (data: Uint8Array): Buffer => hash('md5', data, 'buffer');

// One object for all SNACs of all sessions: owners read it at once.
const heard: HeardSnac = { family: 0, subtype: 0, requestId: 0, data: Buffer.alloc(0), from: 0, to: 0 };

const KEY_REPLY = requestIdOf(login.keyReply);
const LOGIN_REPLY = requestIdOf(login.loginReply);
const HOST_ONLINE = requestIdOf(oservice.hostOnline);
const SECOND_FLIGHT_ANSWERS = countFrames(setUpFlights.second);

type Stage = 'greeting' | 'families' | 'first' | 'second' | 'ready' | 'complete' | 'over';

export class Session {
  readonly uin: number;
  hear: Hear;
  /** When 04/10 was sent and when its answer was complete, of `performance.now()`. */
  fetchStartedAt = 0;
  fetchedAt = 0;
  line: Line;
  private readonly options: SessionOptions;
  private done: ((error: Error | undefined) => void) | undefined;
  private readonly timeout: NodeJS.Timeout;
  private stage: Stage = 'greeting';
  private cookie: Buffer | undefined;
  private left = 0;
  private gone: () => void = () => {};

  /** @param done once: signed on and set up, or why not */
  constructor(options: SessionOptions, done: (error: Error | undefined, session: Session) => void) {
    this.options = options;
    this.uin = options.uin;
    this.hear = options.hear ?? (() => {});
    this.done = (error) => done(error, this);
    this.timeout = setTimeout(() => this.fail(new Error(`${this.uin}: not signed on after ${SIGN_ON_MS_MAX / 1000} s, stage ${this.stage}`)), SIGN_ON_MS_MAX);
    this.line = this.logIn();
  }

  /** Closes as a client that signs off does. @returns when the server has closed too */
  signOff(): Promise<void> {
    if (this.stage === 'over') return Promise.resolve();
    this.stage = 'over';
    clearTimeout(this.timeout);
    const closed = Promise.withResolvers<void>();
    this.gone = closed.resolve;
    this.line.sendCopy(signOffFrame);
    this.line.end();
    return closed.promise;
  }

  /** Drops the line as a crash would. */
  drop(): void {
    this.stage = 'over';
    clearTimeout(this.timeout);
    this.line.destroy();
  }

  // ---------------------------------------------------------------- the login connection

  private logIn(): Line {
    const { address, waitsForHello, password } = this.options;
    const hello = (): void => {
      line.sendCopy(helloFrame);
      line.send(keyRequestFrame(this.uin));
    };
    const owner: LineOwner = {
      frame: (channel, data, from, to) => {
        if (channel === FlapChannel.hello && waitsForHello) return hello();
        if (channel !== FlapChannel.snac) return undefined;
        const name = data.readUInt32BE(from);
        const body = from + SNAC_HEADER_BYTES;
        if (name === KEY_REPLY) {
          const key = data.subarray(body + 2, body + 2 + data.readUInt16BE(body));
          line.send(loginFrame(this.uin, loginHashOfMd5(md5, key, md5(password)), true));
        } else if (name === LOGIN_REPLY) {
          line.sendCopy(signOffFrame);
          line.end();
          this.answered(decode(login.loginAnswer, Buffer.from(data.subarray(body, to))));
        }
        return undefined;
      },
      closed: (error) => {
        if (this.line === line) this.fail(error ?? new Error(`${this.uin}: the server closed the login connection`));
      },
    };
    const line = this.open(address, owner);
    if (!waitsForHello) hello();
    return line;
  }

  private open(address: Address, owner: LineOwner): Line {
    const line = new Line(address, owner, this.options.from);
    line.alter = this.options.alter;
    return line;
  }

  private answered(answer: login.LoginAnswer): void {
    if (answer.cookie === undefined || answer.address === undefined) {
      this.fail(new Error(`${this.uin}: sign-on refused with code ${answer.error ?? 'none'}`));
      return;
    }
    const at = answer.address.lastIndexOf(':');
    this.cookie = cookieFrame(answer.cookie);
    this.stage = 'families';
    const { secure = false } = this.options.address;
    this.line = this.open({ host: answer.address.slice(0, at).replaceAll(/[[\]]/g, ''), port: Number(answer.address.slice(at + 1)), secure }, this);
    if (!this.options.waitsForHello) this.line.send(this.cookie);
  }

  // ---------------------------------------------------------------- the BOS connection

  /** @internal */
  frame(channel: number, data: Buffer, from: number, to: number): void {
    if (channel === FlapChannel.snac && to - from >= SNAC_HEADER_BYTES) {
      const name = data.readUInt32BE(from);
      heard.family = name >>> 16;
      heard.subtype = name & 0xffff;
      heard.requestId = data.readUInt32BE(from + 6);
      heard.data = data;
      heard.from = from + SNAC_HEADER_BYTES;
      const flags = data.readUInt16BE(from + 4);
      if ((flags & SnacFlag.versionBlock) !== 0) heard.from += 2 + data.readUInt16BE(heard.from);
      heard.to = to;
      if (this.stage === 'complete') this.hear(this, heard);
      else this.setUp(name, (flags & SnacFlag.more) !== 0);
    } else if (channel === FlapChannel.hello) {
      if (this.options.waitsForHello && this.cookie !== undefined) this.line.send(this.cookie);
    } else if (channel === FlapChannel.close) this.fail(new Error(`${this.uin}: the server ended the session (${data.toString('hex', from, to)})`));
  }

  /** @internal */
  closed(error: Error | undefined): void {
    this.gone();
    this.fail(error ?? new Error(`${this.uin}: the server closed the connection, stage ${this.stage}`));
  }

  private setUp(name: number, more: boolean): void {
    const { requestId } = heard;
    switch (this.stage) {
      case 'families':
        if (name === HOST_ONLINE) this.next('first', setUpFlights.first, 2);
        break;
      case 'first':
      case 'second':
        // An answer carries the name of its question.
        if (requestId >= 0x80000000 || more) break;
        if (heard.subtype === 0x01) return this.fail(new Error(`${this.uin}: set-up request ${requestId.toString(16)} was refused`));
        if (--this.left > 0) break;
        if (this.stage === 'first') this.next('second', setUpFlights.second, SECOND_FLIGHT_ANSWERS);
        else this.makeReady();
        break;
      case 'ready':
        if (heard.family === icbm.offlineRetrieveReply.family && heard.subtype === icbm.offlineRetrieveReply.subtype) this.complete();
        else this.hear(this, heard);
        break;
      case 'greeting':
      case 'complete':
      case 'over':
        break;
    }
    return undefined;
  }

  private next(stage: Stage, frames: Uint8Array, answers: number): void {
    this.stage = stage;
    this.left = answers;
    this.line.sendCopy(frames);
  }

  private makeReady(): void {
    const { contacts = [] } = this.options;
    const parts = contacts.length === 0 ? [setUpFlights.third, setUpFlights.ready] : [setUpFlights.third, contactsFrames(contacts), setUpFlights.ready];
    this.stage = 'ready';
    this.fetchStartedAt = performance.now();
    this.line.send(Buffer.concat(parts));
  }

  private complete(): void {
    this.stage = 'complete';
    this.fetchedAt = performance.now();
    clearTimeout(this.timeout);
    const { done } = this;
    this.done = undefined;
    done?.(undefined);
  }

  private fail(error: Error): void {
    if (this.stage === 'over') return;
    const wasComplete = this.stage === 'complete';
    this.stage = 'over';
    clearTimeout(this.timeout);
    this.line?.destroy();
    if (wasComplete) this.options.lost?.(this, error);
    const { done } = this;
    this.done = undefined;
    done?.(error);
  }
}

function countFrames(frames: Buffer): number {
  let count = 0;
  for (let at = 0; at < frames.length; at += 6 + frames.readUInt16BE(at + 4)) count++;
  return count;
}

/** As a promise. @throws Error */
export function signOn(options: SessionOptions): Promise<Session> {
  return new Promise((resolve, reject) => {
    const session: Session = new Session(options, (error) => (error === undefined ? resolve(session) : reject(error)));
  });
}
