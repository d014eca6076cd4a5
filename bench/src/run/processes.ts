/** Servers as processes of their own: ours, and the floor. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Address } from '../load/line.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const READY_MS_MAX = 60_000;
/** Kept of what a server says on stderr, for the report of its end. */
const LINES_MAX = 20;

export interface ServerProcess {
  readonly address: Address;
  /** Where it speaks UDP, if it does. */
  readonly udp?: Address;
  /** `HOST:PORT` of the admin HTTP, where there is one. */
  readonly admin: string | undefined;
  readonly pid: number;
  /** Resident memory. */
  memoryBytes(): number;
  /** SIGTERM, and waits. @throws Error when it does not end well */
  stop(): Promise<void>;
  /** SIGKILL, and waits. */
  kill(): Promise<void>;
}

export interface StartOptions {
  /** Hears each line of the server's log. */
  readonly log?: (line: string) => void;
  /** Given to Node before the program. */
  readonly nodeArguments?: readonly string[];
}

export interface OurServerOptions extends StartOptions {
  readonly data: string;
  readonly profile: 'people' | 'bench';
  /** Further options of `seekyou serve`. */
  readonly more?: readonly string[];
}

/** @throws Error when it ends before it is ready */
export function startOurServer({ data, profile, more = [], ...options }: OurServerOptions): Promise<ServerProcess> {
  const main = resolve(ROOT, 'packages/cli/src/main.ts');
  const listen = ['--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  return start([main, 'serve', '--data', data, ...listen, '--limits-profile', profile, ...more], options);
}

/** @throws Error when it ends before it is ready */
export function startFloor(options: StartOptions = {}): Promise<ServerProcess> {
  return start([resolve(import.meta.dirname, '../floor/main.ts')], options);
}

/** @param script a program that says `ready HOST:PORT`. @throws Error when it ends before it is ready */
export function startDiscard(script: string): Promise<ServerProcess> {
  return start([script], {});
}

function addressOf(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

const running = new Set<ChildProcess>();

/** Nobody stops a server whose bench was interrupted: it ends with us. */
function endWithUs(child: ChildProcess): void {
  if (running.size === 0 && process.listenerCount('exit', killAll) === 0) {
    process.on('exit', killAll);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
  }
  running.add(child);
  child.once('exit', () => running.delete(child));
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

async function start(args: readonly string[], { log, nodeArguments = [] }: StartOptions): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--conditions=source', ...nodeArguments, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithUs(child);
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    log?.(line);
    if (said.push(line) > LINES_MAX) said.shift();
  });
  const exited = new Promise<string>((resolve) => child.once('exit', (code, signal) => resolve(String(signal ?? code))));
  const ready = await readyLine(child, exited, said);
  const [, address = '', admin, udp] = /^ready (\S+)(?: admin (\S+))?(?: udp (\S+))?/.exec(ready) ?? [];
  return {
    address: addressOf(address),
    ...(udp === undefined ? {} : { udp: addressOf(udp) }),
    admin,
    pid: child.pid as number,
    memoryBytes: () => residentBytes(child.pid as number),
    stop: async () => {
      child.kill('SIGTERM');
      const how = await exited;
      if (how !== '0') throw new Error(`the server ended with ${how}\n${said.join('\n')}`);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function readyLine(child: ChildProcess, exited: Promise<string>, said: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the server was not ready after ${READY_MS_MAX / 1000} s\n${said.join('\n')}`));
    }, READY_MS_MAX);
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on('line', (line) => {
      if (!line.startsWith('ready ')) return;
      clearTimeout(late);
      resolve(line);
    });
    void exited.then((how) => {
      clearTimeout(late);
      reject(new Error(`the server ended with ${how} before it was ready\n${said.join('\n')}`));
    });
  });
}

/** @throws Error where there is no /proc */
function residentBytes(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  return pages * PAGE_BYTES;
}

/** What Linux uses on x86-64 and, but for some distributions, on arm64. */
const PAGE_BYTES = 4096;
