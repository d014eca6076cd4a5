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
/** The index of the log grows in a file of its own, whose lack of space has a code of its own. */
const IOERR_SHMSIZE = 4874;
/** I/O error, corrupt, not a database, read-only, cannot open. */
const FATAL = new Set([10, 11, 26, 8, 14]);

/** Whether what is on the disk is in doubt, so that a writer can promise nothing more. */
export function isFatal(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && errcode !== IOERR_SHMSIZE && FATAL.has(errcode & 0xff);
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ThreadFailure) return { code: error.code, message: error.message };
  const { errcode, code, message, stack } = error as { errcode?: number; code?: string; message: string; stack?: string };
  if (errcode === FULL || errcode === IOERR_SHMSIZE || code === 'ENOSPC') return { code: 'full', message: `no space left for the database: ${message}` };
  if (errcode === BUSY) return { code: 'busy', message: 'another program holds the database' };
  if (isFatal(error)) return { code: 'broken', message: `the database cannot be read or written: ${message}` };
  return { code: 'defect', message: stack ?? message };
}
