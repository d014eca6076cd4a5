import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { loginHash, loginHashOfMd5, roast, unroast } from './roast.ts';

const md5 = (data: Uint8Array): Uint8Array => createHash('md5').update(data).digest();
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

// Vectors of oscar.md §14.
const PASSWORD = ascii('pass1234');
const KEY = ascii('1187203965');

test('a password is roasted with the key of sixteen bytes', () => {
  assert.equal(hex(roast(PASSWORD)), '8347f2b708b4e8a6');
});

test('the key begins anew after sixteen bytes', () => {
  const roasted = roast(new Uint8Array(17));
  assert.equal(roasted[16], roasted[0]);
  assert.equal(hex(roasted), 'f32681c43986db9271a3b9e6537a957cf3');
});

test('roasting leaves its argument alone, unroasting gives it back', () => {
  const password = ascii('a password longer than the key');
  const roasted = roast(password);
  assert.equal(new TextDecoder().decode(password), 'a password longer than the key');
  assert.deepEqual(unroast(roasted), password);
});

test('the old hash takes the password, the new one its MD5', () => {
  assert.equal(hex(loginHash(md5, KEY, PASSWORD, 'old')), '3ca727bdfcc904cb0e89889ca182f166');
  assert.equal(hex(loginHash(md5, KEY, PASSWORD, 'new')), '6348aa87c7443a675f7c7ace65e76f81');
});

test('who kept only the MD5 of a password can check the new hash', () => {
  const kept = md5(PASSWORD);
  assert.equal(hex(kept), 'b4af804009cb036a4ccdc33431ef9ac9');
  assert.equal(hex(loginHashOfMd5(md5, KEY, kept)), '6348aa87c7443a675f7c7ace65e76f81');
});
