/** The data directory: who may use it, and what lies where. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configTemplate } from './config.ts';

/** Something about the data directory a person has to mend. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

export interface DataFiles {
  readonly directory: string;
  readonly database: string;
  readonly secretKey: string;
  readonly config: string;
  readonly tlsKey: string;
  readonly tlsCert: string;
  readonly control: string;
  readonly lock: string;
}

export function dataFiles(directory: string): DataFiles {
  return {
    directory,
    database: join(directory, 'seekyou.sqlite'),
    secretKey: join(directory, 'secret.key'),
    config: join(directory, 'seekyou.toml'),
    tlsKey: join(directory, 'tls.key'),
    tlsCert: join(directory, 'tls.crt'),
    // A named pipe on Windows, where sockets have no place in a directory.
    control: process.platform === 'win32' ? `\\\\.\\pipe\\seekyou-${Buffer.from(directory).toString('base64url')}` : join(directory, 'control.sock'),
    lock: join(directory, 'server.lock'),
  };
}

/** `serve` alone makes one. @throws DataDirectoryError */
export function createDataDirectory(directory: string): DataFiles {
  const files = dataFiles(directory);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (!existsSync(files.config)) writeFileSync(files.config, configTemplate(), { flag: 'wx' });
  } catch (error) {
    throw unusable(directory, error);
  }
  return files;
}

/** What every other command does first. @throws DataDirectoryError */
export function existingDataDirectory(directory: string): DataFiles {
  const files = dataFiles(directory);
  try {
    statSync(files.database);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isClosed = code === 'EACCES' || code === 'EPERM';
    const problem = isClosed
      ? `data directory ${directory}: user ${process.getuid?.() ?? ''} may not look into it; give the command as the user that serves it`
      : `no seekyou data in ${directory}`;
    throw new DataDirectoryError(problem, { cause: error });
  }
  return files;
}

/** Why nothing can be made in it, for the person who chose it. */
export function unusable(directory: string, error: unknown): DataDirectoryError {
  const { code } = error as NodeJS.ErrnoException;
  const reason =
    code === 'EACCES' || code === 'EPERM'
      ? `user ${process.getuid?.() ?? ''} may not write there: change its owner, or choose another with --data`
      : code === 'EROFS'
        ? 'the file system is read-only'
        : code === 'ENOSPC'
          ? 'no space is left on the device'
          : code === 'ENOTDIR' || code === 'EEXIST'
            ? 'a file stands where a directory is needed'
            : (error as Error).message;
  return new DataDirectoryError(`data directory ${directory}: ${reason}`, { cause: error });
}

/** Exclusive use of a data directory; the operating system ends it with the process, however that ends. */
export interface Ownership {
  release(): void;
}

/**
 * Takes the directory for this process.
 *
 * control.sock says who owns a directory, but a socket left by a killed process cannot be told from a live one without a
 * moment in which two starters may both replace it. A lock held through SQLite's file locks has no such moment.
 *
 * @returns `undefined` when another process has it
 * @throws DataDirectoryError
 */
export function takeOwnership(files: DataFiles): Ownership | undefined {
  let lock: DatabaseSync;
  try {
    // Made by hand first, so that it is ours alone to read.
    closeSync(openSync(files.lock, 'a', 0o600));
    lock = new DatabaseSync(files.lock);
  } catch (error) {
    throw unusable(files.directory, error);
  }
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (/locked|busy/i.test((error as Error).message)) return undefined;
    throw unusable(files.directory, error);
  }
  return { release: () => lock.close() };
}

/** Files with secrets are for their owner alone, also when somebody copied them about. */
export function keepPrivate(file: string): void {
  if (process.platform !== 'win32' && existsSync(file) && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
}
