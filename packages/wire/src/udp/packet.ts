/**
 * Datagrams: the headers of versions 1 to 5 in both directions, round parameters that `commands.ts` and `replies.ts` declare.
 *
 * @see icq-udp.md §3, §4
 */
import { WireError } from '../errors.ts';
import type { Chance } from '../schema.ts';
import { type CheckChoice, checkCode, decipherV4, decipherV5, encipherV4, encipherV5, putU32, u16At, u32At, verifyCheckCode } from './crypt.ts';
import { T4, T5 } from './tables.ts';

/** What a client speaks. Version 1 is answered politely and no more. */
export type Version = 1 | 2 | 3 | 4 | 5;

/** Header of what a server sends: version 4 clients are answered in version 3. */
export type ServerFormat = 1 | 2 | 3 | 5;

/** Longest datagram that is looked at. @see icq-udp.md §28 */
export const DATAGRAM_BYTES_MAX = 1500;

/** A client's packet in clear. */
export interface ClientPacket {
  readonly version: Version;
  readonly command: number;
  /** The only number of versions 1 and 2. */
  readonly seq1: number;
  /** 0 in versions 1 and 2, and where the client does not count a packet. */
  readonly seq2: number;
  /** 0 in registrations of versions 1 and 2, which have none. */
  readonly uin: number;
  /** Chosen by the client; 0 below version 5. */
  readonly sessionId: number;
  /** What the command's layout reads. A view. */
  readonly parameters: Uint8Array;
}

export interface ServerPacket {
  readonly version: ServerFormat;
  readonly command: number;
  readonly seq1: number;
  /** 0 in versions 1 and 2. */
  readonly seq2: number;
  /** The client's own; 0 in versions 1 and 2, whose header has none. */
  readonly uin: number;
  /** 0 below version 5. */
  readonly sessionId: number;
  readonly parameters: Uint8Array;
}

/**
 * Why a datagram is no packet. None of these is answered.
 *
 * - `version`: not 1 to 5
 * - `short`: less than the header
 * - `direction`: version 5 in the server's form
 * - `check`: deciphered to something its check code does not fit
 */
export type PacketProblem = 'version' | 'short' | 'direction' | 'check';

/** A check code for a server's packet: any choice is as good, this one covers the first header bytes. */
export const SERVER_CHECK: CheckChoice = { r1: 4, r2: 0 };

const COMMAND_BYTES = 6;
const V2_BYTES = 10;
const V3_BYTES = 16;
const V4_BYTES = 20;
const V5_BYTES = 24;
const V5_SERVER_BYTES = 21;
const V3_CHECK_AT = 12;
const V5_SERVER_CHECK_AT = 17;

/** In versions 1 and 2 these come from who has no UIN yet: 0x03FC and 0x04EC. @see icq-udp.md §3.1 */
const WITHOUT_UIN: ReadonlySet<number> = new Set([0x03fc, 0x04ec]);

export function serverFormat(version: Version): ServerFormat {
  return version === 4 ? 3 : version;
}

/** Its header, and nothing behind it: the smallest packet a server can send. */
export function serverHeaderBytes(version: Version): number {
  return version <= 2 ? COMMAND_BYTES : version === 5 ? V5_SERVER_BYTES : V3_BYTES;
}

export function isPacket<P extends object>(parsed: P | { readonly problem: PacketProblem }): parsed is P {
  return !('problem' in parsed);
}

// ---------------------------------------------------------------- from the client

/**
 * Reads a client's datagram, deciphers versions 4 and 5 and verifies their check codes; version 3's are not looked at, because
 * Groupware sends zeros. Never throws.
 *
 * @param wire the whole datagram, neither cut nor padded: its length is part of the key
 */
export function parseClientPacket(wire: Uint8Array): ClientPacket | { readonly problem: PacketProblem } {
  if (wire.length < 2) return { problem: 'short' };
  switch (u16At(wire, 0)) {
    case 1:
    case 2:
      return parseClientV2(wire);
    case 3:
      if (wire.length < V3_BYTES) return { problem: 'short' };
      return clientPacket(3, wire, { command: 2, seq1: 4, seq2: 6, uin: 8, parameters: V3_BYTES });
    case 4:
      return parseClientV4(wire);
    case 5:
      return parseClientV5(wire);
    default:
      return { problem: 'version' };
  }
}

function parseClientV2(wire: Uint8Array): ClientPacket | { readonly problem: PacketProblem } {
  if (wire.length < COMMAND_BYTES) return { problem: 'short' };
  const version = u16At(wire, 0) as 1 | 2;
  const command = u16At(wire, 2);
  const seq1 = u16At(wire, 4);
  if (WITHOUT_UIN.has(command)) return { version, command, seq1, seq2: 0, uin: 0, sessionId: 0, parameters: wire.subarray(COMMAND_BYTES) };
  if (wire.length < V2_BYTES) return { problem: 'short' };
  return { version, command, seq1, seq2: 0, uin: u32At(wire, 6), sessionId: 0, parameters: wire.subarray(V2_BYTES) };
}

function parseClientV4(wire: Uint8Array): ClientPacket | { readonly problem: PacketProblem } {
  if (wire.length < V4_BYTES) return { problem: 'short' };
  const { plain, valid } = decipherV4(wire);
  if (!valid) return { problem: 'check' };
  return clientPacket(4, plain, { command: 6, seq1: 8, seq2: 10, uin: 12, parameters: V4_BYTES });
}

function parseClientV5(wire: Uint8Array): ClientPacket | { readonly problem: PacketProblem } {
  if (wire.length < V5_BYTES) return { problem: 'short' };
  if (u32At(wire, 2) !== 0) return { problem: 'direction' };
  const { plain, valid } = decipherV5(wire);
  if (!valid) return { problem: 'check' };
  return { ...clientPacket(5, plain, { command: 14, seq1: 16, seq2: 18, uin: 6, parameters: V5_BYTES }), sessionId: u32At(plain, 10) };
}

/** Offsets of a header with two sequence numbers. */
interface Places {
  readonly command: number;
  readonly seq1: number;
  readonly seq2: number;
  readonly uin: number;
  readonly parameters: number;
}

function clientPacket(version: Version, plain: Uint8Array, at: Places): ClientPacket {
  return {
    version,
    command: u16At(plain, at.command),
    seq1: u16At(plain, at.seq1),
    seq2: u16At(plain, at.seq2),
    uin: u32At(plain, at.uin),
    sessionId: 0,
    parameters: plain.subarray(at.parameters),
  };
}

/** What a client chooses for one packet. */
export interface ClientChoice extends CheckChoice {
  /** The u16 that version 4 sends in place of nothing. */
  readonly random?: number;
}

/** What clients of each version choose between. @see icq-udp.md §5.1 */
export function chooseCheck(version: Version, parametersBytes: number, chance: Chance): ClientChoice {
  const upTo = (max: number): number => Math.floor(chance() * (max + 1));
  if (version === 4) return { r1: upTo(Math.min(0xff, V4_BYTES + parametersBytes - 5)), r2: upTo(0xff), random: upTo(0xffff) };
  return { r1: V5_BYTES + upTo(Math.max(0, parametersBytes - 1)), r2: upTo(0xff) };
}

/**
 * The datagram of a client. Version 5 needs parameters: clients send four random bytes where a command has none.
 *
 * @param check `zero` leaves the field of version 3 empty, as Groupware does; versions 1 and 2 have none
 * @throws WireError `out-of-range` for numbers that do not fit, `bad-value` for a version 5 packet without parameters
 */
export function buildClientPacket(packet: ClientPacket, check: ClientChoice | 'zero'): Uint8Array {
  if (packet.version <= 2) return buildClientV2(packet);
  if (packet.version === 3) return buildV3(packet, check);
  const isV4 = packet.version === 4;
  const choice: ClientChoice = check === 'zero' ? { r1: isV4 ? 0 : V5_BYTES, r2: 0 } : check;
  if (isV4) return encipherV4(plainV4(packet, choice.random ?? 0), choice);
  if (packet.parameters.length === 0) throw new WireError('bad-value', -1, 'a version 5 packet needs parameters for its check code');
  return encipherV5(plainV5(packet), choice);
}

function buildClientV2(packet: ClientPacket): Uint8Array {
  const header = WITHOUT_UIN.has(packet.command) ? COMMAND_BYTES : V2_BYTES;
  const wire = withRoom(packet, header);
  putU16(wire, 2, packet.command);
  putU16(wire, 4, packet.seq1);
  if (header === V2_BYTES) putNumber(wire, 6, packet.uin);
  return wire;
}

/** Also what servers send. */
function buildV3(packet: ClientPacket | ServerPacket, check: CheckChoice | 'zero'): Uint8Array {
  const wire = withRoom(packet, V3_BYTES);
  putU16(wire, 2, packet.command);
  putU16(wire, 4, packet.seq1);
  putU16(wire, 6, packet.seq2);
  putNumber(wire, 8, packet.uin);
  if (check !== 'zero') putU32(wire, V3_CHECK_AT, checkCode(wire, T4, check));
  return wire;
}

function plainV4(packet: ClientPacket, random: number): Uint8Array {
  const plain = withRoom(packet, V4_BYTES);
  putU16(plain, 2, random);
  putU16(plain, 6, packet.command);
  putU16(plain, 8, packet.seq1);
  putU16(plain, 10, packet.seq2);
  putNumber(plain, 12, packet.uin);
  return plain;
}

function plainV5(packet: ClientPacket): Uint8Array {
  const plain = withRoom(packet, V5_BYTES);
  putNumber(plain, 6, packet.uin);
  putNumber(plain, 10, packet.sessionId);
  putU16(plain, 14, packet.command);
  putU16(plain, 16, packet.seq1);
  putU16(plain, 18, packet.seq2);
  return plain;
}

// ---------------------------------------------------------------- from the server

/** Never enciphered. @throws WireError `out-of-range` for numbers that do not fit */
export function buildServerPacket(packet: ServerPacket, check: CheckChoice | 'zero' = SERVER_CHECK): Uint8Array {
  if (packet.version === 3) return buildV3(packet, check);
  const isV5 = packet.version === 5;
  const wire = withRoom(packet, isV5 ? V5_SERVER_BYTES : COMMAND_BYTES);
  putU16(wire, isV5 ? 7 : 2, packet.command);
  putU16(wire, isV5 ? 9 : 4, packet.seq1);
  if (!isV5) return wire;
  putNumber(wire, 3, packet.sessionId);
  putU16(wire, 11, packet.seq2);
  putNumber(wire, 13, packet.uin);
  if (check !== 'zero') putU32(wire, V5_SERVER_CHECK_AT, checkCode(wire, T5, check));
  return wire;
}

/** Reads a server's datagram; check codes are not looked at, as no client does but one. Never throws. */
export function parseServerPacket(wire: Uint8Array): ServerPacket | { readonly problem: PacketProblem } {
  if (wire.length < 2) return { problem: 'short' };
  const version = u16At(wire, 0);
  if (version === 0 || version > 5 || version === 4) return { problem: 'version' };
  if (wire.length < serverHeaderBytes(version as ServerFormat)) return { problem: 'short' };
  if (version <= 2) {
    return {
      version: version as 1 | 2,
      command: u16At(wire, 2),
      seq1: u16At(wire, 4),
      seq2: 0,
      uin: 0,
      sessionId: 0,
      parameters: wire.subarray(COMMAND_BYTES),
    };
  }
  if (version === 3) return { ...clientPacket(3, wire, { command: 2, seq1: 4, seq2: 6, uin: 8, parameters: V3_BYTES }), version: 3 };
  return {
    version: 5,
    command: u16At(wire, 7),
    seq1: u16At(wire, 9),
    seq2: u16At(wire, 11),
    uin: u32At(wire, 13),
    sessionId: u32At(wire, 3),
    parameters: wire.subarray(V5_SERVER_BYTES),
  };
}

/** Whether the check code of a server's packet fits; versions 1 and 2 have none. */
export function verifyServerCheck(wire: Uint8Array): boolean {
  const version = u16At(wire, 0);
  if (version <= 2) return true;
  const at = version === 5 ? V5_SERVER_CHECK_AT : V3_CHECK_AT;
  const plain = new Uint8Array(wire);
  putU32(plain, at, 0);
  return verifyCheckCode(plain, version === 5 ? T5 : T4, u32At(wire, at), wire.length);
}

// ---------------------------------------------------------------- bytes

/** Version and parameters, and zeros where the rest of the header goes. */
function withRoom(packet: ClientPacket | ServerPacket, header: number): Uint8Array {
  const wire = new Uint8Array(header + packet.parameters.length);
  putU16(wire, 0, packet.version);
  wire.set(packet.parameters, header);
  return wire;
}

function putU16(data: Uint8Array, at: number, value: number): void {
  checked(value, 0xffff);
  data[at] = value & 0xff;
  data[at + 1] = value >>> 8;
}

function putNumber(data: Uint8Array, at: number, value: number): void {
  checked(value, 0xffffffff);
  putU32(data, at, value);
}

function checked(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new WireError('out-of-range', -1, `${value} is not a whole number from 0 to ${max}`);
}
