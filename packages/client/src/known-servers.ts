/** The keys of servers, kept in a file between runs. */
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseFingerprint } from '@seekyou/net';
import { ClientError } from './errors.ts';
import type { Server } from './login.ts';
import type { KnownServers } from './trust.ts';

interface Entry {
  readonly fingerprint: string;
  /** ISO 8601 UTC: when we first signed on to it with this key. */
  readonly since: string;
}

/** Where this user's known servers are. */
export function knownServersFile(): string {
  const { APPDATA, XDG_CONFIG_HOME } = process.env;
  if (process.platform === 'win32') return join(APPDATA ?? homedir(), 'seekyou', FILE);
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'seekyou', FILE);
  return join(XDG_CONFIG_HOME === undefined || XDG_CONFIG_HOME === '' ? join(homedir(), '.config') : XDG_CONFIG_HOME, 'seekyou', FILE);
}

const FILE = 'known-servers.json';

/**
 * `{ "host:5190": { "fingerprint": "SHA256:…", "since": "…" } }`, for its owner alone. Read each time, so that several clients
 * share it; replaced whole, so that a crash leaves the old one or the new one; one client at a time, so that none loses the key
 * another one has just met.
 *
 * @param wait lets some milliseconds pass, while another client writes
 * @throws ClientError `bad-pin` from `find` and `remember` when the file holds something else: taking it for empty would make
 *   every server a stranger who may be anybody
 */
export function fileKnownServers(file: string = knownServersFile(), wait: (ms: number) => void = pause): KnownServers {
  return {
    find: (server) => read(file)[nameOf(server)]?.fingerprint,
    remember(server, fingerprint) {
      const entry: Entry = { fingerprint, since: new Date().toISOString() };
      try {
        change(file, wait, () => ({ ...read(file), [nameOf(server)]: entry }));
      } catch (error) {
        if (error instanceof ClientError) throw error;
        throw new ClientError('bad-pin', `the server's key cannot be remembered: ${(error as Error).message}; give it with --pin each time`, { cause: error });
      }
    },
  };
}

function nameOf({ host, port }: Server): string {
  return `${host.toLowerCase()}:${port}`;
}

function read(file: string): Readonly<Record<string, Entry>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ClientError('bad-pin', `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    const entries = Object.entries(JSON.parse(text) as object).map(([name, entry]) => [name, checked(entry)] as const);
    return Object.fromEntries(entries);
  } catch (error) {
    throw new ClientError('bad-pin', `${file} is damaged: mend it, or remove it and give --pin again`, { cause: error });
  }
}

function checked(entry: unknown): Entry {
  const { fingerprint, since } = entry as Partial<Entry>;
  const known = parseFingerprint(String(fingerprint));
  if (known === undefined) throw new TypeError(`${String(fingerprint)} is no fingerprint`);
  return { fingerprint: known, since: String(since) };
}

const WAIT_MS = 20;
/** Longer than a disk takes to write a few lines: who has not given it back by then has crashed. */
const LOCK_MS_MAX = 2_000;
/** So long that one of these passes, and then some. */
const WAITS_MAX = 200;

/** @param entries asked for while nobody else writes */
function change(file: string, wait: (ms: number) => void, entries: () => Readonly<Record<string, Entry>>): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const lock = `${file}.lock`;
  take(lock, wait);
  // Nobody else has a file of this name: what becomes the new one is our own, and whole.
  const part = `${file}.${process.pid}-${randomUUID()}`;
  try {
    writeFileSync(part, `${JSON.stringify(entries(), undefined, 2)}\n`, { flag: 'wx', mode: 0o600, flush: true });
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
    rmSync(lock, { force: true });
  }
}

/** Whoever has made this file writes, and removes it when he is done. */
function take(lock: string, wait: (ms: number) => void): void {
  for (let waits = 0; waits < WAITS_MAX; waits++) {
    if (isMine(lock) || takenOver(lock)) return;
    wait(WAIT_MS);
  }
  throw new Error(`another client writes it all the time; if there is none, remove ${lock} and what else begins with its name`);
}

/** Of several who see that it is old, one alone takes it over: he makes it new, so that the others go on waiting. */
function takenOver(lock: string): boolean {
  const claim = `${lock}.old`;
  if (!isOld(lock) || !isMine(claim)) return false;
  try {
    if (!isOld(lock)) return false;
    utimesSync(lock, new Date(), new Date());
    return true;
  } finally {
    rmSync(claim, { force: true });
  }
}

function isOld(lock: string): boolean {
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > LOCK_MS_MAX;
}

function isMine(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** In one go, as files are read and written here. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
