/**
 * Messages as one client says them and as another reads them. What a client wrote passes untouched to everybody who reads the
 * same in it; the others get the words, in a form and a code page they know. @see oscar.md §6.3, §6.6, §6.8
 */
import { Buffer } from 'node:buffer';
import type { Body, ClientProfile, Message, Original } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { extended, icbm, rendezvous, smsText } from '@seekyou/wire/oscar';
import {
  decodeText,
  encodeText,
  encodedLength,
  fragmentsFromText,
  isAscii,
  looksLikeAimHtml,
  plainFromHtml,
  splitText,
  textFromFragments,
  UTF8,
} from '@seekyou/wire/text';
import { CHANNEL4_FORMAT, contactsIn, fieldsAsText, inWords, linkIn, spelled, STAMP_BYTES, typedForm, type Words, wordsOf } from '../runtime/typed-messages.ts';
import { readable } from '../runtime/readable.ts';

/** What somebody's client did by itself is of no use later. */
export const NEVER_STORED: ReadonlySet<number> = new Set([
  icbm.MessageType.chat,
  icbm.MessageType.file,
  icbm.MessageType.autoOnline,
  icbm.MessageType.autoAway,
  icbm.MessageType.autoOccupied,
  icbm.MessageType.autoNotAvailable,
  icbm.MessageType.autoDoNotDisturb,
  icbm.MessageType.autoFreeForChat,
]);

const { Channel, MessageCharset, MessageType } = icbm;
const { ContactsFunction, PluginGuid, SmsFunction } = extended;

/** Formats of an `Original` made here: a {@link Stamp}, then the value of the TLV that held the message. */
export const OriginalFormat = {
  /** TLV 02 of channel 1. */
  plain: 'icbm/1',
  /** The same, written by an AIM client in HTML. */
  html: 'icbm/1+html',
  /** TLV 05 of channel 4. */
  typed: CHANNEL4_FORMAT,
} as const;

const ORIGINAL_FORMATS: ReadonlySet<string> = new Set(Object.values(OriginalFormat));

/** What a message brings along besides its words. */
export interface Stamp {
  /** Chosen by the sender, 8 bytes; clients answer the message by it. */
  readonly cookie: Uint8Array;
  /** The sender takes typing notices. */
  readonly typing: boolean;
}

const COOKIE_BYTES = 8;

function original(format: string, { cookie, typing }: Stamp, data: Uint8Array): Original {
  // From Node's pool: three times cheaper than an array of its own, and a message is stored and delivered soon.
  const { buffer, byteOffset, length } = Buffer.allocUnsafe(STAMP_BYTES + data.length);
  const bytes = new Uint8Array(buffer, byteOffset, length);
  bytes.set(cookie);
  bytes[COOKIE_BYTES] = typing ? 1 : 0;
  bytes.set(data, STAMP_BYTES);
  return { format, bytes, stampBytes: STAMP_BYTES };
}

function dataOf({ bytes }: Original): Uint8Array {
  return bytes.subarray(STAMP_BYTES);
}

/** A message from elsewhere has a cookie made of its id. */
export function stampOf({ id, body }: Pick<Message, 'id' | 'body'>): Stamp {
  if (body.original !== undefined && ORIGINAL_FORMATS.has(body.original.format)) {
    const { bytes } = body.original;
    return { cookie: bytes.subarray(0, COOKIE_BYTES), typing: bytes[COOKIE_BYTES] === 1 };
  }
  const cookie = new Uint8Array(COOKIE_BYTES);
  new DataView(cookie.buffer).setBigUint64(0, BigInt(id));
  return { cookie, typing: false };
}

// ---------------------------------------------------------------- what a client wrote

/** Whether a client wrote a text, or a part of it, in UCS-2. */
export function isUcs2(imData: Uint8Array): boolean {
  for (let at = 0; at + FRAGMENT_HEADER_BYTES <= imData.length; at = fragmentEnd(imData, at)) if (isUcs2Piece(imData, at)) return true;
  return false;
}

/** Whether a text in UCS-2 has half a character or half a pair in it. @param text what was read in it */
export function isBrokenUcs2(imData: Uint8Array, text: string): boolean {
  let suspect = text.includes('\ufffd');
  for (let at = 0; !suspect && at + FRAGMENT_HEADER_BYTES <= imData.length; at = fragmentEnd(imData, at)) {
    suspect = isUcs2Piece(imData, at) && ((fragmentEnd(imData, at) - at) & 1) !== 0;
  }
  if (!suspect) return false;
  // A sender may have cut inside a character, and U+FFFD is a character like others.
  const pieces = fragmentsIn(imData).filter(({ id, data: [high, low] }) => id === icbm.FragmentId.text && high === 0 && low === MessageCharset.ucs2);
  try {
    strictUcs2.decode(Buffer.concat(pieces.map(({ data }) => data.subarray(CHARSET_BYTES))));
    return false;
  } catch {
    return true;
  }
}

const strictUcs2 = new TextDecoder('utf-16be', { fatal: true });

/** A text with the bytes its client made. */
export type WrittenText = Extract<Body, { readonly kind: 'text' }> & { readonly original: Original };

/** A channel-1 message. `undefined` when there is no text in it that could be read. */
export function plainBody(imData: Uint8Array, stamp: Stamp, profile: ClientProfile): WrittenText | undefined {
  const written = writtenText(imData, profile.codepage);
  if (written === undefined) return undefined;
  if (profile.html && looksLikeAimHtml(written)) {
    return { kind: 'text', text: plainFromHtml(written), original: original(OriginalFormat.html, stamp, imData) };
  }
  return { kind: 'text', text: written, original: original(OriginalFormat.plain, stamp, imData) };
}

function writtenText(imData: Uint8Array, codepage: number): string | undefined {
  return asciiText(imData) ?? fragmentsText(imData, codepage);
}

function fragmentsText(imData: Uint8Array, codepage: number): string | undefined {
  const { text, charset } = textFromFragments(fragmentsIn(imData), codepage);
  return charset === undefined ? undefined : text;
}

function fragmentsIn(imData: Uint8Array): readonly icbm.Fragment[] {
  return readable(() => decode(icbm.fragments, imData)) ?? [];
}

/** A channel-4 message. `undefined` when it cannot be read. */
export function typedMessage(data: Uint8Array): icbm.Channel4Data | undefined {
  return readable(() => decode(icbm.channel4Data, data));
}

/** What a channel-4 message says. What only clients understand is carried as it is. */
export function typedBody(typed: icbm.Channel4Data, data: Uint8Array, stamp: Stamp, { codepage }: ClientProfile): Body & { readonly original: Original } {
  const words = typedWords(typed, codepage);
  const written = original(OriginalFormat.typed, stamp, data);
  if (words !== undefined) return { ...words, original: written };
  return { kind: 'opaque', original: written, fallback: fallbackOf(typed, codepage) };
}

/** @param typed a message of channel 4, or the same parts of a relayed one */
export function typedWords(typed: Pick<icbm.Channel4Data, 'type' | 'text' | 'tail'>, codepage: number): Words | undefined {
  return typed.type === MessageType.plugin ? pluginWords(typed.tail, codepage) : wordsOf(typed, codepage);
}

/** What plug-ins say that people say without them: greater messages, addresses, contacts. */
function pluginWords(tail: Uint8Array, codepage: number): Words | undefined {
  const plugin = pluginIn(tail);
  if (plugin === undefined) return undefined;
  const { guid, function: verb } = plugin.header;
  const { text } = plugin.body;
  switch (guid) {
    case PluginGuid.message:
      return { kind: 'text', text: decodeText(text, UTF8) };
    case PluginGuid.url:
      return linkIn(text, codepage);
    case PluginGuid.contacts:
      return verb === ContactsFunction.send ? { kind: 'contacts', contacts: contactsIn(text, codepage) } : undefined;
    default:
      return undefined;
  }
}

function pluginIn(tail: Uint8Array): rendezvous.PluginTail | undefined {
  return readable(() => decode(rendezvous.pluginTail, tail));
}

/** What people read who cannot be given the message itself; nothing of what is meant for programs. */
function fallbackOf(typed: icbm.Channel4Data, codepage: number): string {
  return typed.type === MessageType.plugin ? shortMessageIn(typed.tail) : fieldsAsText(typed, codepage);
}

/** What came from a telephone. */
function shortMessageIn(tail: Uint8Array): string {
  const plugin = pluginIn(tail);
  if (plugin?.header.guid !== PluginGuid.sms || plugin.header.function !== SmsFunction.message) return '';
  return smsText(decodeText(plugin.body.text, UTF8)) ?? '';
}

// ---------------------------------------------------------------- fragments, as they lie there

const FRAGMENT_HEADER_BYTES = 4;
/** Two numbers that name the charset. The text follows. */
const CHARSET_BYTES = 4;

function fragmentEnd(imData: Uint8Array, at: number): number {
  return at + FRAGMENT_HEADER_BYTES + (((imData[at + 2] as number) << 8) | (imData[at + 3] as number));
}

function isUcs2Piece(imData: Uint8Array, at: number): boolean {
  const from = at + FRAGMENT_HEADER_BYTES;
  return imData[at] === icbm.FragmentId.text && imData[from] === 0 && imData[from + 1] === MessageCharset.ucs2 && fragmentEnd(imData, at) >= from + 2;
}

/** The only fragment with text, -1 when there are none or several. */
function onlyPiece(imData: Uint8Array): number {
  let piece = -1;
  let at = 0;
  while (at + FRAGMENT_HEADER_BYTES <= imData.length) {
    if (imData[at] === icbm.FragmentId.text) {
      if (piece >= 0) return -1;
      piece = at;
    }
    at = fragmentEnd(imData, at);
  }
  return at === imData.length ? piece : -1;
}

/**
 * A text in one piece and in ASCII, which every code page has and every client reads alike. Most are, and to see it costs a
 * tenth of decoding the message.
 */
function asciiText(imData: Uint8Array): string | undefined {
  const piece = onlyPiece(imData);
  if (piece < 0 || isUcs2Piece(imData, piece)) return undefined;
  const from = piece + FRAGMENT_HEADER_BYTES + CHARSET_BYTES;
  const length = fragmentEnd(imData, piece) - from;
  if (length < 0) return undefined;
  for (let at = from; at < from + length; at++) {
    const byte = imData[at] as number;
    // Zeros at the end are no text.
    if (byte === 0 || byte > 0x7f) return undefined;
  }
  return Buffer.from(imData.buffer, imData.byteOffset + from, length).toString('latin1');
}

/** Whether a message is just this text, without making one of it. */
function saysInAscii(imData: Uint8Array, text: string): boolean {
  const piece = onlyPiece(imData);
  const from = piece + FRAGMENT_HEADER_BYTES + CHARSET_BYTES;
  if (piece < 0 || isUcs2Piece(imData, piece) || fragmentEnd(imData, piece) !== from + text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f || imData[from + i] !== unit) return false;
  }
  return true;
}

// ---------------------------------------------------------------- what a client is given

/** One 04/07: channel and the TLV with the message. */
export type IcbmPart =
  | { readonly channel: typeof Channel.plain; readonly tlvs: { readonly imData: Uint8Array } }
  | { readonly channel: typeof Channel.typed; readonly tlvs: { readonly data: Uint8Array } };

/**
 * A message as this client gets it in 04/07, in order. Empty when there is nothing in it for this client.
 *
 * @param bytesMax of text in one packet; longer texts are split, but a message both sides understand stays as it is
 */
export function icbmParts({ from, body }: Pick<Message, 'from' | 'body'>, profile: ClientProfile, bytesMax: number): readonly IcbmPart[] {
  if (body.original !== undefined) {
    const { format } = body.original;
    const data = dataOf(body.original);
    if (readsTheSame(body, format, data, profile)) return [originalPart(format, data)];
  }
  if (body.kind === 'text') return textParts(body.text, profile, bytesMax);
  if (body.kind === 'opaque') return body.fallback === '' ? [] : textParts(body.fallback, profile, bytesMax);
  const typed = typedForm(body, profile.codepage);
  const words = inWords(body);
  // A name or caption his code page cannot say reaches him whole as plain text.
  if (words !== '' && (!knowsTyped(profile) || (profile.unicode && !typed.lossless))) return textParts(words, profile, bytesMax);
  const data = encode(icbm.channel4Data, { uin: from, type: typed.type, flags: 0, text: typed.text, tail: NOTHING });
  return [{ channel: Channel.typed, tlvs: { data } }];
}

const NOTHING = new Uint8Array(0);

function originalPart(format: string, data: Uint8Array): IcbmPart {
  return format === OriginalFormat.typed ? { channel: Channel.typed, tlvs: { data } } : { channel: Channel.plain, tlvs: { imData: data } };
}

/** Whether this client reads in the original what its author meant. */
function readsTheSame(body: Body, format: string, data: Uint8Array, profile: ClientProfile): boolean {
  switch (format) {
    case OriginalFormat.plain:
      if (body.kind !== 'text' || (profile.html && meansHtml(body.text))) return false;
      return saysInAscii(data, body.text) || readsPlain(data, profile) === body.text;
    case OriginalFormat.html:
      return body.kind === 'text' && profile.html && plainFromHtml(readsPlain(data, profile) ?? '') === body.text;
    case OriginalFormat.typed:
      return knowsTyped(profile) && (body.kind === 'opaque' || readsTyped(data, profile, body));
    default:
      return false;
  }
}

function readsPlain(imData: Uint8Array, { codepage, unicode }: ClientProfile): string | undefined {
  return !unicode && isUcs2(imData) ? undefined : writtenText(imData, codepage);
}

function knowsTyped({ quirks }: ClientProfile): boolean {
  return !quirks.has('plain-only');
}

function readsTyped(data: Uint8Array, { codepage, html }: ClientProfile, body: Words): boolean {
  // COMPAT: libpurple ends every typed message at 0xFE, which is a letter in many code pages; plain ones it reads whole.
  if (html && body.kind === 'text') return false;
  const typed = typedMessage(data);
  // Nobody says which plug-ins he has; the words in them come in a form that everybody has.
  if (typed?.type === MessageType.plugin) return false;
  const read = typed && typedWords(typed, codepage);
  return read !== undefined && spelled(read) === spelled(body);
}

function textParts(text: string, profile: ClientProfile, bytesMax: number): readonly IcbmPart[] {
  const written = (piece: string): string => (profile.html && meansHtml(piece) ? escapedHtml(piece) : piece);
  return splitText(text, bytesMax, (piece) => textBytes(written(piece), profile)).map((piece) => ({
    channel: Channel.plain,
    tlvs: { imData: encode(icbm.fragments, fragmentsFromText(written(piece), profile)) },
  }));
}

function textBytes(text: string, { unicode, codepage }: ClientProfile): number {
  return unicode && !isAscii(text) ? 2 * text.length : encodedLength(text, codepage);
}

/** Whether a client that reads HTML would read something else. */
export function meansHtml(text: string): boolean {
  return /[<>&\n]/.test(text);
}

/** Words as HTML that says them. */
export function escapedHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(/\r?\n/g, '<BR>');
}

// ---------------------------------------------------------------- stored messages, 15/03

/** What a 0041 says beside who and when. */
export interface OfflineForm {
  readonly messageType: number;
  readonly flags: number;
  readonly text: Uint8Array;
  readonly plugin: Uint8Array;
}

/**
 * A message for 15/03 type 0041, which knows only the client's code page.
 *
 * @returns `undefined` when the client could read the message, but not in its code page: it has to come as 04/07
 */
export function offlineForms({ body }: Pick<Message, 'body'>, profile: ClientProfile, bytesMax: number): readonly OfflineForm[] | undefined {
  const { codepage, unicode } = profile;
  if (body.original?.format === OriginalFormat.typed) {
    const data = dataOf(body.original);
    if (readsTheSame(body, OriginalFormat.typed, data, profile)) return typedOffline(data);
  }
  if (body.kind === 'text' || body.kind === 'opaque') {
    const text = (body.kind === 'text' ? body.text : body.fallback).replaceAll('\0', '');
    if (unicode && !encodeText(text, codepage).lossless) return undefined;
    if (text === '' && body.kind === 'opaque') return [];
    return splitText(text, bytesMax, (piece) => encodedLength(piece, codepage)).map((piece) => ({
      messageType: MessageType.plain,
      flags: 0, // bitlbee reads type and flags as one number
      text: encodeText(piece, codepage).bytes,
      plugin: NOTHING,
    }));
  }
  const { type, text, lossless } = typedForm(body, codepage);
  if (unicode && !lossless && inWords(body) !== '') return undefined;
  return [{ messageType: type, flags: 0, text, plugin: NOTHING }];
}

function typedOffline(data: Uint8Array): readonly OfflineForm[] {
  const typed = typedMessage(data);
  return typed === undefined ? [] : [{ messageType: typed.type, flags: typed.flags, text: typed.text, plugin: typed.tail }];
}
