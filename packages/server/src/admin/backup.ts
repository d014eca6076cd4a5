/**
 * Backup: one SQLite file that holds the database and, in a table of its own, the other files of the data directory, and the TLS
 * key and certificate where the settings name others. It is taken from a running server and is whole as of one moment.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createDataDirectory, DataDirectoryError, type DataFiles, dataFiles, unusable } from '../runtime/data-directory.ts';
import type { Config } from '../runtime/config.ts';
import type { BackupFile } from '../storage/sqlite/protocol.ts';
import { OperationFailed } from './operations.ts';

/** Names a file that is none: where the TLS key and certificate were that the settings name. */
const TLS_WAS = 'tls was';

/**
 * The other files of a backup.
 *
 * @param config the backup has the file it came from as `seekyou.toml`, and what `tls` names as `tls.key` and `tls.crt`
 * @throws OperationFailed when one of these cannot be read
 */
export function backupFiles(files: DataFiles, { file, tls }: Pick<Config, 'file' | 'tls'>, withKey: boolean): BackupFile[] {
  const settings = existsSync(file) ? [{ name: basename(files.config), content: settingsIn(file) }] : [];
  const others = [...(tls === undefined ? [files.tlsKey, files.tlsCert] : []), ...(withKey ? [files.secretKey] : [])]
    .filter((one) => existsSync(one))
    .map((one) => ({ name: basename(one), content: new Uint8Array(readFileSync(one)) }));
  const own = [...settings, ...others];
  if (tls === undefined) return own;
  return [
    ...own,
    { name: basename(files.tlsKey), content: readGiven('tls_key', tls.key) },
    { name: basename(files.tlsCert), content: readGiven('tls_cert', tls.cert) },
    { name: TLS_WAS, content: new TextEncoder().encode(JSON.stringify(tls)) },
  ];
}

/** A file named by `--config` may say where the data is; one in a data directory may not, so that line is a comment there. */
function settingsIn(file: string): Uint8Array {
  return new TextEncoder().encode(readFileSync(file, 'utf8').replace(/^(?=[ \t]*["']?data["']?[ \t]*=)/gm, '# '));
}

/** What a backup has not got: settings that are in no file. Where the data is does not count, and TLS keys are in it as files. */
export function notInBackup({ givenBeside }: Pick<Config, 'givenBeside'>): readonly string[] {
  return givenBeside.filter((key) => !['data', 'tls_key', 'tls_cert'].includes(key));
}

/** @throws OperationFailed */
function readGiven(setting: string, file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new OperationFailed(`${setting}: ${file} cannot be read, and a backup without it would not be whole: ${(error as Error).message}`);
  }
}

export interface Restored {
  readonly accounts: number;
  /** Accounts whose old clients cannot sign on until they get a new password: the key was not in the backup. */
  readonly withoutOldSignOn: number;
  /** Where the TLS key and certificate were, when settings named them: now they are `tls.key` and `tls.crt` in the directory. */
  readonly tlsWas: Config['tls'];
}

/** @throws OperationFailed, DataDirectoryError, and leaves nothing behind */
export function restoreBackup(backup: string, directory: string): Restored {
  if (!existsSync(backup)) throw new OperationFailed(`${backup}: there is no such file`);
  makeEmpty(directory);
  const files = dataFiles(directory);
  try {
    copyFileSync(backup, files.database);
    chmodSync(files.database, 0o600);
    return unpack(files);
  } catch (error) {
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { force: true });
    if (error instanceof OperationFailed || error instanceof DataDirectoryError) throw error;
    const { message, syscall, errcode } = error as NodeJS.ErrnoException & { errcode?: number };
    const aboutDisk = syscall !== undefined || errcode === SQLITE_FULL;
    throw new OperationFailed(aboutDisk ? `${backup} cannot be copied to ${directory}: ${message}` : `${backup} is not a seekyou backup: ${message}`);
  }
}

const SQLITE_FULL = 13;

function makeEmpty(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (readdirSync(directory).length === 0) return;
  } catch (error) {
    throw unusable(directory, error);
  }
  throw new OperationFailed(`${directory} is not empty: restore goes into a new directory, so that nothing can be lost`);
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
    const was = inside.find(({ name }) => name === TLS_WAS);
    const tlsWas = was === undefined ? undefined : (JSON.parse(new TextDecoder().decode(was.content)) as Config['tls']);
    const hasKey = inside.some(({ name }) => name === 'secret.key');
    createDataDirectory(files.directory);
    return { accounts: count("state <> 'deleted'"), withoutOldSignOn: hasKey ? 0 : count("state <> 'deleted' AND old IS NOT NULL"), tlsWas };
  } finally {
    database.close();
  }
}
