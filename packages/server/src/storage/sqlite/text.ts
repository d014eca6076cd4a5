/**
 * Text as bytes that give the same text back, whatever it is.
 *
 * Well-formed text is UTF-8. A lone surrogate, which UTF-8 cannot say and which a careless client can write, becomes the
 * three bytes UTF-8 would have for it (WTF-8).
 */
import { Buffer } from 'node:buffer';

export function textToBytes(text: string): Buffer {
  return text.isWellFormed() ? Buffer.from(text, 'utf8') : Buffer.from(wtf8(text));
}

/** How many {@link textToBytes} gives: a lone surrogate has as many as U+FFFD, which is what UTF-8 has for it. */
export function textBytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Writes a text where it belongs, which costs half of making bytes of it first. @returns where it ends */
export function writeText(into: Buffer, at: number, text: string): number {
  if (text.isWellFormed()) return at + into.write(text, at, 'utf8');
  const bytes = wtf8(text);
  into.set(bytes, at);
  return at + bytes.length;
}

function wtf8(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code < 0xd800 || code > 0xdfff) bytes.push(...Buffer.from(character, 'utf8'));
    else bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  }
  return bytes;
}

export function textFromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = buffer.toString('utf8');
  // U+FFFD may be what was written, or stand for a surrogate the decoder does not know.
  return text.includes('\ufffd') ? fromWtf8(buffer) : text;
}

function fromWtf8(bytes: Buffer): string {
  let text = '';
  let from = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 0xed || (bytes[at + 1] ?? 0) < 0xa0) continue;
    text += bytes.toString('utf8', from, at);
    text += String.fromCharCode(0xd000 | (((bytes[at + 1] ?? 0) & 0x3f) << 6) | ((bytes[at + 2] ?? 0) & 0x3f));
    from = at + 3;
    at += 2;
  }
  return text + bytes.toString('utf8', from);
}

/** A text column holds what people can read there; the rare text SQLite would change is kept as bytes. */
export function toColumn(text: string): string | Uint8Array {
  return text.isWellFormed() ? text : textToBytes(text);
}

export function fromColumn(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : textFromBytes(value);
}
