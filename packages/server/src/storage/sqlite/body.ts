/**
 * Message bodies as bytes: a version, a kind, then the kind's fields in a fixed order.
 *
 * The database does not look inside, so nothing there can change a text; and one value crosses between the threads.
 * Fields are preceded by their length, seven bits a byte, lowest first, the high bit on all but the last.
 */
import { Buffer } from 'node:buffer';
import type { Body, Original, Uin } from '@seekyou/core';
import { textBytes, textFromBytes, writeText } from './text.ts';

const VERSION = 1;

/** Written to disk: never change a number, add new ones. */
const KIND = {
  text: 1,
  url: 2,
  contacts: 3,
  'auth-request': 4,
  'auth-granted': 5,
  'auth-denied': 6,
  'pre-authorised': 7,
  added: 8,
  opaque: 9,
} as const satisfies Record<Body['kind'], number>;

const KIND_NAME = new Map(Object.entries(KIND).map(([name, code]) => [code as number, name as Body['kind']]));

/** Set in the kind's byte when the original follows. */
const WITH_ORIGINAL = 0x80;

export function encodeBody(body: Body): Uint8Array {
  const { original } = body;
  const texts = textsOf(body);
  const sizes = texts.map(textBytes);
  let length = 2;
  for (const size of sizes) length += fieldBytes(size);
  const formatBytes = original === undefined ? 0 : textBytes(original.format);
  if (original !== undefined) length += fieldBytes(formatBytes) + fieldBytes(original.bytes.length);
  const bytes = Buffer.allocUnsafe(length);
  bytes[0] = VERSION;
  bytes[1] = KIND[body.kind] | (original === undefined ? 0 : WITH_ORIGINAL);
  let at = 2;
  for (let i = 0; i < texts.length; i++) at = writeText(bytes, putLength(bytes, at, sizes[i] as number), texts[i] as string);
  if (original !== undefined) {
    at = writeText(bytes, putLength(bytes, at, formatBytes), original.format);
    bytes.set(original.bytes, putLength(bytes, at, original.bytes.length));
  }
  return bytes;
}

/** A field of so many bytes with its length. */
function fieldBytes(length: number): number {
  let bytes = 1 + length;
  for (let rest = length; rest > 0x7f; rest >>>= 7) bytes++;
  return bytes;
}

function putLength(bytes: Buffer, from: number, length: number): number {
  let at = from;
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}

function textsOf(body: Body): readonly string[] {
  switch (body.kind) {
    case 'text':
      return [body.text];
    case 'url':
      return [body.url, body.caption];
    case 'contacts':
      // A list has its own count, so that the original can follow it.
      return [String(body.contacts.length), ...body.contacts.flatMap(({ uin, nickname }) => [String(uin), nickname])];
    case 'auth-request':
    case 'auth-granted':
    case 'auth-denied':
    case 'pre-authorised':
      return [body.reason];
    case 'added':
      return [];
    case 'opaque':
      return [body.fallback];
    default:
      return body satisfies never;
  }
}

/**
 * @param bytes what `encodeBody` made; the result holds no view of it
 * @throws Error when they are nothing this version knows
 */
export function decodeBody(bytes: Uint8Array): Body {
  const kind = KIND_NAME.get((bytes[1] ?? 0) & ~WITH_ORIGINAL);
  if (bytes[0] !== VERSION || kind === undefined) throw new Error(`stored message body begins with ${bytes[0]} ${bytes[1]}: a newer seekyou wrote it`);
  let at = 2;
  const field = (): Uint8Array => {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new Error(`stored message body of ${bytes.length} bytes is cut short`);
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (at + length > bytes.length) throw new Error(`stored message body of ${bytes.length} bytes is cut short at ${at}`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  const words = wordsOf(kind, () => textFromBytes(field()));
  if (((bytes[1] ?? 0) & WITH_ORIGINAL) === 0) return words as Body;
  const original: Original = { format: textFromBytes(field()), bytes: new Uint8Array(field()) };
  return { ...words, original } as Body;
}

/** All of a body but its original. */
function wordsOf(kind: Body['kind'], text: () => string): Partial<Body> {
  switch (kind) {
    case 'text':
      return { kind, text: text() };
    case 'url':
      return { kind, url: text(), caption: text() };
    case 'contacts':
      return { kind, contacts: Array.from({ length: Number(text()) }, () => ({ uin: Number(text()) as Uin, nickname: text() })) };
    case 'auth-request':
    case 'auth-granted':
    case 'auth-denied':
    case 'pre-authorised':
      return { kind, reason: text() };
    case 'added':
      return { kind };
    case 'opaque':
      return { kind, fallback: text() };
    default:
      return kind satisfies never;
  }
}
