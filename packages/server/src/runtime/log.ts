/** Logs: readable on a terminal, JSON otherwise. Never per message, never passwords, cookies or text. */
import { openSync } from 'node:fs';
import { pino, type Logger, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config.ts';

export type Log = Logger;

/** Lines that nobody takes: more are dropped. */
const WAITING_BYTES_MAX = 1024 * 1024;
const STDERR = 2;
/** Lines go out together, so many bytes of them or so long after the last: a write for each took 5 % of a busy server. */
const GATHER_BYTES = 8 * 1024;
const GATHER_MS = 100;

/** @throws when the log file cannot be opened */
export function createLog(config: Pick<Config, 'logFile' | 'logLevel'>): Log {
  const options = { level: config.logLevel, base: null, timestamp: stdTimeFunctions.isoTime };
  if (config.logFile === undefined && process.stderr.isTTY) {
    return pino(options, pretty({ destination: STDERR, sync: true, colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }));
  }
  const fd = config.logFile === undefined ? STDERR : openSync(config.logFile, 'a');
  // Not in the main thread: two lines a sign-on took 18 % of it, and whoever reads a pipe slowly would stop the whole service
  // for 100 ms at a time. What is left is written when the process ends.
  return pino(options, pino.destination({ fd, sync: false, minLength: GATHER_BYTES, periodicFlush: GATHER_MS, maxLength: WAITING_BYTES_MAX }));
}
