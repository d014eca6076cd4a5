/**
 * Code pages: what old clients mean by their bytes.
 *
 * Encoding is decoding turned round, so what is encoded decodes to the same text.
 * Every page here has ASCII in its first half. @see oscar.md §1.4, icq-udp.md §21
 */
import { decodePairs, decoderOf, isDoubleByte, tableOf } from './tables.ts';

/** Windows numbers → the platform's names. ISO 8859-1 and -9 are read as 1252 and 1254, their supersets, as everybody does. */
const NAMES: Readonly<Record<number, string>> = {
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  1250: 'windows-1250',
  1251: 'windows-1251',
  1252: 'windows-1252',
  1253: 'windows-1253',
  1254: 'windows-1254',
  1255: 'windows-1255',
  1256: 'windows-1256',
  1257: 'windows-1257',
  1258: 'windows-1258',
  20866: 'koi8-r',
  21866: 'koi8-u',
  28591: 'windows-1252',
  28592: 'iso-8859-2',
  28593: 'iso-8859-3',
  28594: 'iso-8859-4',
  28595: 'iso-8859-5',
  28596: 'iso-8859-6',
  28597: 'iso-8859-7',
  28598: 'iso-8859-8',
  28599: 'windows-1254',
  28603: 'iso-8859-13',
  28605: 'iso-8859-15',
  65001: 'utf-8',
};

export const UTF8 = 65001;
/** What bytes are read by when nobody said anything, and for numbers we do not know. */
export const FALLBACK_CODEPAGE = 1252;

/** The numbers that may be set for an account, ascending. */
export const CODEPAGES: readonly number[] = Object.keys(NAMES).map(Number);

/** Whether `codepage` is one of {@link CODEPAGES}. */
export function isCodepage(codepage: number): boolean {
  return Object.hasOwn(NAMES, codepage);
}

/**
 * Text for bytes of a code page. Bytes it does not define become U+FFFD (in the Windows pages a few become the
 * control character of the same number, and go back unchanged).
 *
 * @param codepage unknown numbers are read as 1252
 */
export function decodeText(bytes: Uint8Array, codepage: number): string {
  const name = nameOf(codepage);
  const units = isDoubleByte(name) ? tableOf(name).units : undefined;
  return units === undefined ? decoderOf(name).decode(bytes) : decodePairs(bytes, units);
}

/** Bytes whose charset nobody told: UTF-8 if they are that, else the code page. For authorization reasons (oscar.md §1.4). */
export function decodeUtf8Or(bytes: Uint8Array, codepage: number): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return decodeText(bytes, codepage);
  }
}

export interface Encoded {
  readonly bytes: Uint8Array;
  /** Whether `bytes` decode to the same text, canonically equivalent sequences being the same. */
  readonly lossless: boolean;
}

/**
 * Bytes for text. What the code page cannot say becomes its nearest plain form (“ → ", é → e) or `?`;
 * characters nobody sees, such as joiners, are left out.
 *
 * @param codepage unknown numbers are taken as 1252
 */
export function encodeText(text: string, codepage: number): Encoded {
  if (isAscii(text)) return { bytes: encodeAscii(text), lossless: true };
  const name = nameOf(codepage);
  if (name === 'utf-8') return { bytes: utf8Encoder.encode(text), lossless: text.isWellFormed() };
  const { codes } = tableOf(name);
  const encoded = encodeBy(codes, text);
  if (encoded.lossless) return encoded;
  // A letter and a mark written apart may be one character of the page. Not done at once: it would change some ideographs.
  const composed = text.normalize('NFC');
  return composed === text ? encoded : encodeBy(codes, composed);
}

function encodeAscii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function encodeBy(codes: Uint16Array, text: string): Encoded {
  const out: number[] = [];
  let lossless = true;
  for (const character of text) {
    if (put(out, codes, character) || putDecomposed(out, codes, character)) continue;
    lossless = false;
    putNearest(out, codes, character);
  }
  return { bytes: Uint8Array.from(out), lossless };
}

/** Number of bytes {@link encodeText} would make. */
export function encodedLength(text: string, codepage: number): number {
  return isAscii(text) ? text.length : encodeText(text, codepage).bytes.length;
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

const utf8Encoder = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function nameOf(codepage: number): string {
  return NAMES[codepage] ?? (NAMES[FALLBACK_CODEPAGE] as string);
}

// ---------------------------------------------------------------- one character

function put(out: number[], codes: Uint16Array, character: string): boolean {
  if (character.length > 1) return false;
  const unit = character.charCodeAt(0);
  const code = codes[unit] as number;
  if (code === 0 && unit !== 0) return false;
  if (code > 0xff) out.push(code >>> 8);
  out.push(code & 0xff);
  return true;
}

/** Letter and mark, for pages that write them apart: Vietnamese ế is ê and an acute in 1258. Or one character for another: the ohm sign is an omega. */
function putDecomposed(out: number[], codes: Uint16Array, character: string): boolean {
  const parts = character.normalize('NFD');
  if (parts === character) return false;
  if (parts.length === 1) return put(out, codes, parts);
  const letter = parts.slice(0, -1).normalize('NFC');
  const from = out.length;
  if (letter !== character && put(out, codes, letter) && put(out, codes, parts.slice(-1))) return true;
  out.length = from;
  return false;
}

function putNearest(out: number[], codes: Uint16Array, character: string): void {
  if (UNSEEN.test(character)) return;
  const from = out.length;
  const nearest = NEAREST.get(character) ?? character.normalize('NFKD').replace(MARKS, '');
  for (const part of nearest) {
    if (put(out, codes, part)) continue;
    const plain = NEAREST.get(part);
    if (plain === undefined) {
      out.length = from;
      out.push(QUESTION_MARK);
      return;
    }
    out.push(...utf8Encoder.encode(plain)); // ASCII
  }
}

const QUESTION_MARK = 0x3f;
const MARKS = /\p{M}/gu;
/** Marks whose letter stands without them, joiners, direction marks, the byte order mark. */
const UNSEEN = /^[\p{M}\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]$/u;

/** ASCII for what has no compatibility form that helps. */
const NEAREST = new Map(
  (
    [
      ['“”„‟«»″', '"'],
      ['‘’‚‛‹›′ʼ', "'"],
      ['‐‑‒–—―−', '-'],
      ['…', '...'],
      ['•', '*'],
      ['·', '.'],
      ['⁄÷', '/'],
      ['×', 'x'],
      ['€', 'EUR'],
      ['£', 'GBP'],
      ['¥', 'JPY'],
      ['₽', 'RUB'],
      ['₴', 'UAH'],
      ['№', 'No'],
      ['©', '(c)'],
      ['®', '(R)'],
      ['™', '(TM)'],
      ['°', 'deg'],
      ['¿', '?'],
      ['¡', '!'],
      ['←', '<-'],
      ['→', '->'],
      ['⇒', '=>'],
      ['≤', '<='],
      ['≥', '>='],
      ['≠', '!='],
      ['ß', 'ss'],
      ['æ', 'ae'],
      ['Æ', 'AE'],
      ['œ', 'oe'],
      ['Œ', 'OE'],
      ['ø', 'o'],
      ['Ø', 'O'],
      ['ł', 'l'],
      ['Ł', 'L'],
      ['đð', 'd'],
      ['ĐÐ', 'D'],
      ['ı', 'i'],
      ['þ', 'th'],
      ['Þ', 'Th'],
    ] as const
  ).flatMap(([characters, plain]) => Array.from(characters, (character) => [character, plain] as const)),
);
