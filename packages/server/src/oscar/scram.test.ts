import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { Refused, type Secrets, type Uin } from '@seekyou/core';
import type { PairOptions } from '@seekyou/net';
import { decodeSnacBody, login, own, oservice, roast, scram } from '@seekyou/wire/oscar';
import { createSecrets } from '../runtime/secrets.ts';
import { md5ForTests, quiet, roastedSignOn, signOn, type TestClient, type World, type WorldOptions, world } from './test-client.ts';

const MAIN = 'correct horse battery';
const OLD = 'old12345';
const BINDING = Uint8Array.from({ length: 32 }, (_, i) => i);
const TLS: PairOptions = { secure: true, channelBinding: BINDING };
const NONCE = 'client-nonce';
const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest();
const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array => createHmac('sha256', key).update(data).digest();

/** Proves a password at once: the wait of these tests is counted in turns of the event loop, and Node's pool takes as long as it takes. */
function secretsAtOnce(): Secrets {
  return {
    ...createSecrets(new Uint8Array(32).fill(7), { iterations: 4096 }),
    proves: (password, { salt, iterations, storedKey }) => {
      const salted = pbkdf2Sync(scram.passwordBytes(password), salt, iterations, 32, 'sha256');
      return Promise.resolve(Buffer.from(storedKey).equals(sha256(hmac(salted, new TextEncoder().encode('Client Key')))));
    },
  };
}

async function place(options: WorldOptions = {}): Promise<World & { readonly uin: Uin }> {
  const made = await world({ secrets: secretsAtOnce(), core: { oldClients: 'own' }, ...options });
  const created = await made.core.admin.create({ password: MAIN, oldPassword: OLD });
  assert.ok(!(created instanceof Refused));
  return { ...made, uin: created.uin };
}

async function begin(client: TestClient, uin: Uin, message = `${scram.GS2_HEADER}${scram.clientFirst(String(uin), NONCE).bare}`): Promise<void> {
  client.hello();
  client.say(own.scramClientFirst, { message, clientName: 'seekyou' });
  await quiet();
}

/** The client's last message, as an honest client makes it. */
function proofFor(uin: Uin, answer: own.ScramServerFirst, password: string, binding = BINDING): { readonly message: string; readonly signature: Uint8Array } {
  const first = scram.readServerFirst(answer.message ?? '', NONCE);
  assert.ok(first, answer.message);
  const salted = pbkdf2Sync(scram.passwordBytes(password), first.salt, first.iterations, 32, 'sha256');
  const withoutProof = scram.clientFinalWithoutProof(first.nonce, binding);
  const { proof, serverSignature } = scram.prove(
    { sha256, hmac },
    salted,
    scram.authMessage(scram.clientFirst(String(uin), NONCE).bare, first.message, withoutProof),
  );
  return { message: scram.clientFinal(withoutProof, proof), signature: serverSignature };
}

async function scramSignOn(
  client: TestClient,
  uin: Uin,
  password: string,
  binding = BINDING,
): Promise<own.ScramServerFinal & { readonly signature: Uint8Array }> {
  await begin(client, uin);
  const { message, signature } = proofFor(uin, client.one(own.scramServerFirst), password, binding);
  client.say(own.scramClientFinal, { message });
  await quiet();
  return { ...client.one(own.scramServerFinal), signature };
}

async function refusedSignOn(client: TestClient, uin: Uin, password: string, binding = BINDING): Promise<own.ScramError> {
  await begin(client, uin);
  client.say(own.scramClientFinal, { message: proofFor(uin, client.one(own.scramServerFirst), password, binding).message });
  await quiet();
  return client.one(own.scramError);
}

test('the right proof is answered with the server’s own, an address and a cookie that opens a session', async () => {
  const { connect, uin, core, counters } = await place();
  const answer = await scramSignOn(connect(TLS), uin, MAIN);
  assert.deepEqual(Buffer.from(scram.readServerFinal(answer.message ?? '') ?? []), Buffer.from(answer.signature));
  assert.equal(answer.address, '192.0.2.1:5190');
  assert.ok(answer.cookie);
  const bos = connect(TLS);
  bos.hello({ cookie: answer.cookie });
  await quiet();
  bos.one(oservice.hostOnline);
  assert.equal(core.admin.sessionsOf(uin)[0]?.profile.protocol, 'own');
  assert.equal(counters['oscar_sign_ons_scram'], 1);
});

test('in the clear, or where nothing binds it to the connection, it is refused with a reason', async () => {
  const { connect, uin } = await place();
  for (const options of [{}, { secure: true }, { channelBinding: BINDING }]) {
    const client = connect(options);
    await begin(client, uin);
    assert.deepEqual(client.one(own.scramError), { error: login.AuthError.upgradeRequired, reason: 'channel-binding-not-supported' });
  }
});

test('who asks for less than binding does not get it', async () => {
  const { connect, uin } = await place();
  for (const [gs2, reason] of [
    ['n,,', 'channel-binding-not-supported'],
    ['y,,', 'channel-binding-not-supported'],
    ['p=tls-unique,,', 'unsupported-channel-binding-type'],
  ] as const) {
    const client = connect(TLS);
    await begin(client, uin, `${gs2}n=${uin},r=${NONCE}`);
    assert.equal(client.one(own.scramError).reason, reason);
  }
});

test('a proof made for another connection is refused, written down, and not held against the account', async () => {
  const { connect, uin, counters, logs } = await place();
  for (let time = 0; time < 10; time++) {
    const answer = await refusedSignOn(connect(TLS), uin, MAIN, new Uint8Array(32));
    assert.deepEqual(answer, { error: login.AuthError.other, reason: 'channel-bindings-dont-match' });
  }
  assert.equal(counters['oscar_sign_ons_intercepted'], 10);
  assert.match(logs.join('\n'), /somebody stands between/);
  assert.ok((await scramSignOn(connect(TLS), uin, MAIN)).cookie);
});

test('a UIN nobody has and a wrong password are told the same, in the same steps', async () => {
  const { connect, uin } = await place();
  const wrong = await refusedSignOn(connect(TLS), uin, 'wrong');
  const unknown = await refusedSignOn(connect(TLS), (uin + 1) as Uin, 'wrong');
  assert.deepEqual(wrong, { error: login.AuthError.mismatch, reason: 'other-error' });
  assert.deepEqual(unknown, wrong);
});

test('after five wrong proofs the sixth is told when to come again', async () => {
  const { connect, uin } = await place();
  for (let time = 0; time < 5; time++) await refusedSignOn(connect(TLS), uin, 'wrong');
  assert.deepEqual(await refusedSignOn(connect(TLS), uin, MAIN), { error: login.AuthError.rateLimited, reason: 'other-error', retryMs: 1_000 });
});

test('a name that is no UIN, a last message first, a proof of another nonce, and a second beginning are refused', async () => {
  const { connect, uin } = await place();
  const nobody = connect(TLS);
  await begin(nobody, uin, `${scram.GS2_HEADER}n=root,r=${NONCE}`);
  assert.equal(nobody.one(own.scramError).error, login.AuthError.mismatch);

  const early = connect(TLS);
  early.hello();
  early.say(own.scramClientFinal, { message: 'c=AAAA,r=abc,p=AAAA' });
  await quiet();
  assert.equal(early.one(own.scramError).error, login.AuthError.badInput);

  const other = connect(TLS);
  await begin(other, uin);
  const { message } = proofFor(uin, other.one(own.scramServerFirst), MAIN);
  other.say(own.scramClientFinal, { message: message.replace(NONCE, 'xlient-nonce') });
  await quiet();
  assert.equal(other.one(own.scramError).error, login.AuthError.badInput);

  const twice = connect(TLS);
  await begin(twice, uin);
  twice.take();
  await begin(twice, uin);
  assert.equal(twice.one(own.scramError).error, login.AuthError.badInput);
});

test('a proof that comes after a minute is too late', async () => {
  const { connect, uin, clock } = await place({ limits: { signOnMs: 600_000, cookieMs: 60_000 } });
  const client = connect(TLS);
  await begin(client, uin);
  const { message } = proofFor(uin, client.one(own.scramServerFirst), MAIN);
  clock.advance(60_000);
  client.say(own.scramClientFinal, { message });
  await quiet();
  assert.equal(client.one(own.scramError).error, login.AuthError.badInput);
});

test('what was said once does not sign on a second time', async () => {
  const { connect, uin } = await place();
  const client = connect(TLS);
  await begin(client, uin);
  const recorded = proofFor(uin, client.one(own.scramServerFirst), MAIN).message;
  client.say(own.scramClientFinal, { message: recorded });
  await quiet();
  client.one(own.scramServerFinal);
  const replay = connect(TLS);
  await begin(replay, uin);
  replay.take();
  replay.say(own.scramClientFinal, { message: recorded });
  await quiet();
  assert.equal(replay.one(own.scramError).error, login.AuthError.badInput);
});

test('a sniffed sign-on of an old client never opens the main password when old clients have their own', async () => {
  const { connect, uin } = await place();
  // What a listener learns of an old client is its password, whole.
  const sniffed: Uint8Array[] = [];
  const victim = connect();
  const write = victim.transport.write.bind(victim.transport);
  victim.transport.write = (bytes, written) => {
    sniffed.push(bytes.slice());
    write(bytes, written);
  };
  await roastedSignOn(victim, uin, OLD);
  const learnt = Buffer.concat(sniffed);
  assert.ok(learnt.includes(Buffer.from(roast(Buffer.from(OLD)))), 'the sign-on was sniffed');
  assert.ok((await signOn(connect(), uin, OLD)).cookie, 'and what was learnt signs on as an old client');
  // Neither it nor anything made of it proves the main password.
  for (const guess of [OLD, Buffer.from(md5ForTests(Buffer.from(OLD))).toString('hex'), Buffer.from(roast(Buffer.from(OLD))).toString('latin1')]) {
    const { reason } = await refusedSignOn(connect({ ...TLS, client: { address: '198.51.100.7', port: 1 } }), uin, guess);
    assert.equal(reason, 'other-error');
  }
  // Nor does an old client get in with the main one.
  assert.equal((await signOn(connect({ client: { address: '198.51.100.8', port: 1 } }), uin, MAIN)).error, login.AuthError.mismatch);
  assert.ok((await scramSignOn(connect(TLS), uin, MAIN)).cookie);
});

/** Repeatable numbers below a limit. */
function chanceFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

test('whatever was changed in a message, the answer is a refusal, and nothing of ours fails', async (t) => {
  const seed = Date.now() & 0xffff;
  t.diagnostic(`seed ${seed}`);
  const chance = chanceFrom(seed);
  const { connect, uin, counters, core } = await place({ limits: { failuresFreePerPair: 10_000, failuresFreePerAddressPerMinute: 10_000 } });
  const changed = (message: string): string => {
    const at = chance(message.length);
    const piece = ['', ',', '=', 'm=x,', 'x=y,', '\u0000', '\u00ff', 'A', message.slice(0, chance(message.length)), ',,,,'.repeat(200)][chance(10)] as string;
    const other = message.slice(0, at) + piece + message.slice(at + chance(3));
    return other === message ? `${message}A` : other;
  };
  let signedOn = 0;
  for (let round = 0; round < 300; round++) {
    const client = connect(TLS);
    const first = `${scram.GS2_HEADER}${scram.clientFirst(String(uin), NONCE).bare}`;
    await begin(client, uin, round % 2 === 0 ? changed(first) : first);
    const answer = client.snacs().at(-1);
    if (answer?.subtype !== own.scramServerFirst.subtype) continue;
    const { message = '' } = decodeSnacBody(own.scramServerFirst, answer.data);
    if (scram.readServerFirst(message, NONCE) === undefined) continue;
    client.say(own.scramClientFinal, { message: changed(proofFor(uin, { message }, MAIN).message) });
    await quiet();
    if (client.snacs().some(({ subtype }) => subtype === own.scramServerFinal.subtype)) signedOn++;
  }
  // The last character of base64 has bits that mean nothing.
  assert.ok(signedOn < 20, `${signedOn} sign-ons`);
  assert.equal(counters['oscar_handler_failures'], 0);
  assert.equal(core.figures().sessions, 0);
});

test('who registers tells nobody his password', async () => {
  const { connect, core, counters } = await place();
  const salt = new Uint8Array(16).fill(1);
  const salted = pbkdf2Sync(scram.passwordBytes('mine alone'), salt, 4096, 32, 'sha256');
  const verifier = { salt, iterations: 4096, ...scram.verifierKeys({ sha256, hmac }, salted) };
  const register = async (options: PairOptions, packet: own.RegisterRequest): Promise<TestClient> => {
    const client = connect(options);
    client.hello();
    client.say(own.registerRequest, packet);
    await quiet();
    return client;
  };
  const uin = (await register(TLS, verifier)).one(own.registerReply).uin as Uin;
  assert.ok((await scramSignOn(connect(TLS), uin, 'mine alone')).cookie);
  assert.equal((await signOn(connect(), uin, 'mine alone')).error, login.AuthError.mismatch, 'no old client gets in with it');
  assert.equal((await core.admin.show(uin))?.old, undefined);
  assert.equal(counters['oscar_registrations'], 1);

  assert.equal((await register({}, verifier)).one(own.scramError).reason, 'channel-binding-not-supported');
  assert.equal((await register(TLS, { salt })).one(own.scramError).error, login.AuthError.badInput);
  assert.equal((await register(TLS, { ...verifier, iterations: 1 })).one(own.scramError).error, login.AuthError.mismatch);
  const closed = await place({ core: { registration: 'closed' } });
  const refused = closed.connect(TLS);
  refused.hello();
  refused.say(own.registerRequest, verifier);
  await quiet();
  assert.equal(refused.one(own.scramError).error, login.AuthError.cannotRegister);
});

test('eight of our own clients sign on beside each other and beside an old one', async () => {
  const { connect, uin, core } = await place();
  const { cookie } = await signOn(connect(), uin, OLD);
  assert.ok(cookie);
  connect().hello({ cookie });
  await quiet();
  for (let n = 0; n < 8; n++) {
    const answer = await scramSignOn(connect(TLS), uin, MAIN);
    assert.ok(answer.cookie);
    connect(TLS).hello({ cookie: answer.cookie });
    await quiet();
  }
  assert.equal(core.admin.sessionsOf(uin).length, 9);
});
