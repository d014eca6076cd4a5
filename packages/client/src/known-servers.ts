/** The keys of servers, kept in a file between runs. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
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
 * share it; replaced whole, so that a crash leaves the old one or the new one.
 *
 * @throws ClientError `bad-pin` from `find` and `remember` when the file holds something else: taking it for empty would make
 *   every server a stranger who may be anybody
 */
export function fileKnownServers(file: string = knownServersFile()): KnownServers {
  return {
    find: (server) => read(file)[nameOf(server)]?.fingerprint,
    remember(server, fingerprint) {
      const entry: Entry = { fingerprint, since: new Date().toISOString() };
      write(file, { ...read(file), [nameOf(server)]: entry });
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

function write(file: string, entries: Readonly<Record<string, Entry>>): void {
  try {
    replace(file, entries);
  } catch (error) {
    throw new ClientError('bad-pin', `the server's key cannot be remembered: ${(error as Error).message}; give it with --pin each time`, { cause: error });
  }
}

function replace(file: string, entries: Readonly<Record<string, Entry>>): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const part = `${file}.${process.pid}`;
  rmSync(part, { force: true });
  const descriptor = openSync(part, 'wx', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(entries, undefined, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(part, file);
}
