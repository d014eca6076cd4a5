/**
 * Check codes and ciphers of versions 3 to 5: algorithms, no layouts. None of this is authentication; it keeps out garbage.
 *
 * A packet here is the whole UDP payload: its length enters the keys. @see icq-udp.md §5
 */
import { T4, T5 } from './tables.ts';

/** The two choices the sender makes for a check code. */
export interface CheckChoice {
  /** Which byte of the packet enters the code; only its low eight bits can be seen by the receiver. */
  readonly r1: number;
  /** Which byte of the table. 0–255. */
  readonly r2: number;
}

/** Where version 4 clients put the check code. */
export const V4_CHECK_AT = 16;
/** Where version 5 clients put it, scrambled. */
export const V5_CHECK_AT = 20;

const V4_FACTOR = 0x66756b65;
const V5_FACTOR = 0x68656c6c;

// ---------------------------------------------------------------- the check code

/** @param plain the packet before its cipher, its check field zero */
export function checkCode(plain: Uint8Array, table: Uint8Array, { r1, r2 }: CheckChoice): number {
  const chosen = (((r1 & 0xff) << 24) | (byte(plain, r1) << 16) | ((r2 & 0xff) << 8) | byte(table, r2 & 0xff)) >>> 0;
  return (headerBytes(plain) ^ chosen ^ 0x00ff00ff) >>> 0;
}

/** N1: four bytes of the header. */
function headerBytes(plain: Uint8Array): number {
  return ((byte(plain, 8) << 24) | (byte(plain, 4) << 16) | (byte(plain, 2) << 8) | byte(plain, 6)) >>> 0;
}

/**
 * Whether a check code fits.
 *
 * Two corrections for what real clients send: the byte may stand any multiple of 256 further on, because only eight bits of its
 * place reach the code; and a place inside the check field itself cannot be verified and passes. @see icq-udp.md §5.2
 *
 * @param plain the packet after its cipher
 * @param checkAt where the check field is, four bytes
 */
export function verifyCheckCode(plain: Uint8Array, table: Uint8Array, code: number, checkAt: number): boolean {
  const chosen = (headerBytes(plain) ^ code) >>> 0;
  if (byte(table, (chosen >>> 8) & 0xff) !== (~chosen & 0xff)) return false;
  const wanted = (~chosen >>> 16) & 0xff;
  for (let at = chosen >>> 24; at < plain.length; at += 0x100) {
    if ((at >= checkAt && at < checkAt + 4) || byte(plain, at) === wanted) return true;
  }
  return false;
}

// ---------------------------------------------------------------- version 4

/** Client packets only. @param plain 20 bytes or more, not changed */
export function encipherV4(plain: Uint8Array, choice: CheckChoice): Uint8Array {
  // Not `slice`: a Buffer's shares its bytes.
  const packet = new Uint8Array(plain);
  putU32(packet, V4_CHECK_AT, 0);
  const code = checkCode(packet, T4, choice);
  turnV4(packet, code);
  putU32(packet, V4_CHECK_AT, code);
  return packet;
}

/** @returns the packet in clear, its check code still where it was; and whether the code fits */
export function decipherV4(wire: Uint8Array): { readonly plain: Uint8Array; readonly valid: boolean } {
  const plain = new Uint8Array(wire);
  const code = u32At(wire, V4_CHECK_AT);
  turnV4(plain, code);
  return { plain, valid: verifyCheckCode(plain, T4, code, V4_CHECK_AT) };
}

/** About the first quarter, in whole words, without the check field; the version stays readable. */
function turnV4(packet: Uint8Array, code: number): void {
  const key = (Math.imul(packet.length, V4_FACTOR) + code) >>> 0;
  const end = (packet.length + 3) >> 2;
  for (let at = 0; at < end; at += 4) if (at !== V4_CHECK_AT) xorWord(packet, at, key + byte(T4, at & 0xff));
  packet[0] = 4;
  packet[1] = 0;
}

// ---------------------------------------------------------------- version 5

/** Where the cipher begins: version and UIN stay readable. */
const V5_FROM = 10;

/** Client packets only. @param plain more than 24 bytes, not changed */
export function encipherV5(plain: Uint8Array, choice: CheckChoice): Uint8Array {
  const packet = new Uint8Array(plain);
  putU32(packet, V5_CHECK_AT, 0);
  const code = checkCode(packet, T5, choice);
  turnV5(packet, code);
  putU32(packet, V5_CHECK_AT, scramble(code));
  return packet;
}

/** @returns the packet in clear, zeros where its check code was; and whether the code fits */
export function decipherV5(wire: Uint8Array): { readonly plain: Uint8Array; readonly valid: boolean } {
  const plain = new Uint8Array(wire);
  const code = descramble(u32At(wire, V5_CHECK_AT));
  turnV5(plain, code);
  putU32(plain, V5_CHECK_AT, 0);
  // The field cannot be chosen by a client, so that a place inside it is an ordinary byte.
  return { plain, valid: verifyCheckCode(plain, T5, code, plain.length) };
}

function turnV5(packet: Uint8Array, code: number): void {
  const key = (Math.imul(packet.length, V5_FACTOR) + code) >>> 0;
  for (let at = V5_FROM; at < packet.length; at += 4) xorWord(packet, at, key + byte(T5, at & 0xff));
}

/** The bits of a check code as version 5 clients send it. */
export function scramble(code: number): number {
  return (
    (((code & 0x0000001f) << 12) | ((code & 0x03e003e0) << 1) | ((code & 0xf8000400) >>> 10) | ((code & 0x0000f800) << 16) | ((code & 0x041f0000) >>> 15)) >>> 0
  );
}

export function descramble(scrambled: number): number {
  return (
    (((scrambled & 0x0001f000) >>> 12) |
      ((scrambled & 0x07c007c0) >>> 1) |
      ((scrambled & 0x003e0001) << 10) |
      ((scrambled & 0xf8000000) >>> 16) |
      ((scrambled & 0x0000083e) << 15)) >>>
    0
  );
}

// ---------------------------------------------------------------- bytes

function byte(data: Uint8Array, at: number): number {
  return data[at] ?? 0;
}

function xorWord(data: Uint8Array, at: number, key: number): void {
  for (let i = 0; i < 4 && at + i < data.length; i++) data[at + i] = byte(data, at + i) ^ ((key >>> (8 * i)) & 0xff);
}

export function u16At(data: Uint8Array, at: number): number {
  return byte(data, at) | (byte(data, at + 1) << 8);
}

export function u32At(data: Uint8Array, at: number): number {
  return (byte(data, at) | (byte(data, at + 1) << 8) | (byte(data, at + 2) << 16) | (byte(data, at + 3) << 24)) >>> 0;
}

export function putU32(data: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) data[at + i] = (value >>> (8 * i)) & 0xff;
}
