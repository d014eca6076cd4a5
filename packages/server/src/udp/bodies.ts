/**
 * Messages as UDP clients write and read them: a number, and at most 450 bytes in the Windows code page of their user.
 * What one old client wrote passes untouched to another that reads the same in it. @see icq-udp.md §15, §21
 */
import { type Body, type ClientProfile, type Message, type Original, SYSTEM } from '@seekyou/core';
import { icbm } from '@seekyou/wire/oscar';
import { encodedLength, encodeText, splitText } from '@seekyou/wire/text';
import {
  type Author,
  fieldsAsText,
  inWords,
  pagersMessage,
  SEPARATOR,
  spelled,
  type TypedForm,
  typedForm,
  type TypedMessage,
  wordsOf,
  type Words,
} from '../runtime/typed-messages.ts';
import { Quirk } from './clients.ts';

const { MessageType } = icbm;

/** Bytes of text in one packet; official clients have no room for more (icq-udp.md §2). */
export const TEXT_BYTES_MAX = 450;

/** The message went to several people at once. */
const SEVERAL_RECIPIENTS = 0x8000;

// ---------------------------------------------------------------- what a client wrote

/** An `Original` made here: u16 LE type as its client meant it, then the text. */
const ORIGINAL_FORMAT = 'udp/typed';

/** What may come from a client (icq-udp.md §26, 17): the others are the server's, or of use only between clients. */
const WRITABLE: ReadonlySet<number> = new Set([
  MessageType.plain,
  MessageType.url,
  MessageType.authRequest,
  MessageType.authDenied,
  MessageType.authGranted,
  MessageType.added,
  MessageType.contacts,
]);

/** Asks the other's client for a connection of its own. There is somebody who waits for an answer. */
const INVITATIONS: ReadonlySet<number> = new Set([MessageType.chat, MessageType.file]);

/** A message with the bytes its client made. */
export type WrittenBody = Words & { readonly original: Original };

/** `invitation`: to a direct connection, which cannot be made this way. `forbidden`: nobody's to write. */
export type Written = WrittenBody | 'invitation' | 'forbidden';

/** @param text without its NUL */
export function writtenBody(message: TypedMessage, { codepage }: Pick<ClientProfile, 'codepage'>): Written {
  const asMeant = unswapped(message.type);
  const type = asMeant & ~SEVERAL_RECIPIENTS;
  if (INVITATIONS.has(type)) return 'invitation';
  const words = WRITABLE.has(type) ? wordsOf({ type, text: spoken(type, message.text) }, codepage) : undefined;
  return words === undefined ? 'forbidden' : { ...words, original: original({ type: asMeant, text: message.text }) };
}

// COMPAT: ICQ 99 sometimes writes the type with its bytes swapped (icq-udp.md §15.2).
function unswapped(type: number): number {
  return type > 0xff && (type & SEVERAL_RECIPIENTS) === 0 ? ((type & 0xff) << 8) | (type >>> 8) : type;
}

// COMPAT: mICQ says 03 with every permission, icqlib zeros; nobody wrote that.
function spoken(type: number, text: Uint8Array): Uint8Array {
  return type === MessageType.authGranted && text.length === 1 && (text[0] as number) < 0x20 ? text.subarray(1) : text;
}

function original({ type, text }: TypedMessage): Original {
  return { format: ORIGINAL_FORMAT, bytes: Uint8Array.of(type & 0xff, type >>> 8, ...text) };
}

function fromOriginal({ bytes }: Original): TypedMessage {
  return { type: (bytes[0] as number) | ((bytes[1] as number) << 8), text: bytes.subarray(2) };
}

// ---------------------------------------------------------------- what a client is given

/**
 * A message as this client gets it, in the order in which it has to get the parts. Empty when there is nothing in it for people.
 *
 * @param author of a message that {@link wantsAuthor}
 */
export function lettersOf({ from, body }: Pick<Message, 'from' | 'body'>, profile: ClientProfile, author?: Author): readonly TypedMessage[] {
  const { codepage } = profile;
  if (from === SYSTEM) return ordered(systemLetters(body.kind === 'text' ? body.text : '', profile), profile);
  const same = body.original === undefined ? undefined : untouched(body, body.original, profile);
  if (same !== undefined) return [same];
  switch (body.kind) {
    case 'text':
      return ordered(textLetters(body.text, profile), profile);
    case 'opaque': {
      const pager = pagerLetter(body, codepage);
      if (pager !== undefined) return [pager];
      return body.fallback === '' ? [] : ordered(textLetters(body.fallback, profile), profile);
    }
    case 'contacts':
      return contactLetters(body, codepage);
    case 'url': {
      const form = typedForm(body, codepage);
      return form.text.length <= TEXT_BYTES_MAX ? [form] : ordered(textLetters(inWords(body), profile), profile);
    }
    case 'auth-request':
    case 'auth-granted':
    case 'auth-denied':
    case 'pre-authorised':
      return [reasonLetter(body, codepage, author)];
    case 'added':
      return [typedForm(body, codepage, author)];
    default:
      return body satisfies never;
  }
}

/** Clients introduce themselves in some messages; what came from elsewhere, or from those that do not, has to be completed. */
export function wantsAuthor({ body }: Pick<Message, 'body'>): boolean {
  if (body.kind !== 'auth-request' && body.kind !== 'added') return false;
  const { original: written } = body;
  return written?.format !== ORIGINAL_FORMAT || !isIntroduced(fromOriginal(written));
}

/** COMPAT: mICQ and Miranda leave out everything before the reason (icq-udp.md §15.2); icqlib drops such a message. */
function isIntroduced({ text }: TypedMessage): boolean {
  return text.filter((byte) => byte === SEPARATOR).length >= INTRODUCTION_SEPARATORS;
}

const INTRODUCTION_SEPARATORS = 4; // nick, first name, last name, e-mail, authorisation

/** What an old client wrote, if this one reads in it what its author meant, and has room for it. */
function untouched(body: Body, written: Original, { codepage, quirks }: ClientProfile): TypedMessage | undefined {
  if (written.format !== ORIGINAL_FORMAT || body.kind === 'opaque' || wantsAuthor({ body })) return undefined;
  const message = fromOriginal(written);
  if (message.text.length > TEXT_BYTES_MAX) return undefined;
  if (body.kind === 'text' && quirks.has(Quirk.separatesAll) && message.text.includes(SEPARATOR)) return undefined;
  const read = wordsOf({ ...message, type: message.type & ~SEVERAL_RECIPIENTS }, codepage);
  return read !== undefined && spelled(read) === spelled(body) ? message : undefined;
}

/** A message of the pagers, untouched, if its fields say the same in this code page. */
function pagerLetter({ original: written, fallback }: Extract<Body, { readonly kind: 'opaque' }>, codepage: number): TypedMessage | undefined {
  const message = pagersMessage(written);
  if (message === undefined || message.text.length > TEXT_BYTES_MAX || fieldsAsText(message, codepage) !== fallback) return undefined;
  return { type: message.type, text: message.text };
}

function textLetters(text: string, { codepage, quirks }: ClientProfile): readonly TypedMessage[] {
  // COMPAT: mICQ 0.4 leaves the byte of ю as it is, whatever its terminal makes of that: Ю can be read.
  const encode = quirks.has(Quirk.separatesAll) ? withoutSeparators : (piece: string): Uint8Array => encodeText(piece, codepage).bytes;
  return splitText(readable(text), TEXT_BYTES_MAX, (piece) => encodedLength(piece, codepage)).map((piece) => ({
    type: MessageType.plain,
    text: encode(piece, codepage),
  }));
}

/** Lines end in CR LF, and nothing ends the text before its time. */
function readable(text: string): string {
  return text.replaceAll('\0', '').replaceAll(/\r\n|\r|\n/g, '\r\n');
}

/** As many lists as it takes. A nickname that fills a packet by itself is cut. */
function contactLetters(body: Extract<Body, { readonly kind: 'contacts' }>, codepage: number): readonly TypedMessage[] {
  const letters: TypedMessage[] = [];
  let from = 0;
  while (from < body.contacts.length || letters.length === 0) {
    let form = typedForm({ kind: 'contacts', contacts: body.contacts.slice(from) }, codepage);
    let count = body.contacts.length - from;
    while (form.text.length > TEXT_BYTES_MAX && count > 1) {
      count = Math.max(1, Math.min(count - 1, Math.floor((count * TEXT_BYTES_MAX) / form.text.length)));
      form = typedForm({ kind: 'contacts', contacts: body.contacts.slice(from, from + count) }, codepage);
    }
    letters.push(form.text.length > TEXT_BYTES_MAX ? oneContact(body.contacts[from] as (typeof body.contacts)[number], codepage) : form);
    from += Math.max(1, count);
  }
  return letters;
}

function oneContact(
  { uin, nickname }: { readonly uin: Extract<Body, { kind: 'contacts' }>['contacts'][number]['uin']; readonly nickname: string },
  codepage: number,
): TypedMessage {
  return shortened(nickname, codepage, (cut) => typedForm({ kind: 'contacts', contacts: [{ uin, nickname: cut }] }, codepage));
}

type Reasoned = Extract<Body, { readonly reason: string }>;

/** Only its free text can be cut: the fields before it are what clients go by. */
function reasonLetter(body: Reasoned, codepage: number, author: Author | undefined): TypedMessage {
  const form = (reason: string): TypedForm => typedForm({ ...body, reason: readable(reason) }, codepage, author);
  const whole = form(body.reason);
  return whole.text.length <= TEXT_BYTES_MAX ? whole : shortened(body.reason, codepage, form);
}

/** The longest form that fits, of a text with three full stops where it was cut. */
function shortened(text: string, codepage: number, form: (text: string) => TypedMessage): TypedMessage {
  const room = TEXT_BYTES_MAX - form(CUT).text.length;
  return form(`${splitText(text, Math.max(1, room), (piece) => encodedLength(piece, codepage))[0] as string}${CUT}`);
}

const CUT = '...';

/** The service speaks as message type 9, whose fields begin with a name (icq-udp.md §15.2). */
export function systemLetters(text: string, profile: ClientProfile): readonly TypedMessage[] {
  const { codepage, quirks } = profile;
  if (quirks.has(Quirk.separatesAll)) return textLetters(text, profile);
  const head = Uint8Array.of(...encodeText(SYSTEM_NAME, codepage).bytes, SEPARATOR, SEPARATOR, SEPARATOR, SEPARATOR, SERVER_MARK, SEPARATOR);
  const measure = (piece: string): number => encodedLength(piece, codepage);
  return splitText(readable(text), TEXT_BYTES_MAX - head.length, measure).map((piece) => ({
    type: MessageType.server,
    text: Uint8Array.of(...head, ...withoutSeparators(piece, codepage)),
  }));
}

const SYSTEM_NAME = 'seekyou';
const SERVER_MARK = 0x33; // "3" in the place of the authorisation flag

/** Clients drop a message with more separators than they expect: ю becomes Ю. */
function withoutSeparators(text: string, codepage: number): Uint8Array {
  return typedForm({ kind: 'url', caption: text, url: '' }, codepage).text.subarray(0, -1);
}

function ordered(letters: readonly TypedMessage[], { quirks }: ClientProfile): readonly TypedMessage[] {
  // COMPAT: ICQ 99 lists the newest message first.
  return quirks.has(Quirk.newestFirst) ? letters.toReversed() : letters;
}
