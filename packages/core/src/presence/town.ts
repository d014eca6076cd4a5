/** A few accounts, their sessions and what these are told: the surroundings of the tests of rosters and presence. */
import assert from 'node:assert/strict';
import type { CommandName, Commands } from '../commands.ts';
import type { SessionEvent } from '../events.ts';
import type { Inside, LiveSession } from '../inside.ts';
import { createPeopleParts, type PeopleParts } from '../people.ts';
import type { Account, Store } from '../ports.ts';
import { refuse, Refused } from '../refusals.ts';
import type { CoreSettings } from '../service.ts';
import {
  type CountingStore,
  countingStore,
  memoryStore,
  settled,
  testAccount,
  testBus,
  testChance,
  testClock,
  type TestClock,
  testSecrets,
  testSettings,
} from '../testing.ts';
import type { Body, ClientProfile, ItemKind, Peer, Presence, PresenceView, RosterEdit, RosterItem, Status, Uin, VisibilityMode } from '../words.ts';

export const ONLINE: Status = { availability: 'online', invisible: false, webAware: false, hideAddress: false, direct: 'all', word: 0 };
export const INVISIBLE: Status = { ...ONLINE, invisible: true, word: 0x100 };

const PROFILE: ClientProfile = {
  protocol: 'oscar',
  name: 'test',
  codepage: 1252,
  unicode: true,
  html: false,
  serverRoster: true,
  quirks: new Set(),
};

export interface SignOnOptions {
  readonly peer?: Peer;
  readonly presence?: Partial<Presence>;
  /** The server roster is used unless this is false. */
  readonly roster?: boolean;
  /** Left for the test to call. */
  readonly ready?: boolean;
}

/** A session as the rest of the core would keep it; remembers what it was told. */
export class TownSession implements LiveSession {
  readonly id: string;
  readonly uin: Uin;
  readonly peer: Peer;
  readonly signedOnAt: number;
  readonly instance = 1;
  account: Account;
  presence: Presence;
  profile = PROFILE;
  ready = false;
  ended = false;
  events: SessionEvent[] = [];
  /** Who is on line according to the events so far. */
  readonly sees = new Map<Uin, PresenceView>();

  constructor(id: string, account: Account, peer: Peer, presence: Presence, signedOnAt: number) {
    this.id = id;
    this.uin = account.uin;
    this.account = account;
    this.peer = peer;
    this.presence = presence;
    this.signedOnAt = signedOnAt;
  }

  emit(event: SessionEvent): void {
    if (this.ended) return;
    this.events.push(event);
    if (event.type === 'presence') this.sees.set(event.view.uin, event.view);
    if (event.type === 'absence') this.sees.delete(event.uin);
  }

  /** What it was told since the last time, in short: `+2002`, `-2002`, `roster-edited`. */
  hears(): string[] {
    const told = this.events.map((event) => (event.type === 'presence' ? `+${event.view.uin}` : event.type === 'absence' ? `-${event.uin}` : event.type));
    this.events = [];
    return told;
  }

  written(): void {}
  confirmed(): void {}
  heard(): void {}
  goodbye(): void {}
  leave(): void {}
  close(): void {}
}

export class Town {
  readonly clock: TestClock = testClock();
  readonly store: CountingStore = countingStore(this.failing(memoryStore()));
  readonly parts: PeopleParts;
  /** What went the way of messages. */
  readonly mail: { readonly from: Uin; readonly to: Uin; readonly body: Body }[] = [];
  /** Problems nobody waited for. */
  readonly problems: unknown[] = [];
  readonly accounts = new Map<Uin, Account>();
  /** Set to let messages fail. */
  sendFails: Refused | Error | undefined;
  /** Set to let rosters fail to be saved. */
  storeFails: Error | undefined;
  private readonly sessions = new Set<TownSession>();
  private ids = 0;

  constructor(settings: Partial<CoreSettings> = {}) {
    const inside: Inside = {
      ports: {
        clock: this.clock,
        chance: testChance(7),
        secrets: testSecrets(),
        store: this.store,
        bus: testBus(),
        report: (_problem, error) => void this.problems.push(error),
        audit: () => {},
      },
      settings: { ...testSettings, ...settings },
      sessions: { of: (uin) => [...this.sessions].filter((session) => session.uin === uin), all: () => this.sessions },
      send: (from, to, body) => this.send(from, to, body),
    };
    this.parts = createPeopleParts(inside);
  }

  /** Creates an account, perhaps with a roster. */
  async moveIn(uin: Uin, more: Partial<Account> = {}, items: readonly RosterItem[] = []): Promise<void> {
    const account = testAccount(uin, more);
    this.accounts.set(uin, account);
    await this.store.accounts.create(account);
    if (items.length > 0) await this.store.rosters.save(uin, { put: items, remove: [], stamp: 5 });
  }

  /** Administration: the store first, then the sessions, then everybody who sees the difference. */
  async change(uin: Uin, changes: Partial<Account>): Promise<void> {
    const account = { ...this.accountOf(uin), ...changes };
    this.accounts.set(uin, account);
    await this.store.accounts.update(uin, changes);
    for (const session of this.sessions) if (session.uin === uin) session.account = account;
    await this.parts.people.refresh(uin);
  }

  async signOn(uin: Uin, options: SignOnOptions = {}): Promise<TownSession> {
    const presence = { status: ONLINE, capabilities: [], ...options.presence };
    const peer = options.peer ?? { address: '192.0.2.1', port: 1024, known: true };
    const session = new TownSession(String(++this.ids), this.accountOf(uin), peer, presence, this.clock.now());
    this.sessions.add(session);
    await this.parts.people.arrive(session);
    if (options.roster !== false) await this.ask(session, 'roster.use', undefined);
    if (options.ready !== false) await this.ask(session, 'presence.ready', undefined);
    return session;
  }

  signOff(session: TownSession): void {
    session.ended = true;
    this.sessions.delete(session);
    this.parts.people.leave(session);
  }

  /** Runs a command; its answer or the refusal. */
  async run<C extends keyof PeopleParts['people']['commands'] & CommandName>(
    session: TownSession,
    command: C,
    input: Commands[C]['input'],
  ): Promise<Commands[C]['output'] | Refused> {
    const answer = await this.parts.people.commands[command](session, input);
    await settled();
    return answer;
  }

  /** Runs a command that must not be refused. */
  async ask<C extends keyof PeopleParts['people']['commands'] & CommandName>(
    session: TownSession,
    command: C,
    input: Commands[C]['input'],
  ): Promise<Commands[C]['output']> {
    const answer = await this.run(session, command, input);
    if (answer instanceof Refused) throw new Error(`${command} was refused: ${answer.refusal}`);
    return answer;
  }

  /** The results of edits of the server roster. */
  async edit(session: TownSession, ...edits: readonly RosterEdit[]): Promise<readonly string[]> {
    return (await this.ask(session, 'roster.edit', { edits, importing: false })).results;
  }

  view(observer: Uin, subject: Uin): PresenceView | undefined {
    const view = this.parts.people.viewFor(observer, subject);
    assert.equal(this.parts.people.sees(observer, subject), view !== undefined);
    return view;
  }

  accountOf(uin: Uin): Account {
    const account = this.accounts.get(uin);
    if (account === undefined) throw new Error(`nobody lives at ${uin}`);
    return account;
  }

  /** What was sent since the last time: `1001 → 2002 added`. */
  post(): string[] {
    return this.mail.splice(0).map(({ from, to, body }) => `${from} → ${to} ${body.kind}`);
  }

  private failing(store: Store): Store {
    const save: Store['rosters']['save'] = (uin, changes) =>
      this.storeFails === undefined ? store.rosters.save(uin, changes) : Promise.reject(this.storeFails);
    return { ...store, rosters: { ...store.rosters, save } };
  }

  private send(from: Uin, to: Uin, body: Body): Promise<Refused | { readonly id: number }> {
    if (this.sendFails instanceof Error) return Promise.reject(this.sendFails);
    if (this.sendFails !== undefined) return Promise.resolve(this.sendFails);
    if (!this.accounts.has(to)) return Promise.resolve(refuse('no-such-user'));
    this.mail.push({ from, to, body });
    return Promise.resolve({ id: this.mail.length });
  }
}

// ---------------------------------------------------------------- items

const NONE = new Uint8Array(0);
const TYPE: Readonly<Record<ItemKind, number>> = { contact: 0, group: 1, permit: 2, deny: 3, visibility: 4, ignore: 14, other: 9 };

/** An item of group 1, or of none where lists stand; its id is made of its UIN unless given. */
export function item(kind: ItemKind, uin: Uin | undefined, more: Partial<RosterItem> = {}): RosterItem {
  const itemId = uin === undefined ? 0x7f00 + TYPE[kind] : TYPE[kind] * 0x800 + (uin % 0x7ff) + 1;
  return {
    groupId: kind === 'contact' ? 1 : 0,
    itemId,
    kind,
    type: TYPE[kind],
    name: uin === undefined ? '' : String(uin),
    attributes: NONE,
    ...(uin === undefined ? {} : { uin }),
    ...more,
  };
}

export const contact = (uin: Uin, more: Partial<RosterItem> = {}): RosterItem => item('contact', uin, more);
export const group = (groupId: number, name = `group ${groupId}`): RosterItem => item('group', undefined, { groupId, itemId: 0, name });
export const visibility = (mode: VisibilityMode): RosterItem => item('visibility', undefined, { mode });
/** A roster of group 1 with these contacts. */
export const friends = (...uins: readonly Uin[]): RosterItem[] => [group(1), ...uins.map((uin) => contact(uin))];

export const add = (added: RosterItem): RosterEdit => ({ do: 'add', item: added });
export const update = (updated: RosterItem): RosterEdit => ({ do: 'update', item: updated });
export const remove = ({ groupId, itemId }: RosterItem): RosterEdit => ({ do: 'remove', groupId, itemId });
