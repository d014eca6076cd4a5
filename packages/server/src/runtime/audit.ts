/**
 * The audit log: one JSON object a line, for its owner alone, in files of bounded size. Whoever guesses passwords must not
 * be able to write the disk full or to push out what else happened: of refused sign-ons so many a minute are written one by
 * one, the others are counted by address and told at the end of the minute.
 */
import { closeSync, openSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Clock, SecurityEvent } from '@seekyou/core';
import { DataDirectoryError, keepPrivate } from './data-directory.ts';

export interface AuditOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly report: (problem: string, error: unknown) => void;
  /** Of one file. */
  readonly bytesMax?: number;
  /** `audit.log.1` is the newest of the older ones. */
  readonly olderKept?: number;
  readonly refusalsPerMinute?: number;
}

export interface AuditLog {
  write(event: SecurityEvent): void;
  /** Resolves when everything is in the file. */
  close(): Promise<void>;
}

const BYTES_MAX = 8 * 1024 * 1024;
const OLDER_KEPT = 4;
const REFUSALS_PER_MINUTE = 300;
/** Addresses told apart among the refused that are only counted. */
const ADDRESSES_MAX = 100;
/** Lines nobody can write fast enough: more are dropped, and their number is told. */
const WAITING_BYTES_MAX = 1024 * 1024;
const MINUTE = 60_000;
/** What comes meanwhile is written with it: a write for each of a thousand sign-ons a second costs more than the rest of the log. */
const GATHER_MS = 50;

type Refused = Extract<SecurityEvent, { readonly event: 'sign-on-refused' }>;

/** @throws DataDirectoryError when the file cannot be opened: better no start than no record */
export function openAuditLog(options: AuditOptions): AuditLog {
  try {
    closeSync(openSync(options.file, 'a', 0o600));
    keepPrivate(options.file);
  } catch (error) {
    throw new DataDirectoryError(`audit_log ${options.file}: ${(error as Error).message}`, { cause: error });
  }
  return new AuditFile(options);
}

class AuditFile implements AuditLog {
  private readonly options: Required<AuditOptions>;
  private lines: string[] = [];
  private waitingBytes = 0;
  private lost = 0;
  private writing: Promise<void> | undefined;
  private hurry: (() => void) | undefined;
  private closing = false;
  private handle: FileHandle | undefined;
  private size = 0;
  // Of this minute.
  private refusals = 0;
  private readonly counted = new Map<string, number>();
  private cancelMinute: (() => void) | undefined;

  constructor(options: AuditOptions) {
    this.options = { bytesMax: BYTES_MAX, olderKept: OLDER_KEPT, refusalsPerMinute: REFUSALS_PER_MINUTE, ...options };
  }

  write(event: SecurityEvent): void {
    if (event.event !== 'sign-on-refused' || this.withinBudget(event)) this.line(shown(event));
  }

  async close(): Promise<void> {
    this.cancelMinute?.();
    this.minuteOver();
    this.closing = true;
    this.hurry?.();
    await this.writing;
    await this.handle?.close();
    this.handle = undefined;
  }

  private withinBudget({ address }: Refused): boolean {
    this.cancelMinute ??= this.options.clock.after(MINUTE, () => this.minuteOver());
    if (++this.refusals <= this.options.refusalsPerMinute) return true;
    const known = address ?? 'behind a relay';
    const key = this.counted.has(known) || this.counted.size < ADDRESSES_MAX ? known : 'others';
    this.counted.set(key, (this.counted.get(key) ?? 0) + 1);
    return false;
  }

  private minuteOver(): void {
    this.cancelMinute = undefined;
    this.refusals = 0;
    for (const [address, times] of this.counted) this.line({ event: 'sign-ons-refused', address, times });
    this.counted.clear();
  }

  private line(fields: object): void {
    const line = `${JSON.stringify({ time: new Date(this.options.clock.now()).toISOString(), ...fields })}\n`;
    if (this.waitingBytes + line.length > WAITING_BYTES_MAX) {
      this.lost++;
      return;
    }
    this.waitingBytes += line.length;
    this.lines.push(line);
    this.writing ??= this.writeAll();
  }

  /** Never rejects. */
  private async writeAll(): Promise<void> {
    while (this.lines.length > 0) {
      await this.gathering();
      const text = Buffer.from(this.lines.join(''));
      this.lines = [];
      this.waitingBytes = 0;
      try {
        await this.append(text);
      } catch (error) {
        this.options.report('the audit log could not be written', error);
      }
      if (this.lost > 0) {
        const lines = this.lost;
        this.lost = 0;
        this.line({ event: 'lost', lines });
      }
    }
    this.writing = undefined;
  }

  private async gathering(): Promise<void> {
    if (this.closing) return;
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(GATHER_MS, resolve);
      this.hurry = () => {
        cancel();
        resolve();
      };
    });
    this.hurry = undefined;
  }

  private async append(text: Buffer): Promise<void> {
    if (this.handle === undefined) await this.openFile();
    if (this.size > 0 && this.size + text.length > this.options.bytesMax) await this.rotate();
    await this.handle?.write(text);
    this.size += text.length;
  }

  private async openFile(): Promise<void> {
    this.handle = await open(this.options.file, 'a', 0o600);
    this.size = (await this.handle.stat()).size;
  }

  private async rotate(): Promise<void> {
    const { file, olderKept } = this.options;
    await this.handle?.close();
    this.handle = undefined;
    for (let number = olderKept; number > 0; number--) {
      await rename(number === 1 ? file : `${file}.${number - 1}`, `${file}.${number}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    await this.openFile();
  }
}

function shown(event: SecurityEvent): object {
  return event.event === 'banned' && event.until !== null ? { ...event, until: new Date(event.until).toISOString() } : event;
}
