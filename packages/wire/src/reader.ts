import { WireError } from './errors.ts';

/** Hears what a decoder reads, for dissections. Offsets are absolute. */
export interface Trace {
  enter(field: string, at: number): void;
  leave(at: number, value: unknown): void;
}

/** Reads a part of a byte array, never beyond its end. Results of `bytes` are views. */
export class Reader {
  readonly data: Uint8Array;
  at: number;
  readonly end: number;
  readonly trace: Trace | undefined;

  constructor(data: Uint8Array, at = 0, end = data.length, trace?: Trace) {
    this.data = data;
    this.at = at;
    this.end = end;
    this.trace = trace;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** A reader over the next `length` bytes, which this reader skips. */
  sub(length: number): Reader {
    this.need(length);
    const from = this.at;
    this.at += length;
    return new Reader(this.data, from, this.at, this.trace);
  }

  bytes(length: number): Uint8Array {
    this.need(length);
    const from = this.at;
    this.at += length;
    return this.data.subarray(from, this.at);
  }

  u8(): number {
    this.need(1);
    return this.data[this.at++] as number;
  }

  u16be(): number {
    this.need(2);
    const { data, at } = this;
    this.at = at + 2;
    return ((data[at] as number) << 8) | (data[at + 1] as number);
  }

  u16le(): number {
    this.need(2);
    const { data, at } = this;
    this.at = at + 2;
    return (data[at] as number) | ((data[at + 1] as number) << 8);
  }

  u32be(): number {
    this.need(4);
    const { data, at } = this;
    this.at = at + 4;
    return (((data[at] as number) << 24) | ((data[at + 1] as number) << 16) | ((data[at + 2] as number) << 8) | (data[at + 3] as number)) >>> 0;
  }

  u32le(): number {
    this.need(4);
    const { data, at } = this;
    this.at = at + 4;
    return ((data[at] as number) | ((data[at + 1] as number) << 8) | ((data[at + 2] as number) << 16) | ((data[at + 3] as number) << 24)) >>> 0;
  }

  private need(length: number): void {
    if (this.at + length > this.end) {
      throw new WireError('short', this.at, `need ${length} bytes, have ${this.end - this.at}`);
    }
  }
}
