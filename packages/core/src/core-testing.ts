/** A whole core with nothing real around it, and clients that write down what they are told. */
import type { CommandInput, CommandName, CommandOutput } from './commands.ts';
import { createCore } from './core.ts';
import type { SecurityEvent } from './audit/events.ts';
import type { SessionEvent } from './events.ts';
import type { Limits } from './limits.ts';
import { PEOPLE } from './limits.ts';
import type { Account, Bus, Clock, Store } from './ports.ts';
import { Refused } from './refusals.ts';
import type { Core, CorePorts, CoreSettings } from './service.ts';
import type { Session, SessionRequest } from './session.ts';
import { memoryStore, settled, testAccount, testBus, testChance, testClock, testSecrets, testSettings, uin } from './testing.ts';
import type { Body, ClientProfile, Message, Passing, Peer, Uin } from './words.ts';

export const HERE: Peer = { address: '192.0.2.7', port: 1024, known: true };

export const OSCAR: ClientProfile = {
  protocol: 'oscar',
  name: 'a test',
  codepage: 1252,
  unicode: true,
  html: false,
  serverRoster: true,
  quirks: new Set(),
};
export const UDP: ClientProfile = { ...OSCAR, protocol: 'udp' };
export const OWN: ClientProfile = { ...OSCAR, protocol: 'own' };

export const text = (words: string): Body => ({ kind: 'text', text: words });

export interface PlaceOptions {
  readonly limits?: Partial<Limits>;
  readonly settings?: Partial<CoreSettings>;
  readonly store?: Store;
  readonly bus?: Bus;
  readonly seed?: number;
  /** What the core is told the time is; the place's own clock unless given. */
  readonly clock?: Clock;
}

export class Place {
  readonly clock = testClock();
  readonly secrets = testSecrets();
  readonly store: Store;
  readonly ports: CorePorts;
  readonly core: Core;
  /** What went wrong without anybody waiting for it. */
  readonly reports: string[] = [];
  /** What an administrator could read afterwards. */
  readonly audited: SecurityEvent[] = [];

  constructor(options: PlaceOptions = {}) {
    this.store = options.store ?? memoryStore();
    this.ports = {
      clock: options.clock ?? this.clock,
      chance: testChance(options.seed ?? 1),
      secrets: this.secrets,
      store: this.store,
      bus: options.bus ?? testBus(),
      report: (problem, error) => void this.reports.push(`${problem}: ${String(error)}`),
      audit: (event) => void this.audited.push(event),
    };
    this.core = createCore(this.ports, { ...testSettings, ...options.settings, limits: { ...PEOPLE, ...options.limits } });
  }

  /** Accounts with the old password `secret`, visible to everybody. */
  async accounts(...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) await this.account(number);
  }

  async account(number: number, more: Partial<Account> = {}): Promise<Uin> {
    const account = testAccount(uin(number), { old: this.secrets.seal(uin(number), 'secret'), ...more });
    await this.store.accounts.create(account);
    return account.uin;
  }

  verify(number: number, password: string, peer: Peer = HERE): Promise<Account | Refused> {
    return this.core.verify({ uin: uin(number), proof: (old) => old === password }, peer);
  }

  /** Opens a session that is not ready. */
  async opens(number: number, request: Partial<SessionRequest> = {}): Promise<Client> {
    const client = new Client(this);
    const session = await this.core.open({
      uin: uin(number),
      peer: HERE,
      profile: OSCAR,
      coexist: false,
      receive: (event) => client.take(event),
      ...request,
    });
    if (session instanceof Refused) throw new Error(`${number} may not sign on: ${session.refusal}`);
    client.session = session;
    return client;
  }

  async signsOn(number: number, request: Partial<SessionRequest> = {}): Promise<Client> {
    const client = await this.opens(number, request);
    await client.asks('presence.ready', undefined);
    return client;
  }

  /** Time passes, and everything that comes of it comes to rest. */
  async passes(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settled();
    // What came to rest may have set timers for now.
    this.clock.advance(0);
    await settled();
  }
}

export class Client {
  session!: Session;
  readonly events: SessionEvent[] = [];
  /** The transport takes everything at once. */
  writes = true;
  /** What it fetches is on its way to it at once. */
  gives = true;
  private readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  take(event: SessionEvent): void {
    this.events.push(event);
    if (event.type === 'message' && this.writes) this.session.written(event.message.id);
  }

  asks<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C> | Refused> {
    return this.place.core.run(this.session, command, input);
  }

  says(to: number, words: string, more: Partial<CommandInput<'messages.send'>> = {}): Promise<CommandOutput<'messages.send'> | Refused> {
    return this.asks('messages.send', { to: uin(to), body: text(words), ...more });
  }

  passes(to: number, passing: Passing, more: Partial<CommandInput<'messages.pass'>> = {}): Promise<void | Refused> {
    return this.asks('messages.pass', { to: uin(to), passing, concealed: false, ...more });
  }

  async fetches(): Promise<string[]> {
    const messages = await this.asks('messages.fetch', undefined);
    if (messages instanceof Refused) throw new Error(messages.refusal);
    if (this.writes) for (const { id } of messages) this.session.written(id);
    if (this.gives) await this.asks('messages.given', undefined);
    return messages.map(wordsOf);
  }

  /** Texts of live messages, in order. */
  get heard(): string[] {
    return this.messages.map(wordsOf);
  }

  get messages(): Message[] {
    return this.events.flatMap((event) => (event.type === 'message' ? [event.message] : []));
  }

  get passings(): Passing[] {
    return this.events.flatMap((event) => (event.type === 'passing' ? [event.passing] : []));
  }

  get endings(): string[] {
    return this.events.flatMap((event) => (event.type === 'ended' ? [event.reason] : []));
  }
}

export function wordsOf({ body }: Message): string {
  return body.kind === 'text' ? body.text : body.kind;
}

export function refusalOf(answer: unknown): string | undefined {
  return answer instanceof Refused ? answer.refusal : undefined;
}
