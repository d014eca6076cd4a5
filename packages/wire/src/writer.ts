import { WireError } from './errors.ts';

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
    target.set(this.data.subarray(0, this.length), at);
  }

  reset(): void {
    this.length = 0;
  }

  bytes(value: Uint8Array): void {
    this.room(value.length);
    this.data.set(value, this.length);
    this.length += value.length;
  }

  u8(value: number): void {
    this.room(1);
    this.data[this.length++] = checked(value, 0xff);
  }

  u16be(value: number): void {
    checked(value, 0xffff);
    this.room(2);
    this.data[this.length++] = value >>> 8;
    this.data[this.length++] = value;
  }

  u16le(value: number): void {
    checked(value, 0xffff);
    this.room(2);
    this.data[this.length++] = value;
    this.data[this.length++] = value >>> 8;
  }

  u32be(value: number): void {
    checked(value, 0xffffffff);
    this.room(4);
    this.data[this.length++] = value >>> 24;
    this.data[this.length++] = value >>> 16;
    this.data[this.length++] = value >>> 8;
    this.data[this.length++] = value;
  }

  u32le(value: number): void {
    checked(value, 0xffffffff);
    this.room(4);
    this.data[this.length++] = value;
    this.data[this.length++] = value >>> 8;
    this.data[this.length++] = value >>> 16;
    this.data[this.length++] = value >>> 24;
  }

  /** Leaves room for a number that is known only later; returns where, for `patch`. */
  reserve(bytes: number): number {
    this.room(bytes);
    const at = this.length;
    this.data.fill(0, at, at + bytes);
    this.length += bytes;
    return at;
  }

  /** Fills in a number where room was left for it. */
  patch(at: number, number: { write(w: Writer, value: number): void }, value: number): void {
    const end = this.length;
    this.length = at;
    number.write(this, value);
    this.length = end;
  }

  private room(more: number): void {
    const need = this.length + more;
    if (need <= this.data.length) return;
    const grown = new Uint8Array(Math.max(need, this.data.length * 2));
    grown.set(this.data.subarray(0, this.length));
    this.data = grown;
  }
}

function checked(value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new WireError('out-of-range', -1, `${value} is not a whole number from 0 to ${max}`);
  }
  return value;
}
