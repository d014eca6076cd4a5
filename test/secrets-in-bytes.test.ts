/** The search itself: what it could not find in the clear it would not find anywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roast } from '@seekyou/wire/oscar';
import { formsOfPassword, formsOfText, found } from './secrets-in-bytes.ts';

test('a text is found in each of its forms, whatever stands around it', () => {
  const text = 'privet, привет';
  for (const around of ['', 'x', 'xy', 'xyz']) {
    const bytes = Buffer.concat([Buffer.from(around), Buffer.from(text), Buffer.from(around)]);
    for (const [name, capture] of [
      ['UTF-8', bytes],
      ['UTF-8 in base64', Buffer.from(bytes.toString('base64'))],
      ['UTF-8 in hexadecimal', Buffer.from(bytes.toString('hex'))],
      ['UTF-16LE', Buffer.from(around + text + around, 'utf16le')],
    ] as const)
      assert.ok(found(formsOfText(text), capture).includes(name), `${name} in ${JSON.stringify(around)}`);
  }
});

test('a password is found roasted', () => {
  const capture = Buffer.concat([Buffer.from('junk'), Buffer.from(roast(Buffer.from('secret12'))), Buffer.from('junk')]);
  assert.deepEqual(found(formsOfPassword('secret12', capture), capture), ['roasted']);
});

test('what is not there is not found', () => {
  assert.deepEqual(found(formsOfPassword('secret12', Buffer.alloc(0)), Buffer.from('secret1 ecret12 SECRET12')), []);
});
