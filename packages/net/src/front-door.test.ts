import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createFrontDoor, type DoorEvent, type DoorOptions, type FrontDoor, type Visit } from './front-door.ts';
import { selfSigned } from './testing.ts';
import { type Ends, Listener, transportContract } from './transport-contract.ts';
import type { Transport } from './transport.ts';

const identity = selfSigned('localhost');
const HELLO = Uint8Array.of(0x2a, 1, 0, 0, 0, 4, 0, 0, 0, 1);
const PROXY_LINE = 'PROXY TCP4 198.51.100.7 203.0.113.4 1024 5190\r\n';
const PATIENCE_MS = 5_000;

interface Setting {
  readonly placesMax?: number;
  readonly greetMs?: number | ((secure: boolean) => number);
  readonly relays?: readonly string[];
  readonly banned?: readonly string[];
  readonly atOnce?: () => boolean;
  readonly after?: DoorOptions['clock']['after'];
  readonly limits?: Partial<DoorOptions['limits']>;
}

function afterTimeout(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

class House {
  readonly events: DoorEvent[] = [];
  readonly flap: Transport[] = [];
  readonly heard: Listener[] = [];
  readonly http: { readonly first: Promise<string>; readonly visit: Visit }[] = [];
  readonly door: FrontDoor;
  port = 0;
  /** Taken. */
  places = 0;
  private wake: (() => void)[] = [];
  private close: () => Promise<void> = () => Promise.resolve();
  private readonly sockets: (Socket | TLSSocket)[] = [];

  private constructor({ relays = [], banned = [], atOnce = () => false, limits = {}, greetMs = 20, placesMax = 100, after = afterTimeout }: Setting) {
    this.door = createFrontDoor(
      {
        limits: { sendQueueBytesMax: 1 << 20, firstBytesMs: 2_000, handshakeMs: 2_000, proxyHeaderMs: 2_000, ...limits },
        clock: { after },
        isRelay: (address) => relays.includes(address),
        greetMs: (_port, _address, secure) => (typeof greetMs === 'number' ? greetMs : greetMs(secure)),
        admits: (address) => !banned.includes(address),
        enters: () => {
          if (this.places >= placesMax) return undefined;
          this.places++;
          return () => this.places--;
        },
        greetsAtOnce: atOnce,
        count: (event) => {
          this.events.push(event);
          this.awake();
        },
        onFlap: (transport) => {
          const listener = new Listener();
          // As the front end does: it speaks first.
          transport.write(HELLO);
          transport.attach(listener);
          this.flap.push(transport);
          this.heard.push(listener);
          this.awake();
        },
        onHttp: (socket, visit) => {
          this.http.push({ first: new Promise((resolve) => socket.once('data', (chunk) => resolve(String(chunk)))), visit });
          this.awake();
        },
      },
      identity,
    );
  }

  static async open(setting: Setting = {}): Promise<House> {
    const house = new House(setting);
    const listener = await house.door.listen({ host: '127.0.0.1', port: 0 });
    house.port = listener.address.port;
    house.close = () => listener.close();
    return house;
  }

  dial(): Promise<Socket> {
    const socket = connectTcp({ host: '127.0.0.1', port: this.port, noDelay: true });
    this.sockets.push(socket);
    socket.on('error', () => {});
    return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
  }

  secure(options: { readonly ALPNProtocols?: string[]; readonly socket?: Socket } = {}): Promise<TLSSocket> {
    const socket = connectTls({ host: '127.0.0.1', port: this.port, rejectUnauthorized: false, ...options });
    this.sockets.push(socket);
    return new Promise((resolve, reject) => {
      socket.once('secureConnect', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const give = Date.now() + PATIENCE_MS;
    while (!holds()) {
      assert.ok(Date.now() < give, `${what}; happened: ${this.events.join(' ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async end(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    for (const transport of this.flap) transport.destroy();
    this.door.close();
    await this.close();
  }

  private awake(): void {
    for (const call of this.wake.splice(0)) call();
  }
}

const houses: House[] = [];
after(async () => {
  for (const house of houses) await house.end();
});

async function open(setting?: Setting): Promise<House> {
  const house = await House.open(setting);
  houses.push(house);
  return house;
}

function firstBytes(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('close', () => reject(new Error('closed')));
  });
}

/** Unread bytes would hide the end. */
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()).resume());

test('who says nothing is greeted as an ICQ client', async () => {
  const house = await open();
  const socket = await house.dial();
  assert.deepEqual(Uint8Array.from(await firstBytes(socket)), HELLO);
  assert.deepEqual(house.events, ['door_connections', 'door_greeted']);
  socket.write(HELLO);
  await house.until(() => house.heard[0]?.bytes === HELLO.length, 'what it says afterwards arrives');
  assert.equal(house.flap[0]?.peer.port, socket.localPort);
  assert.equal(house.flap[0]?.secure, false);
});

test('who speaks FLAP first is answered at once, and nothing of it is lost', async () => {
  const house = await open({ greetMs: 60_000 });
  const socket = await house.dial();
  socket.write(HELLO);
  await firstBytes(socket);
  await house.until(() => house.heard[0]?.bytes === HELLO.length, 'its first bytes arrive');
  assert.deepEqual(house.events, ['door_connections']);
});

test('TLS with FLAP inside: greeted by ALPN, or by silence, or after it spoke', async () => {
  const house = await open();
  const byName = await house.secure({ ALPNProtocols: ['icq'] });
  assert.deepEqual(Uint8Array.from(await firstBytes(byName)), HELLO);
  const silent = await house.secure();
  assert.deepEqual(Uint8Array.from(await firstBytes(silent)), HELLO);
  const talker = await house.secure();
  talker.write(HELLO);
  await house.until(() => house.heard[2]?.bytes === HELLO.length, 'its first bytes arrive');
  assert.ok(house.flap.every((transport) => transport.secure && transport.channelBinding?.length === 32));
  const bindings = new Set(house.flap.map((transport) => Buffer.from(transport.channelBinding ?? []).toString('hex')));
  assert.equal(bindings.size, 3, 'each connection has a binding of its own');
  assert.equal(
    Buffer.from(house.flap[0]?.channelBinding ?? []).toString('hex'),
    byName.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)).toString('hex'),
  );
});

test('HTTP, in the clear and inside TLS, keeps its first bytes', async () => {
  const house = await open({ greetMs: 60_000 });
  const clear = await house.dial();
  clear.write('GET / HT');
  await house.until(() => house.http.length === 1, 'HTTP is recognised');
  const secure = await house.secure({ ALPNProtocols: ['http/1.1'] });
  secure.write('GET / HT');
  await house.until(() => house.http.length === 2, 'HTTP inside TLS');
  assert.deepEqual(
    house.http.map(({ visit }) => visit.secure),
    [false, true],
  );
  for (const { first } of house.http) assert.equal(await first, 'GET / HT');
});

test('a relay says for whom it connects, byte by byte and glued to what follows', async () => {
  const house = await open({ relays: ['127.0.0.1'] });
  const slow = await house.dial();
  for (const byte of Buffer.from(PROXY_LINE)) {
    slow.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await firstBytes(slow);
  const glued = await house.dial();
  glued.write(Buffer.concat([Buffer.from(PROXY_LINE), HELLO]));
  await firstBytes(glued);
  await house.until(() => house.heard[1]?.bytes === HELLO.length, 'what was glued to the header arrives');
  for (const { peer, destination } of house.flap) {
    assert.deepEqual(peer, { address: '198.51.100.7', port: 1024, known: true });
    assert.deepEqual(destination, { address: '203.0.113.4', port: 5190 });
  }
});

test('a relay that does not know for whom it connects brings somebody whose address is not known', async () => {
  const house = await open({ relays: ['127.0.0.1'] });
  const socket = await house.dial();
  socket.write('PROXY UNKNOWN\r\n');
  await firstBytes(socket);
  assert.equal(house.flap[0]?.peer.known, false);
});

test('whom a relay brings has as long to speak as who comes himself, and is greeted as late', async () => {
  const waiting = new Set<number>();
  const house = await open({
    relays: ['127.0.0.1'],
    limits: { proxyHeaderMs: 3_000, firstBytesMs: 10_000 },
    greetMs: 4_000,
    after: (ms) => {
      waiting.add(ms);
      return () => waiting.delete(ms);
    },
  });
  const socket = await house.dial();
  await house.until(() => waiting.size > 0, 'it is waited for');
  assert.deepEqual([...waiting], [3_000], 'for the header');
  socket.write(PROXY_LINE);
  await house.until(() => house.places === 1, 'the header is read');
  assert.deepEqual([...waiting], [10_000, 4_000], 'for first bytes, and for silence');
  await house.end();
  assert.equal(waiting.size, 0);
});

test('how long silence is left alone may differ inside TLS', async () => {
  const house = await open({ greetMs: (secure) => (secure ? 20 : 60_000) });
  assert.deepEqual(Uint8Array.from(await firstBytes(await house.secure())), HELLO);
});

test('a relay and TLS: the header stands before the handshake', async () => {
  const house = await open({ relays: ['127.0.0.1'] });
  const raw = await house.dial();
  raw.write(PROXY_LINE);
  const secure = await house.secure({ socket: raw, ALPNProtocols: ['icq'] });
  await firstBytes(secure);
  assert.equal(house.flap[0]?.peer.address, '198.51.100.7');
  assert.equal(house.flap[0]?.secure, true);
});

test('a relay that says nothing is not greeted; one that says something else, or nonsense, is closed', async () => {
  const house = await open({ relays: ['127.0.0.1'], limits: { proxyHeaderMs: 150 } });
  const silent = await house.dial();
  await closed(silent);
  for (const text of ['GET / HTTP/1.1\r\n', 'PROXY nonsense\r\n']) {
    const socket = await house.dial();
    socket.write(text);
    await closed(socket);
  }
  assert.deepEqual(
    house.events.filter((event) => event !== 'door_connections'),
    ['door_timeouts', 'door_proxy_missing', 'door_proxy_bad'],
  );
  assert.equal(house.flap.length, 0);
});

test('a header from somebody who is no relay is closed', async () => {
  const house = await open();
  const socket = await house.dial();
  socket.write(PROXY_LINE);
  await closed(socket);
  assert.ok(house.events.includes('door_proxy_unwanted'));
});

test('whom a relay brings may be banned, and so may be who comes himself', async () => {
  const relayed = await open({ relays: ['127.0.0.1'], banned: ['198.51.100.7'] });
  const first = await relayed.dial();
  first.write(PROXY_LINE);
  await closed(first);
  const direct = await open({ banned: ['127.0.0.1'] });
  await closed(await direct.dial());
  for (const house of [relayed, direct]) assert.equal(house.events.at(-1), 'door_refused_banned');
});

test('who is banned while he is expected to speak, or shakes hands, is closed', async () => {
  const banned: string[] = [];
  const house = await open({ banned, greetMs: 60_000 });
  const silent = await house.dial();
  const shaking = await house.dial();
  shaking.write(Buffer.from([0x16, 3, 1, 2, 0]));
  while (house.door.undecided < 2 || house.places < 2) await new Promise(setImmediate);
  house.door.dismissBanned();
  assert.equal(house.door.undecided, 2);
  banned.push('127.0.0.1');
  house.door.dismissBanned();
  await Promise.all([closed(silent), closed(shaking)]);
  assert.deepEqual(house.events.slice(-2), ['door_refused_banned', 'door_refused_banned']);
});

test('nonsense, garbage instead of a handshake, and half a handshake are closed and counted', async () => {
  const house = await open({ greetMs: 60_000, limits: { handshakeMs: 150, firstBytesMs: 150 } });
  for (const bytes of [Buffer.from('\u0005\u0001\u0000'), Buffer.from([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]), Buffer.from([0x16, 3, 1, 2, 0]), Buffer.from('GE')]) {
    const socket = await house.dial();
    socket.write(bytes);
    await closed(socket);
  }
  assert.deepEqual(
    house.events.filter((event) => event !== 'door_connections'),
    ['door_unknown', 'door_tls_failed', 'door_tls_failed', 'door_timeouts'],
  );
  await house.until(() => house.door.undecided === 0, 'nobody is left undecided');
  assert.equal(house.places, 0, 'every place was given back');
});

test('somebody who just signed on is greeted almost without waiting, but not before what he said is read', async () => {
  let due = 1;
  const house = await open({ greetMs: 60_000, atOnce: () => due-- > 0 });
  assert.deepEqual(Uint8Array.from(await firstBytes(await house.dial())), HELLO);
  assert.deepEqual(house.events, ['door_connections', 'door_greeted_at_once']);
});

/** What a TLS client says first, as it was written. */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectTls({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }).on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

/** Keeps the event loop. Long enough for every timer to be due before what came meanwhile is read. */
function stall(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const STALLS: readonly (readonly [when: string, begin: (stalled: () => void) => void])[] = [
  ['when it was sent', (stalled) => stalled()],
  ['in an immediate', (stalled) => setImmediate(stalled)],
  ['in a timer', (stalled) => setTimeout(stalled, 1)],
  ['for several turns', (stalled) => setImmediate(() => [stalled(), setImmediate(() => stall(20))])],
];

for (const [when, begin] of STALLS) {
  test(`a ClientHello that arrives while the event loop stands still ${when} is not greeted`, async () => {
    const house = await open({ greetMs: 150 });
    const hello = await clientHello();
    const socket = await house.dial();
    const answer = firstBytes(socket);
    begin(() => {
      // Handed to the system at once; the server reads it when it comes round to it.
      socket.write(hello);
      stall(200);
    });
    assert.equal((await answer)[0], 0x16, house.events.join(' '));
  });
}

test('nor one that was there when its connection was accepted, though its address is to be greeted at once', async () => {
  const house = await open({ greetMs: 150, atOnce: () => true });
  const hello = await clientHello();
  for (let round = 0; round < 10; round++) {
    const socket = await house.dial();
    const answer = firstBytes(socket);
    socket.write(hello);
    stall(5);
    assert.equal((await answer)[0], 0x16, house.events.join(' '));
  }
});

test('nor somebody who needs a moment before he speaks', async () => {
  const waits: number[] = [];
  const house = await open({ atOnce: () => true, after: (ms) => (waits.push(ms), () => {}) });
  const hello = await clientHello();
  const socket = await house.dial();
  const answer = firstBytes(socket);
  await house.until(() => waits.length === 3, 'it waits for first bytes, for silence, and for somebody it expects');
  assert.ok(Math.min(...waits) >= 2, `${waits.join(', ')} ms`);
  socket.write(hello);
  assert.equal((await answer)[0], 0x16, house.events.join(' '));
});

test('TLS that comes after the greeting is TLS all the same', async () => {
  const house = await open({ greetMs: 5 });
  const socket = await house.dial();
  assert.deepEqual(Uint8Array.from(await firstBytes(socket)), HELLO);
  const secure = await house.secure({ socket, ALPNProtocols: ['icq'] });
  assert.deepEqual(Uint8Array.from(await firstBytes(secure)), HELLO);
  assert.equal(house.heard[0]?.how, 'lost', 'the first user is told that it is over');
  assert.equal(house.flap[1]?.secure, true);
  assert.ok(house.events.includes('door_greeted_tls'));
});

test('no more wait than may', async () => {
  const house = await open({ greetMs: 60_000, placesMax: 2 });
  await house.dial();
  await house.dial();
  await house.until(() => house.door.undecided === 2, 'two wait');
  await closed(await house.dial());
  assert.equal(house.events.at(-1), 'door_refused_full');
});

test('a key and a certificate that do not belong together are refused, and the old ones stay', async () => {
  const house = await open();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  assert.throws(() => house.door.useIdentity({ ...identity, key: other }));
  const secure = await house.secure({ ALPNProtocols: ['icq'] });
  await firstBytes(secure);
});

async function securePair(sendQueueBytesMax: number): Promise<Ends> {
  let accepted: (transport: Transport) => void = () => {};
  const arrival = new Promise<Transport>((resolve) => {
    accepted = resolve;
  });
  const limits = { sendQueueBytesMax, firstBytesMs: 2_000, handshakeMs: 2_000, proxyHeaderMs: 2_000 };
  const clock = { after: () => () => {} };
  const no = (): boolean => false;
  const door = createFrontDoor(
    {
      limits,
      clock,
      isRelay: no,
      greetMs: () => 20,
      admits: () => true,
      enters: () => () => {},
      greetsAtOnce: no,
      count: () => {},
      onFlap: accepted,
      onHttp: () => {},
    },
    identity,
  );
  const listener = await door.listen({ host: '127.0.0.1', port: 0 });
  const { connectTls: secureTransport } = await import('./tls-client.ts');
  const { transport } = await secureTransport({ ...listener.address, limits: { sendQueueBytesMax: 1 << 20 }, timeoutMs: 5_000, protocol: 'icq' });
  return { client: transport, server: await arrival, release: () => listener.close() };
}

transportContract('tls', { open: securePair });
