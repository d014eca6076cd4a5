/**
 * Backup: one SQLite file that holds the database and, in a table of its own, the other files of the data directory.
 * It is taken from a running server and is whole as of one moment.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createDataDirectory, type DataFiles, dataFiles } from '../runtime/data-directory.ts';
import { OperationFailed } from './operations.ts';

/**
 * Adds the other files to a database copy that was just made.
 *
 * @returns the backup's size in bytes
 */
export function completeBackup(file: string, files: DataFiles, withKey: boolean): number {
  const database = new DatabaseSync(file);
  try {
    database.exec('CREATE TABLE backup_file (name TEXT PRIMARY KEY, content BLOB NOT NULL)');
    const insert = database.prepare('INSERT INTO backup_file VALUES (?, ?)');
    if (existsSync(files.config)) insert.run('seekyou.toml', readFileSync(files.config));
    for (const file of [files.tlsKey, files.tlsCert]) if (existsSync(file)) insert.run(basename(file), readFileSync(file));
    if (withKey && existsSync(files.secretKey)) insert.run('secret.key', readFileSync(files.secretKey));
  } finally {
    database.close();
  }
  chmodSync(file, 0o600);
  return statSync(file).size;
}

export interface Restored {
  readonly accounts: number;
  /** Accounts whose old clients cannot sign on until they get a new password: the key was not in the backup. */
  readonly withoutOldSignOn: number;
}

/** @throws OperationFailed and leaves nothing behind */
export function restoreBackup(backup: string, directory: string): Restored {
  if (!existsSync(backup)) throw new OperationFailed(`${backup}: there is no such file`);
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    throw new OperationFailed(`${directory} is not empty: restore goes into a new directory, so that nothing can be lost`);
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = dataFiles(directory);
  try {
    copyFileSync(backup, files.database);
    chmodSync(files.database, 0o600);
    return unpack(files);
  } catch (error) {
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { force: true });
    if (error instanceof OperationFailed) throw error;
    throw new OperationFailed(`${backup} is not a seekyou backup: ${(error as Error).message}`);
  }
}

function unpack(files: DataFiles): Restored {
  const database = new DatabaseSync(files.database);
  try {
    const check = database.prepare('PRAGMA quick_check').get() as { quick_check: string };
    if (check.quick_check !== 'ok') throw new OperationFailed(`the backup is damaged: ${check.quick_check}`);
    const inside = database.prepare('SELECT name, content FROM backup_file').all() as { name: string; content: Uint8Array }[];
    for (const { name, content } of inside) {
      const target = [files.secretKey, files.config, files.tlsKey, files.tlsCert].find((file) => basename(file) === name);
      if (target !== undefined) writeFileSync(target, content, { mode: 0o600 });
    }
    database.exec('DROP TABLE backup_file');
    const count = (where: string): number => (database.prepare(`SELECT count(*) AS n FROM account WHERE ${where}`).get() as { n: number }).n;
    const hasKey = inside.some(({ name }) => name === 'secret.key');
    createDataDirectory(files.directory);
    return { accounts: count("state <> 'deleted'"), withoutOldSignOn: hasKey ? 0 : count("state <> 'deleted' AND old IS NOT NULL") };
  } finally {
    database.close();
  }
}
