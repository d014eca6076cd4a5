/** What can be wrong with bytes. `short` also covers lengths that lie. */
export type WireErrorCode = 'short' | 'bad-marker' | 'too-long' | 'out-of-range' | 'bad-value';

/**
 * Bytes that are not what a declaration says, or a value that has no bytes.
 * The message is for a person at night: `tlvs.imData[1].data at byte 28: need 6 bytes, have 4`.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;
  /** Byte offset from the start of what was decoded; -1 while encoding. */
  readonly offset: number;
  readonly detail: string;
  /** Field names from the outside in, `[n]` for list items. */
  readonly path: string[] = [];

  constructor(code: WireErrorCode, offset: number, detail: string) {
    super(detail);
    this.code = code;
    this.offset = offset;
    this.detail = detail;
  }

  /** Adds the name of an enclosing field; the outermost is added last. */
  within(field: string): this {
    this.path.unshift(field);
    const where = this.offset < 0 ? '' : ` at byte ${this.offset}`;
    const path = this.path.join('.').replaceAll('.[', '[');
    this.message = `${path}${where}: ${this.detail}`;
    return this;
  }
}

/** Names the field an error happened in; errors that are not ours pass unchanged. */
export function inField(error: unknown, field: string): unknown {
  return error instanceof WireError ? error.within(field) : error;
}
