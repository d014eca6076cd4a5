import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import * as scram from './scram.ts';

const hash: scram.ScramHash = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
};
const BINDING = Uint8Array.from({ length: 32 }, (_, i) => i);
const SALT = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i);

test('the example conversation of RFC 7677', () => {
  const first = scram.clientFirst('user', 'rOprNGfwEbeRWgbNEkqO');
  assert.equal(first.bare, 'n=user,r=rOprNGfwEbeRWgbNEkqO');
  const answer = scram.readServerFirst('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', first.nonce);
  assert.ok(answer);
  const withoutProof = scram.clientFinalWithoutProof(answer.nonce, new Uint8Array(0), 'n,,');
  assert.equal(withoutProof, 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0');
  const salted = pbkdf2Sync(scram.passwordBytes('pencil'), answer.salt, answer.iterations, 32, 'sha256');
  const { proof, serverSignature } = scram.prove(hash, salted, scram.authMessage(first.bare, answer.message, withoutProof));
  assert.equal(scram.clientFinal(withoutProof, proof), `${withoutProof},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`);
  assert.equal(scram.serverFinal(serverSignature), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

test('each message is read as it was written', () => {
  const first = scram.clientFirst('100001', 'abc+/~!');
  assert.deepEqual(scram.readClientFirst(`p=tls-exporter,,${first.bare}`), first);
  const answer = scram.serverFirst('abc+/~!xyz', SALT, 16_384);
  assert.deepEqual(scram.readServerFirst(answer.message, 'abc+/~!'), answer);
  const withoutProof = scram.clientFinalWithoutProof('abc+/~!xyz', BINDING);
  const final = scram.readClientFinal(scram.clientFinal(withoutProof, SALT));
  assert.deepEqual(final, { withoutProof, nonce: 'abc+/~!xyz', binding: scram.boundInput(BINDING), proof: SALT });
  assert.deepEqual(scram.readServerFinal(scram.serverFinal(BINDING)), BINDING);
});

for (const [message, fault] of [
  ['n,,n=100001,r=abc', 'channel-binding-not-supported'],
  ['y,,n=100001,r=abc', 'channel-binding-not-supported'],
  ['p=tls-unique,,n=100001,r=abc', 'unsupported-channel-binding-type'],
  ['p=tls-exporter,a=100002,n=100001,r=abc', 'invalid-encoding'],
  ['p=tls-exporter,,m=x,n=100001,r=abc', 'extensions-not-supported'],
  ['p=tls-exporter,,n=,r=abc', 'invalid-encoding'],
  ['p=tls-exporter,,n=100001,r=', 'invalid-encoding'],
  ['p=tls-exporter,,n=100001,r=a,c', 'invalid-encoding'],
  ['p=tls-exporter,,n=100001,r=a\u0000c', 'invalid-encoding'],
  [`p=tls-exporter,,n=100001,r=${'a'.repeat(257)}`, 'invalid-encoding'],
  [`p=tls-exporter,,n=100001,r=abc,x=${'a'.repeat(1_024)}`, 'invalid-encoding'],
  ['', 'invalid-encoding'],
] as const) {
  test(`a first message ${JSON.stringify(message.slice(0, 48))} is refused: ${fault}`, () => assert.equal(scram.readClientFirst(message), fault));
}

test('what a client need not know in a message changes nothing', () => {
  assert.deepEqual(scram.readClientFirst('p=tls-exporter,,n=1,r=abc,x=new'), { bare: 'n=1,r=abc,x=new', user: '1', nonce: 'abc' });
  assert.equal(scram.readServerFirst('r=abcdef,s=AAAA,i=4096,x=new', 'abc')?.iterations, 4096);
});

test('a server that changes the nonce, asks for no work or for all of it gets no proof', () => {
  for (const message of [
    'r=xbcdef,s=AAAA,i=4096',
    'r=abc,s=AAAA,i=4096',
    'r=abcdef,s=,i=4096',
    'r=abcdef,s=AAA,i=4096',
    'r=abcdef,s=AAAA,i=4095',
    'r=abcdef,s=AAAA,i=1000001',
    'r=abcdef,s=AAAA,i=99999999999999',
    'e=other-error',
    '',
  ])
    assert.equal(scram.readServerFirst(message, 'abc'), undefined, message);
});

test('a last message that is cut anywhere is refused', () => {
  const whole = scram.clientFinal(scram.clientFinalWithoutProof('abc', BINDING), BINDING);
  // Only base64 that lost nothing but its end still reads, as a shorter proof.
  for (let at = 0; at < whole.length; at++) {
    const read = scram.readClientFinal(whole.slice(0, at));
    assert.ok(typeof read === 'string' || read.proof.length < 32, `${at} characters`);
  }
  assert.equal(scram.readClientFinal('c=AAAA,r=abc,m=x,p=AAAA'), 'extensions-not-supported');
  assert.equal(scram.readServerFinal('e=invalid-proof'), undefined);
});

test('another connection, another nonce or another password is another proof', () => {
  const salted = (password: string) => pbkdf2Sync(scram.passwordBytes(password), SALT, 1, 32, 'sha256');
  const proofOf = (password: string, binding: Uint8Array, nonce: string): string =>
    Buffer.from(scram.prove(hash, salted(password), scram.authMessage('n=1,r=a', 'r=ab', scram.clientFinalWithoutProof(nonce, binding))).proof).toString('hex');
  const proofs = [
    proofOf('secret', BINDING, 'ab'),
    proofOf('secret', SALT, 'ab'),
    proofOf('secret', BINDING, 'ac'),
    proofOf('Secret', BINDING, 'ab'),
    proofOf('\u2168', BINDING, 'ab'),
  ];
  assert.equal(new Set(proofs).size, proofs.length);
  assert.equal(proofOf('IX', BINDING, 'ab'), proofOf('\u2168', BINDING, 'ab'), 'the same word typed another way is the same password');
});
