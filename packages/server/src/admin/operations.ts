/** What an administrator can do, once: called over control.sock in a running server, or directly on a data directory nobody serves. */
import { type Account, asUin, type Ban, type Core, Refused, type Refusal, type Secrets, type Uin } from '@seekyou/core';
import { CODEPAGES, isCodepage } from '@seekyou/wire/text';
import type { Config } from '../runtime/config.ts';

/** Said to the person who typed the command; exit code 1, or 2 when it was typed wrong. */
export class OperationFailed extends Error {
  override readonly name = 'OperationFailed';
  readonly usage: boolean;

  constructor(message: string, { usage = false }: { readonly usage?: boolean } = {}) {
    super(message);
    this.usage = usage;
  }
}

const wrongUsage = (message: string): OperationFailed => new OperationFailed(message, { usage: true });

/** An account as people and scripts see it: times in ISO 8601, never a credential. */
export interface ShownAccount {
  readonly uin: number;
  readonly state: string;
  readonly nickname: string;
  readonly created: string;
  readonly lastSeen: string | null;
  readonly codepage: number | null;
  readonly authorisationRequired: boolean;
  readonly hideAddress: boolean;
  /** Whether they may sign on to it, as far as its password and the settings go; in a list, passwords are not compared. */
  readonly oldClients: boolean;
  /** Why not, or what they need; null when there is nothing to say. */
  readonly oldClientsNote: string | null;
  readonly sessions: readonly { readonly client: string; readonly address: string | null; readonly since: string }[];
}

/** Times in ISO 8601; `until` null: for good. */
export interface ShownBan {
  readonly target: string;
  readonly reason: string;
  readonly since: string;
  readonly until: string | null;
}

interface OperationTable {
  'server.status': { input: Record<string, never>; output: { pid: number; addresses: readonly string[]; sessions: number; accounts: number } };
  'user.add': { input: { uin?: number; password: string; oldPassword?: string; nickname?: string }; output: { uin: number; oldPassword: string | null } };
  'user.list': { input: { after: number; limit: number }; output: readonly ShownAccount[] };
  'user.show': { input: { uin: number }; output: ShownAccount };
  'user.set': { input: { uin: number; changes: Readonly<Record<string, string>> }; output: ShownAccount };
  'user.passwd': { input: { uin: number; password: string; oldPassword?: string }; output: { oldPassword: string | null } };
  'user.suspend': { input: { uin: number; suspended: boolean }; output: null };
  'user.remove': { input: { uin: number }; output: null };
  'ban.add': { input: { target: string; reason: string; forMs?: number }; output: ShownBan };
  'ban.list': { input: { after: string; limit: number }; output: readonly ShownBan[] };
  'ban.remove': { input: { target: string }; output: null };
  /** `missing`: settings that came by options or variables. */
  backup: { input: { file: string; withKey: boolean }; output: { bytes: number; missing: readonly string[] } };
}

export type OperationName = keyof OperationTable;
export type OperationInput<N extends OperationName> = OperationTable[N]['input'];
export type OperationOutput<N extends OperationName> = OperationTable[N]['output'];
export type Operations = { readonly [N in OperationName]: (input: OperationInput<N>) => Promise<OperationOutput<N>> };

export interface OperationPorts {
  readonly core: Core;
  readonly addresses: () => readonly string[];
  readonly accounts: () => Promise<number>;
  readonly backup: (file: string, withKey: boolean) => Promise<OperationOutput<'backup'>>;
  readonly config: Pick<Config, 'oldClients' | 'clearSignOn'>;
  readonly secrets: Pick<Secrets, 'open' | 'proves'>;
}

export function createOperations(ports: OperationPorts): Operations {
  const { admin } = ports.core;

  function shown(account: Account): ShownAccount {
    return {
      uin: account.uin,
      state: account.state,
      nickname: account.nickname,
      created: new Date(account.createdAt).toISOString(),
      lastSeen: account.lastSeenAt === undefined ? null : new Date(account.lastSeenAt).toISOString(),
      codepage: account.codepage ?? null,
      authorisationRequired: account.authorisationRequired,
      hideAddress: account.hideAddress,
      ...oldClientsOf(ports, account),
      sessions: admin.sessionsOf(account.uin).map((session) => ({
        client: session.profile.name,
        address: session.peer.known ? session.peer.address : null,
        since: new Date(session.signedOnAt).toISOString(),
      })),
    };
  }

  async function show(uin: Uin): Promise<ShownAccount> {
    const account = await admin.show(uin);
    if (account === undefined) throw noSuch(uin);
    const { oldClients, ...others } = shown(account);
    return oldClients && (await hasOnePassword(ports, account)) ? { ...others, ...mayNot(ONE_PASSWORD) } : { oldClients, ...others };
  }

  return {
    'server.status': async () => ({
      pid: process.pid,
      addresses: ports.addresses(),
      sessions: ports.core.figures().sessions,
      accounts: await ports.accounts(),
    }),
    'user.add': async ({ uin, ...account }) => {
      const created = done(await admin.create({ ...account, ...(uin === undefined ? {} : { uin: valid(uin) }) }), uin);
      return { uin: created.uin, oldPassword: created.generatedOldPassword ?? null };
    },
    'user.list': async ({ after, limit }) => (await admin.list(after, Math.min(limit, LIST_MAX))).map(shown),
    'user.show': ({ uin }) => show(valid(uin)),
    'user.set': async ({ uin, changes }) => {
      if (!(await admin.set(valid(uin), settings(changes)))) throw noSuch(uin);
      return show(valid(uin));
    },
    'user.passwd': async ({ uin, password, oldPassword }) => {
      const changed = done(await admin.passwd(valid(uin), password, oldPassword), uin);
      return { oldPassword: changed.generatedOldPassword ?? null };
    },
    'user.suspend': async ({ uin, suspended }) => {
      if (!(await admin.suspend(valid(uin), suspended))) throw noSuch(uin);
      return null;
    },
    'user.remove': async ({ uin }) => {
      if (!(await admin.remove(valid(uin)))) throw noSuch(uin);
      return null;
    },
    'ban.add': async ({ target, reason, forMs }) => {
      const ban = await admin.ban({ target, reason, ...(forMs === undefined ? {} : { forMs }) });
      if (!(ban instanceof Refused)) return shownBan(ban);
      throw new OperationFailed(BAN_SENTENCE[ban.refusal]?.(target) ?? ban.refusal, { usage: ban.refusal === 'bad-input' });
    },
    'ban.list': async ({ after, limit }) => admin.bans(after, Math.min(limit, LIST_MAX)).map(shownBan),
    'ban.remove': async ({ target }) => {
      if (!(await admin.unban(target))) throw new OperationFailed(`${target} is not banned; \`ban list\` shows who is`);
      return null;
    },
    backup: ({ file, withKey }) => ports.backup(file, withKey),
  };
}

type ForOldClients = Pick<ShownAccount, 'oldClients' | 'oldClientsNote'>;

const may = (oldClientsNote: string | null): ForOldClients => ({ oldClients: true, oldClientsNote });
const mayNot = (oldClientsNote: string): ForOldClients => ({ oldClients: false, oldClientsNote });

const ONE_PASSWORD = 'old_clients is own, and their password is the main one; `user passwd` makes two';

function oldClientsOf({ config, secrets }: OperationPorts, { uin, old }: Account): ForOldClients {
  if (config.oldClients === 'off') return mayNot('old_clients is off');
  if (old === undefined) return mayNot('it has no password for them; `user passwd` gives it one');
  if (secrets.open(uin, old) === undefined) return mayNot('their password was sealed with another secret.key; `user passwd` gives it a new one');
  if (config.clearSignOn === 'off') return may('through TLS alone, because clear_sign_on is off');
  return may(config.clearSignOn === 'challenge' ? 'with the MD5 challenge or through TLS, because of clear_sign_on' : null);
}

/** Takes a whole key derivation, so it is asked about one account and not about all of a list. */
async function hasOnePassword({ config, secrets }: OperationPorts, { uin, main, old }: Account): Promise<boolean> {
  const password = config.oldClients === 'own' && old !== undefined ? secrets.open(uin, old) : undefined;
  return password !== undefined && secrets.proves(password, main);
}

/** Accounts in one answer; the command line asks again for more. */
const LIST_MAX = 1_000;

function valid(uin: number): Uin {
  const found = asUin(uin);
  if (found === undefined) throw wrongUsage(`${uin} cannot be a UIN: they go from 10000 to 4294967294`);
  return found;
}

function noSuch(uin: number): OperationFailed {
  return new OperationFailed(`there is no account ${uin}`);
}

const SENTENCE: Partial<Record<Refusal, string>> = {
  'bad-password': 'a password has 1 to 64 characters, an old-client password 1 to 8 printable ASCII characters',
  unavailable: 'the database could not do it (full disk?); nothing was changed. The server log says why',
  'no-such-user': 'there is no such account',
  'bad-input': 'that value is not possible',
};

function done<T>(outcome: T | Refused, uin: number | undefined): T {
  if (!(outcome instanceof Refused)) return outcome;
  if (outcome.refusal === 'not-allowed' && uin !== undefined) throw new OperationFailed(`UIN ${uin} is taken`);
  throw new OperationFailed(SENTENCE[outcome.refusal] ?? outcome.refusal);
}

const BAN_SENTENCE: Partial<Record<Refusal, (target: string) => string>> = {
  'bad-input': (target) => `${target} cannot be banned: name a UIN, an address, or a network such as 192.0.2.0/24; a reason has up to 1,000 characters`,
  'no-such-user': (target) => `there is no account ${target}`,
  'list-full': () => 'there are as many bans as may be (limits.bans_max); ban a larger network instead of many addresses',
};

function shownBan({ target, reason, since, until }: Ban): ShownBan {
  return { target, reason, since: new Date(since).toISOString(), until: until === undefined ? null : new Date(until).toISOString() };
}

/** `KEY=VALUE` words of `user set`. */
const SETTINGS: Readonly<Record<string, { readonly allowed: string; readonly read: (value: string) => object | undefined }>> = {
  nickname: { allowed: 'up to 64 characters', read: (value) => (value.length <= 64 ? { nickname: value } : undefined) },
  codepage: {
    allowed: `a code page (${CODEPAGES.join(', ')}), or nothing for the default`,
    read: (value) => (value === '' ? { codepage: undefined } : isCodepage(Number(value)) ? { codepage: Number(value) } : undefined),
  },
  authorisation: { allowed: 'yes or no', read: (value) => yesNo(value, (yes) => ({ authorisationRequired: yes })) },
  hide_address: { allowed: 'yes or no', read: (value) => yesNo(value, (yes) => ({ hideAddress: yes })) },
};

function yesNo(value: string, make: (yes: boolean) => object): object | undefined {
  return value === 'yes' || value === 'no' ? make(value === 'yes') : undefined;
}

function settings(changes: Readonly<Record<string, string>>): object {
  return Object.assign(
    {},
    ...Object.entries(changes).map(([key, value]) => {
      const setting = Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : undefined;
      if (setting === undefined) throw wrongUsage(`unknown setting ${key}; known: ${Object.keys(SETTINGS).join(', ')}`);
      const read = setting.read(value);
      if (read === undefined) throw wrongUsage(`${key}=${value} is not possible; allowed: ${setting.allowed}`);
      return read;
    }),
  ) as object;
}
