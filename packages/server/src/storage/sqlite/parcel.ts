/**
 * What travels between the threads: values in one flat list and all bytes in one block.
 *
 * Cloning an object or a byte array for each call costs more than the call's work; a list of numbers and strings and one
 * block cost a fifth of it. Whoever opens a parcel takes things out in the order in which they were put in.
 */
import { Buffer } from 'node:buffer';

export interface SentParcel {
  readonly values: readonly unknown[];
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 16 * 1024;
/** A block that had to grow beyond this is not kept for the next parcel. */
const BLOCK_KEPT_BYTES = 1024 * 1024;

export class ParcelWriter {
  #values: unknown[] = [];
  #bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #length = 0;

  get byteLength(): number {
    return this.#length;
  }

  value(value: unknown): void {
    this.#values.push(value);
  }

  bytes(bytes: Uint8Array): void {
    const end = this.#length + bytes.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
    this.#values.push(bytes.length);
  }

  optionalBytes(bytes: Uint8Array | undefined | null): void {
    if (bytes === undefined || bytes === null) this.#values.push(-1);
    else this.bytes(bytes);
  }

  /** The parcel, ready for `postMessage` with its bytes transferred; the writer is empty afterwards. */
  seal(): SentParcel {
    // An exact copy: a large block would be carried along for a few bytes.
    const bytes = Buffer.allocUnsafeSlow(this.#length);
    this.#bytes.copy(bytes, 0, 0, this.#length);
    const sealed = { values: this.#values, bytes };
    this.#values = [];
    this.#length = 0;
    if (this.#bytes.length > BLOCK_KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    return sealed;
  }
}

export class ParcelReader {
  readonly #values: readonly unknown[];
  readonly #bytes: Uint8Array;
  #at = 0;
  #byteAt = 0;

  constructor(parcel: SentParcel) {
    this.#values = parcel.values;
    this.#bytes = parcel.bytes;
  }

  get done(): boolean {
    return this.#at >= this.#values.length;
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever opens a parcel knows what was put in
  value<T>(): T {
    return this.#values[this.#at++] as T;
  }

  /** A view of the parcel's block. */
  bytes(): Uint8Array {
    return this.optionalBytes() as Uint8Array;
  }

  optionalBytes(): Uint8Array | undefined {
    const length = this.#values[this.#at++] as number;
    if (length < 0) return undefined;
    this.#byteAt += length;
    return this.#bytes.subarray(this.#byteAt - length, this.#byteAt);
  }
}
