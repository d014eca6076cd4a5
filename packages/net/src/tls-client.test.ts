import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import { selfSigned } from './testing.ts';
import { connectTls } from './tls-client.ts';
import { TcpTransport } from './tcp-transport.ts';
import { type Ends, Listener, transportContract } from './transport-contract.ts';
import { ConnectionError, type Transport } from './transport.ts';

const HELLO = Buffer.from('2a011234000400000001', 'hex');
const LIMITS = { sendQueueBytesMax: 1 << 20 };

const ours = selfSigned('somebody');
const secureContext = createSecureContext(ours);

interface Place {
  readonly port: number;
  close(): Promise<void>;
}

async function listen(connected: (socket: Socket) => void): Promise<Place> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    connected(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const connectTo = (port: number, timeoutMs = 5_000) => connectTls({ host: '127.0.0.1', port, protocol: 'icq', limits: LIMITS, timeoutMs });
const secured = (socket: Socket): TLSSocket => new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['icq', 'http/1.1'] });

async function open(sendQueueBytesMax: number): Promise<Ends> {
  const { promise, resolve } = Promise.withResolvers<Transport>();
  const place = await listen((socket) => resolve(new TcpTransport(secured(socket), { sendQueueBytesMax })));
  const { transport } = await connectTo(place.port);
  return { client: transport, server: await promise, release: () => place.close() };
}

transportContract('tls', { open });

test('tls: both ends have the same binding, the key is known by its fingerprint, and the protocol was agreed on', async () => {
  const seen: { readonly binding: Buffer; readonly protocol: unknown }[] = [];
  let saw = Promise.withResolvers<void>();
  const place = await listen((socket) => {
    const secure = secured(socket);
    secure.once('secure', () => {
      seen.push({ binding: secure.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)), protocol: secure.alpnProtocol });
      saw.resolve();
    });
  });
  for (let at = 0; at < 2; at++) {
    saw = Promise.withResolvers<void>();
    const { transport, fingerprint } = await connectTo(place.port);
    await saw.promise;
    assert.equal(transport.secure, true);
    assert.equal(fingerprint, ours.fingerprint);
    assert.deepEqual(Buffer.from(transport.channelBinding ?? []), seen[at]?.binding);
    assert.equal(seen[at]?.protocol, 'icq');
    assert.deepEqual(transport.peer, { address: '127.0.0.1', port: place.port, known: true });
    assert.equal(transport.local.address, '127.0.0.1');
    transport.destroy();
  }
  assert.notDeepEqual(seen[0]?.binding, seen[1]?.binding, 'and another connection has another one');
  await place.close();
});

for (const [how, greet] of [
  ['at once', (socket: Socket) => void socket.write(HELLO)],
  [
    'byte by byte',
    (socket: Socket) => {
      for (const byte of HELLO) socket.write(Uint8Array.of(byte));
    },
  ],
] as const) {
  test(`tls: a greeting that comes ${how}, before the handshake, is passed over`, async () => {
    const place = await listen((socket) => {
      socket.setNoDelay(true);
      greet(socket);
      secured(socket).write('inside');
    });
    const { transport } = await connectTo(place.port);
    const heard = new Listener();
    transport.attach(heard);
    await heard.until(() => heard.bytes === 6);
    assert.equal(heard.text(), 'inside');
    transport.destroy();
    await place.close();
  });
}

for (const [what, behave, message] of [
  [
    'an old server',
    (socket: Socket) => {
      socket.write(HELLO);
      socket.once('data', () => socket.end());
    },
    /does not speak TLS: it speaks ICQ in the clear/,
  ],
  ['two greetings', (socket: Socket) => void socket.write(Buffer.concat([HELLO, HELLO])), /does not speak TLS: it speaks ICQ in the clear/],
  ['a web server', (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')), /does not speak TLS/],
  ['a long frame', (socket: Socket) => void socket.write(Buffer.from('2a0100000fff00', 'hex')), /does not speak TLS/],
  ['somebody who hangs up', (socket: Socket) => socket.once('data', () => socket.destroy()), /does not speak TLS/],
] as const) {
  test(`tls: ${what} is told apart from a server of ours`, async () => {
    const place = await listen((socket) => void behave(socket));
    await assert.rejects(connectTo(place.port), (error) => error instanceof ConnectionError && error.code === 'not-tls' && message.test(error.message));
    await place.close();
  });
}

test('tls: who says nothing is given up, and who only greets is known for an old server', async () => {
  for (const [greeting, code] of [
    [Buffer.alloc(0), 'timed-out'],
    [HELLO, 'not-tls'],
  ] as const) {
    const place = await listen((socket) => void socket.write(greeting));
    await assert.rejects(connectTo(place.port, 100), (error) => error instanceof ConnectionError && error.code === code);
    await place.close();
  }
});

test('tls: a handshake can be given up', async () => {
  const giveUp = new AbortController();
  const place = await listen(() => giveUp.abort());
  const attempt = connectTls({ host: '127.0.0.1', port: place.port, protocol: 'icq', limits: LIMITS, timeoutMs: 5_000, signal: giveUp.signal });
  await assert.rejects(attempt, (error) => error instanceof ConnectionError && error.code === 'aborted');
  await place.close();
});
