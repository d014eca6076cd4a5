import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, test } from 'node:test';
import { PEOPLE } from '@seekyou/core';
import type { Closed, Transport, TransportUser } from '@seekyou/net';
import { WebSocket } from 'ws';
import type { Counters } from '../admin/metrics.ts';
import type { PageFacts } from './page.ts';
import { createPublicHttp } from './public-http.ts';

const FACTS: PageFacts = { address: 'chat.example.org:5190', udpPort: 4000, fingerprint: 'SHA256:abc', registration: true, clear: 'all' };

interface House {
  readonly port: number;
  readonly counters: Counters;
  readonly arrivals: Transport[];
  /** The next WebSocket. */
  arrival(): Promise<Transport>;
}

const closes: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closes) await close();
});

async function open(facts: PageFacts = FACTS, sendQueueBytesMax = 1 << 20): Promise<House> {
  const counters: Counters = {};
  const arrivals: Transport[] = [];
  let wake: () => void = () => {};
  const http = await createPublicHttp({
    limits: { ...PEOPLE, sendQueueBytesMax },
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
  const slow = await webSocket(await open(FACTS, 4 << 20));
  slow.transport.attach(slow.listener);
  slow.client.pause();
  for (let i = 0; i < 40 && slow.listener.how === undefined; i++) {
    slow.transport.write(new Uint8Array(1 << 20));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(slow.listener.how, 'too-slow');
  const quick = await webSocket(await open(FACTS, 16 << 20));
  quick.transport.attach(quick.listener);
  quick.transport.write(new Uint8Array(8 << 20));
  await quick.listener.until(() => quick.listener.drains > 0);
  quick.transport.destroy();
  assert.equal(quick.listener.how, 'destroyed');
});
