/** Sequence numbers: 16 bits that begin again. @see icq-udp.md §4.2 */

const BITS = 0xffff;

export function after(number: number): number {
  return (number + 1) & BITS;
}

/** How far `number` is ahead of `of`: −32,768 to 32,767. */
export function ahead(number: number, of: number): number {
  return ((number - of) << 16) >> 16;
}
