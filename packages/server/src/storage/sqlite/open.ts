/** The embedded store: SQLite in threads of its own. */
import { closeSync, openSync } from 'node:fs';
import { type FoundRecord, type Store, StoreFailed, type Uin } from '@seekyou/core';
import { Appends } from './appends.ts';
import { Journal, JOURNAL_LIMITS } from './journal.ts';
import { Link, type LinkFigures, type LinkLimits, LINK_LIMITS, NO_FIGURES } from './link.ts';
import { type BackupFile, type FoundRow, OPERATIONS, type OperationName, type ReplyOf, type RequestOf, type Thread } from './protocol.ts';
import { banFrom, banRow } from './bans.ts';
import { profileColumn, profileFrom } from './profiles.ts';
import { roomFrom, roomRow } from './rooms.ts';
import { accountFrom, accountRow, changedColumns, messageFrom, rosterItemRow } from './rows.ts';
import { fromColumn, toColumn } from './text.ts';

export interface SqliteStoreOptions {
  /** Made when it is not there, for its owner alone. */
  readonly file: string;
  /** A storage thread died; every operation fails from now on. Called at most once. */
  readonly onFailure: (error: Error) => void;
  readonly limits?: Partial<LinkLimits>;
}

export interface SqliteStore extends Store {
  /**
   * Writes a copy of the database, whole as of one moment, while everything goes on. The file must not exist, and is there whole or
   * not at all.
   *
   * @param files go along in a table of their own, `backup_file`
   */
  backup(toFile: string, files?: readonly BackupFile[]): Promise<void>;
  /** Of the writing and the reading thread and of the journal since the start. */
  stats(): Readonly<Record<Thread | 'journal', LinkFigures>>;
}

/**
 * Opens a database file, brings it to this version and starts its threads.
 *
 * @throws StoreFailed with a sentence for the person who starts the server
 */
export async function openSqliteStore({ file, onFailure, limits }: SqliteStoreOptions): Promise<SqliteStore> {
  makePrivate(file);
  let failed = false;
  const failOnce = (error: Error): void => {
    if (failed) return;
    failed = true;
    onFailure(error);
  };
  // TypeScript in the sources, JavaScript in the package.
  const script = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url);
  let journal: Journal | undefined;
  const start = (thread: Thread): Promise<Link> =>
    Link.open({ script, data: { thread, file }, limits: { ...LINK_LIMITS, ...limits }, onFailure: failOnce, onSettled: (id) => journal?.settled(id) });
  const writer = await start('writer');
  journal = new Journal({ file, limits: JOURNAL_LIMITS, onWritten: (entries) => writer.enter(entries), onFailure: failOnce });
  return storeOn(writer, journal, () => start('reader'));
}

function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    throw new StoreFailed('broken', `${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** @param startReader called when the reader is needed first: many runs end without */
function storeOn(writer: Link, journal: Journal, startReader: () => Promise<Link>): SqliteStore {
  const appends = new Appends(journal, writer);
  let reader: Promise<Link> | undefined;
  let startedReader: Link | undefined;
  let closing: Promise<void> | undefined;

  async function reading(): Promise<Link> {
    startedReader = await (reader ??= startReader());
    return startedReader;
  }

  async function closeThreads(): Promise<void> {
    // The last to close writes the log back into the file, and a reader may not.
    await (await reader?.catch(() => undefined))?.close();
    await appends.ended();
    await writer.call('mailboxes.settle', null).catch(() => undefined);
    await writer.close();
    await journal.close();
  }

  const closedError = (): StoreFailed => new StoreFailed('closed', 'the store is closed');

  async function ask<N extends OperationName>(name: N, request: RequestOf<N>): Promise<ReplyOf<N>> {
    return OPERATIONS[name].thread === 'writer' ? writer.call(name, request) : (await reading()).call(name, request);
  }

  async function call<N extends OperationName>(name: N, request: RequestOf<N>): Promise<ReplyOf<N>> {
    if (closing !== undefined) throw closedError();
    return ask(name, request);
  }

  /** What concerns mailboxes knows of everything that was to be stored before. */
  async function callKnowing<N extends OperationName>(name: N, request: RequestOf<N>): Promise<ReplyOf<N>> {
    if (closing !== undefined) throw closedError();
    await appends.known();
    return ask(name, request);
  }

  return {
    accounts: {
      create: (account) => call('accounts.create', accountRow(account)),
      nextFree: async (atLeast) => (await call('accounts.nextFree', atLeast)) as typeof atLeast,
      find: async (uin) => {
        const row = await call('accounts.find', uin);
        return row === undefined ? undefined : accountFrom(row);
      },
      update: (uin, changes) => call('accounts.update', { uin, changes: changedColumns(changes) }),
      remove: (uin) => callKnowing('accounts.remove', uin),
      list: async (after, limit) => (await call('accounts.list', { after, limit: whole(limit) })).map(accountFrom),
      count: () => call('accounts.count', null),
    },
    rosters: {
      load: (uin) => call('rosters.load', uin),
      save: (uin, { put, remove, stamp }) =>
        call('rosters.save', { uin, stamp, put: put.map(rosterItemRow), remove: remove.map(({ groupId, itemId }) => ({ groupId, itemId })) }),
      grant: (owner, contact) => call('rosters.grant', { owner, contact }),
      revoke: (owner, contact) => call('rosters.revoke', { owner, contact }),
      standing: (owner, contact) => call('rosters.standing', { owner, contact }),
    },
    mailboxes: {
      append: (draft, limits) => (closing === undefined ? appends.append(draft, limits) : Promise.reject(closedError())),
      pending: async (uin, limit) => (await callKnowing('mailboxes.pending', { uin, limit: whole(limit) })).map((row) => messageFrom(row, uin)),
      confirm: (uin, ranges, at) => call('mailboxes.confirm', { uin, ranges, at }),
      since: async (uin, after, limit) => (await callKnowing('mailboxes.since', { uin, after, limit: whole(limit) })).map((row) => messageFrom(row, uin)),
      prune: (deliveredBefore, sentBefore, limit) => call('mailboxes.prune', { deliveredBefore, sentBefore, limit: whole(limit) }),
    },
    bans: {
      list: async () => (await call('bans.list', null)).map(banFrom),
      put: (ban) => call('bans.put', banRow(ban)),
      remove: (target) => call('bans.remove', target),
    },
    places: { visit: (uin, mark, at, max) => call('places.visit', { uin, mark, at, max }) },
    rooms: {
      open: async (room, { ownedMax }) => {
        const reply = await call('rooms.open', { row: roomRow(room), ownedMax: whole(ownedMax) });
        return reply.outcome === 'full' ? reply : { outcome: reply.outcome, room: roomFrom(reply.row) };
      },
      find: async (id) => {
        const row = await call('rooms.find', id);
        return row === undefined ? undefined : roomFrom(row);
      },
      list: async (fragment, limit) => (await call('rooms.list', { fragment, limit: whole(limit) })).map(roomFrom),
      admits: (id, uin) => call('rooms.admits', { id, uin }),
      admit: (id, uin, guestsMax) => call('rooms.admit', { id, uin, guestsMax: whole(guestsMax) }),
      used: (id, at) => call('rooms.used', { id, at }),
      prune: (usedBefore, limit) => call('rooms.prune', { usedBefore, limit: whole(limit) }),
    },
    pictures: {
      save: (uin, pictures, added) =>
        call('pictures.save', { uin, pictures, ...(added === undefined ? {} : { added: { hash: added.hash, bytes: new Uint8Array(added.bytes) } }) }),
      find: (hash) => call('pictures.find', hash),
    },
    profiles: {
      load: async (uin) => {
        const column = await call('profiles.load', uin);
        return column === undefined ? undefined : profileFrom(column);
      },
      save: (uin, { nickname, profile, entry }) => call('profiles.save', { uin, nickname: toColumn(nickname), data: profileColumn(profile), entry }),
    },
    directory: { search: async (query, limit) => (await call('directory.search', { query, limit: whole(limit) })).map(foundFrom) },
    backup: async (toFile, files) => {
      // A copy is of the database alone.
      await callKnowing('mailboxes.settle', null);
      await call('backup', { target: toFile, files });
    },
    stats: () => ({ writer: writer.figures, journal: journal.figures, reader: startedReader?.figures ?? NO_FIGURES }),
    close: () => (closing ??= closeThreads()),
  };
}

function foundFrom({ uin, nickname, authorisation_required, data }: FoundRow): FoundRecord {
  return {
    uin: uin as Uin,
    nickname: fromColumn(nickname),
    authorisationRequired: authorisation_required === 1,
    ...(data === null ? {} : { profile: profileFrom(data) }),
  };
}

/** `Infinity` is no number for a database. */
const whole = (limit: number): number => Math.min(limit, Number.MAX_SAFE_INTEGER);
