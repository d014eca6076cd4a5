/** The secure sign-on against scripted servers: honest ones, and those that are not what they say. */
import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { ConnectionError, type Transport, transportPair } from '@seekyou/net';
import { decode } from '@seekyou/wire';
import {
  decodeSnac,
  encodeFlap,
  encodeSnac,
  FlapChannel,
  FlapDecoder,
  login,
  own,
  scram,
  type Snac,
  type SnacDeclaration,
  snacName,
} from '@seekyou/wire/oscar';
import { ClientError } from './errors.ts';
import type { Platform, Server } from './login.ts';
import { registerSecurely, signOnSecurely } from './scram.ts';
import type { KnownServers, PresentedKey, Trust } from './trust.ts';

const UIN = 100_001;
const PASSWORD = 'correct horse battery';
const SERVER: Server = { host: 'icq.example', port: 5190 };
const OURS = `SHA256:${'A'.repeat(43)}`;
const THEIRS = `SHA256:${'B'.repeat(42)}A`;
const BINDING = new Uint8Array(32).fill(3);
const SALT = new Uint8Array(16).fill(4);
const { ITERATIONS } = scram;
const hash: scram.ScramHash = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
};
const salted = (password: string): Uint8Array => pbkdf2Sync(scram.passwordBytes(password), SALT, ITERATIONS, 32, 'sha256');

type Say = <T>(declaration: SnacDeclaration<T>, value: T) => void;
type Answer = (say: Say, snac: Snac, first: scram.ClientFirst | undefined) => void;

/** What an honest server answers to each of the client's messages. */
function honest(password = PASSWORD): Record<'first' | 'final', Answer> {
  return {
    first: (say, _snac, first) => say(own.scramServerFirst, { message: scram.serverFirst(`${first?.nonce}server`, SALT, ITERATIONS).message }),
    final: (say, snac, first) => {
      const final = scram.readClientFinal(decode(own.scramClientFinal.body, snac.data).message ?? '');
      assert.ok(typeof final !== 'string' && first !== undefined);
      const said = scram.authMessage(first.bare, scram.serverFirst(`${first.nonce}server`, SALT, ITERATIONS).message, final.withoutProof);
      const { proof, serverSignature } = scram.prove(hash, salted(password), said);
      if (!Buffer.from(proof).equals(Buffer.from(final.proof))) return say(own.scramError, { error: login.AuthError.mismatch, reason: 'other-error' });
      return say(own.scramServerFinal, { message: scram.serverFinal(serverSignature), address: '192.0.2.1:5190', cookie: new Uint8Array(256) });
    },
  };
}

interface Scene {
  readonly platform: Platform;
  /** SNACs each connection said, in order; empty for one that said nothing. */
  readonly said: string[][];
  readonly transports: Transport[];
}

/** @param fingerprint of the key the server has at each connection */
function scene(answers: Partial<Record<'first' | 'final', Answer>> = {}, fingerprint: (connection: number) => string = () => OURS): Scene {
  const said: string[][] = [];
  const transports: Transport[] = [];
  const table = { ...honest(), ...answers };
  const serve = (transport: Transport, heard: string[]): void => {
    const decoder = new FlapDecoder();
    let first: scram.ClientFirst | undefined;
    transport.attach({
      received: (chunk) => {
        for (const frame of decoder.push(chunk)) {
          if (frame.channel !== FlapChannel.snac) continue;
          const snac = decodeSnac(frame.payload);
          heard.push(snacName(snac));
          const say: Say = (declaration, value) => transport.write(encodeFlap(FlapChannel.snac, 1, encodeSnac(declaration, value, snac.requestId)));
          if (snac.subtype === own.scramClientFirst.subtype) {
            const read = scram.readClientFirst(decode(own.scramClientFirst.body, snac.data).message ?? '');
            assert.ok(typeof read !== 'string');
            first = read;
            table.first(say, snac, first);
          } else table.final(say, snac, first);
        }
      },
      drained: () => {},
      closed: () => {},
    });
    transport.write(encodeFlap(FlapChannel.hello, 0, Uint8Array.of(0, 0, 0, 1)));
  };
  return {
    said,
    transports,
    platform: {
      dial: () => Promise.reject(new Error('nothing goes in the clear here')),
      dialSecure: () => {
        const { client, server } = transportPair({ secure: true, channelBinding: BINDING });
        const heard: string[] = [];
        const name = fingerprint(said.length);
        said.push(heard);
        transports.push(client);
        serve(server, heard);
        return Promise.resolve({ transport: client, fingerprint: name });
      },
      scram: { ...hash, salted: (password, salt, iterations) => Promise.resolve(pbkdf2Sync(password, salt, iterations, 32, 'sha256')) },
      md5: () => assert.fail('nothing is hashed by MD5 here'),
      random: (bytes) => new Uint8Array(bytes).fill(7),
      timers: { now: () => 0, after: () => () => {} },
    },
  };
}

function knownServers(known?: string): KnownServers & { readonly remembered: string[] } {
  const remembered: string[] = [];
  return { remembered, find: () => remembered.at(-1) ?? known, remember: (_server, fingerprint) => void remembered.push(fingerprint) };
}

const signOn = ({ platform }: Scene, trust: Trust, password = PASSWORD) => signOnSecurely(platform, SERVER, { uin: UIN, password }, trust);

async function failure(attempt: Promise<unknown>, code: string): Promise<ClientError> {
  const error: unknown = await attempt.then(
    () => assert.fail('it did not fail'),
    (e: unknown) => e,
  );
  assert.ok(error instanceof ClientError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

test('a server with the pinned key and the right verifier lets us in', async () => {
  const made = scene();
  const answer = await signOn(made, { pins: [OURS] });
  assert.deepEqual(answer, {
    bos: { host: '192.0.2.1', port: 5190 },
    cookie: new Uint8Array(256),
    fingerprint: OURS,
    proof: { salt: SALT, iterations: ITERATIONS },
  });
  assert.deepEqual(made.said, [['5359/10', '5359/12']]);
});

test('the first key is a question, asked while no connection waits; yes is remembered once the server proved itself', async () => {
  const made = scene();
  const known = knownServers();
  const asked: PresentedKey[] = [];
  await signOn(made, {
    known,
    unknownKey: (key) => {
      asked.push(key);
      assert.deepEqual(made.said, [[]], 'nothing was said yet');
      return Promise.resolve(true);
    },
  });
  assert.deepEqual(asked, [{ server: SERVER, address: '192.0.2.1', fingerprint: OURS }]);
  assert.deepEqual(known.remembered, [OURS]);
  await signOn(made, { known, unknownKey: () => assert.fail('it is known now') });
});

test('no, or nobody to ask, is the end: the error says what was presented and by whom, and nothing was said', async () => {
  for (const trust of [{ unknownKey: () => false }, {}] satisfies Trust[]) {
    const made = scene();
    const known = knownServers();
    const error = await failure(signOn(made, { ...trust, known }), 'unknown-key');
    assert.deepEqual(error.key, { expected: [], presented: OURS, by: '192.0.2.1' });
    for (const word of [OURS, '192.0.2.1', '--pin', '--trust-first']) assert.ok(error.message.includes(word), word);
    assert.deepEqual(made.said, [[]]);
    assert.deepEqual(known.remembered, []);
  }
});

test('another key than the known one is shouted about, and nothing is said to whoever has it', async () => {
  for (const trust of [{ known: knownServers(OURS) }, { pins: [OURS] }, { pins: [OURS], known: knownServers(THEIRS) }] satisfies Trust[]) {
    const made = scene({}, () => THEIRS);
    const error = await failure(signOn(made, { ...trust, unknownKey: () => assert.fail('nobody is asked about a changed key') }), 'key-changed');
    assert.deepEqual(error.key, { expected: [OURS], presented: THEIRS, by: '192.0.2.1' });
    for (const word of ['THIS IS NOT THE KEY', OURS, THEIRS, '192.0.2.1', `--pin ${THEIRS}`]) assert.ok(error.message.includes(word), word);
    assert.deepEqual(made.said, [[]]);
  }
});

test('a key that changes between the question and the second connection is not the one that was accepted', async () => {
  const made = scene({}, (connection) => (connection === 0 ? OURS : THEIRS));
  await failure(signOn(made, { unknownKey: () => true }), 'key-changed');
  assert.deepEqual(made.said, [[], []]);
});

test('a pin goes before what was known, and is known from then on', async () => {
  const known = knownServers(THEIRS);
  await signOn(scene(), { pins: [THEIRS, OURS], known });
  assert.deepEqual(known.remembered, [OURS]);
  await failure(signOn(scene(), { pins: ['SHA256:short'] }), 'bad-pin');
});

test('who gives a pin signs on where no key can be remembered; who was remembered or asked does not', async () => {
  const broken = (): never => {
    throw new ClientError('bad-pin', 'the file cannot be read, or not be written');
  };
  for (const known of [
    { find: broken, remember: broken },
    { find: () => undefined, remember: broken },
  ] satisfies KnownServers[]) {
    assert.equal((await signOn(scene(), { pins: [OURS], known })).fingerprint, OURS);
    await failure(signOn(scene(), { known, unknownKey: () => true }), 'bad-pin');
  }
});

test('a wrong password is told; a key that was only accepted is not remembered for it', async () => {
  const known = knownServers();
  await failure(signOn(scene(), { known, unknownKey: () => true }, 'wrong'), 'wrong-password');
  assert.deepEqual(known.remembered, []);
});

test('a server that does not know the verifier is no server of ours, whatever cookie it gives', async () => {
  const known = knownServers();
  for (const message of [scram.serverFinal(new Uint8Array(32)), 'v=', 'e=other-error', undefined]) {
    const final: Answer = (say) =>
      say(own.scramServerFinal, { ...(message === undefined ? {} : { message }), address: '203.0.113.9:5190', cookie: new Uint8Array(256) });
    await failure(signOn(scene({ final }), { known, unknownKey: () => true }), 'impostor');
  }
  assert.deepEqual(known.remembered, []);
});

test('a server that asks for a cheap proof, for endless work or with another nonce gets none', async () => {
  for (const message of [
    `r=%server,s=${'A'.repeat(24)},i=1`,
    `r=%server,s=${'A'.repeat(24)},i=${ITERATIONS - 1}`,
    `r=%server,s=${'A'.repeat(24)},i=100000000`,
    `r=server,s=${'A'.repeat(24)},i=${ITERATIONS}`,
    'nonsense',
  ]) {
    const made = scene({ first: (say, _snac, first) => say(own.scramServerFirst, { message: message.replace('%', first?.nonce ?? '') }) });
    await failure(signOn(made, { pins: [OURS] }), 'protocol');
    assert.deepEqual(made.said, [['5359/10']]);
  }
});

for (const [reason, error, code, words] of [
  ['channel-bindings-dont-match', login.AuthError.other, 'intercepted', ['SOMEBODY STANDS BETWEEN', OURS, '192.0.2.1']],
  ['channel-binding-not-supported', login.AuthError.upgradeRequired, 'intercepted', ['unencrypted', OURS, '192.0.2.1']],
  ['other-error', login.AuthError.suspendedAccount, 'suspended', []],
  ['other-error', login.AuthError.rateLimited, 'too-fast', []],
  ['other-error', login.AuthError.unavailable, 'unavailable', []],
] as const) {
  test(`${reason} with code ${error} is ${code}`, async () => {
    const known = knownServers();
    const final: Answer = (say) => say(own.scramError, { error, reason, retryMs: 2_000 });
    const refused = await failure(signOn(scene({ final }), { known, unknownKey: () => true }), code);
    for (const word of words) assert.ok(refused.message.includes(word), word);
    assert.deepEqual(known.remembered, [], 'the key is not remembered');
    if (code === 'too-fast') assert.equal(refused.retryMs, 2_000);
  });
}

test('a server that is encrypted but does not know this sign-on is not told anything else', async () => {
  const made = scene({ first: (say) => say({ ...own.scramError, subtype: 0x0001 } as typeof own.scramError, {}) });
  await failure(signOn(made, { pins: [OURS] }), 'not-ours');
  assert.deepEqual(made.said, [['5359/10']]);
});

test('who registers sends a verifier that proves the password, and not the password', async () => {
  let verifier: own.RegisterRequest = {};
  const made = scene({
    final: (say, snac) => {
      verifier = decode(own.registerRequest.body, snac.data);
      say(own.registerReply, { uin: 100_042 });
    },
  });
  assert.deepEqual(await registerSecurely(made.platform, SERVER, PASSWORD, { pins: [OURS] }), { uin: 100_042, fingerprint: OURS });
  assert.deepEqual(made.said, [['5359/15']]);
  assert.equal(verifier.iterations, scram.ITERATIONS);
  const expected = scram.verifierKeys(hash, pbkdf2Sync(PASSWORD, verifier.salt ?? '', scram.ITERATIONS, 32, 'sha256'));
  assert.deepEqual(Buffer.from(verifier.storedKey ?? []), expected.storedKey);
  assert.deepEqual(Buffer.from(verifier.serverKey ?? []), expected.serverKey);

  const closed = scene({ final: (say) => say(own.scramError, { error: login.AuthError.cannotRegister, reason: 'other-error' }) });
  await failure(registerSecurely(closed.platform, SERVER, PASSWORD, { pins: [OURS] }), 'registration-refused');
  const stranger = scene();
  await failure(registerSecurely(stranger.platform, SERVER, PASSWORD, {}), 'unknown-key');
  assert.deepEqual(stranger.said, [[]]);
});

test('what cannot be a password is not registered: the server cannot tell from the verifier', async () => {
  const made = scene({ final: (say) => say(own.registerReply, { uin: 100_042 }) });
  for (const password of ['', 'x'.repeat(65), 'half \ud83d']) await failure(registerSecurely(made.platform, SERVER, password, { pins: [OURS] }), 'refused');
  assert.deepEqual(made.said, []);
});

test('a server that speaks no TLS is told nothing, and the error says what to do', async () => {
  const { platform } = scene();
  const dialSecure = (): never => {
    throw new ConnectionError('not-tls', 'icq.example:5190 does not speak TLS: it speaks ICQ in the clear');
  };
  const error = await failure(
    signOnSecurely({ ...platform, dialSecure: async () => dialSecure() }, SERVER, { uin: UIN, password: PASSWORD }, {}),
    'not-encrypted',
  );
  assert.match(error.message, /Nothing was sent.*--old-server/);
});
