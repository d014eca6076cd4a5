import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Uin } from '@seekyou/core';
import { createSecrets, loadOrCreateKey, scramVerifier } from './secrets.ts';

const KEY = new Uint8Array(32).fill(7);
const ANNA = 100_001 as Uin;
const BORIS = 100_002 as Uin;

test('a sealed password opens under its key and for its account, and nowhere else', () => {
  const sealed = createSecrets(KEY).seal(ANNA, 'secret12');
  assert.equal(createSecrets(KEY).open(ANNA, sealed), 'secret12');
  assert.equal(createSecrets(KEY).open(BORIS, sealed), undefined);
  assert.equal(createSecrets(new Uint8Array(32).fill(8)).open(ANNA, sealed), undefined);
  assert.equal(createSecrets(KEY).open(ANNA, sealed.slice(0, -1)), undefined);
  assert.equal(createSecrets(KEY).open(ANNA, new Uint8Array(3)), undefined);
  assert.ok(!Buffer.from(sealed).includes('secret12'));
});

test('the same password is sealed differently each time', () => {
  const secrets = createSecrets(KEY);
  assert.notDeepEqual(secrets.seal(ANNA, 'secret12'), secrets.seal(ANNA, 'secret12'));
});

test('a sealed password does not tell how long it is', () => {
  const secrets = createSecrets(KEY);
  assert.equal(secrets.seal(ANNA, '1').length, secrets.seal(ANNA, '12345678').length);
});

test('whatever was changed in a sealed password, it does not open', () => {
  const secrets = createSecrets(KEY);
  const sealed = secrets.seal(ANNA, 'пароль');
  assert.equal(secrets.open(ANNA, sealed), 'пароль');
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(secrets.open(ANNA, changed), undefined, `byte ${at}`);
    assert.equal(secrets.open(ANNA, sealed.slice(0, at)), undefined, `${at} bytes`);
  }
  assert.throws(() => secrets.seal(ANNA, 'x'.repeat(256)), RangeError);
  assert.throws(() => createSecrets(new Uint8Array(31)), RangeError);
});

test('each verifier has a salt of its own, and enough iterations', async () => {
  const secrets = createSecrets(KEY);
  const [one, two] = await Promise.all([secrets.verifier('пароль'), secrets.verifier('пароль')]);
  assert.notDeepEqual(one.salt, two.salt);
  assert.ok(one.iterations >= 4096);
  assert.deepEqual(await scramVerifier('пароль', one.salt, one.iterations), one);
});

test('a password typed another way is the same password', async () => {
  const salt = Uint8Array.of(1, 2, 3);
  const pairs = [
    ['caf\u00e9', 'cafe\u0301'],
    ['two words', 'two\u00a0words'],
    ['IX', '\u2168'],
  ] as const;
  for (const [one, two] of pairs) assert.deepEqual(await scramVerifier(one, salt, 1), await scramVerifier(two, salt, 1));
  assert.notDeepEqual(await scramVerifier('a', salt, 1), await scramVerifier('A', salt, 1));
});

test('the verifier proves the example conversation of RFC 7677', async () => {
  const verifier = await scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);
  const secrets = createSecrets(KEY);
  const message =
    'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const signature = createHmac('sha256', verifier.storedKey).update(message).digest();
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
  const clientKey = proof.map((byte, i) => byte ^ (signature[i] as number));
  assert.deepEqual(secrets.sha256(Uint8Array.from(clientKey)), Buffer.from(verifier.storedKey));
  assert.equal(Buffer.from(secrets.hmac(verifier.serverKey, Buffer.from(message))).toString('base64'), '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

test('what stands in for an account looks like one, is always the same, and is not found without the key', async () => {
  const secrets = createSecrets(KEY);
  const real = await secrets.verifier('secret12');
  const decoy = secrets.decoy(ANNA);
  assert.deepEqual(decoy, createSecrets(KEY).decoy(ANNA), 'also after a restart');
  for (const part of ['salt', 'storedKey', 'serverKey'] as const) {
    assert.equal(decoy[part].length, real[part].length);
    assert.notDeepEqual(decoy[part], secrets.decoy(BORIS)[part]);
    assert.notDeepEqual(decoy[part], createSecrets(new Uint8Array(32).fill(8)).decoy(ANNA)[part]);
  }
  assert.equal(decoy.iterations, real.iterations);
});

test('the key file is made once, for its owner alone, and a wrong one is refused', () => {
  const directory = mkdtempSync(join(tmpdir(), 'seekyou-key-'));
  try {
    const file = join(directory, 'secret.key');
    const key = loadOrCreateKey(file);
    assert.equal(key.length, 32);
    assert.deepEqual(loadOrCreateKey(file), key);
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
    writeFileSync(file, 'short');
    assert.throws(() => loadOrCreateKey(file), /is no key of 32/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
