/** Copies of a database in use, whole as of one moment. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

/**
 * Writes a copy to `target`, on the disk when this returns. The name appears with its whole content or not at all.
 * A file that has the name already is replaced.
 */
export function copyDatabase(database: DatabaseSync, target: string): void {
  const part = `${target}.part`;
  rmSync(part, { force: true });
  try {
    // Made first, so that it is never anybody else's to read.
    closeSync(openSync(part, 'wx', 0o600));
    database.prepare('VACUUM INTO ?').run(part);
    sync(part, 'r+');
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  // Windows has no such thing as syncing a directory.
  if (process.platform !== 'win32') sync(dirname(target), 'r');
}

function sync(path: string, flags: string): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
