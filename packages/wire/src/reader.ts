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
  /** Nothing at it or behind it is read; see {@link narrow}. */
  end: number;
  /** Somewhere a length went beyond what is there; see {@link cut}. */
  isCut = false;
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

  /** The length of all that is left, in place of one that goes beyond it. */
  cut(): number {
    this.isCut = true;
    return this.left;
  }

  /** Only the next `length` bytes can be read from now on; returns what `widen` wants. After an error nobody needs to widen. */
  narrow(length: number): number {
    this.need(length);
    const outer = this.end;
    this.end = this.at + length;
    return outer;
  }

  /** Ends {@link narrow} behind its bytes, read or not. */
  widen(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  bytes(length: number): Uint8Array {
    this.need(length);
    const from = this.at;
    this.at = from + length;
    return this.data.subarray(from, this.at);
  }

  /** Characters U+0000 to U+00FF, one for each byte. */
  latin1(length: number): string {
    this.need(length);
    const { data, at } = this;
    const end = at + length;
    this.at = end;
    let text = '';
    let i = at;
    // Five at once: what is read so is mostly a UIN, and a text that grows by single characters is made anew for each.
    for (; i + 5 <= end; i += 5) {
      text += String.fromCharCode(data[i] as number, data[i + 1] as number, data[i + 2] as number, data[i + 3] as number, data[i + 4] as number);
    }
    for (; i < end; i++) text += String.fromCharCode(data[i] as number);
    return text;
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
    if (this.at + length > this.end) throw this.short(length);
  }

  private short(length: number): WireError {
    return new WireError('short', this.at, `need ${length} bytes, have ${this.end - this.at}`);
  }
}
