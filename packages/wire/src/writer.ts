import { WireError } from './errors.ts';

/** Up to here single bytes are copied sooner than a view is made of them. */
const BYTE_BY_BYTE_MAX = 160;

/** Appends to a growing byte array. Numbers outside their width are refused, never cut. */
export class Writer {
  private data: Uint8Array;
  length = 0;

  constructor(capacity = 256) {
    this.data = new Uint8Array(capacity);
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.data.slice(0, this.length);
  }

  /** Copies what was written into an array that has the room, from `at`. */
  copyTo(target: Uint8Array, at: number): void {
    const { data, length } = this;
    if (length > BYTE_BY_BYTE_MAX) target.set(data.subarray(0, length), at);
    else for (let i = 0; i < length; i++) target[at + i] = data[i] as number;
  }

  reset(): void {
    this.length = 0;
  }

  bytes(value: Uint8Array): void {
    const at = this.advance(value.length);
    this.data.set(value, at);
  }

  /** One byte for each character. @throws WireError `bad-value` for characters above U+00FF */
  latin1(text: string): void {
    const at = this.advance(text.length);
    const { data } = this;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0xff) throw new WireError('bad-value', -1, `character U+${code.toString(16)} is not ASCII`);
      data[at + i] = code;
    }
  }

  u8(value: number): void {
    if ((value & 0xff) !== value) throw outOfRange(value, 0xff);
    const at = this.advance(1);
    this.data[at] = value;
  }

  u16be(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange(value, 0xffff);
    const at = this.advance(2);
    const { data } = this;
    data[at] = value >>> 8;
    data[at + 1] = value;
  }

  u16le(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange(value, 0xffff);
    const at = this.advance(2);
    const { data } = this;
    data[at] = value;
    data[at + 1] = value >>> 8;
  }

  u32be(value: number): void {
    if (value >>> 0 !== value) throw outOfRange(value, 0xffffffff);
    const at = this.advance(4);
    const { data } = this;
    data[at] = value >>> 24;
    data[at + 1] = value >>> 16;
    data[at + 2] = value >>> 8;
    data[at + 3] = value;
  }

  u32le(value: number): void {
    if (value >>> 0 !== value) throw outOfRange(value, 0xffffffff);
    const at = this.advance(4);
    const { data } = this;
    data[at] = value;
    data[at + 1] = value >>> 8;
    data[at + 2] = value >>> 16;
    data[at + 3] = value >>> 24;
  }

  /** Leaves room for a number that is known only later; returns where, for `patch`. Until then anything may stand there. */
  reserve(bytes: number): number {
    return this.advance(bytes);
  }

  /** Fills in a number where room was left for it. */
  patch(at: number, number: { write(w: Writer, value: number): void }, value: number): void {
    const end = this.length;
    this.length = at;
    number.write(this, value);
    this.length = end;
  }

  /** Fills in the four bytes before a TLV's data, where room was left for them. Both numbers fit 16 bits. */
  patchTlv(at: number, type: number, length: number, isBig: boolean): void {
    const { data } = this;
    const high = isBig ? at : at + 1;
    const low = isBig ? at + 1 : at;
    data[high] = type >>> 8;
    data[low] = type;
    data[high + 2] = length >>> 8;
    data[low + 2] = length;
  }

  /** Makes room for `bytes` more; returns where they stand. */
  private advance(bytes: number): number {
    const at = this.length;
    const end = at + bytes;
    // Said so that what has no length is noticed too.
    if (!(end <= this.data.length)) this.grow(end);
    this.length = end;
    return at;
  }

  private grow(need: number): void {
    const grown = new Uint8Array(Math.max(need, this.data.length * 2));
    grown.set(this.data.subarray(0, this.length));
    this.data = grown;
  }
}

function outOfRange(value: number, max: number): WireError {
  return new WireError('out-of-range', -1, `${value} is not a whole number from 0 to ${max}`);
}
