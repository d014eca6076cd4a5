/**
 * The messages of a measurement. Each text names its pair and its place in the pair's order and ends in a checksum, so that
 * whoever receives it can judge it alone.
 */
import { encode } from '@seekyou/wire';
import { FLAP_HEADER_BYTES, icbm, SNAC_HEADER_BYTES } from '@seekyou/wire/oscar';
import { fragmentsFromText } from '@seekyou/wire/text';
import { snacFrame } from './frames.ts';

/** What a text is made of; the middle must arrive as it is, though it looks like HTML. */
const MIDDLE = ' <b>5 &lt; 7 & "yes"</b> of ';
const TEXT = `aaaaaaaa${MIDDLE}bbbbbbbb cccccccc`;
export const TEXT_BYTES: number = TEXT.length;
const COUNTER_AT = 8 + MIDDLE.length;
const CHECKSUM_AT = COUNTER_AT + 9;
const MIDDLE_BYTES = Buffer.from(MIDDLE, 'latin1');

const DIGITS = Buffer.from('0123456789abcdef', 'latin1');

function writeHex(data: Buffer, at: number, value: number): void {
  for (let i = 0; i < 8; i++) data[at + i] = DIGITS[(value >>> (28 - 4 * i)) & 0xf] as number;
}

/** NaN when it is not eight hexadecimal digits in lower case. */
function readHex(data: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) {
    const byte = data[i] as number;
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : Number.NaN;
    value = value * 16 + digit;
  }
  return value;
}

/** FNV-1a, 32 bits. */
function checksum(data: Uint8Array, from: number, to: number): number {
  let sum = 0x811c9dc5;
  for (let i = from; i < to; i++) sum = Math.imul(sum ^ (data[i] as number), 0x01000193);
  return sum >>> 0;
}

/** Writes a text over `TEXT_BYTES` bytes whose middle is there already. */
function writeText(data: Buffer, at: number, pair: number, counter: number): void {
  writeHex(data, at, pair);
  writeHex(data, at + COUNTER_AT, counter);
  writeHex(data, at + CHECKSUM_AT, checksum(data, at, at + CHECKSUM_AT));
}

/** The text with these numbers, for those who look into a store. */
export function textOf(pair: number, counter: number): string {
  const data = Buffer.from(TEXT, 'latin1');
  writeText(data, 0, pair, counter);
  return data.toString('latin1');
}

export interface ReadText {
  readonly pair: number;
  readonly counter: number;
}

/** What a text says; `undefined` when it is not one of ours, unchanged. */
export function readText(data: Uint8Array, at: number, length: number): ReadText | undefined {
  if (length !== TEXT_BYTES) return undefined;
  for (let i = 0; i < MIDDLE_BYTES.length; i++) if (data[at + 8 + i] !== MIDDLE_BYTES[i]) return undefined;
  if (readHex(data, at + CHECKSUM_AT) !== checksum(data, at, at + CHECKSUM_AT)) return undefined;
  return { pair: readHex(data, at), counter: readHex(data, at + COUNTER_AT) };
}

const COOKIE_AT = FLAP_HEADER_BYTES + SNAC_HEADER_BYTES;
const RECIPIENT_AT = COOKIE_AT + 8 + 2 + 1;

/** A frame that is sent again and again with other numbers. At most one of its letters may be on its way. */
export class Letter {
  private readonly frame: Buffer;
  private pair: number;
  private readonly textAt: number;

  constructor(pair: number, recipient: number) {
    this.pair = pair;
    this.frame = Buffer.from(
      snacFrame(icbm.channelMsgToHost, {
        cookie: new Uint8Array(8),
        channel: icbm.Channel.plain,
        recipient: String(recipient),
        tlvs: { imData: encode(icbm.fragments, fragmentsFromText(TEXT, { unicode: false, codepage: 1252 })), requestHostAck: true, store: true },
      }),
    );
    this.textAt = this.frame.indexOf(TEXT, 0, 'latin1');
  }

  /** Makes it a letter of another pair; the new recipient's UIN has as many digits as the old one's. */
  redirect(pair: number, recipient: number): void {
    this.pair = pair;
    this.frame.write(String(recipient), RECIPIENT_AT, 'latin1');
  }

  /** The frame with this counter. The request id is the counter, the cookie pair and counter. */
  write(counter: number): Buffer {
    const { frame, pair } = this;
    frame.writeUInt32BE(counter & 0x7fffffff, COOKIE_AT - 4);
    frame.writeUInt32BE(pair, COOKIE_AT);
    frame.writeUInt32BE(counter, COOKIE_AT + 4);
    writeText(frame, this.textAt, pair, counter);
    return frame;
  }
}

/** A 04/07 as far as it is looked at. */
export interface ReadDelivery extends ReadText {
  readonly sender: number;
}

/** Reads a decimal screen name behind its length byte. */
function readUin(data: Uint8Array, at: number): number {
  const length = data[at] as number;
  let uin = 0;
  for (let i = at + 1; i <= at + length; i++) uin = uin * 10 + ((data[i] as number) - 0x30);
  return uin;
}

/** Reads the data of a 04/07 with a plain text; `undefined` when it is not one of our letters, unchanged. */
export function readDelivery(data: Buffer, from: number, to: number): ReadDelivery | undefined {
  const nameAt = from + 10;
  let at = nameAt + 1 + (data[nameAt] as number) + 2;
  let userTlvs = data.readUInt16BE(at);
  for (at += 2; userTlvs > 0 && at + 4 <= to; userTlvs--) at += 4 + data.readUInt16BE(at + 2);
  while (at + 4 <= to) {
    const end = at + 4 + data.readUInt16BE(at + 2);
    if (data.readUInt16BE(at) === 0x0002) {
      const text = readFragments(data, at + 4, Math.min(end, to));
      return text === undefined ? undefined : { ...text, sender: readUin(data, nameAt) };
    }
    at = end;
  }
  return undefined;
}

function readFragments(data: Buffer, from: number, to: number): ReadText | undefined {
  for (let at = from; at + 4 <= to; ) {
    const end = at + 4 + data.readUInt16BE(at + 2);
    if (data[at] === icbm.FragmentId.text) return readText(data, at + 8, end - at - 8);
    at = end;
  }
  return undefined;
}

/** The cookie of a 04/0C. */
export function readAck(data: Buffer, from: number): ReadText {
  return { pair: data.readUInt32BE(from), counter: data.readUInt32BE(from + 4) };
}
