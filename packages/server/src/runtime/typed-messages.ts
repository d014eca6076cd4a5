/**
 * Typed messages of ICQ, which OSCAR's channel 4 and the UDP protocols share: a number, and text in the writer's code page
 * whose fields are separated by 0xFE. @see oscar.md §6.6, icq-udp.md §15.2
 */
import { type Body, type Original, parseUin, type Uin } from '@seekyou/core';
import { decode } from '@seekyou/wire';
import { icbm } from '@seekyou/wire/oscar';
import { decodeText, encodeText } from '@seekyou/wire/text';
import { readable } from './readable.ts';

const { MessageType } = icbm;

/** A message as its client wrote it. */
export interface TypedMessage {
  /** One of `icbm.MessageType`. */
  readonly type: number;
  /** In the writer's code page. */
  readonly text: Uint8Array;
}

/** Format of an `Original` of OSCAR's channel 4: what the front end puts in front, then TLV 05. */
export const CHANNEL4_FORMAT = 'icbm/4';
export const STAMP_BYTES = 9;

/** A body without its original. */
export type Words = Exclude<Body, { readonly kind: 'opaque' }>;

/** What a typed message says; `undefined` for types that only clients understand. */
export function wordsOf({ type, text }: TypedMessage, codepage: number): Words | undefined {
  const say = (bytes: Uint8Array): string => decodeText(bytes, codepage);
  switch (type) {
    case MessageType.plain:
      return { kind: 'text', text: say(text) };
    case MessageType.url:
      return linkIn(text, codepage);
    case MessageType.authRequest:
      return { kind: 'auth-request', reason: say(reasonIn(text)) };
    case MessageType.authDenied:
      return { kind: 'auth-denied', reason: say(text) };
    case MessageType.authGranted:
      return { kind: 'auth-granted', reason: say(text) };
    case MessageType.added:
      return { kind: 'added' };
    case MessageType.contacts:
      return { kind: 'contacts', contacts: contactsIn(text, codepage) };
    default:
      return undefined;
  }
}

/** Of type `url`. */
export function linkIn(text: Uint8Array, codepage: number): Extract<Words, { readonly kind: 'url' }> {
  // The caption may hold the separator's byte (ю in 1251), the address never does.
  const cut = text.lastIndexOf(SEPARATOR);
  return { kind: 'url', url: decodeText(text.subarray(cut + 1), codepage), caption: decodeText(text.subarray(0, Math.max(0, cut)), codepage) };
}

/** What people read who cannot be given a message of the pagers or the server itself. Empty for other types: those are for programs. */
export function fieldsAsText({ type, text }: TypedMessage, codepage: number): string {
  if (!isPagers(type) && type !== MessageType.server) return '';
  const fields = fieldsOf(text, PAGER_FIELDS);
  return fields
    .map((field, i) => (fields.length === PAGER_FIELDS && i === PAGER_MARK ? '' : decodeText(field, codepage)))
    .filter((field) => field !== '')
    .join('\r\n');
}

const PAGER_FIELDS = 6; // name, two empty ones, e-mail, a mark for programs, text
const PAGER_MARK = 4;

function isPagers(type: number): boolean {
  return type === MessageType.webPager || type === MessageType.emailExpress;
}

/** What OSCAR carries of the pagers, if it has the six fields that clients insist on. */
export function pagersMessage({ format, bytes }: Original): TypedMessage | undefined {
  if (format !== CHANNEL4_FORMAT) return undefined;
  const typed = readable(() => decode(icbm.channel4Data, bytes.subarray(STAMP_BYTES)));
  return typed !== undefined && isPagers(typed.type) && fieldsOf(typed.text).length === PAGER_FIELDS ? typed : undefined;
}

/** Between the fields of typed messages. */
export const SEPARATOR = 0xfe;

function fieldsOf(text: Uint8Array, max = Number.POSITIVE_INFINITY): Uint8Array[] {
  const fields: Uint8Array[] = [];
  let from = 0;
  for (let at = text.indexOf(SEPARATOR); at >= 0 && fields.length + 1 < max; at = text.indexOf(SEPARATOR, from)) {
    fields.push(text.subarray(from, at));
    from = at + 1;
  }
  fields.push(text.subarray(from));
  return fields;
}

const REQUEST_FIELDS = 6; // nick, first name, last name, e-mail, authorisation, reason

/** Old clients write five fields before the reason, some nothing but the reason. */
function reasonIn(text: Uint8Array): Uint8Array {
  return fieldsOf(text, REQUEST_FIELDS).at(-1) as Uint8Array;
}

/** Of type `contacts`: pairs of UIN and nickname after their number. Names that are not UINs are left out. */
export function contactsIn(text: Uint8Array, codepage: number): Extract<Words, { readonly kind: 'contacts' }>['contacts'] {
  const [, ...fields] = fieldsOf(text).map((field) => decodeText(field, codepage));
  const contacts: { uin: Uin; nickname: string }[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const uin = parseUin(fields[i] as string);
    if (uin !== undefined) contacts.push({ uin, nickname: fields[i + 1] as string });
  }
  return contacts;
}

/** A body's words in one string, for comparing. */
export function spelled(body: Words): string {
  switch (body.kind) {
    case 'text':
      return JSON.stringify([body.kind, body.text]);
    case 'url':
      return JSON.stringify([body.kind, body.url, body.caption]);
    case 'contacts':
      return JSON.stringify([body.kind, ...body.contacts.flatMap(({ uin, nickname }) => [uin, nickname])]);
    case 'auth-request':
    case 'auth-granted':
    case 'auth-denied':
    case 'pre-authorised':
      return JSON.stringify([body.kind, body.reason]);
    case 'added':
      return body.kind;
    default:
      return body satisfies never;
  }
}

/** What can be said of a typed message in plain text; nothing of what only means something to a program. */
export function inWords(body: Exclude<Words, { readonly kind: 'text' }>): string {
  switch (body.kind) {
    case 'url':
      return body.caption === '' ? body.url : `${body.caption}\r\n${body.url}`;
    case 'contacts':
      return body.contacts.map(({ uin, nickname }) => `${uin} ${nickname}`).join('\r\n');
    case 'auth-request':
    case 'auth-granted':
    case 'auth-denied':
    case 'pre-authorised':
    case 'added':
      return '';
    default:
      return body satisfies never;
  }
}

/** A message as somebody gets it. */
export interface TypedForm {
  readonly type: number;
  readonly text: Uint8Array;
  readonly lossless: boolean;
}

/** What the messages of authorisation say of their author. */
export interface Author {
  readonly nickname: string;
  readonly first: string;
  readonly last: string;
  readonly email: string;
}

const NOBODY: Author = { nickname: '', first: '', last: '', email: '' };

export function typedForm(body: Exclude<Words, { readonly kind: 'text' }>, codepage: number, author: Author = NOBODY): TypedForm {
  switch (body.kind) {
    case 'url':
      return { type: MessageType.url, ...fields([body.caption, body.url], codepage) };
    case 'contacts': {
      const pairs = body.contacts.flatMap(({ uin, nickname }) => [String(uin), nickname]);
      return { type: MessageType.contacts, ...fields([String(body.contacts.length), ...pairs, ''], codepage) };
    }
    case 'auth-request':
      return { type: MessageType.authRequest, ...fields([...introduction(author), '1', body.reason], codepage) };
    case 'auth-denied':
      return { type: MessageType.authDenied, ...unseparated(body.reason, codepage) };
    case 'auth-granted':
    case 'pre-authorised': // Old clients know no other word for it.
      return { type: MessageType.authGranted, ...unseparated(body.reason, codepage) };
    case 'added':
      return { type: MessageType.added, ...fields([...introduction(author), '1'], codepage) };
    default:
      return body satisfies never;
  }
}

/** Characters that clients have room for (icq-udp.md §2, §25.3). */
const NICKNAME_MAX = 20;
const NAME_MAX = 30;
const EMAIL_MAX = 50;

function introduction({ nickname, first, last, email }: Author): readonly string[] {
  const cut = (text: string, max: number): string => Array.from(text).slice(0, max).join('');
  return [cut(nickname, NICKNAME_MAX), cut(first, NAME_MAX), cut(last, NAME_MAX), cut(email, EMAIL_MAX)];
}

function unseparated(text: string, codepage: number): Omit<TypedForm, 'type'> {
  const { bytes, lossless } = encodeText(text.replaceAll('\0', ''), codepage);
  return { text: bytes, lossless };
}

function fields(parts: readonly string[], codepage: number): Omit<TypedForm, 'type'> {
  const encoded = parts.map((part) => field(part, codepage));
  const text = encoded.flatMap(({ text: bytes }, i) => (i === 0 ? [...bytes] : [SEPARATOR, ...bytes]));
  return { text: Uint8Array.from(text), lossless: encoded.every(({ lossless }) => lossless) };
}

/** A field in which nothing looks like the separator: ю becomes Ю rather than the end of the field. */
function field(text: string, codepage: number): Omit<TypedForm, 'type'> {
  const whole = unseparated(text, codepage);
  if (!whole.text.includes(SEPARATOR)) return whole;
  const bytes = Array.from(text, (character) => {
    const forms = [character, character.toUpperCase(), '?'].map((form) => encodeText(form, codepage).bytes);
    return forms.find((form) => !form.includes(SEPARATOR)) as Uint8Array;
  });
  return { text: Uint8Array.from(bytes.flatMap((form) => [...form])), lossless: false };
}
