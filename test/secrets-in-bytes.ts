/** Looking for what must not be there: a secret in recorded bytes, in every form a program might have given it. */
import { createHash } from 'node:crypto';
import { loginHash, roast } from '@seekyou/wire/oscar';
import { encodeText } from '@seekyou/wire/text';

export interface Form {
  readonly name: string;
  readonly bytes: Buffer;
}

const md5 = (data: Uint8Array): Buffer => createHash('md5').update(data).digest();

/** As text, in every encoding and way to write bytes down. */
export function formsOfText(text: string): Form[] {
  const utf16le = Buffer.from(text, 'utf16le');
  const raw: Form[] = [
    { name: 'UTF-8', bytes: Buffer.from(text) },
    { name: 'UTF-16LE', bytes: utf16le },
    { name: 'UTF-16BE', bytes: Buffer.from(utf16le).swap16() },
    { name: 'windows-1251', bytes: Buffer.from(encodeText(text, 1251).bytes) },
  ];
  return raw.flatMap((form) => [form, ...written(form)]);
}

/** As a password: also roasted, and hashed by itself and with the keys that stand in the capture. */
export function formsOfPassword(password: string, capture: Buffer): Form[] {
  const bytes = Buffer.from(password);
  const hashes = [
    { name: 'roasted', bytes: Buffer.from(roast(bytes)) },
    { name: 'MD5', bytes: md5(bytes) },
    { name: 'SHA-1', bytes: createHash('sha1').update(bytes).digest() },
    { name: 'SHA-256', bytes: createHash('sha256').update(bytes).digest() },
    ...keysIn(capture).flatMap((key) => [
      { name: 'MD5 answer, old form', bytes: Buffer.from(loginHash(md5, key, bytes, 'old')) },
      { name: 'MD5 answer, new form', bytes: Buffer.from(loginHash(md5, key, bytes, 'new')) },
    ]),
  ];
  return [...formsOfText(password), ...hashes.flatMap((form) => [form, ...written(form)])];
}

/** Names of the forms that occur. */
export function found(forms: readonly Form[], capture: Buffer): string[] {
  return [...new Set(forms.filter(({ bytes }) => capture.includes(bytes)).map(({ name }) => name))];
}

function written({ name, bytes }: Form): Form[] {
  const hexadecimal = bytes.toString('hex');
  return [
    { name: `${name} in hexadecimal`, bytes: Buffer.from(hexadecimal) },
    { name: `${name} in HEXADECIMAL`, bytes: Buffer.from(hexadecimal.toUpperCase()) },
    ...[0, 1, 2].map((shift) => ({ name: `${name} in base64`, bytes: base64Within(bytes, shift) })),
  ];
}

/** The characters that are the same whatever stands before and behind. */
function base64Within(bytes: Buffer, shift: number): Buffer {
  const whole = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .replaceAll('=', '');
  const from = shift === 0 ? 0 : shift + 1;
  const to = (shift + bytes.length) % 3 === 0 ? whole.length : whole.length - 1;
  return Buffer.from(whole.slice(from, to));
}

/** What 17/07 gave out: a hash without its key could not be looked for. */
function keysIn(capture: Buffer): Buffer[] {
  const keys: Buffer[] = [];
  const header = Buffer.from('00170007', 'hex');
  for (let at = capture.indexOf(header); at >= 0; at = capture.indexOf(header, at + 1)) {
    const length = capture.length >= at + 12 ? capture.readUInt16BE(at + 10) : 0;
    if (length > 0 && length <= 64) keys.push(capture.subarray(at + 12, at + 12 + length));
  }
  return keys;
}
