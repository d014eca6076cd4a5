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

/** As much of a text as fits, with three full stops where it was cut; what stands around it may be too long by itself. */
export function shortened(text: string, codepage: number, form: (text: string) => Uint8Array): Uint8Array {
  const whole = form(text);
  if (whole.length <= TEXT_BYTES_MAX) return whole;
  const room = Math.max(1, TEXT_BYTES_MAX - form(CUT).length);
  const [fitting = ''] = splitText(text, room, (piece) => joinFields([piece], codepage).length);
  return form(`${fitting}${CUT}`);
}

const CUT = '...';

/** At most so many: the last one may have the separator's byte in it. */
export function splitFields(text: Uint8Array, codepage: number, max = Number.POSITIVE_INFINITY): readonly string[] {
  const fields: string[] = [];
  for (let from = 0; from <= text.length; ) {
    const at = fields.length + 1 < max ? text.indexOf(SEPARATOR, from) : -1;
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
  | { readonly type: 'notice'; readonly name: string; readonly email: string; readonly text: string };

interface When {
  /** ISO 8601 UTC. */
  readonly time: string;
  readonly stored: boolean;
}

/** As an event. What is said of authorisation has no time. */
export function happened(from: number, said: Said, { time, stored }: When) {
  switch (said.type) {
    case 'message':
    case 'url':
    case 'contacts':
    case 'notice':
      return { from, time, stored, ...said };
    case 'authorisation-asked':
    case 'authorisation-answered':
    case 'added-by':
      return { from, ...said };
    default:
      return said satisfies never;
  }
}

/** Of requests and notices: nick or name, first name, last name, e-mail, a flag, text. */
const FIELDS_MAX = 6;

/** @returns undefined for types that are no words: chat and file requests, and what nobody knows */
export function saidIn(type: number, text: Uint8Array, codepage: number): Said | undefined {
  const whole = (): string => decodeText(text, codepage);
  switch (type & ~MessageType.toSeveral) {
    case MessageType.text:
      return { type: 'message', text: whole() };
    case MessageType.url: {
      // The caption may hold the separator's byte (ю in 1251), the address never does.
      const cut = text.lastIndexOf(SEPARATOR);
      return { type: 'url', url: decodeText(text.subarray(cut + 1), codepage), caption: decodeText(text.subarray(0, Math.max(0, cut)), codepage) };
    }
    case MessageType.authRequest:
      return { type: 'authorisation-asked', reason: splitFields(text, codepage, FIELDS_MAX).at(-1) ?? '' };
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
      const fields = splitFields(text, codepage, FIELDS_MAX);
      const [name = '', , , email = '', , words = ''] = fields;
      if (fields.length === FIELDS_MAX) return { type: 'notice', name, email, text: words };
      return { type: 'notice', name: '', email: '', text: fields.filter((field) => field !== '').join('\r\n') };
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

/** In as many lists as it takes. A nickname that fills a packet by itself is cut. */
export function contactLists(contacts: readonly SharedContact[], codepage: number): readonly Uint8Array[] {
  const lists: [SharedContact, ...SharedContact[]][] = [];
  for (const contact of contacts) {
    const list = lists.at(-1);
    if (list !== undefined && contactsText([...list, contact], codepage).length <= TEXT_BYTES_MAX) list.push(contact);
    else lists.push([contact]);
  }
  return lists.map(([first, ...others]) => shortened(first.nickname, codepage, (nickname) => contactsText([{ ...first, nickname }, ...others], codepage)));
}

function contactsText(contacts: readonly SharedContact[], codepage: number): Uint8Array {
  return joinFields([String(contacts.length), ...contacts.flatMap(({ uin, nickname }) => [String(uin), nickname]), ''], codepage);
}
