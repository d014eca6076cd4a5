/** Why a call failed, on its way between the threads. The threads do without the core, whose loading would delay each start. */
import type { StoreFailed } from '@seekyou/core';

/** `defect`: a mistake of ours, an ordinary exception for the caller. */
export type FailureCode = StoreFailed['code'] | 'defect';

export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
}

/** A failure with a known meaning, thrown inside a thread. */
export class ThreadFailure extends Error implements Failure {
  override readonly name = 'ThreadFailure';
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

const FULL = 13;
const BUSY = 5;
const IOERR_SHMSIZE = 4874;
/** I/O error, corrupt, not a database, read-only, cannot open: what is on the disk is in doubt, so nothing more is promised. */
const FATAL = new Set([10, 11, 26, 8, 14]);

/** @throws the error itself when the database cannot be relied on any more */
export function failureOf(error: unknown): Failure {
  if (error instanceof ThreadFailure) return { code: error.code, message: error.message };
  const { errcode, code, message, stack } = error as { errcode?: number; code?: string; message: string; stack?: string };
  // The index of the log grows in a file of its own, whose lack of space has a code of its own.
  if (errcode === FULL || errcode === IOERR_SHMSIZE || code === 'ENOSPC') return { code: 'full', message: `no space left for the database: ${message}` };
  if (errcode === BUSY) return { code: 'busy', message: 'another program holds the database' };
  if (errcode !== undefined && FATAL.has(errcode & 0xff)) throw error;
  return { code: 'defect', message: stack ?? message };
}
