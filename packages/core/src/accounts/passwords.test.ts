import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Refused } from '../refusals.ts';
import { testChance } from '../testing.ts';
import { generatePassword, isMainPassword, isOldPassword, type Passwords, settlePasswords } from './passwords.ts';

const chance = testChance(7);

function settled(...[main, old, policy]: readonly [main: string, old: string | undefined, policy: 'same' | 'own' | 'off']): Passwords {
  const passwords = settlePasswords(main, old, policy, chance);
  assert.ok(!(passwords instanceof Refused));
  return passwords;
}

function refusal(...[main, old, policy]: readonly [main: string, old: string | undefined, policy: 'same' | 'own' | 'off']): string {
  const refused = settlePasswords(main, old, policy, chance);
  assert.ok(refused instanceof Refused);
  return refused.refusal;
}

test('a main password has 1 to 64 characters, whatever their bytes', () => {
  assert.ok(isMainPassword('x'));
  assert.ok(isMainPassword('ж'.repeat(64)));
  assert.ok(isMainPassword('🐱'.repeat(64)));
  assert.ok(!isMainPassword(''));
  assert.ok(!isMainPassword('x'.repeat(65)));
  assert.ok(!isMainPassword('\ud83d'));
});

test('an old password has 1 to 8 printable ASCII characters', () => {
  assert.ok(isOldPassword('~ 8 !"#$'));
  for (const wrong of ['', '123456789', 'пароль', 'tab\there', 'line\n']) assert.ok(!isOldPassword(wrong), JSON.stringify(wrong));
});

describe('old_clients = same', () => {
  test('a short plain main password serves old clients too', () => {
    assert.deepEqual(settled('secret', undefined, 'same'), { main: 'secret', old: 'secret', generated: false });
  });
  test('a long one gets a generated old password', () => {
    const { old, generated } = settled('correct horse', undefined, 'same');
    assert.ok(generated && old !== undefined && old.length === 8 && isOldPassword(old));
  });
  test('so does one old clients cannot type', () => {
    assert.ok(settled('пароль', undefined, 'same').generated);
  });
  test('a separate old password is taken as it is', () => {
    assert.deepEqual(settled('correct horse', 'battery', 'same'), { main: 'correct horse', old: 'battery', generated: false });
  });
});

describe('old_clients = own', () => {
  test('the old password is generated even when the main one would do', () => {
    const { old, generated } = settled('secret', undefined, 'own');
    assert.ok(generated && old !== 'secret');
  });
  test('it must not be the main password', () => {
    assert.equal(refusal('secret', 'secret', 'own'), 'bad-password');
    assert.equal(refusal('ｓｅｃｒｅｔ', 'secret', 'own'), 'bad-password', 'nor what counts as the same');
  });
});

describe('old_clients = off', () => {
  test('there is none', () => {
    assert.deepEqual(settled('secret', undefined, 'off'), { main: 'secret', old: undefined, generated: false });
  });
  test('and none can be given', () => {
    assert.equal(refusal('secret', 'battery', 'off'), 'old-clients-off');
  });
});

test('a password nobody can use is refused', () => {
  assert.equal(refusal('', undefined, 'same'), 'bad-password');
  assert.equal(refusal('x'.repeat(65), undefined, 'off'), 'bad-password');
  assert.equal(refusal('secret', 'much too long', 'same'), 'bad-password');
});

test('generated passwords differ and avoid what looks alike', () => {
  const some = new Set(Array.from({ length: 500 }, () => generatePassword(chance)));
  assert.equal(some.size, 500);
  for (const password of some) assert.match(password, /^[a-km-np-z2-9]{8}$/);
});
