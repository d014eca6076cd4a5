/** Logs: readable on a terminal, JSON otherwise. Never per message, never passwords, cookies or text. */
import { pino, type Logger, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config.ts';

export type Log = Logger;

/** @throws when the log file cannot be opened */
export function createLog(config: Pick<Config, 'logFile' | 'logLevel'>): Log {
  const options = { level: config.logLevel, base: null, timestamp: stdTimeFunctions.isoTime };
  if (config.logFile !== undefined) return pino(options, pino.destination({ dest: config.logFile, sync: true, append: true }));
  if (process.stderr.isTTY) {
    return pino(options, pretty({ destination: 2, sync: true, colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }));
  }
  return pino(options, pino.destination({ fd: 2, sync: true }));
}
