/**
 * Group commit: whatever is waiting runs in one transaction and is answered after its commit, so that a hundred callers
 * share one wait for the disk. An operation that fails is undone alone.
 */
import type { Statements } from './dialect.ts';
import { type Failure, failureOf, isFatal } from './failure.ts';
import { OPERATIONS, type OperationName } from './protocol.ts';

export interface Call {
  readonly name: OperationName;
  readonly request: unknown;
}

export type Answer<C extends Call = Call> =
  | { readonly call: C; readonly ok: true; readonly reply: unknown }
  | { readonly call: C; readonly ok: false; readonly failure: Failure };

/** Longer groups gain little and make the first of them wait for the last. */
export const GROUP_MAX = 1_000;

export interface Transactions {
  /** Runs several statements so that all or none of them count. `run` may return a promise. */
  readonly atomically: <T>(run: () => T) => T;
  readonly begin: () => void;
  readonly commit: () => void;
  readonly rollback: () => void;
  /** False when SQLite has rolled everything back by itself, as it may on a full disk. */
  readonly open: boolean;
}

export interface Watcher {
  readonly committed: () => void;
  /** After anything was undone. */
  readonly rolledBack: () => void;
}

export function transactionsOn(database: { readonly isTransaction: boolean }, prepare: Statements, watcher: () => Watcher): Transactions {
  // IMMEDIATE: should another program write to the file, wait for it here and not in the middle.
  const begin = prepare('BEGIN IMMEDIATE');
  const commit = prepare('COMMIT');
  const rollback = prepare('ROLLBACK');
  const savepoint = prepare('SAVEPOINT operation');
  const undo = prepare('ROLLBACK TO operation');
  const release = prepare('RELEASE operation');

  function failed(error: unknown): never {
    if (database.isTransaction) {
      undo.run();
      release.run();
    }
    watcher().rolledBack();
    throw error;
  }

  return {
    atomically: <T>(run: () => T): T => {
      savepoint.run();
      let result: T;
      try {
        result = run();
      } catch (error) {
        return failed(error);
      }
      if (!(result instanceof Promise)) {
        release.run();
        return result;
      }
      const released = result.then((value: unknown) => {
        release.run();
        return value;
      }, failed);
      return released as T;
    },
    begin: () => void begin.run(),
    commit: () => {
      commit.run();
      watcher().committed();
    },
    rollback: () => {
      if (database.isTransaction) rollback.run();
      watcher().rolledBack();
    },
    get open() {
      return database.isTransaction;
    },
  };
}

type Run = (call: Call) => unknown;

/**
 * Runs calls until `next` has none or the group is large enough, and commits them.
 *
 * @returns an answer for each call taken, in their order
 * @throws when the database cannot be relied on any more
 */
export async function commitGroup<C extends Call>(next: () => C | undefined, run: Run, transactions: Transactions): Promise<Answer<C>[]> {
  const answers: Answer<C>[] = [];
  let lost: Failure | undefined;
  try {
    transactions.begin();
  } catch (error) {
    lost = survivable(error);
  }
  for (let call = next(); call !== undefined; call = next()) {
    const answered: Answer<C> = lost === undefined ? await answer(call, run) : { call, ok: false, failure: lost };
    answers.push(answered);
    if (lost === undefined && !transactions.open) {
      lost = answered.ok ? { code: 'defect', message: `${call.name} ended the transaction` } : answered.failure;
      break;
    }
    if (answers.length >= GROUP_MAX) break;
  }
  if (lost === undefined) {
    try {
      transactions.commit();
      return answers;
    } catch (error) {
      lost = survivable(error);
    }
  }
  transactions.rollback();
  return await afterLoss(answers, run, lost);
}

async function answer<C extends Call>(call: C, run: Run): Promise<Answer<C>> {
  try {
    const reply = run(call);
    return { call, ok: true, reply: reply instanceof Promise ? await reply : reply };
  } catch (error) {
    return { call, ok: false, failure: survivable(error) };
  }
}

/** @throws the error itself when nothing more can be promised */
function survivable(error: unknown): Failure {
  if (isFatal(error)) throw error;
  return failureOf(error);
}

/** The group's writes are gone; its reads are asked again, since they may have seen them. */
async function afterLoss<C extends Call>(answers: readonly Answer<C>[], run: Run, failure: Failure): Promise<Answer<C>[]> {
  const after: Answer<C>[] = [];
  for (const { call } of answers) {
    after.push(OPERATIONS[call.name].writes ? { call, ok: false, failure } : await answer(call, run));
  }
  return after;
}
