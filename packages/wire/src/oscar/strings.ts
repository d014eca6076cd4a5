/** Strings and addresses as OSCAR packets carry them. @see oscar.md, "How to read" and §1.4 */
import { WireError } from '../errors.ts';
import { ascii, be, bytes, bytesOf, type Layout, le, mapped, u8 } from '../schema.ts';

/** Screen name: u8 length and ASCII; for ICQ the UIN in decimal digits, which some clients write with spaces. */
export const sn: Layout<string> = ascii(bytesOf(u8));

/** u16 length and bytes, without a terminator. The charset depends on the field. */
export const str16: Layout<Uint8Array> = bytes(bytesOf(be.u16));

const counted = bytes(bytesOf(le.u16));

/**
 * NUL-terminated text: u16 LE length counting the NUL, the bytes, the NUL. The value is the bytes before the first NUL.
 *
 * Read generously: length 0 is an empty text, a missing NUL is forgiven, and what follows an embedded NUL is dropped,
 * as clients do. Written strictly: always with one NUL, and cut at the first NUL the value contains.
 */
export const lnts: Layout<Uint8Array> = {
  doc: { type: 'text + NUL (u16 LE length, bytes)' },
  read: (r) => untilNul(counted.read(r)),
  write: (w, value) => {
    const text = untilNul(value);
    w.u16le(text.length + 1);
    w.bytes(text);
    w.u8(0);
  },
  sample: (chance) => counted.sample(chance).map((byte) => (byte === 0 ? 0x41 : byte)),
};

function untilNul(data: Uint8Array): Uint8Array {
  const end = data.indexOf(0);
  return end < 0 ? data : data.subarray(0, end);
}

/** An IPv4 address in network order; the value is dotted, `0.0.0.0` when unknown. */
export const ipv4: Layout<string> = mapped(be.u32, dotted, undotted, 'IPv4');

function dotted(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

function undotted(text: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 0xff)) throw new WireError('bad-value', -1, `${JSON.stringify(text)} is not a dotted IPv4 address`);
  return parts.reduce((sum, part) => sum * 0x100 + part, 0);
}
