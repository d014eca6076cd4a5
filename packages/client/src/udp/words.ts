/** Text of UDP packets: bytes of a Windows code page, in fields that the byte 0xFE separates. @see icq-udp.md §2, §15.2 */
import { decodeText, encodedLength, encodeText, splitText } from '@seekyou/wire/text';
import { SEPARATOR, type SharedContact } from '../typed-messages.ts';

/** Bytes of text in one packet. */
export const TEXT_BYTES_MAX = 450;

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
