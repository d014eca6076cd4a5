/** The text of channel-1 messages: TLV 02 of 04/06 and 04/07. @see oscar.md §6.3 */
import { decodeText, encodeText, isAscii } from './codepages.ts';

export interface Fragment {
  readonly id: number;
  readonly version: number;
  readonly data: Uint8Array;
}

export const FragmentId = { text: 1, capabilities: 5 } as const;

export const Charset = {
  ascii: 0x0000,
  /** UTF-16, big-endian. */
  ucs2: 0x0002,
  /** Called ISO 8859-1; in practice the sender's code page. */
  codepage: 0x0003,
  /** Some AIM clients. */
  binary: 0x000d,
} as const;

export interface FragmentText {
  readonly text: string;
  /** Of the first text fragment; undefined when there is none. */
  readonly charset: number | undefined;
}

/**
 * The text of all text fragments in a row. Bytes that are no text become U+FFFD; trailing NULs are dropped.
 *
 * @param senderCodepage for every charset but UCS-2: what says ASCII often is not
 */
export function textFromFragments(fragments: readonly Fragment[], senderCodepage: number): FragmentText {
  let text = '';
  let charset: number | undefined;
  for (const run of runsOf(fragments)) {
    const data = joined(run.parts);
    charset ??= run.charset;
    text += run.charset === Charset.ucs2 ? decodeUcs2(data) : decodeText(data, senderCodepage);
  }
  return { text: withoutTrailingNuls(text), charset };
}

export interface FragmentOptions {
  /** Whether the receiver reads UCS-2. */
  readonly unicode: boolean;
  /** The receiver's, used when he does not. */
  readonly codepage: number;
}

/** Fragments every client takes: what is required to read the text, then the text. */
export function fragmentsFromText(text: string, { unicode, codepage }: FragmentOptions): readonly Fragment[] {
  if (isAscii(text)) return inAscii(text);
  if (unicode) return both(Charset.ucs2, encodeUcs2(text));
  return both(Charset.codepage, encodeText(text, codepage).bytes);
}

/** UTF-16BE; lone surrogates become U+FFFD, an odd last byte is dropped. */
export function decodeUcs2(data: Uint8Array): string {
  return ucs2Decoder.decode(data.subarray(0, data.length & ~1));
}

export function encodeUcs2(text: string): Uint8Array {
  const whole = text.toWellFormed();
  const data = new Uint8Array(whole.length * 2);
  for (let i = 0; i < whole.length; i++) {
    const unit = whole.charCodeAt(i);
    data[2 * i] = unit >>> 8;
    data[2 * i + 1] = unit;
  }
  return data;
}

const ucs2Decoder = new TextDecoder('utf-16be');

/** Neighbours of one charset together: a sender may have cut inside a character. */
function runsOf(fragments: readonly Fragment[]): { charset: number; parts: Uint8Array[] }[] {
  const runs: { charset: number; parts: Uint8Array[] }[] = [];
  for (const { id, data } of fragments) {
    if (id !== FragmentId.text || data.length < CHARSET_BYTES) continue;
    const charset = ((data[0] as number) << 8) | (data[1] as number);
    const last = runs.at(-1);
    if (last?.charset === charset) last.parts.push(data.subarray(CHARSET_BYTES));
    else runs.push({ charset, parts: [data.subarray(CHARSET_BYTES)] });
  }
  return runs;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function withoutTrailingNuls(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return text.slice(0, end);
}

/** Most texts: written where they are to stand. */
function inAscii(text: string): readonly Fragment[] {
  const data = new Uint8Array(CHARSET_BYTES + text.length);
  for (let i = 0; i < text.length; i++) data[CHARSET_BYTES + i] = text.charCodeAt(i);
  return withCapabilities(Charset.ascii, data);
}

function both(charset: number, text: Uint8Array): readonly Fragment[] {
  const data = new Uint8Array(CHARSET_BYTES + text.length);
  data[1] = charset;
  data.set(text, CHARSET_BYTES);
  return withCapabilities(charset, data);
}

/** Charset and subset. */
const CHARSET_BYTES = 4;

function withCapabilities(charset: number, data: Uint8Array): readonly Fragment[] {
  return [
    // 01 text, 06 UCS-2: receivers ignore it, Miranda and ICQ write it so.
    { id: FragmentId.capabilities, version: 1, data: charset === Charset.ucs2 ? Uint8Array.of(1, 6) : Uint8Array.of(1) },
    { id: FragmentId.text, version: 1, data },
  ];
}
