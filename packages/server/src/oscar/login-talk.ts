/** A connection before sign-on: family 17 and the roasted password, carried out. */
import { type NewAccount, Refused, refuse, type SignOn, type Uin } from '@seekyou/core';
import { encode, WireError } from '@seekyou/wire';
import { decodeSnac, decodeSnacBody, dissectSnac, ErrorCode, familyError, FlapChannel, login, own, type Snac, snacName } from '@seekyou/wire/oscar';
import { type RunnerHost, SessionRunner } from '../runtime/session-runner.ts';
import type { Connection, Talk } from './connection.ts';
import type { CounterName } from './counters.ts';
import {
  LOGIN_START,
  type LoginCommand,
  type LoginCommands,
  type LoginContext,
  type LoginEffect,
  type LoginPacket,
  type LoginState,
  onRoasted,
  routes as loginRoutes,
} from './login.ts';
import { routes as registrationRoutes } from './registration.ts';
import { routes as scramRoutes } from './scram.ts';

const table = new Map([...loginRoutes, ...registrationRoutes, ...scramRoutes].map((route) => [snacName(route.declaration), route]));

type Input = { readonly payload: Uint8Array } | { readonly hello: login.FlapHello };

export class LoginTalk implements Talk, RunnerHost<Input, LoginState, LoginPacket, LoginCommand> {
  private readonly connection: Connection;
  private readonly runner: SessionRunner<Input, LoginState, LoginPacket, LoginCommand>;
  private state: LoginState = LOGIN_START;
  private strikes = 0;
  private packets = 0;

  constructor(connection: Connection) {
    this.connection = connection;
    this.runner = new SessionRunner(this, connection.around.clock);
  }

  roasted(hello: login.FlapHello): void {
    this.connection.count('oscar_sign_ons_roasted');
    this.runner.take({ hello });
  }

  snac(payload: Uint8Array): void {
    this.connection.count('oscar_snacs_received');
    this.packets++;
    if (this.packets <= this.connection.around.limits.loginPacketsMax) {
      this.runner.take({ payload });
      return;
    }
    this.connection.count('oscar_sign_ons_too_long');
    this.connection.refuse(login.AuthError.rateLimited);
  }

  heard(): void {}

  tick(): void {}

  drained(): void {
    this.runner.drained();
  }

  over(): void {
    this.runner.stop();
  }

  farewell(why: 'late' | 'stopping'): Uint8Array {
    const error = why === 'late' ? login.AuthError.reservationTimeout : login.AuthError.unavailable;
    return encode(login.loginAnswer, { error, debug: 1 });
  }

  // -------------------------------------------------------------- for the runner

  handle(input: Input): readonly LoginEffect[] {
    if (this.state.answered) return [];
    if ('hello' in input) return onRoasted(this.context(), input.hello);
    let snac: Snac | undefined;
    try {
      snac = decodeSnac(input.payload);
      const route = table.get(snacName(snac));
      if (route === undefined) return this.outOfPlace(snac);
      const message: unknown = decodeSnacBody(route.declaration, snac.data);
      if (route.declaration === login.loginRequest) this.countHash(message as login.LoginRequest);
      if (route.declaration === own.scramClientFinal) this.connection.count('oscar_sign_ons_scram');
      return route.handle(this.context(), message, snac);
    } catch (error) {
      // A negative offset is a packet of ours that cannot be written.
      if (!(error instanceof WireError) || error.offset < 0) throw error;
      this.connection.count('oscar_snacs_malformed');
      return snac === undefined ? this.strike([]) : this.strike([errorOf(snac, ErrorCode.incorrectFormat)]);
    }
  }

  send(packet: LoginPacket): void {
    const { connection } = this;
    if ('channel4' in packet) connection.send(FlapChannel.close, encode(login.loginAnswer, packet.channel4));
    else connection.sendFrame(FlapChannel.snac, connection.around.encodings.frame(packet), packet.written);
  }

  become(change: Partial<LoginState>): void {
    this.state = { ...this.state, ...change };
  }

  ask(command: LoginCommand, input: unknown): unknown {
    const commands: { readonly [K in LoginCommand]: (input: LoginCommands[K]['input']) => unknown } = {
      'login.key': () => this.connection.around.loginKey(),
      'login.verify': (signOn) => this.verify(signOn),
      'login.scram-start': ({ uin }) => this.connection.around.core.scram.start(uin),
      'login.scram-finish': (proof) => this.connection.around.core.scram.finish(proof, this.connection.peer),
      'login.intercepted': ({ uin }) => this.intercepted(uin),
      'login.admit': (admission) => this.admit(admission),
      'login.register-own': ({ verifier }) => this.create({ password: verifier }),
      'login.register': (account) => this.register(account),
    };
    return commands[command](input as never);
  }

  close(last: readonly LoginPacket[]): void {
    for (const packet of last) this.send(packet);
    this.connection.part();
  }

  congested(): boolean {
    return false;
  }

  idle(): void {}

  failed(error: unknown, input: Input | undefined): void {
    const { around, peer } = this.connection;
    this.connection.count('oscar_handler_failures');
    const packet = input !== undefined && 'payload' in input ? dissectSnac(input.payload, 'client', { redact: true }) : 'a roasted sign-on';
    around.log.error({ err: error, peer: peer.address, packet }, 'a sign-on could not be handled');
    this.connection.refuse(login.AuthError.internal);
  }

  // -------------------------------------------------------------- commands

  private verify(signOn: SignOn): Promise<unknown> {
    return this.connection.around.core.verify(signOn, this.connection.peer);
  }

  private intercepted(uin: Uin): void {
    const { around, peer } = this.connection;
    this.connection.count('oscar_sign_ons_intercepted');
    around.log.warn({ uin, peer: peer.address }, 'a client proved its password on another connection than this: somebody stands between it and us');
  }

  private admit({ account, software, coexist }: LoginCommands['login.admit']['input']): LoginCommands['login.admit']['output'] | Refused {
    const { around, transport, peer } = this.connection;
    const address = around.addressFor(transport, peer);
    if (address === undefined) return refuse('no-address');
    this.connection.count('oscar_sign_ons_admitted');
    const cookie = around.cookies.issue({ account, family: 0, software, coexist });
    around.signedOn(account.uin, peer, transport);
    // Whoever was refused counts until he is gone: else guessing would have no limit but its own speed.
    this.connection.settled();
    if (peer.known && !transport.secure && transport.insideHttp !== true) around.expected.expect(peer.address, cookie);
    return { address, cookie };
  }

  private register({ password }: LoginCommands['login.register']['input']): Promise<unknown> {
    const { around } = this.connection;
    // With `off` it would be a number that does not let its owner in, and a main password that travelled in the clear.
    if (around.oldClients === 'off') {
      this.connection.count('oscar_registrations_refused');
      return Promise.resolve(refuse('registration-closed'));
    }
    // What went over the wire in the clear is an old password. Where those are separate, nobody knows the main one yet.
    return this.create(around.oldClients === 'own' ? { password: around.loginKey(), oldPassword: password } : { password });
  }

  private async create(account: NewAccount): Promise<unknown> {
    const { around, peer } = this.connection;
    const created = await around.core.register(account, peer);
    const refused = created instanceof Refused;
    this.connection.count(refused ? 'oscar_registrations_refused' : 'oscar_registrations');
    if (!refused) around.log.info({ uin: created.uin, peer: peer.address }, 'a client registered');
    return created;
  }

  // -------------------------------------------------------------- what is wrong

  private outOfPlace(snac: Snac): readonly LoginEffect[] {
    this.connection.count('oscar_snacs_before_sign_on');
    this.connection.around.log.debug({ peer: this.connection.peer.address, snac: snacName(snac) }, 'a packet before sign-on');
    // An error is never answered with an error.
    return this.strike(snac.subtype === ERROR_SUBTYPE ? [] : [errorOf(snac, ErrorCode.requestDenied)]);
  }

  /** A few mistakes are answered, then the connection ends. */
  private strike(answers: readonly LoginPacket[]): readonly LoginEffect[] {
    this.strikes++;
    const isLast = this.strikes >= this.connection.around.limits.wireErrorsMax;
    const sends = answers.map((packet): LoginEffect => ({ do: 'send', packet }));
    return isLast ? [...sends, { do: 'close', last: [], why: 'too many packets that make no sense' }] : sends;
  }

  private countHash(message: login.LoginRequest): void {
    const name: CounterName = message.md5WithHashedPassword === undefined ? 'oscar_sign_ons_md5_old' : 'oscar_sign_ons_md5_new';
    this.connection.count(name);
  }

  private context(): LoginContext {
    const { around, peer, transport } = this.connection;
    const { secure, channelBinding } = transport;
    return { state: this.state, now: around.clock.now(), peer, secure, channelBinding, settings: around.login };
  }
}

const ERROR_SUBTYPE = 0x01;

function errorOf(snac: Snac, code: number): LoginPacket {
  return { declaration: familyError(snac.family), value: { code, tlvs: {} }, requestId: snac.requestId };
}
