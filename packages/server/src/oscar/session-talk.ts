/** The connection a session lives on, and the services beside it. */
import { type CommandInput, type Core, Refused, refuse, type Session, type SessionEvent } from '@seekyou/core';
import { encode } from '@seekyou/wire';
import { login } from '@seekyou/wire/oscar';
import { profileOf } from './clients.ts';
import type { Connection } from './connection.ts';
import type { CounterName } from './counters.ts';
import type { CookieRecord } from './cookies.ts';
import { sameBytes } from './login.ts';
import { newState, welcome } from './oservice.ts';
import { SIGN_OFF_REASONS } from './refusal-codes.ts';
import { renderEvent } from './render.ts';
import { ServiceTalk } from './service-talk.ts';
import { SnacTalk } from './snac-talk.ts';
import type { FrontEndCommands, OscarCommand, OscarEffect, OscarState } from './state.ts';

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

export class SessionTalk extends SnacTalk {
  private readonly accountCodepage: number | undefined;
  /** Made for the first one: most sessions have none. */
  private services: Set<ServiceTalk> | undefined;
  private isParting = false;

  constructor(connection: Connection, session: Session, record: CookieRecord) {
    super(connection, session, newState(record.software));
    this.accountCodepage = record.account.codepage;
  }

  begin(): void {
    const { around, peer } = this.connection;
    around.log.info({ uin: this.session.uin, peer: peer.address, client: this.session.profile.name }, 'signed on');
    this.runner.announce([welcome(0)]);
  }

  heard(): void {
    this.session.heard(this.connection.transport.queuedBytes === 0);
  }

  event(event: SessionEvent): void {
    if (event.type === 'ended') {
      this.ended(event.reason);
      return;
    }
    if (event.type === 'room') {
      for (const service of this.services ?? []) service.news(event.room, event.news);
      return;
    }
    try {
      this.runner.announce(renderEvent(this.context(), event));
    } catch (error) {
      this.failed(error, undefined, event.type);
    }
  }

  /** Said on this connection because of what happened on one beside it. */
  announce(effects: readonly OscarEffect[]): void {
    this.runner.announce(effects);
  }

  /** What its client says on several connections it says as one: the session is over when all of it was handled. */
  override leave(): void {
    this.session.goodbye();
    super.leave();
    for (const service of this.services ?? []) service.goodbye();
  }

  protected override heardOut(): void {
    if (!this.runner.isBusy && (this.services?.size ?? 0) === 0) super.heardOut();
  }

  /** The session is over; what its client has read it may still tell, by closing in good order. */
  parting(): void {
    this.isParting = true;
    this.finish('the connection ended');
    this.session.leave();
    this.endServices();
  }

  over(clean: boolean): void {
    if (!this.isParting) this.finish(this.isLeaving ? 'signed off' : 'the connection ended');
    this.session.close(clean);
    this.endServices();
  }

  private finish(why: string): void {
    this.runner.stop();
    this.leaveRates();
    if (!this.session.ended) this.connection.around.log.info({ uin: this.session.uin, peer: this.connection.peer.address }, why);
  }

  private endServices(): void {
    for (const service of this.services ?? []) service.end();
  }

  // -------------------------------------------------------------- for the runner

  override become(change: Partial<OscarState>): void {
    const before = this.state;
    super.become(change);
    if (this.state.online && !before.online) this.connection.ready();
    if (this.state.askedRoster !== before.askedRoster) this.knowClient();
  }

  ask(command: OscarCommand, input: unknown): unknown {
    const { core } = this.connection.around;
    if (command === 'service.open') return this.openService(input as FrontEndCommands['service.open']['input']);
    if (command === 'session.say') return this.announce([{ do: 'send', packet: input as FrontEndCommands['session.say']['input'] }]);
    if (command === 'connection.count') return this.connection.count(input as CounterName);
    if (command === 'session.proves') return this.proves(input as FrontEndCommands['session.proves']['input']);
    // A command ends before the next is started: what the client said about itself is known to its own next packet.
    if (command === 'presence.set') return this.setPresence(core, input as CommandInput<'presence.set'>);
    return core.run(this.session, command, input as never);
  }

  // -------------------------------------------------------------- services

  private openService({ family, room }: FrontEndCommands['service.open']['input']): FrontEndCommands['service.open']['output'] | Refused {
    const { around, transport, peer } = this.connection;
    const address = around.addressFor(transport, peer);
    if (address === undefined) return refuse('no-address');
    const begin = (connection: Connection): ServiceTalk | undefined => {
      const services = (this.services ??= new Set());
      if (this.session.ended || this.isLeaving || services.size >= around.limits.serviceConnectionsMax) return undefined;
      const service = new ServiceTalk(
        connection,
        this.session,
        { ...newState(this.state.software), service: family, ...(room === undefined ? {} : { room }) },
        this,
      );
      services.add(service);
      return service;
    };
    return { address, cookie: around.cookies.issue({ account: { uin: this.session.uin }, family, begin }) };
  }

  serviceOver(service: ServiceTalk): boolean {
    this.services?.delete(service);
    if (this.isLeaving) this.heardOut();
    return ![...(this.services ?? [])].some(({ room }) => room === service.room);
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
    );
  }

  /** By the same brake as sign-ons. */
  private async proves({ uin, password }: FrontEndCommands['session.proves']['input']): Promise<void | Refused> {
    const { around, peer } = this.connection;
    const proved = await around.core.verify({ uin, proof: (known) => sameBytes(password, new TextEncoder().encode(known)) }, peer);
    return proved instanceof Refused ? proved : undefined;
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
}
