import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { after, test } from 'node:test';
import { type Limits, PEOPLE } from '@seekyou/core';
import type { Closed, Transport, TransportUser } from '@seekyou/net';
import { WebSocket } from 'ws';
import type { Counters } from '../runtime/counters.ts';
import type { PageFacts } from './page.ts';
import { createPublicHttp } from './public-http.ts';

const FACTS: PageFacts = {
  address: 'chat.example.org:5190',
  udpPort: 4000,
  fingerprint: 'SHA256:abc',
  registration: true,
  clear: 'all',
  tunnel: undefined,
};

interface House {
  readonly port: number;
  readonly counters: Counters;
  readonly arrivals: Transport[];
  /** The next WebSocket. */
  arrival(): Promise<Transport>;
  accept(socket: Duplex): void;
  /** A connection on which every write arrives on its own. */
  connection(): Duplex;
  close(): Promise<void>;
}

const closes: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closes) await close();
});

async function open(facts: PageFacts = FACTS, limits: Partial<Limits> = {}): Promise<House> {
  const counters: Counters = {};
  const arrivals: Transport[] = [];
  let wake: () => void = () => {};
  const http = await createPublicHttp({
    limits: { ...PEOPLE, ...limits },
    counters,
    facts: () => facts,
    admits: () => true,
    onFlap: (transport) => {
      arrivals.push(transport);
      wake();
    },
  });
  const visit = { peer: { address: '192.0.2.7', port: 1024, known: true }, local: { address: '192.0.2.1', port: 5190 }, secure: false };
  const server: Server = createServer((socket) => http.accept(socket, visit)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closes.push(async () => {
    await http.close();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    counters,
    arrivals,
    arrival: async () => {
      if (arrivals.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return arrivals.shift() as Transport;
    },
    accept: (socket) => http.accept(socket, visit),
    connection: () => {
      const [client, ours] = duplexPair();
      http.accept(ours, visit);
      return client;
    },
    close: () => http.close(),
  };
}

const get = (house: House, path = '/'): Promise<Response> => fetch(`http://127.0.0.1:${house.port}${path}`);

test('the page tells each kind of client where to connect, and whose key it is', async () => {
  const house = await open();
  const answer = await get(house);
  assert.equal(answer.status, 200);
  const text = await answer.text();
  for (const piece of ['chat.example.org', '5190', '4000', 'SHA256:abc', 'npx seekyou client --server chat.example.org:5190'])
    assert.ok(text.includes(piece), piece);
  assert.ok(!/<script|<img|<link|https?:\/\//i.test(text), 'nothing is loaded from anywhere');
  assert.equal(house.counters['http_requests'], 1);
});

test('nothing but the page’s own style may be used by a browser', async () => {
  const { headers } = await get(await open());
  assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-[^']+'; .*frame-ancestors 'none'$/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  assert.equal(headers.get('cache-control'), 'no-store');
});

test('what an administrator wrote is text, not HTML', async () => {
  const text = await (await get(await open({ ...FACTS, address: '<script>:1', fingerprint: '"&' }))).text();
  assert.ok(text.includes('&lt;script&gt;') && text.includes('&quot;&amp;') && !text.includes('<script'));
});

test('a server that only talks to who encrypts says so, and how old clients come in', async () => {
  const text = await (await get(await open({ ...FACTS, clear: 'off', udpPort: undefined, address: undefined, registration: false }))).text();
  assert.match(text, /only talks to programs that encrypt/);
  assert.ok(!text.includes('ICQ 96'));
  assert.match(text, /given by the administrator/);
  assert.match(text, /no port for such tunnels/);
  assert.ok(!text.includes('127.0.0.1'));
});

test('a tunnel goes to the port from which clients are sent back into it, and to this server alone', async () => {
  const text = await (await get(await open({ ...FACTS, clear: 'off', udpPort: undefined, tunnel: { ours: 5443, theirs: 5191 } }))).text();
  for (const line of ['accept = 127.0.0.1:5191\n', 'connect = chat.example.org:5443\n', 'verifyPeer = yes<']) assert.ok(text.includes(line), line);
  assert.match(text, /<code>127\.0\.0\.1<\/code>, port <code>5191<\/code>/);
  assert.match(text, /The seekyou client, with <code>--register<\/code>, can ask for a new number/);
});

test('where there are no old clients none is told how to come in', async () => {
  const text = await (await get(await open({ ...FACTS, clear: 'none', udpPort: undefined, tunnel: { ours: 5443, theirs: 5190 } }))).text();
  assert.ok(text.includes('npx seekyou client'));
  assert.ok(!/Miranda|ICQ 96|tunnel|Most programs/.test(text));
});

test('HEAD is answered like GET, and there is nothing else', async () => {
  const house = await open();
  const head = await fetch(`http://127.0.0.1:${house.port}/`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  const missing = await get(house, '/favicon.ico');
  assert.equal(missing.status, 404);
  assert.ok(missing.headers.has('content-security-policy'));
  assert.match(await missing.text(), /no such page/);
  assert.equal(house.counters['http_refused'], 1);
});

// ---------------------------------------------------------------- WebSocket

class Listener implements TransportUser {
  readonly chunks: Uint8Array[] = [];
  drains = 0;
  how: Closed | undefined;
  private wake: () => void = () => {};

  received(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.wake();
  }

  drained(): void {
    this.drains++;
    this.wake();
  }

  closed(how: Closed): void {
    this.how = how;
    this.wake();
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

async function webSocket(house: House): Promise<{ readonly client: WebSocket; readonly transport: Transport; readonly listener: Listener }> {
  const client = new WebSocket(`ws://127.0.0.1:${house.port}/oscar`);
  client.on('error', () => {});
  const transport = await house.arrival();
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
  return { client, transport, listener: new Listener() };
}

test('a WebSocket carries bytes both ways, one message for what one turn writes', async () => {
  const { client, transport, listener } = await webSocket(await open());
  client.send(Buffer.from('early '));
  transport.attach(listener);
  client.send(Buffer.from('and late'));
  await listener.until(() => listener.text === 'early and late');
  assert.equal(Object.getPrototypeOf(listener.chunks[0]), Uint8Array.prototype);
  const taken: string[] = [];
  const message = once(client, 'message') as Promise<[Buffer, boolean]>;
  transport.write(Buffer.from('one '), () => taken.push('one'));
  transport.write(Buffer.from('two'), () => taken.push('two'));
  const [bytes, isBinary] = await message;
  assert.deepEqual([bytes.toString(), isBinary], ['one two', true]);
  while (taken.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(transport.queuedBytes, 0);
  assert.deepEqual([transport.peer.address, transport.secure], ['192.0.2.7', false]);
  client.terminate();
  await listener.until(() => listener.how !== undefined);
  assert.equal(listener.how, 'lost');
});

test('last words arrive before the end, and the end is one', async () => {
  const { client, transport, listener } = await webSocket(await open());
  transport.attach(listener);
  const heard: string[] = [];
  client.on('message', (data: Buffer) => heard.push(data.toString()));
  const closed = once(client, 'close') as Promise<[number]>;
  transport.write(Buffer.from('bye '));
  transport.end(Buffer.from('bye'));
  transport.write(Buffer.from('never said'));
  const [code] = await closed;
  assert.deepEqual([heard.join(''), code], ['bye bye', 1000]);
  await listener.until(() => listener.how === 'fin');
});

test('who does not read is let go, and what piled up and was taken is told', async () => {
  const slow = await webSocket(await open(FACTS, { sendQueueBytesMax: 4 << 20 }));
  slow.transport.attach(slow.listener);
  slow.client.pause();
  for (let i = 0; i < 40 && slow.listener.how === undefined; i++) {
    slow.transport.write(new Uint8Array(1 << 20));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(slow.listener.how, 'too-slow');
  const quick = await webSocket(await open(FACTS, { sendQueueBytesMax: 16 << 20 }));
  quick.transport.attach(quick.listener);
  quick.transport.write(new Uint8Array(8 << 20));
  await quick.listener.until(() => quick.listener.drains > 0);
  quick.transport.destroy();
  assert.equal(quick.listener.how, 'destroyed');
});

const UPGRADE = `GET /oscar HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`;
/** Header of a frame of up to 125 bytes; with this mask they stay as they are. */
const frame = (first: number, length: number): Buffer => Buffer.from([first, 0x80 | length, 0, 0, 0, 0]);
const [BEGUN, MORE, LAST, WHOLE] = [0x02, 0x00, 0x80, 0x82];
const PIECE = Buffer.from('x');
/** Goes away, and why. */
const TOO_MUCH = '880203f0';

/** Writes a message of so many bytes: it has to arrive, or to be refused. */
async function takesOrRefuses(cases: readonly (readonly [number, boolean])[], send: (write: (bytes: Buffer) => void, length: number) => void): Promise<void> {
  const house = await open();
  for (const [length, refused] of cases) {
    const client = house.connection();
    client.write(UPGRADE);
    const listener = new Listener();
    (await house.arrival()).attach(listener);
    let answer = '';
    client.on('data', (chunk: Buffer) => (answer += chunk.toString('hex')));
    send((bytes) => client.write(bytes), length);
    await listener.until(() => listener.how !== undefined || listener.chunks.length > 0);
    assert.equal(listener.text, refused ? '' : 'x'.repeat(length));
    assert.equal(answer.endsWith(TOO_MUCH), refused, answer.slice(-20));
    client.destroy();
  }
}

test('a message in some fragments arrives; one in more than anybody makes is refused', async () => {
  await takesOrRefuses(
    [
      [16, false],
      [17, true],
    ],
    (write, fragments) => {
      for (let n = 1; n <= fragments; n++) write(Buffer.concat([frame(n === 1 ? BEGUN : n === fragments ? LAST : MORE, 1), PIECE]));
    },
  );
});

test('a frame may come in pieces, but not in more than slow lines make of it', async () => {
  await takesOrRefuses(
    [
      [200, false],
      [300, true],
    ],
    (write, bytes) => {
      // An extended length: 16 bits.
      write(Buffer.from([WHOLE, 0x80 | 126, bytes >> 8, bytes & 0xff, 0, 0, 0, 0]));
      for (let n = 0; n < bytes; n++) write(PIECE);
    },
  );
});

test('who resets the connection in the middle of a refusal ends nothing but that', async () => {
  const house = await open();
  const elsewhere = UPGRADE.replace('Upgrade: websocket', 'Origin: http://elsewhere.example\r\nUpgrade: websocket');
  for (const request of [UPGRADE.replace('/oscar', '/nope'), elsewhere, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n']) {
    const [client, ours] = duplexPair();
    ours._write = (_chunk, _encoding, done) => done(Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET' }));
    const closed = new Promise<void>((resolve) => ours.once('close', resolve));
    house.accept(ours);
    client.write(request);
    await closed;
  }
  assert.deepEqual([house.counters['web_sockets_refused'], house.counters['http_refused']], [2, 1]);
});

test('a WebSocket takes no place of a connection that wants pages', async () => {
  const house = await open(FACTS, { connectionsPerNetworkMax: 1 });
  const open3 = [await webSocket(house), await webSocket(house), await webSocket(house)];
  assert.equal((await get(house)).status, 200);
  assert.equal(house.counters['http_refused_full'], 0);
  for (const { client } of open3) client.terminate();
});

test('a WebSocket outlives the pages, for whoever talks on it has last words', async () => {
  const house = await open();
  const { client, transport, listener } = await webSocket(house);
  transport.attach(listener);
  await house.close();
  const heard: string[] = [];
  client.on('message', (data: Buffer) => heard.push(data.toString()));
  const closed = once(client, 'close') as Promise<[number]>;
  transport.end(Buffer.from('bye'));
  const [code] = await closed;
  assert.deepEqual([heard, code], [['bye'], 1000]);
});
