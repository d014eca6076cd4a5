/** Copies of a database in use, whole as of one moment. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BackupFile } from './protocol.ts';

/**
 * Writes a copy to `target`, on the disk when this returns. The name appears with its whole content or not at all.
 * A file that has the name already is replaced.
 *
 * @param files go along in a table of their own
 */
export function copyDatabase(database: DatabaseSync, target: string, files?: readonly BackupFile[]): void {
  const part = `${target}.part`;
  rmSync(part, { force: true });
  try {
    // Made first, so that it is never anybody else's to read.
    closeSync(openSync(part, 'wx', 0o600));
    database.prepare('VACUUM INTO ?').run(part);
    if (files !== undefined) addFiles(part, files);
    sync(part, 'r+');
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  // Windows has no such thing as syncing a directory.
  if (process.platform !== 'win32') sync(dirname(target), 'r');
}

function addFiles(copy: string, files: readonly BackupFile[]): void {
  const database = new DatabaseSync(copy);
  try {
    // In memory: when this fails nothing of the copy stays, and nothing may stay beside it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN; CREATE TABLE backup_file (name TEXT PRIMARY KEY, content BLOB NOT NULL)');
    const insert = database.prepare('INSERT INTO backup_file VALUES (?, ?)');
    for (const { name, content } of files) insert.run(name, content);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

function sync(path: string, flags: string): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
