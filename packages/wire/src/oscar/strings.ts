/** The three kinds of strings OSCAR packets carry. @see oscar.md, "How to read" and §1.4 */
import { ascii, be, bytes, bytesOf, type Layout, le, u8 } from '../schema.ts';

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
    // One more than the text: written as two runs, so that no copy of a long text is made for one byte.
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
