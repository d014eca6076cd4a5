/** A connection on which a session speaks SNACs: packets to handlers, effects to packets. */
import type { Session, Time } from '@seekyou/core';
import { encode, Reader, WireError } from '@seekyou/wire';
import {
  dissectSnac,
  type ErrorBody,
  ErrorCode,
  familyError,
  FlapChannel,
  login,
  readSnacHeader,
  SnacFlag,
  type SnacHeader,
  snacName,
} from '@seekyou/wire/oscar';
import { CONGESTED_BYTES_MIN } from '../runtime/limits.ts';
import { type RunnerHost, SessionRunner } from '../runtime/session-runner.ts';
import type { Connection, Talk } from './connection.ts';
import { familiesOf, rateChange } from './oservice.ts';
import { RateMeter } from './rates.ts';
import { routeOf } from './routes.ts';
import { type OscarCommand, type OscarContext, type OscarEffect, type OscarState, type OutgoingSnac, reply } from './state.ts';

/** A SNAC whose header was read. */
export interface Input {
  readonly snac: SnacHeader;
  /** Stands where the data begins. */
  readonly reader: Reader;
}

const ERROR_SUBTYPE = 0x01;

export abstract class SnacTalk implements Talk, RunnerHost<Input, OscarState, OutgoingSnac, OscarCommand> {
  protected readonly connection: Connection;
  protected readonly session: Session;
  protected readonly runner: SessionRunner<Input, OscarState, OutgoingSnac, OscarCommand>;
  protected state: OscarState;
  private readonly rates: RateMeter;
  private strikes = 0;
  /** `paused`: nothing is read until what waits was handled. `leaving`: the client is gone, and what it said before is being handled. */
  private flow: 'open' | 'paused' | 'leaving' = 'open';

  constructor(connection: Connection, session: Session, state: OscarState) {
    const { clock, rates, rateMemory } = connection.around;
    this.connection = connection;
    this.session = session;
    this.state = state;
    this.rates = new RateMeter(rates, clock.now(), rateMemory.worn(session.uin, clock.now()));
    this.runner = new SessionRunner(this, clock);
  }

  abstract heard(): void;
  abstract over(clean: boolean): void;
  abstract ask(command: OscarCommand, input: unknown): unknown;

  // -------------------------------------------------------------- what comes in

  snac(payload: Uint8Array): void {
    this.connection.count('oscar_snacs_received');
    const reader = new Reader(payload);
    let snac: SnacHeader;
    try {
      snac = readSnacHeader(reader);
    } catch {
      this.runner.announce(this.malformed([]));
      return;
    }
    if (!this.withinRates(snac)) return;
    this.runner.take({ snac, reader });
    if (this.runner.waiting < this.connection.around.limits.inputsWaitingMax || this.flow !== 'open') return;
    this.flow = 'paused';
    this.connection.transport.pause();
  }

  drained(): void {
    this.runner.drained();
  }

  /** The client ended in good order. */
  leave(): void {
    this.flow = 'leaving';
    // At once: the next connection may be here before this one is over.
    this.leaveRates();
    this.runner.leave();
  }

  protected get isLeaving(): boolean {
    return this.flow === 'leaving';
  }

  tick(now: Time): void {
    if (!this.rates.limited) return;
    for (const notice of this.rates.cleared(now)) this.runner.announce([rateChange(this.state, notice)]);
  }

  /** Coming back is no way out of a limit. */
  protected leaveRates(): void {
    const { clock, rateMemory } = this.connection.around;
    const now = clock.now();
    const before = rateMemory.worn(this.session.uin, now);
    // Nor is having several connections: whoever leaves the least used one last leaves with the levels of the others.
    if (before !== undefined) this.rates.goOnFrom(before, now);
    rateMemory.keep(this.session.uin, this.rates, now);
  }

  farewell(): Uint8Array {
    return encode(login.signOffNotice, {});
  }

  /** False when the SNAC came too fast and must not be handled. */
  private withinRates({ family, subtype, requestId }: SnacHeader): boolean {
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
        this.connection.around.core.flooded(this.session.uin);
        this.connection.part(this.farewell());
        return false;
      default:
        return verdict satisfies never;
    }
  }

  // -------------------------------------------------------------- for the runner

  handle({ snac, reader }: Input): readonly OscarEffect[] {
    const route = routeOf(snac, this.state.service);
    if (route === undefined) return this.unknown(snac);
    try {
      const message: unknown = route.declaration.body.read(reader);
      if (reader.isCut) this.connection.count('oscar_snacs_malformed');
      return route.handle(this.context(), message, snac);
    } catch (error) {
      // A negative offset is a packet of ours that cannot be written.
      if (!(error instanceof WireError) || error.offset < 0) throw error;
      this.connection.around.log.debug({ uin: this.session.uin, snac: snacName(snac), problem: error.message }, 'a packet could not be read');
      return this.malformed([errorOf(snac, ErrorCode.incorrectFormat)]);
    }
  }

  send(packet: OutgoingSnac): void {
    const { connection } = this;
    if (packet.declaration.subtype === ERROR_SUBTYPE && (packet.value as ErrorBody).code !== ErrorCode.notLoggedIn) connection.count('oscar_snacs_refused');
    connection.sendFrame(FlapChannel.snac, connection.around.encodings.frame(this.forVersion(packet)), packet.written);
  }

  become(change: Partial<OscarState>): void {
    this.state = { ...this.state, ...change };
  }

  close(last: readonly OutgoingSnac[], why: string): void {
    for (const packet of last) this.send(packet);
    this.connection.around.log.info({ uin: this.session.uin, why }, 'a session is closed');
    this.connection.part(this.farewell());
  }

  congested(): boolean {
    const { transport, around } = this.connection;
    // Whoever is gone reads nothing, and is sent nothing.
    return transport.queuedBytes > Math.max(CONGESTED_BYTES_MIN, around.limits.sendQueueBytesMax / 4) && !this.isLeaving;
  }

  idle(): void {
    if (this.flow === 'open') return;
    if (this.isLeaving) {
      this.heardOut();
      return;
    }
    this.flow = 'open';
    this.connection.transport.resume();
  }

  /** Everything was handled that the client said here before it left. */
  protected heardOut(): void {
    this.connection.heardOut();
  }

  /** A mistake of ours: it costs this session, and the log gets what is needed to find it. */
  failed(error: unknown, input: Input | undefined, what = 'an announcement'): void {
    const { around } = this.connection;
    this.connection.count('oscar_handler_failures');
    const packet = input === undefined ? what : dissectSnac(input.reader.data, 'client', { redact: true });
    around.log.error({ err: error, uin: this.session.uin, client: this.session.profile.name, packet }, 'a packet could not be handled');
    this.connection.part(this.farewell());
  }

  // -------------------------------------------------------------- particulars

  /** Answered when the client may think that it exists here; what it never heard of is not defined. */
  private unknown(snac: SnacHeader): readonly OscarEffect[] {
    this.connection.count('oscar_snacs_unknown');
    this.connection.around.log.debug({ uin: this.session.uin, snac: snacName(snac) }, 'nobody answers this packet');
    if (snac.subtype === ERROR_SUBTYPE) return [];
    return [errorOf(snac, familiesOf(this.state.service).includes(snac.family) ? ErrorCode.notSupportedByHost : ErrorCode.serviceNotDefined)];
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

  protected context(): OscarContext {
    const { around } = this.connection;
    return { session: this.session, state: this.state, now: around.clock.now(), limits: around.limits, rates: this.rates };
  }
}

function errorOf(snac: Pick<SnacHeader, 'family' | 'requestId'>, code: number): OscarEffect {
  return reply({ family: snac.family, subtype: ERROR_SUBTYPE, requestId: snac.requestId, flags: 0 }, familyError(snac.family), { code, tlvs: {} });
}
