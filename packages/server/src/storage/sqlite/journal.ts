/**
 * Where fresh messages are written first: files beside the database that are only ever written forward, one batch after the
 * other. A commit of the database changes ten pages for thirty messages and keeps a thread busy for as long as the disk
 * takes; a batch is one write of some kilobytes, which the main thread need not wait for. What is here goes on to the
 * database a few seconds later, thousands at a time.
 *
 * Segments have their size before they are used, so that a write changes nothing but their contents.
 */
import { Buffer } from 'node:buffer';
import { close, constants, fdatasync, fsync, open, rm, statfs, write } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { type Appended, StoreFailed } from '@seekyou/core';
import { turns } from '../../runtime/turns.ts';
import { BATCH_HEADER_BYTES, type Entry, entryBytes, putEntry, sealBatch, segmentFile } from './journal-format.ts';
import type { LinkFigures } from './link.ts';

export interface JournalLimits {
  /** Entries waiting for the disk, bytes. More have to go another way. */
  readonly batchBytesMax: number;
  /** Of the first segment; each further one has twice the size of the one before, up to `segmentBytesMax`. */
  readonly segmentBytesFirst: number;
  readonly segmentBytesMax: number;
  /** Segments at a time: with the last one full, the database does not keep up. */
  readonly segmentsMax: number;
  /** Batches on their way to the disk at a time: what comes while one is written need not wait for it. */
  readonly writesMax: number;
  /** While one is on its way another leaves with so many entries, or with half of its bytes. Until then it waits for the disk's answer. */
  readonly entriesWorthAWrite: number;
}

export const JOURNAL_LIMITS: JournalLimits = {
  batchBytesMax: 128 * 1024,
  segmentBytesFirst: 512 * 1024,
  segmentBytesMax: 8 * 1024 * 1024,
  segmentsMax: 8,
  // A write takes 100 µs of a processor, interrupts and the machine's own work for the disk included, however little it carries.
  writesMax: 2,
  entriesWorthAWrite: 20,
};

/** How bytes get to the disk: it has them when `done` is called. */
export type WriteToDisk = (
  descriptor: number,
  bytes: Uint8Array,
  position: number,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

export interface JournalOptions {
  /** The database's. */
  readonly file: string;
  readonly limits: JournalLimits;
  /** These entries are on the disk, and about to be acknowledged. The bytes are valid during the call. */
  readonly onWritten: (entries: Uint8Array) => void;
  /** The disk refuses to write: nothing can be promised any more. */
  readonly onFailure: (error: Error) => void;
  /** For tests: a disk that fails. */
  readonly write?: WriteToDisk;
}

type Stored = Extract<Appended, { outcome: 'stored' }>;

interface Segment {
  readonly file: string;
  readonly descriptor: number;
  readonly bytes: number;
  /** Where the next batch goes. */
  position: number;
  lastId: number;
}

/** Gathers entries, then is on its way to the disk; used again when it is over. */
interface Batch {
  readonly bytes: Buffer;
  used: number;
  entries: number;
  lastId: number;
  /** How it ends; made for the first entry. */
  end: PromiseWithResolvers<void>;
  number: number;
  segment: Segment | undefined;
  /** Where in the segment. */
  position: number;
  startedAt: number;
  /** What the disk said, `undefined` before it did. */
  outcome: 'written' | NodeJS.ErrnoException | undefined;
}

/** Where the system has no such flag, a second call waits for the disk. */
const SYNCED: number | undefined = constants.O_DSYNC;
const ZEROS = Buffer.alloc(256 * 1024);

export class Journal {
  readonly #options: JournalOptions;
  #gathering: Batch;
  /** On their way to the disk, in order. */
  readonly #writing: Batch[] = [];
  readonly #idle: Batch[];
  #scheduled = false;
  #number = 1;
  #current: Segment | undefined;
  /** Ready to be written. */
  readonly #spare: Segment[] = [];
  /** Full, oldest first, with messages the database does not have. */
  readonly #full: Segment[] = [];
  #made = 0;
  #preparing: Promise<void> | undefined;
  #settledTo = 0;
  #lastId = 0;
  #closed = false;
  /** Why a batch was refused, until those behind it are over. */
  #refused: NodeJS.ErrnoException | undefined;
  /** When something was on its way again. */
  #busySince = 0;
  #answered = 0;
  #failed = 0;
  #batches = 0;
  #busyMs = 0;
  #longestMs = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#gathering = newBatch(options.limits);
    this.#idle = Array.from({ length: options.limits.writesMax }, () => newBatch(options.limits));
  }

  /** Every batch is a group. */
  get figures(): LinkFigures {
    return {
      waiting: this.#writing.reduce((sum, { entries }) => sum + entries, this.#gathering.entries),
      answered: this.#answered,
      failed: this.#failed,
      groups: this.#batches,
      busyMs: this.#busyMs,
      longestGroupMs: this.#longestMs,
    };
  }

  /** The last id that was written; 0: none was. */
  get lastId(): number {
    return this.#lastId;
  }

  /** When a segment that is being made is there, or could not be made. */
  async prepared(): Promise<void> {
    await this.#preparing;
  }

  /** Whether there is room for an entry now. Where there is not, room is made for later ones. */
  takes(entry: Pick<Entry, 'senderId' | 'body'>): boolean {
    if (this.#closed) return false;
    const bytes = this.#gathering.used + entryBytes(entry);
    if (bytes > this.#options.limits.batchBytesMax) return false;
    if (this.#spare.length > 0) return true;
    const current = this.#current;
    if (current !== undefined && current.position + bytes <= current.bytes) return true;
    this.#prepare();
    return false;
  }

  /** Resolves when it is on the disk. Only what it `takes`; ids grow. */
  append(id: number, message: Omit<Entry, 'id'>): Promise<Stored> {
    const into = this.#gathering;
    into.used = putEntry(into.bytes, into.used, id, message);
    into.lastId = id;
    if (into.entries++ === 0) into.end = Promise.withResolvers();
    this.#schedule();
    // One promise for all of a batch: resolvers for each entry cost more than the entry.
    return into.end.promise.then(() => ({ outcome: 'stored', id }));
  }

  /** Something is on its way to the disk. */
  get busy(): boolean {
    return this.#writing.length > 0 || this.#gathering.entries > 0;
  }

  /** When everything that was appended is on the disk, or was refused. */
  async written(): Promise<void> {
    const last = this.#gathering.entries > 0 ? this.#gathering : this.#writing.at(-1);
    await last?.end.promise.catch(() => undefined);
  }

  /** The database has everything up to this id. */
  settled(id: number): void {
    this.#settledTo = Math.max(this.#settledTo, id);
    for (let segment = this.#full[0]; segment !== undefined && segment.lastId <= this.#settledTo; segment = this.#full[0]) {
      this.#full.shift();
      if (segment.bytes === this.#options.limits.segmentBytesMax) {
        segment.position = 0;
        this.#spare.push(segment);
      } else void remove(segment);
    }
    // To make one costs the disk as much as to fill it, so all are kept while the load lasts; afterwards one is enough.
    if (this.#full.length === 0) for (const segment of this.#spare.splice(1)) void remove(segment);
  }

  /** Ends, when nothing is on its way any more. The files stay, if the database has not got what is in them. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.written();
    await this.#preparing;
    const keep = this.#lastId > this.#settledTo;
    const segments = [...(this.#current === undefined ? [] : [this.#current]), ...this.#spare, ...this.#full];
    this.#current = undefined;
    this.#spare.length = this.#full.length = 0;
    await Promise.all(segments.map((segment) => (keep ? closed(segment) : remove(segment))));
  }

  // ------------------------------------------------------------- writing

  #schedule(): void {
    if (this.#scheduled || !this.#mayLeave()) return;
    this.#scheduled = true;
    setImmediate(this.#writeNow);
  }

  /** Whether what was gathered goes to the disk now. */
  #mayLeave(): boolean {
    if (this.#idle.length === 0 || this.#refused !== undefined) return false;
    if (this.#writing.length === 0) return true;
    const { entriesWorthAWrite, batchBytesMax } = this.#options.limits;
    return this.#gathering.entries >= entriesWorthAWrite || this.#gathering.used > batchBytesMax / 2;
  }

  /** Made once: a function written where it is scheduled would cost every message that finds it scheduled something, too. */
  readonly #writeNow = (): void => {
    this.#scheduled = false;
    this.#write();
  };

  #write(): void {
    const batch = this.#gathering;
    if (batch.entries === 0 || !this.#mayLeave()) return;
    this.#gathering = this.#idle.pop() as Batch;
    const segment = this.#segmentFor(batch.used);
    if (segment === undefined) {
      this.#refuse(batch, new StoreFailed('full', 'the journal has no room'));
      this.#empty(batch);
      return;
    }
    if (this.#writing.length === 0) this.#busySince = performance.now();
    this.#writing.push(batch);
    batch.segment = segment;
    batch.position = segment.position;
    batch.number = this.#number++;
    batch.startedAt = performance.now();
    segment.position += batch.used;
    segment.lastId = batch.lastId;
    if (segment.position > segment.bytes / 2) this.#prepare();
    const bytes = batch.bytes.subarray(0, batch.used);
    sealBatch(bytes, batch.number);
    const to = this.#options.write ?? writeSynced;
    to(segment.descriptor, bytes, batch.position, (error, written) => {
      const short = written < bytes.length ? Object.assign(new Error('written in part'), { code: 'ENOSPC' }) : null;
      batch.outcome = error ?? short ?? 'written';
      this.#done();
    });
  }

  /** The disk has answered for one. Those before it come first: a start would not find what is behind a gap. */
  #done(): void {
    turns.begin('answers');
    const now = performance.now();
    for (let batch = this.#writing[0]; batch?.outcome !== undefined; batch = this.#writing[0]) {
      this.#writing.shift();
      this.#batches++;
      this.#longestMs = Math.max(this.#longestMs, now - batch.startedAt);
      if (batch.outcome === 'written' && this.#refused === undefined) this.#keep(batch);
      else this.#giveUp(batch, batch.outcome);
      this.#empty(batch);
    }
    if (this.#writing.length === 0) {
      this.#busyMs += now - this.#busySince;
      this.#refused = undefined;
    }
    // After what these set free has asked for more: that goes along.
    if (this.#gathering.entries > 0) this.#schedule();
  }

  #keep(batch: Batch): void {
    this.#lastId = batch.lastId;
    this.#options.onWritten(batch.bytes.subarray(BATCH_HEADER_BYTES, batch.used));
    this.#answered += batch.entries;
    batch.end.resolve();
  }

  /**
   * Those on their way behind it are given up, too. The next batch goes to its place under its number and overwrites what may be
   * there; of those behind it a start passes over what is left, since their ids are lower.
   */
  #giveUp(batch: Batch, outcome: NonNullable<Batch['outcome']>): void {
    const segment = batch.segment as Segment;
    segment.position = Math.min(segment.position, batch.position);
    this.#number = Math.min(this.#number, batch.number);
    if (outcome !== 'written') this.#refused ??= outcome;
    this.#refuse(batch, refusalOf(this.#refused as NodeJS.ErrnoException));
    if (outcome !== 'written' && !isFull(outcome)) this.#options.onFailure(outcome);
  }

  #refuse(batch: Batch, error: StoreFailed): void {
    this.#failed += batch.entries;
    batch.end.reject(error);
  }

  /** For the next entries. */
  #empty(batch: Batch): void {
    batch.used = BATCH_HEADER_BYTES;
    batch.entries = 0;
    batch.outcome = undefined;
    this.#idle.push(batch);
  }

  // ------------------------------------------------------------ segments

  #segmentFor(bytes: number): Segment | undefined {
    const current = this.#current;
    if (current !== undefined && current.position + bytes <= current.bytes) return current;
    const next = this.#spare.shift();
    if (next === undefined) return undefined;
    if (current !== undefined) this.#full.push(current);
    this.#current = next;
    this.settled(this.#settledTo);
    return next;
  }

  #prepare(): void {
    if (this.#closed || this.#preparing !== undefined || this.#spare.length > 0) return;
    const { limits } = this.#options;
    if (this.#full.length + (this.#current === undefined ? 0 : 1) >= limits.segmentsMax) return;
    const number = this.#made + 1;
    const bytes = Math.min(limits.segmentBytesFirst * 2 ** Math.min(number - 1, 30), limits.segmentBytesMax);
    this.#preparing = newSegment(segmentFile(this.#options.file, number), bytes).then(
      (segment) => {
        this.#preparing = undefined;
        this.#made = number;
        this.#spare.push(segment);
      },
      // No room, perhaps: the database takes the messages, or says what is wrong.
      () => {
        this.#preparing = undefined;
      },
    );
  }
}

const writeSynced: WriteToDisk = (descriptor, bytes, position, done) => {
  write(descriptor, bytes, 0, bytes.length, position, (error, written) => {
    if (error !== null || SYNCED !== undefined) done(error, written);
    else fdatasync(descriptor, (unsynced) => done(unsynced, written));
  });
};

function newBatch({ batchBytesMax }: JournalLimits): Batch {
  return {
    bytes: Buffer.allocUnsafeSlow(batchBytesMax),
    used: BATCH_HEADER_BYTES,
    entries: 0,
    lastId: 0,
    end: Promise.withResolvers(),
    number: 0,
    segment: undefined,
    position: 0,
    startedAt: 0,
    outcome: undefined,
  };
}

const isFull = ({ code }: NodeJS.ErrnoException): boolean => code === 'ENOSPC' || code === 'EDQUOT';

function refusalOf(error: NodeJS.ErrnoException): StoreFailed {
  return isFull(error)
    ? new StoreFailed('full', `no space left for the journal: ${error.message}`, { cause: error })
    : new StoreFailed('broken', `the journal cannot be written: ${error.message}`, { cause: error });
}

const disk = {
  open: promisify(open),
  write: promisify(write),
  sync: promisify(fsync),
  close: promisify(close),
  remove: promisify(rm),
  room: promisify(statfs),
};

/** A file of zeros that is there also after a power cut. @throws Error and leaves no file */
async function newSegment(file: string, bytes: number): Promise<Segment> {
  // What little room is left is for the database: all of it for a moment would make others fail.
  const { bavail, bsize } = await disk.room(dirname(file));
  if (bavail * bsize < 2 * bytes) throw new Error(`less than ${2 * bytes} bytes are free`);
  const descriptor = await disk.open(file, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | (SYNCED ?? 0), 0o600);
  const segment = { file, descriptor, bytes, position: 0, lastId: 0 };
  try {
    for (let at = 0; at < bytes; at += ZEROS.length) await disk.write(descriptor, ZEROS, 0, Math.min(ZEROS.length, bytes - at), at);
    await disk.sync(descriptor);
    await syncDirectory(dirname(file));
  } catch (error) {
    await remove(segment);
    throw error;
  }
  return segment;
}

async function syncDirectory(directory: string): Promise<void> {
  // Windows has no such call, and needs none.
  if (process.platform === 'win32') return;
  const descriptor = await disk.open(directory, constants.O_RDONLY);
  try {
    await disk.sync(descriptor);
  } finally {
    await disk.close(descriptor);
  }
}

async function closed({ descriptor }: Segment): Promise<void> {
  await disk.close(descriptor);
}

/** Never rejects: of a file that stays the next start takes nothing, since the database has it. */
async function remove(segment: Segment): Promise<void> {
  await closed(segment).catch(() => undefined);
  await disk.remove(segment.file, { force: true }).catch(() => undefined);
}
