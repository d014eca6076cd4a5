/** Text of UDP packets: bytes of a Windows code page, in fields that the byte 0xFE separates. @see icq-udp.md §2, §15.2 */
import { decodeText, encodedLength, encodeText, splitText } from '@seekyou/wire/text';
import { MessageType } from '@seekyou/wire/udp';

/** Bytes of text in one packet. */
export const TEXT_BYTES_MAX = 450;
const SEPARATOR = 0xfe;

/** A value with its texts decoded. */
export type Worded<T> = T extends Uint8Array
  ? string
  : T extends readonly (infer I)[]
    ? readonly Worded<I>[]
    : T extends object
      ? { readonly [K in keyof T]: Worded<T[K]> }
      : T;

export function worded<T>(value: T, codepage: number): Worded<T> {
  return mapped(value, (part) => (part instanceof Uint8Array ? decodeText(part, codepage) : undefined)) as Worded<T>;
}

/** The way back. Every text becomes bytes: for values without addresses and dates. */
export function spelled<T>(value: Worded<T>, codepage: number): T {
  return mapped(value, (part) => (typeof part === 'string' ? encodeText(part, codepage).bytes : undefined)) as T;
}

function mapped(value: unknown, change: (part: unknown) => unknown): unknown {
  const changed = change(value);
  if (changed !== undefined) return changed;
  if (Array.isArray(value)) return value.map((one) => mapped(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, mapped(part, change)]));
}

/** A text as messages of at most {@link TEXT_BYTES_MAX} bytes, cut between characters. Lines end in CR LF. */
export function textParts(text: string, codepage: number): readonly Uint8Array[] {
  const lines = text.replaceAll(/\r\n|\r|\n/g, '\r\n');
  return splitText(lines, TEXT_BYTES_MAX, (piece) => encodedLength(piece, codepage)).map((piece) => encodeText(piece, codepage).bytes);
}

/** Fields with the separator between them, and none inside: ю becomes Ю where its byte is the separator. */
export function joinFields(fields: readonly string[], codepage: number): Uint8Array {
  const bytes = fields.flatMap((field, i) => [...(i === 0 ? [] : [SEPARATOR]), ...fieldBytes(field, codepage)]);
  return Uint8Array.from(bytes);
}

function fieldBytes(field: string, codepage: number): readonly number[] {
  return Array.from(field).flatMap((character) => {
    const bytes = [...encodeText(character, codepage).bytes];
    if (!bytes.includes(SEPARATOR)) return bytes;
    const upper = [...encodeText(character.toUpperCase(), codepage).bytes];
    return upper.includes(SEPARATOR) ? [0x3f] : upper;
  });
}

export function splitFields(text: Uint8Array, codepage: number): readonly string[] {
  const fields: string[] = [];
  for (let from = 0; from <= text.length; ) {
    const at = text.indexOf(SEPARATOR, from);
    const end = at < 0 ? text.length : at;
    fields.push(decodeText(text.subarray(from, end), codepage));
    from = end + 1;
  }
  return fields;
}

export interface SharedContact {
  readonly uin: number;
  readonly nickname: string;
}

/** What a message says, whatever packet it came in. */
export type Said =
  | { readonly type: 'message'; readonly text: string }
  | { readonly type: 'url'; readonly url: string; readonly caption: string }
  | { readonly type: 'authorisation-asked'; readonly reason: string }
  | { readonly type: 'authorisation-answered'; readonly granted: boolean; readonly reason: string }
  | { readonly type: 'added-by' }
  | { readonly type: 'contacts'; readonly contacts: readonly SharedContact[] }
  /** The server itself, or somebody on its pages. */
  | { readonly type: 'notice'; readonly name: string; readonly text: string };

/** @returns undefined for types that are no words: chat and file requests, and what nobody knows */
export function saidIn(type: number, text: Uint8Array, codepage: number): Said | undefined {
  const whole = (): string => decodeText(text, codepage);
  switch (type & ~MessageType.toSeveral) {
    case MessageType.text:
      return { type: 'message', text: whole() };
    case MessageType.url: {
      const [caption = '', url = ''] = splitFields(text, codepage);
      return { type: 'url', url, caption };
    }
    case MessageType.authRequest:
      return { type: 'authorisation-asked', reason: splitFields(text, codepage).at(-1) ?? '' };
    case MessageType.authDenied:
    case MessageType.authGranted:
      return { type: 'authorisation-answered', granted: (type & ~MessageType.toSeveral) === MessageType.authGranted, reason: whole() };
    case MessageType.added:
      return { type: 'added-by' };
    case MessageType.contacts:
      return { type: 'contacts', contacts: contactsIn(splitFields(text, codepage)) };
    case MessageType.fromServer:
    case MessageType.webPager:
    case MessageType.emailExpress: {
      const fields = splitFields(text, codepage);
      return { type: 'notice', name: fields[0] ?? '', text: fields.at(-1) ?? '' };
    }
    default:
      return undefined;
  }
}

function contactsIn([, ...fields]: readonly string[]): readonly SharedContact[] {
  const contacts: SharedContact[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const uin = Number(fields[i]);
    if (Number.isInteger(uin) && uin > 0) contacts.push({ uin, nickname: fields[i + 1] as string });
  }
  return contacts;
}

export function contactsText(contacts: readonly SharedContact[], codepage: number): Uint8Array {
  return joinFields([String(contacts.length), ...contacts.flatMap(({ uin, nickname }) => [String(uin), nickname]), ''], codepage);
}
