/** What each thread does with calls, without the thread: tests run it as it is. */
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { bansOn, placesOn } from './bans.ts';
import { copyDatabase } from './copy.ts';
import { openReader, openWriter } from './database.ts';
import { kyselyOn, type Statements, statementCache } from './dialect.ts';
import { failureOf, isFatal, ThreadFailure } from './failure.ts';
import { type Answer, type Call, commitGroup, type Transactions, transactionsOn } from './group-commit.ts';
import { recoverJournal } from './journal-recovery.ts';
import { mailboxesOn } from './mailboxes.ts';
import { migrate } from './migrate.ts';
import { type BackupRequest, type Implementation, OPERATION_NAMES, OPERATIONS, type OperationName, type Thread } from './protocol.ts';
import { picturesOn } from './pictures.ts';
import { profilesOn } from './profiles.ts';
import { directoryOn } from './search.ts';
import { roomListsOn, roomsOn } from './rooms.ts';
import { accountsOn, listsOn, rostersOn } from './queries.ts';

export interface Service {
  /**
   * Answers some of the waiting calls, at least one if there is one.
   *
   * @throws when the database cannot be relied on any more
   */
  serve<C extends Call>(next: () => C | undefined): Promise<Answer<C>[]>;
  /** Messages the journal has; to be taken into the database some time later. The bytes are kept. */
  enter(entries: Uint8Array): void;
  /** What `enter` was given and nothing here looks at any more. */
  emptied(): readonly Uint8Array[];
  /**
   * Work that nobody waits for, a bounded piece of it: `more` when there may be another, `later` when something is left that
   * is not due yet.
   *
   * @throws when the database cannot be relied on any more
   */
  tidy(): 'done' | 'more' | 'later';
  /** Fresh messages up to this one are in the database. */
  readonly settledTo: number;
  /** Of any message ever stored. */
  readonly lastId: number;
  close(): void;
}

/** @throws ThreadFailure and what SQLite throws when the file cannot be used */
export async function openWriterService(file: string): Promise<Service> {
  const database = openWriter(file);
  await migrate(database, file);
  recoverJournal(database, file);
  return writerOn(database);
}

/** Longest time messages are in the database before the disk has them there, too. */
const SYNC_EVERY_MS = 1_000;

/** @param database with today's tables */
export function writerOn(database: DatabaseSync, prepare: Statements = statementCache(database), now: () => number = () => performance.now()): Service {
  const db = kyselyOn(prepare);
  /** The commit that is made need not wait for the disk. */
  let lazy = false;
  let syncedAt = now();
  const transactions = transactionsOn(database, prepare, () => ({
    committed: () => mailboxes.committed(!lazy),
    rolledBack: () => mailboxes.rolledBack(),
  }));
  const mailboxes = mailboxesOn(prepare, transactions.atomically, now);
  const profiles = profilesOn(prepare);
  const run = runner<'writer'>(
    {
      ...mailboxes.operations,
      ...accountsOn(db, prepare, mailboxes, profiles),
      ...rostersOn(db, prepare),
      ...bansOn(db),
      ...placesOn(prepare),
      ...roomsOn(db),
      ...picturesOn(db),
      ...profiles.operations,
    },
    transactions,
  );

  /** Runs something that may fail for lack of room, and is tried again later then. */
  function inTransaction(run: () => boolean): boolean {
    try {
      transactions.begin();
      const done = run();
      transactions.commit();
      return done;
    } catch (error) {
      if (isFatal(error)) throw error;
      transactions.rollback();
      return false;
    }
  }

  /** The journal has what is settled, and gives nothing up before `settledTo` says so: the disk is only waited for now and then. */
  function settleDue(): boolean {
    lazy = now() - syncedAt < SYNC_EVERY_MS;
    if (lazy) database.exec('PRAGMA synchronous = NORMAL');
    try {
      const settled = inTransaction(() => mailboxes.settle('due'));
      if (settled && !lazy) syncedAt = now();
      return settled;
    } finally {
      if (lazy) database.exec('PRAGMA synchronous = FULL');
      lazy = false;
    }
  }

  function sync(): void {
    syncedAt = now();
    inTransaction(() => {
      mailboxes.mark();
      return true;
    });
  }

  return {
    serve: (next) => commitGroup(next, run, transactions),
    enter: mailboxes.enter,
    emptied: mailboxes.emptied,
    tidy: () => {
      if (mailboxes.freshMessages() > 0 && settleDue()) return 'more';
      if (mailboxes.unsynced() && now() - syncedAt >= SYNC_EVERY_MS) sync();
      return mailboxes.freshMessages() > 0 || mailboxes.unsynced() ? 'later' : 'done';
    },
    get settledTo() {
      return mailboxes.settledTo();
    },
    get lastId() {
      return mailboxes.lastId();
    },
    close: () => {
      while (inTransaction(() => mailboxes.settle('any')));
      database.close();
    },
  };
}

export function openReaderService(file: string): Service {
  return readerOn(openReader(file));
}

export function readerOn(database: DatabaseSync, prepare: Statements = statementCache(database)): Service {
  const run = runner<'reader'>({
    ...listsOn(kyselyOn(prepare)),
    ...roomListsOn(kyselyOn(prepare)),
    ...directoryOn(prepare),
    backup: (request) => backUp(database, request),
  });
  return {
    serve: async <C extends Call>(next: () => C | undefined): Promise<Answer<C>[]> => {
      const call = next();
      if (call === undefined) return [];
      try {
        return [{ call, ok: true, reply: await run(call) }];
      } catch (error) {
        // Whatever went wrong, perhaps with the disk a copy was to go to: what is stored is not in doubt.
        return [{ call, ok: false, failure: failureOf(error) }];
      }
    },
    enter: () => undefined,
    emptied: () => [],
    tidy: () => 'done',
    settledTo: 0,
    lastId: 0,
    close: () => database.close(),
  };
}

function backUp(database: DatabaseSync, { target, files }: BackupRequest): void {
  if (existsSync(target)) throw new ThreadFailure('broken', `${target} exists; a backup does not overwrite`);
  try {
    copyDatabase(database, target, files);
  } catch (error) {
    throw copyFailure(error, target);
  }
}

/** For the person who asked for the copy: it is its disk, much more likely than ours. */
function copyFailure(error: unknown, target: string): ThreadFailure {
  const failure = failureOf(error);
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (failure.code === 'full') return new ThreadFailure('full', `${target}: no space is left there: ${message}`);
  if (failure.code === 'broken' || syscall !== undefined) return new ThreadFailure('broken', `${target} cannot be written: ${message}`);
  return new ThreadFailure(failure.code, failure.message);
}

/** Several statements in one operation stand or fall together; mailboxes see to that themselves. */
function runner<T extends Thread>(implementation: Implementation<T>, transactions?: Transactions): (call: Call) => unknown {
  const operations = implementation as unknown as Readonly<Record<string, (request: unknown) => unknown>>;
  const guarded = new Set<OperationName>(OPERATION_NAMES.filter((name) => OPERATIONS[name].writes && !name.startsWith('mailboxes.')));
  return ({ name, request }) => {
    const operation = operations[name];
    if (operation === undefined) throw new Error(`this thread does not do ${name}`);
    if (transactions === undefined || !guarded.has(name)) return operation(request);
    return transactions.atomically(() => operation(request));
  };
}
