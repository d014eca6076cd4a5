/** Real processes for tests: the server and the commands, started as a person starts them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const root = resolve(import.meta.dirname, '..');
const MAIN = join(root, 'packages/cli/src/main.ts');
const NODE_ARGUMENTS = ['--conditions=source', MAIN];
const PATIENCE_MS = 30_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'seekyou-test-'));
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** `seekyou …`, to its end. */
export function seekyou(...args: readonly string[]): Promise<Finished> {
  return finished(spawn(process.execPath, [...NODE_ARGUMENTS, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment() }));
}

/** The tests' own variables are not settings of a server. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SEEKYOU_') && name !== 'NODE_TEST_CONTEXT'));
}

export function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((done) => child.on('close', (code) => done({ code, stdout, stderr })));
}

/** A process whose output is read line by line. */
export class Talker {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  /** On standard output. */
  everything = '';
  private readonly done: Promise<Finished>;
  private stderr = '';
  private wake: () => void = () => {};

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = cleanEnvironment(), cwd = root) {
    this.child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.lines.push(line);
      this.wake();
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.everything += chunk.toString();
      this.wake();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.done = finished(this.child);
    void this.done.then(() => this.wake());
  }

  static seekyou(...args: readonly string[]): Talker {
    return new Talker(process.execPath, [...NODE_ARGUMENTS, ...args]);
  }

  get errors(): string {
    return this.stderr;
  }

  say(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Keys, without the one that ends a line. */
  type(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /** Takes the first line that fits out of what was printed, or waits for it. */
  line(fits: (line: string) => boolean, what: string): Promise<string> {
    return this.until(() => {
      const at = this.lines.findIndex(fits);
      return at < 0 ? undefined : this.lines.splice(at, 1)[0];
    }, what);
  }

  /** Waits until this stands in what was printed, also within a line. */
  async text(text: string): Promise<void> {
    await this.until(() => this.everything.includes(text) || undefined, text);
  }

  private async until<T>(look: () => T | undefined, what: string): Promise<T> {
    const give = Date.now() + PATIENCE_MS;
    for (;;) {
      const seen = look();
      if (seen !== undefined) return seen;
      const left = give - Date.now();
      if (left <= 0 || this.child.exitCode !== null) assert.fail(`${what} did not come; printed: ${this.lines.join(' | ')}; stderr: ${this.stderr}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** A JSON line of a type. */
  async event(type: string, fits: (event: Record<string, unknown>) => boolean = () => true): Promise<Record<string, unknown>> {
    const parse = (line: string): Record<string, unknown> => JSON.parse(line) as Record<string, unknown>;
    return parse(await this.line((line) => parse(line)['type'] === type && fits(parse(line)), `an event ${type}`));
  }

  signal(signal: NodeJS.Signals, to: 'process' | 'group' = 'process'): void {
    const { pid } = this.child;
    assert.ok(pid);
    process.kill(to === 'group' ? -pid : pid, signal);
  }

  end(): Promise<Finished> {
    return this.done;
  }

  /** For clean-up: whatever state it is in. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      try {
        this.signal('SIGKILL', 'group');
      } catch {
        // It ended by itself in this moment.
      }
    }
    await this.done;
  }
}

export interface Served {
  readonly talker: Talker;
  readonly port: number;
  /** 0 when it does not serve UDP. */
  readonly udpPort: number;
  readonly admin: string;
}

export async function serve(data: string, ...more: readonly string[]): Promise<Served> {
  return untilReady(Talker.seekyou('serve', '--data', data, '--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...more));
}

export async function untilReady(talker: Talker): Promise<Served> {
  const ready = await talker.line((line) => line.startsWith('ready'), 'the ready line');
  const match = /^ready \S+:(\d+) admin (\S+)(?: udp \S+:(\d+))?$/.exec(ready);
  assert.ok(match, `a ready line with its addresses: ${ready}`);
  return { talker, port: Number(match[1]), udpPort: Number(match[3] ?? 0), admin: `http://${match[2]}` };
}
