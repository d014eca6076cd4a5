/** What the disk can do, measured where a server's database lies: durable figures mean nothing without it. */
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Samples } from '../load/samples.ts';

const BLOCK_BYTES = 4096;

export class FsyncMeter {
  private readonly directory: string;
  private readonly samples = new Samples(1 << 14);
  private elapsedMs = 0;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Appends 4 KiB and waits for the disk, again and again. */
  measure(ms: number): void {
    const file = join(this.directory, 'fsync.probe');
    const handle = openSync(file, 'w');
    const block = Buffer.alloc(BLOCK_BYTES, 0x5a);
    const started = performance.now();
    try {
      for (let now = started; now - started < ms; ) {
        writeSync(handle, block);
        fdatasyncSync(handle);
        const done = performance.now();
        this.samples.add(done - now);
        now = done;
      }
    } finally {
      this.elapsedMs += performance.now() - started;
      closeSync(handle);
      rmSync(file);
    }
  }

  result(): Fsync {
    const [p50Ms, p99Ms] = this.samples.percentiles([0.5, 0.99]);
    return { perSecond: (this.samples.size * 1000) / this.elapsedMs, p50Ms, p99Ms };
  }
}

export interface Fsync {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Memory is no disk: nothing on it is durable. */
const IN_MEMORY = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);

/** The name of a file system that keeps nothing, when `directory` lies on one. */
export function volatileFileSystem(directory: string): string | undefined {
  return IN_MEMORY.get(statfsSync(directory).type);
}
