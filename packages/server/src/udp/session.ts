/**
 * One signed-on UDP client: where it is, what was said in both directions, and its session in the core.
 *
 * @see icq-udp.md §4, §6, §7
 */
import type { EndReason, Session, SessionEvent, Time, Uin } from '@seekyou/core';
import type { DatagramPort, Endpoint } from '@seekyou/net';
import { WireError } from '@seekyou/wire';
import {
  buildServerPacket,
  type ClientPacket,
  commandOf,
  commands,
  decodeParameters,
  dissectPacket,
  encodeReply,
  packMulti,
  replies,
  serverFormat,
  TextCode,
} from '@seekyou/wire/udp';
import { SessionRunner } from '../runtime/session-runner.ts';
import type { Surroundings } from './around.ts';
import { Quirk } from './clients.ts';
import { count, type CounterName } from './counters.ts';
import { Inbox } from './inbox.ts';
import { awaitLists } from './lists.ts';
import { after } from './numbers.ts';
import { type Letter, Outbox } from './outbox.ts';
import { Post, type Written } from './post.ts';
import { RateMeter } from './rates.ts';
import { renderEvent } from './render.ts';
import { routeOf } from './routes.ts';
import { newState, type OutgoingPacket, type Request, type UdpCommand, type UdpContext, type UdpEffect, type UdpState } from './state.ts';

/** What the front end does for its sessions. */
export interface SessionHost {
  readonly around: Surroundings;
  /** Has something to repeat or to wait for: wants to be ticked. */
  stirred(session: UdpSession): void;
  /** It is over. */
  over(session: UdpSession): void;
  /** Nobody is told: its client has signed on again, at the same place. */
  isReplacedInPlace(session: UdpSession): boolean;
}

/** Who signed on, and with which packet. */
export interface SignedOn {
  readonly port: DatagramPort;
  readonly from: Endpoint;
  readonly login: Pick<ClientPacket, 'version' | 'command' | 'uin' | 'sessionId' | 'seq1' | 'seq2'> & {
    /** What else tells it from the next. */
    readonly start: { readonly time: number; readonly port: number };
  };
  /** Number of the first packet to the client. */
  readonly first: number;
}

export class UdpSession {
  readonly port: DatagramPort;
  readonly login: SignedOn['login'];
  readonly signedOnAt: Time;
  at: Endpoint;
  heardAt: Time;
  /** The sign-on, or a copy of it. */
  loginHeardAt: Time;
  private readonly host: SessionHost;
  private readonly runner: SessionRunner<ClientPacket, UdpState, OutgoingPacket, UdpCommand>;
  private readonly outbox: Outbox;
  private readonly inbox: Inbox;
  // Idle sessions are many, and have sent nothing to be counted, nor been written to.
  private rates: RateMeter | undefined;
  private post: Post | undefined;
  private session: Session | undefined;
  private state: UdpState;
  /** What is being handled, until it is acknowledged. */
  private current: ClientPacket | undefined;
  private leaving = false;
  private isOver = false;
  /** What the core said before its answer to the sign-on. */
  private early: SessionEvent[] | undefined;

  constructor(host: SessionHost, { port, from, login, first }: SignedOn) {
    const { clock, limits } = host.around;
    this.host = host;
    this.port = port;
    this.at = from;
    this.login = login;
    this.signedOnAt = this.heardAt = this.loginHeardAt = clock.now();
    this.state = newState(login.version);
    this.outbox = new Outbox(limits, first, this);
    this.inbox = new Inbox(limits, after(login.seq1));
    this.runner = new SessionRunner(this, clock);
  }

  get uin(): Uin {
    return this.login.uin as Uin;
  }

  /** Packets that its client has yet to acknowledge. */
  get waiting(): number {
    return this.outbox.waiting;
  }

  get over(): boolean {
    return this.isOver;
  }

  /** Its client has acknowledged the answer to the sign-on. */
  get isWelcomed(): boolean {
    return !this.outbox.isAlone;
  }

  /** The core has a session for it: tells the client so. */
  begin(session: Session, effects: readonly UdpEffect[]): void {
    this.session = session;
    this.acknowledge(this.login);
    // First: its lists may be here before the other answers are.
    this.runner.announce([...awaitLists(session, this.login.version), ...effects]);
    const { early } = this;
    this.early = undefined;
    for (const event of early ?? []) this.event(event);
  }

  // -------------------------------------------------------------- from the client

  /** Its client asked for something that is answered without a session: only the number counts. */
  passedBy(packet: ClientPacket): void {
    this.inbox.note(packet, this.host.around.clock.now());
    this.pump();
  }

  /** A packet of this session. */
  received(packet: ClientPacket): void {
    this.heardAt = this.host.around.clock.now();
    this.session?.heard(this.outbox.waiting === 0);
    if (!this.withinRates(packet)) return;
    switch (packet.command) {
      case commands.ack.code:
        this.receivedAck(packet.seq1);
        break;
      // These are acknowledged out of turn: their answer says nothing about what came before them.
      case commands.keepAlive.code:
      case commands.keepAlive2.code:
        if (!this.inbox.note(packet, this.heardAt)) this.count('udp_repeated');
        this.acknowledge(packet);
        break;
      case commands.sendTextCode.code:
        this.receivedTextCode(packet);
        break;
      default:
        this.take(packet);
    }
    this.pump();
  }

  /** False when the packet came too fast and must not be taken. Acknowledgements are what we asked for. */
  private withinRates({ command }: ClientPacket): boolean {
    const { core, rates, settings } = this.host.around;
    if (command === commands.ack.code || settings.liftRates === true) return true;
    this.rates ??= rates.worn(this.uin, this.heardAt) ?? new RateMeter();
    const verdict = this.rates.count(command, this.heardAt);
    if (verdict === 'pass') return true;
    if (verdict === 'drop') this.count('udp_rate_dropped');
    else {
      this.count('udp_rate_disconnects');
      core.flooded(this.uin);
      this.goAway();
      this.end('sent far too fast', false);
    }
    return false;
  }

  /** The sign-on again: the answer to it got lost, or this copy was late. */
  receivedLoginAgain(packet: ClientPacket): void {
    this.heardAt = this.loginHeardAt = this.host.around.clock.now();
    if (!this.withinRates(packet)) return;
    this.count('udp_repeated');
    this.acknowledge(packet);
    if (!this.isWelcomed) this.outbox.again(this.heardAt);
  }

  /** Whether a packet from another port shows that it comes from this client: it is the next one, or nearly so. */
  isSuccessor(packet: ClientPacket): boolean {
    return packet.command !== commands.ack.code && this.inbox.isFresh(packet);
  }

  /** A translator on the way has given the client another port. */
  rebind(to: Endpoint): void {
    this.count('udp_rebound');
    this.at = to;
    this.outbox.again(this.host.around.clock.now());
  }

  private receivedAck(seq1: number): void {
    this.count('udp_acks_received');
    if (!this.outbox.acknowledged(seq1, this.heardAt)) this.count('udp_acks_unknown');
    this.post?.go();
  }

  private receivedTextCode(packet: ClientPacket): void {
    if (!this.inbox.note(packet, this.heardAt)) this.count('udp_repeated');
    this.acknowledge(packet);
    const code = this.read(packet, () => ascii(decodeParameters(commands.sendTextCode, packet.version, packet.parameters).code));
    if (code === TextCode.disconnected) {
      // It is not said twice, and nothing will be said after it.
      this.leaving = true;
      this.inbox.hurry();
    } else if (code === TextCode.messageAck) {
      this.outbox.again(this.heardAt);
    }
  }

  private take(packet: ClientPacket): void {
    const taken = this.inbox.take(packet, this.heardAt);
    switch (taken) {
      case 'repeated':
        this.count('udp_repeated');
        this.acknowledge(packet);
        break;
      case 'waiting':
        this.count('udp_repeated');
        break;
      case 'stale':
        this.count('udp_stale');
        break;
      case 'early':
        this.count('udp_early');
        break;
      case 'new':
        break;
      default:
        taken satisfies never;
    }
  }

  /** Handles what has its turn. */
  private pump(): void {
    for (let packet = this.inbox.turn(this.heardAt); packet !== undefined && !this.isOver; packet = this.inbox.turn(this.heardAt)) {
      this.current = packet;
      this.runner.take(packet);
    }
    if (this.inbox.hasGap && !this.isOver) this.host.stirred(this);
    if (this.leaving && !this.inbox.busy && !this.isOver) {
      this.count('udp_sessions_left');
      this.end('signed off', true);
    }
  }

  /** `undefined` for parameters that make no sense, which is counted. */
  private read<T>(packet: ClientPacket, decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.count('udp_malformed');
      this.host.around.log.debug({ uin: this.uin, command: packet.command, problem: error.message }, 'a command makes no sense');
      return undefined;
    }
  }

  // -------------------------------------------------------------- from the core

  /** What the core announces. */
  readonly event = (event: SessionEvent): void => {
    if (this.session === undefined) (this.early ??= []).push(event);
    else if (event.type === 'ended') this.ended(event.reason);
    else if (event.type === 'message' || event.type === 'passing') this.deliver(() => renderEvent(this.context(), event));
    else this.announce(() => renderEvent(this.context(), event), event.type);
  };

  private announce(effects: () => readonly UdpEffect[], what: string): void {
    try {
      this.runner.announce(effects());
    } catch (error) {
      this.failed(error, undefined, what);
    }
  }

  /** Something people say, as they say it. What they said before comes first. */
  private deliver(written: Written): void {
    const post = this.postOf();
    if (post.liveWaiting >= this.host.around.limits.udpMessagesWaitingMax) {
      this.overrun();
      return;
    }
    post.add(written, true);
    post.go();
  }

  private postOf(): Post {
    return (this.post ??= new Post(this));
  }

  /** For the post. */
  get hasRoom(): boolean {
    return this.outbox.hasRoom && !this.isOver;
  }

  carryOut(written: Written): void {
    this.announce(() => [...written(), POSTED], 'message');
  }

  private ended(reason: EndReason): void {
    if (this.isOver) return;
    this.host.around.log.info({ uin: this.uin, reason }, 'a session was ended');
    if (!this.host.isReplacedInPlace(this)) this.goAway();
    this.finish(false);
  }

  // -------------------------------------------------------------- time

  /** Several times a second while there is something to wait for. False when there is not. */
  tick(now: Time): boolean {
    const trouble = this.outbox.tick(now);
    if (trouble !== undefined) {
      this.count('udp_sessions_lost');
      // Numbers that have run out begin anew with the next sign-on; who is lost hears nothing.
      if (trouble === 'numbers') this.goAway();
      this.end(trouble === 'lost' ? 'no longer acknowledges' : 'counted to the end', false);
      return false;
    }
    if (this.inbox.hasGap) this.pump();
    return this.outbox.waiting > 0 || this.inbox.hasGap;
  }

  /** Nothing came for too long. */
  silent(): void {
    this.count('udp_sessions_silent');
    this.end('went silent', false);
  }

  /** The server stops. */
  stop(): void {
    this.goAway();
    this.end('the server stops', false);
  }

  // -------------------------------------------------------------- for the runner

  handle(packet: ClientPacket): readonly UdpEffect[] {
    const entry = commandOf(packet.version, packet.command);
    const route = entry === undefined ? undefined : routeOf(entry.declaration);
    if (route === undefined) {
      this.count('udp_unknown');
      this.host.around.log.debug({ uin: this.uin, command: packet.command }, 'a command nobody answers');
      return [DONE];
    }
    const message = this.read(packet, () => ({ value: decodeParameters(route.declaration, packet.version, packet.parameters) }));
    return message === undefined ? [DONE] : [...route.handle(this.context(), message.value, packet), DONE];
  }

  send(packet: OutgoingPacket): void {
    const { request } = packet;
    if (request !== undefined) this.acknowledgeCurrent();
    const letter: Letter = {
      command: packet.declaration.code,
      seq2: request?.seq2 ?? 0,
      parameters: this.host.around.encodings.parametersOf(packet, this.login.version),
      ordered: packet.ordered === true,
      alone: packet.alone === true,
      packs: request === undefined && packet.alone !== true && this.opensPackets,
      acknowledged: packet.acknowledged,
      written: packet.written,
    };
    if (this.outbox.say(letter, this.host.around.clock.now())) this.host.stirred(this);
    else this.overrun();
  }

  /** It stands still for too much. Its messages are in the store. */
  private overrun(): void {
    if (this.isOver) return;
    this.goAway();
    this.end('more waited for it than it could take', false);
  }

  become(change: Partial<UdpState>): void {
    this.state = { ...this.state, ...change };
  }

  ask(command: UdpCommand, input: unknown): unknown {
    if (command === 'packet.leave') return this.leave();
    if (command === 'packet.done') return this.done();
    if (command === 'packet.missing') return this.inbox.hasGap;
    if (command === 'post.done') return this.post?.posted();
    if (command === 'post.add') {
      const post = this.postOf();
      for (const written of input as readonly Written[]) post.add(written, false);
      return post.go();
    }
    return this.host.around.core.run(this.session as Session, command, input as never);
  }

  close(_last: readonly OutgoingPacket[], why: string): void {
    this.goAway();
    this.end(why, false);
  }

  congested(): boolean {
    return false;
  }

  idle(): void {
    this.pump();
  }

  failed(error: unknown, packet: ClientPacket | undefined, event?: string): void {
    this.count('udp_handler_failures');
    const what = packet === undefined ? event : dissectPacket(packet, 'client', { redact: true });
    this.host.around.log.error({ err: error, uin: this.uin, packet: what }, 'a packet could not be handled; its session ends');
    this.goAway();
    this.end('failed', false);
  }

  private context(): UdpContext {
    const { clock, limits } = this.host.around;
    return { session: this.session as Session, state: this.state, now: clock.now(), limits };
  }

  /** All effects of a packet are done. */
  private done(): void {
    if (!this.inbox.busy) return; // it was left
    this.acknowledgeCurrent();
    this.inbox.handled();
  }

  /** It comes again, and is acknowledged then. */
  private leave(): void {
    this.current = undefined;
    this.inbox.left();
  }

  // -------------------------------------------------------------- to the client

  private acknowledgeCurrent(): void {
    if (this.current !== undefined) this.acknowledge(this.current);
    this.current = undefined;
  }

  private acknowledge({ seq1, seq2 }: Pick<Request, 'seq1' | 'seq2'>): void {
    this.put(replies.ack.code, seq1, seq2, NO_PARAMETERS);
  }

  /** Outside of the sequence in that nobody waits for it, in the sequence in that clients look at its number. */
  private goAway(): void {
    const { version } = this.login;
    this.put(replies.goAway.code, this.outbox.number, 0, encodeReply(version, replies.goAway, {}, NO_HEADER).parameters);
  }

  /** For the outbox. */
  transmit({ command, seq2, parameters }: Letter, seq1: number, again: boolean): void {
    if (again) this.count('udp_resent');
    this.put(command, seq1, seq2, parameters);
  }

  // COMPAT: not all clients acknowledge the same of these packets, so all of them are told one number (icq-udp.md §17.1).
  pack(letters: readonly Letter[], seq1: number): Pick<Letter, 'command' | 'parameters'> {
    count(this.host.around.counters, 'udp_packed', letters.length);
    const packets = letters.map(({ command, parameters }) => this.packet(command, seq1, 0, parameters));
    return { command: replies.multiPacket.code, parameters: packMulti(packets) };
  }

  private get opensPackets(): boolean {
    return this.session?.profile.quirks.has(Quirk.opensPackets) === true;
  }

  private put(command: number, seq1: number, seq2: number, parameters: Uint8Array): void {
    this.count('udp_datagrams_sent');
    this.port.send(this.packet(command, seq1, seq2, parameters), this.at);
  }

  private packet(command: number, seq1: number, seq2: number, parameters: Uint8Array): Uint8Array {
    const { version, uin, sessionId } = this.login;
    return buildServerPacket({ version: serverFormat(version), command, seq1, seq2, uin, sessionId, parameters });
  }

  private end(why: string, clean: boolean): void {
    if (this.isOver) return;
    this.host.around.log.info({ uin: this.uin, peer: this.at.address, why }, 'a UDP session ended');
    this.finish(clean);
  }

  private finish(clean: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.runner.stop();
    this.session?.close(clean);
    const { clock, rates } = this.host.around;
    if (this.rates !== undefined) rates.keep(this.uin, this.rates, clock.now());
    this.host.over(this);
  }

  private count(name: CounterName): void {
    count(this.host.around.counters, name);
  }
}

/** Stands behind everything a packet causes. */
const DONE: UdpEffect = { do: 'ask', command: 'packet.done', input: undefined, answered: () => [], refused: () => [] };

/** Stands behind everything a message causes. */
const POSTED: UdpEffect = { do: 'ask', command: 'post.done', input: undefined, answered: () => [], refused: () => [] };

const NO_PARAMETERS = new Uint8Array(0);
const NO_HEADER = { seq1: 0, seq2: 0, uin: 0, sessionId: 0 };

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 64));
}
