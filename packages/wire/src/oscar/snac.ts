/** SNAC: the messages inside FLAP channel 2. @see oscar.md §1.2 */
import { WireError } from '../errors.ts';
import { Reader, type Trace } from '../reader.ts';
import { type Layout } from '../schema.ts';
import { Writer } from '../writer.ts';

export const SNAC_HEADER_BYTES = 10;

export const SnacFlag = {
  /** More SNACs with the same request id follow. */
  more: 0x0001,
  /** The data begins with a u16 length and that many bytes of TLVs. */
  versionBlock: 0x8000,
} as const;

/** Request ids of what the server says unasked have this bit (oscar.md §1.2). */
export const SERVER_REQUEST_ID = 0x80000000;

/** What stands in front of a SNAC's data. */
export interface SnacHeader {
  readonly family: number;
  readonly subtype: number;
  readonly flags: number;
  readonly requestId: number;
}

export interface Snac extends SnacHeader {
  /** Without the version block of flag 0x8000. A view. */
  readonly data: Uint8Array;
}

/** One kind of SNAC: its numbers, who sends it, where the reference describes it, and its layout. */
export interface SnacDeclaration<T> {
  readonly family: number;
  readonly subtype: number;
  readonly from: 'client' | 'server' | 'both';
  /** Chapter of docs/protocol. */
  readonly ref: string;
  readonly body: Layout<T>;
}

export function snac<T>(declaration: SnacDeclaration<T>): SnacDeclaration<T> {
  return declaration;
}

/** @throws WireError `short` when the header or its version block is cut */
export function decodeSnac(payload: Uint8Array): Snac {
  const r = new Reader(payload);
  const header = readSnacHeader(r);
  return { ...header, data: payload.subarray(r.at) };
}

/** Leaves the reader where the data begins. @throws WireError `short` when the header or its version block is cut */
export function readSnacHeader(r: Reader): SnacHeader {
  const family = r.u16be();
  const subtype = r.u16be();
  const flags = r.u16be();
  const requestId = r.u32be();
  if ((flags & SnacFlag.versionBlock) !== 0) r.sub(r.u16be());
  return { family, subtype, flags, requestId };
}

/** @throws WireError with the field path; offsets count from the start of the SNAC's data */
export function decodeSnacBody<T>(declaration: SnacDeclaration<T>, data: Uint8Array, trace?: Trace): T {
  return declaration.body.read(new Reader(data, 0, data.length, trace));
}

const scratch = new Writer(4096);

/**
 * A SNAC's bytes, ready for a FLAP frame.
 *
 * @param versionBlock version of the family, sent in the block of flag 0x8000
 * @throws WireError when the value does not fit its layout
 */
export function encodeSnac<T>(declaration: SnacDeclaration<T>, value: T, requestId: number, flags = 0, versionBlock?: number): Uint8Array {
  scratch.reset();
  writeSnac(scratch, declaration, value, requestId, flags, versionBlock);
  return scratch.take();
}

/** The same, behind what a writer holds already. */
export function writeSnac<T>(w: Writer, declaration: SnacDeclaration<T>, value: T, requestId: number, flags = 0, versionBlock?: number): void {
  w.u16be(declaration.family);
  w.u16be(declaration.subtype);
  w.u16be(versionBlock === undefined ? flags : flags | SnacFlag.versionBlock);
  w.u32be(requestId >>> 0);
  if (versionBlock !== undefined) {
    w.u16be(6);
    w.u16be(1);
    w.u16be(2);
    w.u16be(versionBlock);
  }
  declaration.body.write(w, value);
}

/** Reads a SNAC as one declared kind. @throws WireError `bad-value` when it is another */
export function decodeSnacAs<T>(declaration: SnacDeclaration<T>, payload: Uint8Array): { readonly snac: Snac; readonly value: T } {
  const got = decodeSnac(payload);
  if (got.family !== declaration.family || got.subtype !== declaration.subtype) {
    throw new WireError('bad-value', 0, `expected ${snacName(declaration)}, got ${snacName(got)}`);
  }
  return { snac: got, value: decodeSnacBody(declaration, got.data) };
}

/** `04/06`, as the reference writes it. */
export function snacName(of: { readonly family: number; readonly subtype: number }): string {
  const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');
  return `${hex(of.family)}/${hex(of.subtype)}`;
}
