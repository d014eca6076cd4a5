/**
 * Datagrams of ICQ's UDP protocols: headers of versions 1 to 5 in both directions, with check codes and ciphers.
 *
 * @see icq-udp.md §3–§5
 */
import { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';
import { CHECK_AT_4, CHECK_AT_5, type CheckChoice, checkCode, checkFits, cipher4, cipher5, descramble, scramble } from './crypt.ts';
import { TABLE_4, TABLE_5 } from './tables.ts';

/** Version 1 is decoded far enough to be answered. */
export type Version = 1 | 2 | 3 | 4 | 5;
/** Servers answer version 4 in the format of version 3, and version 1 in that of 2. */
export type ServerFormat = 2 | 3 | 5;

export interface ClientPacket {
  readonly version: Version;
  readonly command: number;
  readonly seq1: number;
  /** 0 in versions 1 and 2, which have one number. */
  readonly seq2: number;
  /** 0 in registrations. Who it claims to be; a server goes by the session. */
  readonly uin: number;
  /** Chosen by version 5 clients for each session; 0 otherwise. */
  readonly sessionId: number;
  readonly parameters: Uint8Array;
}

export interface ServerPacket {
  readonly format: ServerFormat;
  readonly command: number;
  readonly seq1: number;
  readonly seq2: number;
  /** The client's; not on the wire in format 2. */
  readonly uin: number;
  /** Format 5 only. */
  readonly sessionId: number;
  readonly parameters: Uint8Array;
}

/** Why a datagram is dropped without an answer. */
export type PacketProblem = 'too-short' | 'unknown-version' | 'bad-check';

/** Commands of version 2 that somebody without a number sends: their header has none. */
const WITHOUT_UIN: ReadonlySet<number> = new Set([0x03fc, 0x04ec]);

const CLIENT_HEADER_BYTES = { 3: 16, 4: 20, 5: 24 } as const;
const SERVER_HEADER_BYTES = { 2: 6, 3: 16, 5: 21 } as const;
const CHECK_AT_3 = 12;
const SERVER_CHECK_AT_5 = 17;
const NO_CODE_INSIDE = Number.POSITIVE_INFINITY;

// ---------------------------------------------------------------- client → server

/**
 * @param datagram whole, as it arrived: the length is part of the ciphers. It is not changed; the result may hold views of it.
 */
export function parseClientPacket(datagram: Uint8Array): ClientPacket | PacketProblem {
  if (datagram.length < 2) return 'too-short';
  const version = (datagram[0] as number) | ((datagram[1] as number) << 8);
  switch (version) {
    case 1:
    case 2:
      return parseClient2(datagram, version);
    case 3:
      return parseClient3(datagram);
    case 4:
      return parseClient4(datagram);
    case 5:
      return parseClient5(datagram);
    default:
      return 'unknown-version';
  }
}

function parseClient2(datagram: Uint8Array, version: 1 | 2): ClientPacket | PacketProblem {
  if (datagram.length < 6) return 'too-short';
  const r = new Reader(datagram, 2);
  const command = r.u16le();
  const seq1 = r.u16le();
  if (!WITHOUT_UIN.has(command) && r.left < 4) return 'too-short';
  const uin = WITHOUT_UIN.has(command) ? 0 : r.u32le();
  return { version, command, seq1, seq2: 0, uin, sessionId: 0, parameters: r.bytes(r.left) };
}

/** Its check code is not looked at: Groupware clients send 0. */
function parseClient3(datagram: Uint8Array): ClientPacket | PacketProblem {
  if (datagram.length < CLIENT_HEADER_BYTES[3]) return 'too-short';
  const r = new Reader(datagram, 2);
  const command = r.u16le();
  const seq1 = r.u16le();
  const seq2 = r.u16le();
  const uin = r.u32le();
  return { version: 3, command, seq1, seq2, uin, sessionId: 0, parameters: datagram.subarray(CLIENT_HEADER_BYTES[3]) };
}

function parseClient4(datagram: Uint8Array): ClientPacket | PacketProblem {
  if (datagram.length < CLIENT_HEADER_BYTES[4]) return 'too-short';
  const plain = datagram.slice();
  const code = new Reader(datagram, CHECK_AT_4).u32le();
  cipher4(plain, code);
  if (!checkFits(plain, TABLE_4, code, CHECK_AT_4)) return 'bad-check';
  // Bytes 2 to 5 are random, or random and zero.
  const r = new Reader(plain, 6);
  const command = r.u16le();
  const seq1 = r.u16le();
  const seq2 = r.u16le();
  const uin = r.u32le();
  return { version: 4, command, seq1, seq2, uin, sessionId: 0, parameters: plain.subarray(CLIENT_HEADER_BYTES[4]) };
}

function parseClient5(datagram: Uint8Array): ClientPacket | PacketProblem {
  if (datagram.length < CLIENT_HEADER_BYTES[5]) return 'too-short';
  const plain = datagram.slice();
  const code = descramble(new Reader(datagram, CHECK_AT_5).u32le());
  cipher5(plain, code);
  // The field was zero when the code was computed.
  plain.fill(0, CHECK_AT_5, CHECK_AT_5 + 4);
  if (!checkFits(plain, TABLE_5, code, NO_CODE_INSIDE)) return 'bad-check';
  const r = new Reader(plain, 6);
  const uin = r.u32le();
  const sessionId = r.u32le();
  const command = r.u16le();
  const seq1 = r.u16le();
  const seq2 = r.u16le();
  return { version: 5, command, seq1, seq2, uin, sessionId, parameters: plain.subarray(CLIENT_HEADER_BYTES[5]) };
}

/** What a client chooses at random for each datagram. */
export interface ClientChoice extends CheckChoice {
  /** Version 4: the u16 behind the version. */
  readonly random: number;
}

/**
 * @param choice `r1` from 24 (version 5) or 0 (version 4) up to the packet's length; version 5 packets need at least one byte of
 *   parameters for it
 */
export function buildClientPacket(packet: ClientPacket, choice: ClientChoice): Uint8Array {
  const plain = plainClientPacket(packet, choice.random);
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  switch (packet.version) {
    case 3:
      view.setUint32(CHECK_AT_3, checkCode(plain, TABLE_4, choice), true);
      break;
    case 4: {
      const code = checkCode(plain, TABLE_4, choice);
      cipher4(plain, code);
      view.setUint32(CHECK_AT_4, code, true);
      break;
    }
    case 5: {
      const code = checkCode(plain, TABLE_5, choice);
      cipher5(plain, code);
      view.setUint32(CHECK_AT_5, scramble(code), true);
      break;
    }
    default:
  }
  return plain;
}

/** Before check code and cipher; the check field is zero. */
export function plainClientPacket({ version, command, seq1, seq2, uin, sessionId, parameters }: ClientPacket, random = 0): Uint8Array {
  const w = new Writer();
  w.u16le(version);
  switch (version) {
    case 5:
      w.u32le(0);
      w.u32le(uin);
      w.u32le(sessionId);
      w.u16le(command);
      w.u16le(seq1);
      w.u16le(seq2);
      w.u32le(0);
      break;
    case 4:
      w.u16le(random);
      w.u16le(0);
      w.u16le(command);
      w.u16le(seq1);
      w.u16le(seq2);
      w.u32le(uin);
      w.u32le(0);
      break;
    default:
      w.u16le(command);
      w.u16le(seq1);
      if (version === 3) w.u16le(seq2);
      if (version === 3 || !WITHOUT_UIN.has(command)) w.u32le(uin);
      if (version === 3) w.u32le(0);
  }
  w.bytes(parameters);
  return w.take();
}

// ---------------------------------------------------------------- server → client

/** The format a server answers a version in. */
export function formatFor(version: Version): ServerFormat {
  return version <= 2 ? 2 : version === 5 ? 5 : 3;
}

/** @param choice `r1` within the packet; formats 3 and 5 */
export function buildServerPacket({ format, command, seq1, seq2, uin, sessionId, parameters }: ServerPacket, choice: CheckChoice): Uint8Array {
  const w = new Writer();
  w.u16le(format);
  if (format === 5) {
    w.u8(0);
    w.u32le(sessionId);
  }
  w.u16le(command);
  w.u16le(seq1);
  if (format !== 2) {
    w.u16le(seq2);
    w.u32le(uin);
    w.u32le(0);
  }
  w.bytes(parameters);
  const packet = w.take();
  if (format === 2) return packet;
  const code = checkCode(packet, format === 5 ? TABLE_5 : TABLE_4, choice);
  new DataView(packet.buffer, packet.byteOffset).setUint32(format === 5 ? SERVER_CHECK_AT_5 : CHECK_AT_3, code, true);
  return packet;
}

/** For clients. Check codes are not looked at: no known client does, and servers of the time sent wrong ones. */
export function parseServerPacket(datagram: Uint8Array): ServerPacket | PacketProblem {
  if (datagram.length < 2) return 'too-short';
  const format = (datagram[0] as number) | ((datagram[1] as number) << 8);
  if (format !== 2 && format !== 3 && format !== 5) return 'unknown-version';
  if (datagram.length < SERVER_HEADER_BYTES[format]) return 'too-short';
  const r = new Reader(datagram, format === 5 ? 3 : 2);
  const sessionId = format === 5 ? r.u32le() : 0;
  const command = r.u16le();
  const seq1 = r.u16le();
  const seq2 = format === 2 ? 0 : r.u16le();
  const uin = format === 2 ? 0 : r.u32le();
  return { format, command, seq1, seq2, uin, sessionId, parameters: datagram.subarray(SERVER_HEADER_BYTES[format]) };
}
