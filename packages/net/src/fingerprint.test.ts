import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { fingerprintOf, parseFingerprint } from './fingerprint.ts';

const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
const hash = createHash('sha256').update(spki).digest();

test('a fingerprint is the same in all forms people have it in', () => {
  const fingerprint = fingerprintOf(spki);
  assert.match(fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
  const hexadecimal = hash.toString('hex');
  const colons = hexadecimal.toUpperCase().match(/../g)?.join(':') as string;
  for (const form of [
    fingerprint,
    ` ${fingerprint}\n`,
    hash.toString('base64'),
    hash.toString('base64url'),
    `sha256:${hexadecimal}`,
    hexadecimal,
    colons,
    `SHA-256:${colons}`,
  ])
    assert.equal(parseFingerprint(form), fingerprint, form);
});

test('what is no fingerprint is none', () => {
  for (const text of [
    '',
    'SHA256:',
    'yes',
    hash.toString('hex').slice(1),
    hash.toString('base64').slice(2),
    `MD5:${hash.toString('hex')}`,
    `${'A'.repeat(42)}!`,
  ])
    assert.equal(parseFingerprint(text), undefined, text);
});
