/** Logs: readable on a terminal, JSON otherwise. Never per message, never passwords, cookies or text. */
import { Buffer } from 'node:buffer';
import { openSync, write, writeSync } from 'node:fs';
import { pino, type Logger, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config.ts';

export type Log = Logger;

/** Lines that nobody takes: more are dropped. */
const WAITING_BYTES_MAX = 1024 * 1024;
const STDERR = 2;
/** Lines go out together, so many bytes of them or so long after the first: a write for each took 5 % of a busy server. */
const GATHER_BYTES = 8 * 1024;
const GATHER_MS = 100;
const LINE_FEED = 10;

/** @throws when the log file cannot be opened */
export function createLog(config: Pick<Config, 'logFile' | 'logLevel'>): Log {
  const options = { level: config.logLevel, base: null, timestamp: stdTimeFunctions.isoTime };
  if (config.logFile === undefined && process.stderr.isTTY) {
    return pino(options, pretty({ destination: STDERR, sync: true, colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }));
  }
  const descriptor = config.logFile === undefined ? STDERR : openSync(config.logFile, 'a');
  const log = pino(options, new LogLines(descriptor, (lines) => log.warn({ lines }, 'lines of the log are lost: its disk was full, or nobody read them')));
  return log;
}

/** How text gets to the disk; for tests, one that fails. */
export interface LogDisk {
  readonly write: (descriptor: number, bytes: Uint8Array, done: (error: NodeJS.ErrnoException | null, written: number) => void) => void;
  readonly writeSync: (descriptor: number, bytes: Uint8Array) => number;
}

const made = new Set<LogLines>();
process.once('exit', () => {
  for (const lines of made) lines.flushSync();
});

/**
 * Writes lines, not in the main thread: two lines a sign-on took 18 % of it, and whoever reads a pipe slowly would stop the
 * whole service for 100 ms at a time. What is left is written when the process ends.
 *
 * What cannot be written is lost and counted: a service does not end because its log's disk is full.
 */
export class LogLines {
  readonly #descriptor: number;
  readonly #onLost: (lines: number) => void;
  readonly #disk: LogDisk;
  #waiting = '';
  /** On its way. */
  #writing: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  /** The last line in the file has no end. */
  #torn = false;

  /** @param onLost called when something was written again, with the number of lines that were not */
  constructor(descriptor: number, onLost: (lines: number) => void, disk: LogDisk = { write, writeSync }) {
    this.#descriptor = descriptor;
    this.#onLost = onLost;
    this.#disk = disk;
    made.add(this);
  }

  /** Of pino: a whole line. */
  write(line: string): void {
    if (this.#waiting.length + (this.#writing?.length ?? 0) + line.length > WAITING_BYTES_MAX) {
      this.#lost++;
      return;
    }
    this.#waiting += line;
    if (this.#waiting.length >= GATHER_BYTES) this.#start();
    else this.#startSoon();
  }

  /** Of pino, for the worst news and at the end: what waits is written at once, or lost. */
  flushSync(): void {
    let left = this.#takeWaiting();
    try {
      while (left.length > 0) left = this.#leftOf(left, this.#disk.writeSync(this.#descriptor, left));
    } catch {
      this.#lose(left);
    }
  }

  #takeWaiting(): Buffer {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = Buffer.from(this.#torn && this.#waiting !== '' ? `\n${this.#waiting}` : this.#waiting);
    this.#waiting = '';
    return text;
  }

  #startSoon(): void {
    this.#timer ??= setTimeout(() => this.#start(), GATHER_MS).unref();
  }

  #start(): void {
    if (this.#writing !== undefined) return;
    const text = this.#takeWaiting();
    if (text.length > 0) this.#writeOut(text);
  }

  #writeOut(text: Buffer): void {
    this.#writing = text;
    this.#disk.write(this.#descriptor, text, (error, written) => {
      // A pipe that nobody reads in this moment.
      if (error?.code === 'EAGAIN') setTimeout(() => this.#writeOut(text), GATHER_MS);
      else if (error !== null) this.#over(text);
      else {
        const left = this.#leftOf(text, written);
        if (left.length > 0) this.#writeOut(left);
        else this.#over();
      }
    });
  }

  #leftOf(text: Buffer, written: number): Buffer {
    if (written > 0) this.#torn = text[written - 1] !== LINE_FEED;
    return text.subarray(written);
  }

  #over(refused?: Buffer): void {
    this.#writing = undefined;
    if (refused !== undefined) this.#lose(refused);
    else {
      const lost = this.#lost;
      this.#lost = 0;
      if (lost > 0) this.#onLost(lost);
    }
    if (this.#waiting.length >= GATHER_BYTES) this.#start();
    else if (this.#waiting !== '') this.#startSoon();
  }

  #lose(left: Buffer): void {
    this.#lost += left
      .toString('latin1')
      .split('\n')
      .filter((line) => line !== '').length;
  }
}
