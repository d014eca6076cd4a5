/** How much of a mailbox, and of the message limit, a body takes. */
import type { Body } from '../words.ts';

/** Bytes of a body: its text in UTF-8 and what its client wrote of its own, which may be the same text again. */
export function bodyBytes(body: Body): number {
  return Math.max(wordsBytes(body), body.original?.bytes.length ?? 0);
}

/** A byte of any code page is at most so many of UTF-8. */
const UTF8_BYTES_MAX = 3;

/**
 * What a body counts against the length clients are told they may write: the bytes its client wrote. Where nothing but the
 * words came, those in UTF-8; where both did, words cannot be more than the bytes can say.
 */
export function writtenBytes(body: Body): number {
  if (body.original === undefined) return wordsBytes(body);
  const { bytes, stampBytes = 0 } = body.original;
  const written = bytes.length - stampBytes;
  // A code unit is three bytes of UTF-8 at most, so these words cannot count for more; most are not looked through for that.
  if (body.kind === 'text' && body.text.length <= written) return written;
  return Math.max(written, Math.ceil(wordsBytes(body) / UTF8_BYTES_MAX));
}

function wordsBytes(body: Body): number {
  switch (body.kind) {
    case 'text':
      return utf8Bytes(body.text);
    case 'url':
      return utf8Bytes(body.url) + utf8Bytes(body.caption);
    case 'contacts':
      return body.contacts.reduce((sum, contact) => sum + 10 + utf8Bytes(contact.nickname), 0);
    case 'auth-request':
    case 'auth-granted':
    case 'auth-denied':
    case 'pre-authorised':
      return utf8Bytes(body.reason);
    case 'added':
      return 0;
    case 'opaque':
      return utf8Bytes(body.fallback);
    default:
      return body satisfies never;
  }
}

/** Length in UTF-8 without encoding; a lone surrogate counts as the three bytes of U+FFFD. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair adds one to the two units already counted: four bytes.
    bytes += unit < 0x800 || isPaired(text, at, unit) ? 1 : 2;
  }
  return bytes;
}

function isPaired(text: string, at: number, unit: number): boolean {
  if (unit >= 0xd800 && unit < 0xdc00) return isLow(text.charCodeAt(at + 1));
  return isLow(unit) && isHigh(text.charCodeAt(at - 1));
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;
