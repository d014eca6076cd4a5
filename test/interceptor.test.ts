/** Somebody stands between a client and its server, with a key of his own. */
import assert from 'node:assert/strict';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectSecure, createServer as createSecureServer, type TLSSocket } from 'node:tls';
import { ClientError, connect, type ConnectOptions, type KnownServers, nodePlatform } from '@seekyou/client';
import { selfSigned } from '@seekyou/net/testing';
import { decode, encode } from '@seekyou/wire';
import { decodeSnac, encodeFlap, encodeSnac, FlapChannel, FlapDecoder, login, own, type Snac } from '@seekyou/wire/oscar';
import { openStage, PASSWORD, type Stage } from './dialogue/stage.ts';
import { formsOfPassword, found } from './secrets-in-bytes.ts';

interface Interceptor {
  readonly port: number;
  readonly fingerprint: string;
  /** What clients said to him, as he reads it. */
  readonly heard: () => Buffer;
  /** What the server said to him. */
  readonly answered: () => Buffer;
  close(): Promise<void>;
}

/** @param onwards how he goes on to the server, or not at all */
async function intercept(server: { readonly port: number }, onwards: 'tls' | 'clear' | 'nowhere', inwards: 'tls' | 'clear' = 'tls'): Promise<Interceptor> {
  const { fingerprint, ...identity } = selfSigned('the real server, honestly');
  const heard: Buffer[] = [];
  const answered: Buffer[] = [];
  const sockets = new Set<Socket>();
  const between = (client: Socket): void => {
    sockets.add(client.on('error', () => {}));
    client.on('data', (chunk: Buffer) => void heard.push(chunk));
    if (onwards === 'nowhere') return;
    const at = { host: '127.0.0.1', port: server.port };
    const upstream = onwards === 'tls' ? connectSecure({ ...at, rejectUnauthorized: false, ALPNProtocols: ['icq'] }) : connectTcp(at);
    sockets.add(upstream.on('error', () => client.destroy()));
    upstream.on('data', (chunk: Buffer) => void answered.push(chunk));
    client.pipe(upstream).pipe(client);
  };
  const listener = inwards === 'tls' ? createSecureServer({ ...identity, ALPNProtocols: ['icq'] }, between) : createServer(between);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as { port: number }).port,
    fingerprint,
    heard: () => Buffer.concat(heard),
    answered: () => Buffer.concat(answered),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function remembering(): KnownServers & { readonly keys: Map<string, string> } {
  const keys = new Map<string, string>();
  return { keys, find: ({ port }) => keys.get(String(port)), remember: ({ port }, fingerprint) => void keys.set(String(port), fingerprint) };
}

interface Place {
  readonly stage: Stage;
  readonly uin: number;
  /** Of the server's key. */
  readonly fingerprint: string;
  readonly signOn: (port: number, how: Partial<ConnectOptions>) => ReturnType<typeof connect>;
}

function withServer(name: string, run: (place: Place, t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    const stage = await openStage();
    try {
      const { uin } = await stage.person('victim');
      const signOn = (port: number, how: Partial<ConnectOptions>) =>
        connect(nodePlatform(), { server: { host: '127.0.0.1', port }, uin, password: PASSWORD, ...how });
      const known = remembering();
      const client = await signOn(stage.port, { known, unknownKey: () => true });
      client.close();
      const fingerprint = known.keys.get(String(stage.port));
      assert.ok(fingerprint, 'the server is fine by itself, and its key was remembered');
      await run({ stage, uin, fingerprint, signOn }, t);
    } finally {
      await stage.close();
    }
  });
}

async function failure(attempt: Promise<unknown>): Promise<ClientError> {
  const error: unknown = await attempt.then(
    () => assert.fail('the sign-on went through'),
    (e: unknown) => e,
  );
  assert.ok(error instanceof ClientError, String(error));
  return error;
}

withServer('who is pinned to the right key says nothing to another one, and is told who presented what', async ({ stage, fingerprint, signOn }) => {
  const mallory = await intercept(stage, 'tls');
  const error = await failure(signOn(mallory.port, { pins: [fingerprint] }));
  assert.equal(error.code, 'key-changed');
  assert.deepEqual(error.key, { expected: [fingerprint], presented: mallory.fingerprint, by: '127.0.0.1' });
  for (const word of [fingerprint, mallory.fingerprint, '127.0.0.1']) assert.ok(error.message.includes(word), word);
  assert.equal(mallory.heard().length, 0, 'not one byte was said inside');
  await mallory.close();
});

withServer('who knows the server from before does neither', async ({ stage, fingerprint, signOn }) => {
  const mallory = await intercept(stage, 'tls');
  const known: KnownServers = { find: () => fingerprint, remember: () => assert.fail('nothing is to be remembered') };
  const error = await failure(signOn(mallory.port, { known, unknownKey: () => assert.fail('nobody is asked') }));
  assert.equal(error.code, 'key-changed');
  assert.equal(mallory.heard().length, 0);
  await mallory.close();
});

withServer('a person who accepted the wrong key is not signed on through it, hears why, and it is not remembered', async ({ stage, fingerprint, signOn }) => {
  const mallory = await intercept(stage, 'tls');
  const known = remembering();
  const error = await failure(signOn(mallory.port, { known, unknownKey: ({ fingerprint: shown }) => shown === mallory.fingerprint }));
  assert.equal(error.code, 'intercepted');
  for (const word of ['SOMEBODY STANDS BETWEEN', mallory.fingerprint, '127.0.0.1']) assert.ok(error.message.includes(word), word);
  assert.deepEqual([...known.keys.keys()], []);
  assert.equal(stage.server.counters['oscar_sign_ons_intercepted'], 1, 'and the server knows');

  // He read all that was said: it was the proof of his own connection.
  const heard = mallory.heard();
  assert.ok(heard.includes('p=tls-exporter'), 'he did read it');
  assert.deepEqual(found(formsOfPassword(PASSWORD, heard), heard), []);
  assert.ok(!mallory.answered().includes(Buffer.from('00060100', 'hex')), 'he saw no cookie');
  const client = await signOn(stage.port, { pins: [fingerprint] });
  client.close();
  await mallory.close();
});

withServer('what an interceptor heard does not sign him on', async ({ stage, signOn }) => {
  const mallory = await intercept(stage, 'tls');
  await failure(signOn(mallory.port, { unknownKey: () => true }));
  const said = new FlapDecoder().push(mallory.heard()).filter(({ channel }) => channel === FlapChannel.snac);
  assert.equal(said.length, 2, 'the first and the last message of the victim');
  const answer = await replay(
    stage.port,
    said.map(({ payload }) => decodeSnac(payload)),
  );
  assert.equal(answer.subtype, own.scramError.subtype);
  await mallory.close();
});

withServer('a relay that ends the encryption is told from the server', async ({ stage, signOn }) => {
  const mallory = await intercept(stage, 'clear');
  const error = await failure(signOn(mallory.port, { unknownKey: () => true }));
  assert.equal(error.code, 'intercepted');
  assert.match(error.message, /unencrypted/);
  assert.ok(!mallory.heard().includes(',p='), 'no proof was made');
  await mallory.close();
});

withServer('nobody can talk a client out of encryption', async ({ stage, signOn }) => {
  const mallory = await intercept(stage, 'nowhere', 'clear');
  const greeting = encodeFlap(FlapChannel.hello, 0, Uint8Array.of(0, 0, 0, 1));
  const stripper = createServer((socket) => {
    const onward = connectTcp(mallory.port, '127.0.0.1');
    socket.on('error', () => {}).write(greeting);
    socket.pipe(onward.on('error', () => {}));
    socket.once('data', () => setImmediate(() => socket.destroy()));
  });
  await new Promise<void>((resolve) => stripper.listen(0, '127.0.0.1', resolve));
  const error = await failure(signOn((stripper.address() as { port: number }).port, { unknownKey: () => true }));
  assert.equal(error.code, 'not-encrypted');
  assert.match(error.message, /Nothing was sent/);
  const heard = mallory.heard();
  assert.deepEqual(found(formsOfPassword(PASSWORD, heard), heard), []);
  await new Promise((resolve) => stripper.close(resolve));
  await mallory.close();
});

withServer('in the clear, where somebody chose that, he gets everything', async ({ stage, signOn }) => {
  const mallory = await intercept(stage, 'clear', 'clear');
  const client = await signOn(mallory.port, { tls: 'off', method: 'roasted' });
  const heard = mallory.heard();
  assert.deepEqual(found(formsOfPassword(PASSWORD, heard), heard), ['roasted']);
  client.destroy();
  await mallory.close();
});

/** Says what a victim said on a connection of one's own. @returns the server's last answer */
async function replay(port: number, said: readonly Snac[]): Promise<Snac> {
  const socket: TLSSocket = connectSecure({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['icq'] });
  const decoder = new FlapDecoder();
  const answers: Snac[] = [];
  const waiting: (() => void)[] = [];
  socket.on('data', (chunk: Buffer) => {
    for (const frame of decoder.push(chunk)) if (frame.channel === FlapChannel.snac) answers.push(decodeSnac(frame.payload));
    for (const wake of waiting.splice(0)) wake();
  });
  await new Promise<void>((resolve) => socket.once('secureConnect', resolve));
  socket.write(encodeFlap(FlapChannel.hello, 0, encode(login.flapHello, { version: 1, tlvs: {} })));
  for (const [at, { subtype, data }] of said.entries()) {
    const declaration = subtype === own.scramClientFirst.subtype ? own.scramClientFirst : own.scramClientFinal;
    const value = decode(declaration.body as typeof own.scramClientFinal.body, data);
    socket.write(encodeFlap(FlapChannel.snac, at + 1, encodeSnac(declaration as typeof own.scramClientFinal, value, at + 1)));
    while (answers.length <= at) await new Promise<void>((resolve) => waiting.push(resolve));
  }
  socket.destroy();
  return answers.at(-1) as Snac;
}
