/** A connection with a session: packets to handlers, events to packets. */
import { type CommandInput, type CommandName, type Core, type Refused, type Session, type SessionEvent, type Time } from '@seekyou/core';
import { encode, WireError } from '@seekyou/wire';
import { decodeSnac, decodeSnacBody, dissectSnac, ErrorCode, familyError, FlapChannel, login, type Snac, SnacFlag, snacName } from '@seekyou/wire/oscar';
import { type RunnerHost, SessionRunner } from '../runtime/session-runner.ts';
import { profileOf } from './clients.ts';
import type { Connection, Talk } from './connection.ts';
import type { CookieRecord } from './cookies.ts';
import { BOS_FAMILIES, newState, rateChange, welcome } from './oservice.ts';
import { RateMeter } from './rates.ts';
import { SIGN_OFF_REASONS } from './refusal-codes.ts';
import { renderEvent } from './render.ts';
import { routeOf } from './routes.ts';
import { type OscarContext, type OscarEffect, type OscarState, type OutgoingSnac, reply } from './state.ts';

/** A SNAC whose header was read. */
interface Input {
  readonly payload: Uint8Array;
  readonly snac: Snac;
}

/** Further packets of a client whose earlier ones wait for the core stay in the network. */
const INPUTS_WAITING_MAX = 32;
/** Answers wait when so much is unread. More than what Node takes without saying that it drained (64 KB). */
const CONGESTED_BYTES_MIN = 128 * 1024;

const ERROR_SUBTYPE = 0x01;

/** Asks the core for the session a cookie stands for. Never rejects. */
export async function openSession(connection: Connection, record: CookieRecord, receive: (event: SessionEvent) => void): Promise<Session | Refused> {
  const { around, peer } = connection;
  const { account, software, coexist } = record;
  const profile = profileOf({
    software,
    presence: { capabilities: [] },
    serverRoster: false,
    accountCodepage: account.codepage,
    defaultCodepage: around.defaultCodepage,
  });
  return around.core.open({ uin: account.uin, peer, profile, coexist, verified: account, receive });
}

export class SessionTalk implements Talk, RunnerHost<Input, OscarState, OutgoingSnac, CommandName> {
  private readonly connection: Connection;
  private readonly session: Session;
  private readonly accountCodepage: number | undefined;
  private readonly runner: SessionRunner<Input, OscarState, OutgoingSnac, CommandName>;
  private readonly rates: RateMeter;
  private state: OscarState;
  private strikes = 0;
  private paused = false;

  constructor(connection: Connection, session: Session, record: CookieRecord) {
    const { clock, rates } = connection.around;
    this.connection = connection;
    this.session = session;
    this.accountCodepage = record.account.codepage;
    this.state = newState(record.software);
    this.rates = new RateMeter(rates, clock.now());
    this.runner = new SessionRunner(this, clock);
  }

  begin(): void {
    const { around, peer } = this.connection;
    around.log.info({ uin: this.session.uin, peer: peer.address, client: this.session.profile.name }, 'signed on');
    this.runner.announce([welcome()]);
  }

  // -------------------------------------------------------------- what comes in

  heard(): void {
    this.session.heard(this.connection.transport.queuedBytes === 0);
  }

  snac(payload: Uint8Array): void {
    this.connection.count('oscar_snacs_received');
    let snac: Snac;
    try {
      snac = decodeSnac(payload);
    } catch {
      this.runner.announce(this.malformed([]));
      return;
    }
    if (!this.withinRates(snac)) return;
    this.runner.take({ payload, snac });
    if (this.runner.waiting < INPUTS_WAITING_MAX || this.paused) return;
    this.paused = true;
    this.connection.transport.pause();
  }

  event(event: SessionEvent): void {
    if (event.type === 'ended') {
      this.ended(event.reason);
      return;
    }
    try {
      this.runner.announce(renderEvent(this.context(), event));
    } catch (error) {
      this.failed(error, undefined, event.type);
    }
  }

  drained(): void {
    this.runner.drained();
  }

  tick(now: Time): void {
    if (!this.rates.limited) return;
    for (const notice of this.rates.cleared(now)) this.runner.announce([rateChange(this.state, notice)]);
  }

  over(clean: boolean): void {
    this.runner.stop();
    if (!this.session.ended) {
      this.connection.around.log.info({ uin: this.session.uin, peer: this.connection.peer.address }, clean ? 'signed off' : 'the connection ended');
    }
    this.session.close(clean);
  }

  farewell(): Uint8Array {
    return encode(login.signOffNotice, {});
  }

  /** False when the SNAC came too fast and must not be handled. */
  private withinRates({ family, subtype, requestId }: Snac): boolean {
    const { do: verdict, notice } = this.rates.count(family, subtype, this.connection.around.clock.now());
    if (notice !== undefined) {
      this.connection.count('oscar_rate_notices');
      this.runner.announce([rateChange(this.state, notice)]);
    }
    switch (verdict) {
      case 'pass':
        return true;
      case 'drop':
        this.connection.count('oscar_rate_dropped');
        return false;
      case 'refuse':
        this.connection.count('oscar_rate_refused');
        if (subtype !== ERROR_SUBTYPE) this.runner.announce([errorOf({ family, requestId }, ErrorCode.serverRateLimit)]);
        return false;
      case 'disconnect':
        this.connection.count('oscar_rate_disconnects');
        this.connection.part(this.farewell(), false);
        return false;
      default:
        return verdict satisfies never;
    }
  }

  // -------------------------------------------------------------- for the runner

  handle({ snac }: Input): readonly OscarEffect[] {
    const route = routeOf(snac);
    if (route === undefined) return this.unknown(snac);
    try {
      return route.handle(this.context(), decodeSnacBody(route.declaration, snac.data), snac);
    } catch (error) {
      // A negative offset is a packet of ours that cannot be written.
      if (!(error instanceof WireError) || error.offset < 0) throw error;
      this.connection.around.log.debug({ uin: this.session.uin, snac: snacName(snac), problem: error.message }, 'a packet could not be read');
      return this.malformed([errorOf(snac, ErrorCode.incorrectFormat)]);
    }
  }

  send(packet: OutgoingSnac): void {
    const { connection } = this;
    connection.sendFrame(FlapChannel.snac, connection.around.encodings.frame(this.forVersion(packet)), packet.written);
  }

  become(change: Partial<OscarState>): void {
    const before = this.state;
    this.state = { ...before, ...change };
    if (this.state.online && !before.online) this.connection.ready();
    if (this.state.askedRoster !== before.askedRoster) this.knowClient();
  }

  ask(command: CommandName, input: unknown): unknown {
    const { core } = this.connection.around;
    // A command ends before the next is started: what the client said about itself is known to its own next packet.
    if (command === 'presence.set') return this.setPresence(core, input as CommandInput<'presence.set'>);
    return core.run(this.session, command, input as never);
  }

  close(last: readonly OutgoingSnac[], why: string): void {
    for (const packet of last) this.send(packet);
    this.connection.around.log.info({ uin: this.session.uin, why }, 'a session is closed');
    this.connection.part(this.farewell(), false);
  }

  congested(): boolean {
    const { transport, around } = this.connection;
    return transport.queuedBytes > Math.max(CONGESTED_BYTES_MIN, around.limits.sendQueueBytesMax / 4);
  }

  idle(): void {
    if (!this.paused) return;
    this.paused = false;
    this.connection.transport.resume();
  }

  /** A mistake of ours: it costs this session, and the log gets what is needed to find it. */
  failed(error: unknown, input: Input | undefined, what = 'an announcement'): void {
    const { around } = this.connection;
    this.connection.count('oscar_handler_failures');
    const packet = input === undefined ? what : dissectSnac(input.payload, 'client', { redact: true });
    around.log.error({ err: error, uin: this.session.uin, client: this.session.profile.name, packet }, 'a packet could not be handled');
    this.connection.part(this.farewell(), false);
  }

  // -------------------------------------------------------------- particulars

  private ended(reason: Extract<SessionEvent, { readonly type: 'ended' }>['reason']): void {
    const { around } = this.connection;
    around.log.info({ uin: this.session.uin, reason }, 'a session was ended');
    const { helpUrl } = around.login;
    const code = SIGN_OFF_REASONS[reason];
    this.connection.part(
      encode(login.signOffNotice, {
        ...(code === login.SignOffReason.other ? {} : { reason: code }),
        ...(helpUrl === undefined ? {} : { url: helpUrl }),
      }),
      false,
    );
  }

  /** Answered when the client may think that it exists here; what it never heard of is not defined. */
  private unknown(snac: Snac): readonly OscarEffect[] {
    this.connection.count('oscar_snacs_unknown');
    this.connection.around.log.debug({ uin: this.session.uin, snac: snacName(snac) }, 'nobody answers this packet');
    if (snac.subtype === ERROR_SUBTYPE) return [];
    return [errorOf(snac, BOS_FAMILIES.includes(snac.family) ? ErrorCode.notSupportedByHost : ErrorCode.serviceNotDefined)];
  }

  private malformed(answers: readonly OscarEffect[]): readonly OscarEffect[] {
    this.connection.count('oscar_snacs_malformed');
    this.strikes++;
    if (this.strikes < this.connection.around.limits.wireErrorsMax) return answers;
    return [...answers, { do: 'close', last: [], why: 'too many packets that cannot be read' }];
  }

  /** The version block is for clients that know of it; to others it would be data. */
  private forVersion(packet: OutgoingSnac): OutgoingSnac {
    if (packet.versionBlock === undefined || (this.state.versions.get(packet.declaration.family) ?? 0) >= 2) return packet;
    const { versionBlock: _, ...rest } = packet;
    return { ...rest, flags: (packet.flags ?? 0) & ~SnacFlag.versionBlock };
  }

  private async setPresence(core: Core, input: CommandInput<'presence.set'>): Promise<unknown> {
    const answer = await core.run(this.session, 'presence.set', input);
    this.knowClient();
    return answer;
  }

  /** The client has said more about itself. */
  private knowClient(): void {
    this.session.profile = profileOf({
      software: this.state.software,
      presence: this.session.presence,
      serverRoster: this.state.askedRoster,
      accountCodepage: this.accountCodepage,
      defaultCodepage: this.connection.around.defaultCodepage,
    });
  }

  private context(): OscarContext {
    const { around } = this.connection;
    return { session: this.session, state: this.state, now: around.clock.now(), limits: around.limits, rates: this.rates };
  }
}

function errorOf(snac: Pick<Snac, 'family' | 'requestId'>, code: number): OscarEffect {
  return reply({ family: snac.family, subtype: ERROR_SUBTYPE, requestId: snac.requestId, flags: 0 }, familyError(snac.family), { code, tlvs: {} });
}
