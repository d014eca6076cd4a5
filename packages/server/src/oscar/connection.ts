/**
 * One TCP connection: frames, the stage it is in, and its deadlines. What is said on it is the business of
 * `login-talk.ts` and `session-talk.ts`.
 */
import { Buffer } from 'node:buffer';
import { type Core, type Clock, type Limits, type Peer, Refused, type Session, type SessionEvent, type Time, type Uin } from '@seekyou/core';
import type { Closed, Transport, TransportUser } from '@seekyou/net';
import { decode, encode, WireError } from '@seekyou/wire';
import {
  FLAP_HEADER_BYTES,
  FLAP_PAYLOAD_MAX,
  FlapChannel,
  FlapDecoder,
  type FlapFrame,
  followsSequence,
  login,
  nextSequence,
  writeFlapHeader,
} from '@seekyou/wire/oscar';
import type { Place } from '../runtime/limits.ts';
import { turns } from '../runtime/turns.ts';
import type { CookieJar, CookieRecord, ServiceRecord } from './cookies.ts';
import type { Counters } from '../runtime/counters.ts';
import { count, type CounterName } from './counters.ts';
import type { Encodings } from './encodings.ts';
import type { ExpectedClients } from './expected.ts';
import { LoginTalk } from './login-talk.ts';
import type { LoginSettings } from './login.ts';
import { AUTH_ERRORS } from './refusal-codes.ts';
import type { RateMemory } from '../runtime/rate-memory.ts';
import type { RateMeter, RateRule } from './rates.ts';
import { openSession, SessionTalk } from './session-talk.ts';

/** The part of a logger this front end uses; pino's fits. */
export interface FrontEndLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What all connections of a front end share. */
export interface Surroundings {
  readonly core: Core;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly login: LoginSettings;
  readonly defaultCodepage: number;
  /** The password of old clients: the account's, one of their own, or none. */
  readonly oldClients: 'same' | 'own' | 'off';
  readonly rates: readonly RateRule[];
  readonly rateMemory: RateMemory<RateMeter>;
  readonly log: FrontEndLog;
  readonly counters: Counters;
  readonly encodings: Encodings;
  readonly cookies: CookieJar;
  readonly expected: ExpectedClients;
  /** An account was admitted to BOS. */
  readonly signedOn: (uin: Uin, peer: Peer, transport: Transport) => void;
  /** Fresh printable characters. */
  readonly loginKey: () => string;
  /** `host:port` this client is told; `undefined` when there is none, which was logged. */
  readonly addressFor: (transport: Transport, peer: Peer) => string | undefined;
  /** A connection is gone. */
  readonly left: (connection: Connection) => void;
}

/** What is said on a connection once its first frame told what it is for. */
export interface Talk {
  /** The first words, once the connection is ready for them. */
  begin?(): void;
  /** Frames came. */
  heard(): void;
  snac(payload: Uint8Array): void;
  drained(): void;
  /** About once a second. */
  tick(now: Time): void;
  /**
   * The client ended in good order. What it said before is handled first, and the connection is told by `heardOut`; `over` follows.
   * Without this, `over` comes at once.
   */
  leave?(): void;
  /** We close our side. `over` follows once the client has closed its own, or had the time to. Without this, `over` comes at once. */
  parting?(): void;
  /** It is over. `clean`: we had closed our side, and the client closed its own. */
  over(clean: boolean): void;
  /** Payload of the last frame, on channel 4. */
  farewell(why: 'late' | 'stopping'): Uint8Array;
}

/** `leaving`: the client has said goodbye, and what it said before is being handled. `parting`: it is over but for the client to close its side. */
type Stage = 'greeting' | 'opening' | 'talking' | 'leaving' | 'parting' | 'closed';

export class Connection implements TransportUser {
  readonly around: Surroundings;
  readonly transport: Transport;
  readonly peer: Peer;
  private readonly place: Place | undefined;
  private readonly decoder: FlapDecoder;
  private stage: Stage = 'greeting';
  /** The transport is closed. */
  private isGone = false;
  private talk: Talk | undefined;
  private sent: number;
  private got = -1;
  private readonly acceptedAt: Time;
  private heardAt: Time;
  private badFrames = 0;
  private deadline: Time;
  private why: CounterName = 'oscar_timeouts_first_bytes';
  /** What came while the session was being opened. */
  private early: { readonly payloads: Uint8Array[]; readonly events: SessionEvent[]; left: boolean } | undefined;

  /** Speaks first: clients say nothing before they have seen our version. */
  constructor(around: Surroundings, transport: Transport, peer: Peer, place: Place | undefined, firstSequence: number) {
    this.around = around;
    this.transport = transport;
    this.peer = peer;
    this.place = place;
    this.sent = firstSequence & 0x7fff;
    this.decoder = new FlapDecoder(around.limits.frameBytesBeforeSignOnMax);
    this.acceptedAt = around.clock.now();
    this.heardAt = this.acceptedAt;
    this.deadline = this.acceptedAt + around.limits.firstBytesMs;
    this.count('oscar_connections_accepted');
    this.send(FlapChannel.hello, HELLO);
  }

  /** Starts listening; apart from the constructor because answers may come at once. */
  begin(): void {
    this.transport.attach(this);
  }

  // -------------------------------------------------------------- frames

  received(chunk: Uint8Array): void {
    turns.begin('input');
    if (this.isOver()) return;
    if (this.why === 'oscar_timeouts_first_bytes') this.expect('oscar_timeouts_sign_on', this.acceptedAt + this.around.limits.signOnMs);
    let frames: FlapFrame[];
    try {
      frames = this.decoder.push(chunk);
    } catch (error) {
      this.streamLost(error);
      return;
    }
    if (frames.length === 0) return;
    this.heardAt = this.around.clock.now();
    this.talk?.heard();
    for (const frame of frames) {
      if (this.isOver()) return;
      this.frame(frame);
    }
  }

  private frame({ channel, sequence, payload }: FlapFrame): void {
    this.count('oscar_frames_received');
    if (this.got >= 0 && !followsSequence(this.got, sequence)) this.count('oscar_sequence_jumps');
    this.got = sequence;
    switch (channel) {
      case FlapChannel.hello:
        this.hello(payload);
        break;
      case FlapChannel.snac:
        this.snac(payload);
        break;
      case FlapChannel.close:
        if (this.early === undefined) this.leave();
        else this.early.left = true;
        break;
      case FlapChannel.keepAlive:
        break;
      case FlapChannel.error:
        this.drop();
        break;
      default:
        this.badFrame();
    }
  }

  /** A few are overlooked. No rate counts them, so many are not. */
  private badFrame(): void {
    this.count('oscar_bad_frames');
    this.badFrames++;
    if (this.badFrames >= this.around.limits.wireErrorsMax) this.drop();
  }

  private snac(payload: Uint8Array): void {
    if (this.talk !== undefined) this.talk.snac(payload);
    else if (this.early !== undefined) {
      if (!this.early.left) this.early.payloads.push(payload);
    }
    // Nobody may say anything before his own hello.
    else this.streamLost(new WireError('bad-value', 0, 'a SNAC before the hello'));
  }

  /** The stream makes no sense any more: there is nothing to answer. */
  private streamLost(error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    const name = error.code === 'bad-marker' ? 'oscar_bad_markers' : error.code === 'too-long' ? 'oscar_frames_too_long' : 'oscar_bad_frames';
    this.count(name);
    this.around.log.debug({ peer: this.peer.address, problem: error.message }, 'a connection is closed: its bytes make no sense');
    this.drop();
  }

  // -------------------------------------------------------------- the first frame

  private hello(payload: Uint8Array): void {
    if (this.stage !== 'greeting') {
      this.badFrame();
      return;
    }
    let hello: login.FlapHello;
    try {
      hello = decode(login.flapHello, payload);
    } catch (error) {
      this.streamLost(error);
      return;
    }
    if (hello.tlvs.cookie !== undefined) this.bos(hello.tlvs.cookie);
    else {
      this.stage = 'talking';
      const talk = new LoginTalk(this);
      this.talk = talk;
      if (hello.tlvs.uin !== undefined) talk.roasted(hello);
    }
  }

  private bos(cookie: Uint8Array): void {
    this.around.expected.redeemed(this.peer.address, cookie);
    const record = this.around.cookies.redeem(cookie);
    if (typeof record === 'string') {
      this.count(COOKIE_COUNTERS[record]);
      this.around.log.info({ peer: this.peer.address, problem: record }, 'a cookie was not taken');
      this.refuse(login.AuthError.reservationTimeout);
      return;
    }
    if (this.around.login.clearSignOn === 'off' && !this.transport.secure) {
      this.cameBackInTheClear(record.account.uin);
      return;
    }
    if ('begin' in record) {
      this.service(record);
      return;
    }
    this.stage = 'opening';
    this.early = { payloads: [], events: [], left: false };
    // What else the client says can wait for its session.
    this.transport.pause();
    void openSession(this, record, this.receiver()).then((opened) => this.opened(opened, record));
  }

  /** It was told an address, and went there past the tunnel it had come through. The cookie is spent: others may have read it. */
  private cameBackInTheClear(uin: Uin): void {
    this.count('oscar_cookies_clear');
    this.around.log.warn(
      { uin, peer: this.peer.address },
      'a client that signed on encrypted came back in the clear and was refused. If it uses a tunnel on its own machine, give tunnels a port of theirs, ' +
        'to seekyou.toml: listen = […, "[::]:5443"] and advertise = [{ address = "127.0.0.1:5190", for = "0.0.0.0/0", listen = 5443 }, …]',
    );
    this.refuse(AUTH_ERRORS['old-clients-off']);
  }

  /** A connection beside a session that is there. It lives as long as that, whether its client says something or not. */
  private service(record: ServiceRecord): void {
    const talk = record.begin(this);
    if (talk === undefined) {
      this.refuse(login.AuthError.reservationTimeout);
      return;
    }
    this.stage = 'talking';
    this.talk = talk;
    this.settled();
    this.decoder.payloadMax = FLAP_PAYLOAD_MAX;
    this.expect('oscar_timeouts_ready', this.around.clock.now() + this.around.limits.readyMs);
    this.count('oscar_services_opened');
    talk.begin?.();
  }

  /** Lives as long as the session. Made apart, so that it does not keep alive what stands beside it: the account's secrets. */
  private receiver(): (event: SessionEvent) => void {
    return (event) => this.event(event);
  }

  private opened(session: Session | Refused, record: CookieRecord): void {
    if (session instanceof Refused) {
      this.count('oscar_sessions_refused');
      if (this.stage === 'opening') this.refuse(AUTH_ERRORS[session.refusal]);
      return;
    }
    if (this.stage !== 'opening') {
      session.close(false);
      return;
    }
    const { payloads, events, left } = this.early ?? { payloads: [], events: [], left: false };
    this.early = undefined;
    this.stage = 'talking';
    this.place?.settled();
    this.decoder.payloadMax = FLAP_PAYLOAD_MAX;
    this.expect('oscar_timeouts_ready', this.around.clock.now() + this.around.limits.readyMs);
    this.count('oscar_sessions_opened');
    const talk = new SessionTalk(this, session, record);
    this.talk = talk;
    talk.begin();
    for (const event of events) talk.event(event);
    for (const payload of payloads) if (!this.isOver()) talk.snac(payload);
    if (left) this.leave();
    else if (!this.isOver()) this.transport.resume();
  }

  private event(event: SessionEvent): void {
    if (this.talk instanceof SessionTalk) this.talk.event(event);
    else this.early?.events.push(event);
  }

  // -------------------------------------------------------------- saying

  send(channel: number, payload: Uint8Array): void {
    const frame = Buffer.allocUnsafe(FLAP_HEADER_BYTES + payload.length);
    frame.set(payload, FLAP_HEADER_BYTES);
    this.sendFrame(channel, frame);
  }

  /** @param frame the payload behind room for the header, which is filled in; must not change afterwards */
  sendFrame(channel: number, frame: Uint8Array, written?: () => void): void {
    writeFlapHeader(frame, channel, this.sent, frame.length - FLAP_HEADER_BYTES);
    this.sent = nextSequence(this.sent);
    this.count('oscar_frames_sent');
    this.transport.write(frame, written);
  }

  count(name: CounterName): void {
    count(this.around.counters, name);
  }

  /** The sign-on has its answer: the connection no longer counts as waiting for one. */
  settled(): void {
    this.place?.settled();
  }

  /** 01/02 came: from now on silence is what ends it. */
  ready(): void {
    if (!this.isOver()) this.expect('oscar_timeouts_idle', this.heardAt + this.around.limits.idleMs);
  }

  /** Somebody else sees to it that this connection does not stay for ever. */
  attended(): void {
    if (!this.isOver()) this.deadline = Number.POSITIVE_INFINITY;
  }

  /** Says why on channel 4, and gives the client time to read it. */
  refuse(error: number): void {
    this.part(encode(login.loginAnswer, { error, debug: 1 }));
  }

  /**
   * The client ended in good order, here or on the connection its session lives on: nothing more is said to it, and the talk is over
   * when what it said before was handled.
   *
   * @param last payload of a last frame on channel 4, if there is to be one
   */
  leave(last?: Uint8Array): void {
    if (this.isOver()) return;
    this.endWith('leaving', last);
    this.transport.end();
    if (this.talk?.leave === undefined) this.endTalk(false);
    else this.talk.leave();
  }

  /** Everything was handled that its client said before the goodbye. */
  heardOut(): void {
    this.endTalk(false);
  }

  /**
   * We end the connection, without resetting it.
   *
   * @param last payload of a last frame on channel 4, if there is to be one
   */
  part(last?: Uint8Array): void {
    // Its client is gone already, and what it said before is not waited for any longer.
    if (this.stage === 'leaving') this.endTalk(false);
    if (this.isOver()) return;
    this.endWith('parting', last);
    if (this.talk?.parting === undefined) this.endTalk(false);
    else this.talk.parting();
    this.transport.end();
  }

  private endWith(stage: 'leaving' | 'parting', last: Uint8Array | undefined): void {
    if (last !== undefined) this.send(FlapChannel.close, last);
    this.stage = stage;
    this.deadline = this.around.clock.now() + this.around.limits.partingMs;
  }

  /** There is nobody to talk to. */
  drop(): void {
    this.endTalk(false);
    this.transport.destroy();
  }

  // -------------------------------------------------------------- time

  /** About once a second. */
  tick(now: Time): void {
    if (now >= this.deadline) this.late(now);
    if (!this.isOver()) this.talk?.tick(now);
  }

  private late(now: Time): void {
    if (this.isOver()) {
      this.drop();
      return;
    }
    if (this.why === 'oscar_timeouts_idle' && this.heardAt + this.around.limits.idleMs > now) {
      this.deadline = this.heardAt + this.around.limits.idleMs;
      return;
    }
    this.count(this.why);
    if (this.talk === undefined) this.drop();
    else this.part(this.talk.farewell('late'));
  }

  private expect(why: CounterName, by: Time): void {
    this.why = why;
    this.deadline = by;
  }

  /** The server stops. Who has said goodbye already may be heard out meanwhile. */
  stop(): void {
    if (this.stage !== 'leaving') this.part(this.talk?.farewell('stopping'));
  }

  // -------------------------------------------------------------- the end

  drained(): void {
    this.talk?.drained();
  }

  closed(how: Closed): void {
    if (this.stage === 'closed') return;
    if (how === 'too-slow') {
      this.count('oscar_slow_readers');
      this.around.log.info({ peer: this.peer.address }, 'a client did not read what it was sent; its messages stay stored');
    }
    this.isGone = true;
    if (how === 'fin' && this.stage === 'talking') this.leave();
    // What was said before a goodbye needs no connection any more.
    else if (this.stage !== 'leaving') this.endTalk(how === 'fin');
  }

  private endTalk(clean: boolean): void {
    const talk = this.talk;
    this.talk = undefined;
    if (this.stage === 'leaving') this.stage = 'parting';
    talk?.over(clean);
    if (this.isGone) this.forget();
  }

  /** Nothing is left of it. */
  private forget(): void {
    if (this.stage === 'closed') return;
    this.stage = 'closed';
    this.early = undefined;
    this.place?.gone();
    this.around.left(this);
  }

  private isOver(): boolean {
    return this.stage === 'leaving' || this.stage === 'parting' || this.stage === 'closed';
  }
}

/** FLAP version 1 and nothing else: climm and libicq2000 insist on four bytes. */
const HELLO = Uint8Array.of(0, 0, 0, login.FLAP_VERSION);

const COOKIE_COUNTERS = {
  forged: 'oscar_cookies_forged',
  foreign: 'oscar_cookies_foreign',
  late: 'oscar_cookies_late',
  repeated: 'oscar_cookies_repeated',
} satisfies Record<string, CounterName>;
