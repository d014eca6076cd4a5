/**
 * The check code of versions 3 to 5 and the ciphers of versions 4 and 5. Neither keeps a secret: whoever sees a datagram can read it.
 *
 * @see icq-udp.md §5
 */
import { TABLE_4, TABLE_5 } from './tables.ts';

/** What its sender chose at random: a place in the packet and a place in the table, 0–255 each as far as the code goes. */
export interface CheckChoice {
  /** 0 up to the packet's length; only the low 8 bits reach the code, the byte at the full index does. */
  readonly r1: number;
  readonly r2: number;
}

const FLIP = 0x00ff_00ff;
const MULTIPLIER_4 = 0x6675_6b65;
const MULTIPLIER_5 = 0x6865_6c6c;
/** Where version 4 clients put the code; it is never enciphered. */
export const CHECK_AT_4 = 16;
/** Where version 5 clients put it, scrambled. */
export const CHECK_AT_5 = 20;
/** The first byte version 5 enciphers. */
const CIPHER_FROM_5 = 10;

/** @param plain the packet, its check field zero */
export function checkCode(plain: Uint8Array, table: Uint8Array, { r1, r2 }: CheckChoice): number {
  const places = (((r1 & 0xff) << 24) | (at(plain, r1) << 16) | (r2 << 8) | at(table, r2)) >>> 0;
  return (headerWord(plain) ^ places ^ FLIP) >>> 0;
}

/** Four bytes that differ from packet to packet. */
function headerWord(plain: Uint8Array): number {
  return ((at(plain, 8) << 24) | (at(plain, 4) << 16) | (at(plain, 2) << 8) | at(plain, 6)) >>> 0;
}

const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;

/**
 * Whether a check code fits a deciphered packet. It covers a few header bytes and one byte of the rest: a test for damage, no proof of
 * who sent it.
 *
 * @param unverifiable first of four bytes that hold the code itself: a choice that fell on them says nothing (LSICQ and licq read
 * there what their buffer happened to hold)
 */
export function checkFits(plain: Uint8Array, table: Uint8Array, code: number, unverifiable: number): boolean {
  const choice = headerWord(plain) ^ code;
  const r1 = choice >>> 24;
  const byte = ~(choice >>> 16) & 0xff;
  if (at(table, (choice >>> 8) & 0xff) !== (~choice & 0xff)) return false;
  // Clients choose among all bytes of the packet, but only the low 8 bits of their choice reach us.
  for (let place = r1; place < plain.length; place += 256) {
    if (place >= unverifiable && place < unverifiable + 4) return true;
    if (plain[place] === byte) return true;
  }
  return false;
}

// ---------------------------------------------------------------- version 4

/**
 * Enciphers or deciphers in place, which is the same. Only about the first quarter of the packet changes, without version and code.
 *
 * @param code the check code, also at {@link CHECK_AT_4}
 */
export function cipher4(packet: Uint8Array, code: number): void {
  const key = (Math.imul(packet.length, MULTIPLIER_4) + code) >>> 0;
  const quarter = (packet.length + 3) >> 2;
  for (let place = 0; place < quarter; place += 4) if (place !== CHECK_AT_4) mix(packet, place, key + at(TABLE_4, place & 0xff));
  packet[0] = 4;
  packet[1] = 0;
}

// ---------------------------------------------------------------- version 5

/** Enciphers or deciphers in place all from the second half of the session id on. The code's own four bytes are the caller's to fill. */
export function cipher5(packet: Uint8Array, code: number): void {
  const key = (Math.imul(packet.length, MULTIPLIER_5) + code) >>> 0;
  for (let place = CIPHER_FROM_5; place < packet.length; place += 4) mix(packet, place, key + at(TABLE_5, place & 0xff));
}

/** XORs up to four bytes with the little-endian bytes of a number. */
function mix(packet: Uint8Array, place: number, word: number): void {
  const end = Math.min(place + 4, packet.length);
  for (let i = place, rest = word >>> 0; i < end; i++, rest >>>= 8) packet[i] = at(packet, i) ^ (rest & 0xff);
}

/** Bits of the code, moved about: how it stands in packets of version 5 clients. */
export function scramble(code: number): number {
  return (
    (((code & 0x0000_001f) << 12) |
      ((code & 0x03e0_03e0) << 1) |
      ((code & 0xf800_0400) >>> 10) |
      ((code & 0x0000_f800) << 16) |
      ((code & 0x041f_0000) >>> 15)) >>>
    0
  );
}

export function descramble(word: number): number {
  return (
    (((word & 0x0001_f000) >>> 12) |
      ((word & 0x07c0_07c0) >>> 1) |
      ((word & 0x003e_0001) << 10) |
      ((word & 0xf800_0000) >>> 16) |
      ((word & 0x0000_083e) << 15)) >>>
    0
  );
}
