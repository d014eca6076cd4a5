/**
 * One port for everything: clients that speak FLAP, TLS, HTTP, WebSocket and come through relays hold one conversation on it; and nobody
 * who speaks TLS is taken for an ICQ client because the server was busy.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectClear } from 'node:net';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Client, type ClientEvent, connect, type ConnectOptions, nodePlatform } from '@seekyou/client';
import { connectTcp, fingerprintOf } from '@seekyou/net';
import { selfSigned } from '@seekyou/net/testing';
import { createLog, loadConfig, startServer } from '@seekyou/server';
import { openStage, PASSWORD, type Stage } from './dialogue/stage.ts';
import { encode } from '@seekyou/wire';
import { encodeFlap, FlapChannel, FlapDecoder, type FlapFrame, login } from '@seekyou/wire/oscar';
import { WebSocket } from 'ws';
import { openTunnel, OUTSIDE, RELAY, type Tunnel, WAYS } from './ways-in.ts';

const PATIENCE_MS = 20_000;
const LIMITS = { sendQueueBytesMax: 1 << 20 };

/** Somebody with a client that comes in by a way of his own. */
class Guest {
  readonly way: string;
  readonly uin: number;
  private readonly client: Client;
  private readonly events: ClientEvent[] = [];
  private wake: () => void = () => {};

  private constructor(way: string, uin: number, client: Client) {
    this.way = way;
    this.uin = uin;
    this.client = client;
    client.listen((event) => {
      this.events.push(event);
      this.wake();
    });
  }

  static async comes(way: string, uin: number, options: Pick<ConnectOptions, 'server'> & Partial<ConnectOptions>, tunnel?: Tunnel): Promise<Guest> {
    // Whatever address the server tells: inside the tunnel there is only the tunnel.
    const dial = tunnel === undefined ? {} : { dial: () => connectTcp({ ...tunnel, limits: LIMITS, timeoutMs: PATIENCE_MS }) };
    const client = await connect({ ...nodePlatform(), ...dial }, { uin, password: PASSWORD, tls: 'off', ...options }).catch((error: unknown) => {
      throw new Error(`${way}: ${(error as Error).message}`, { cause: error });
    });
    return new Guest(way, uin, client);
  }

  says(to: Guest, text: string): Promise<void> {
    return this.client.send(to.uin, text);
  }

  async hears(from: Guest, text: string): Promise<void> {
    const give = Date.now() + PATIENCE_MS;
    for (;;) {
      const heard = this.events.findIndex((event) => event.type === 'message' && event.from === from.uin && event.text === text);
      if (heard >= 0) {
        this.events.splice(heard, 1);
        return;
      }
      assert.ok(Date.now() < give, `${this.way} hears ${from.way}: ${text}; came: ${JSON.stringify(this.events.slice(-5))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  leaves(): void {
    this.client.destroy();
  }
}

async function house(options: Readonly<Record<string, unknown>> = {}): Promise<Stage & { close(): Promise<void>; events(name: string): number }> {
  const stage = await openStage({ trust_proxy: [`${RELAY}/32`], ...options });
  return Object.assign(stage, { events: (name: string) => stage.server.counters[name] ?? 0 });
}

test('twenty clients of every kind hold a conversation on one port', async () => {
  const stage = await house();
  const tunnels: Tunnel[] = [];
  const guests: Guest[] = [];
  try {
    const comes = async (way: string, options: Partial<ConnectOptions>, tunnel?: Tunnel): Promise<void> => {
      const { uin } = await stage.person(way);
      guests.push(await Guest.comes(way, uin, { server: stage, ...options }, tunnel));
    };
    for (let i = 0; i < 4; i++) {
      await comes(`our own client ${i}`, { tls: 'require', unknownKey: () => true });
      await comes(`an old client ${i}`, { method: i % 2 === 0 ? 'hashed' : 'roasted' });
    }
    for (const [name, way] of Object.entries(WAYS)) {
      const tunnel = await openTunnel(way, stage.port);
      tunnels.push(tunnel);
      await comes(name, {}, tunnel);
    }
    const pages = ['http', 'https', 'http', 'https'].map((scheme) => page(scheme, stage.port));
    await Promise.all(guests.map((guest, i) => guest.says(after(guests, i), `${i}: are you there?`)));
    await Promise.all(guests.map((guest, i) => after(guests, i).hears(guest, `${i}: are you there?`)));
    await Promise.all(guests.map((guest, i) => after(guests, i).says(guest, `${i}: yes`)));
    await Promise.all(guests.map((guest, i) => guest.hears(after(guests, i), `${i}: yes`)));
    for (const text of await Promise.all(pages)) assert.match(text, /<h1>seekyou<\/h1>/);
    assert.equal(guests.length + pages.length, 20);
    assert.equal(stage.events('oscar_handler_failures'), 0);
    const fromOutside = guests.filter(({ way }) => way.startsWith('proxy')).map(({ uin }) => addressOf(stage, uin));
    assert.deepEqual(fromOutside, [OUTSIDE, OUTSIDE, OUTSIDE], 'who comes through a relay is known by his own address');
  } finally {
    for (const guest of guests) guest.leaves();
    for (const tunnel of tunnels) tunnel.close();
    await stage.close();
  }
});

function after(guests: readonly Guest[], i: number): Guest {
  return guests[(i + 1) % guests.length] as Guest;
}

function addressOf(stage: Stage, uin: number): string | undefined {
  return stage.server.core.admin.sessionsOf(uin as never)[0]?.peer.address;
}

async function page(scheme: string, port: number): Promise<string> {
  const { request } = scheme === 'https' ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/', rejectUnauthorized: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end();
  });
}

// ---------------------------------------------------------------- WebSocket

/** Ends with the hello of the server. */
async function webSocket(port: number): Promise<{ readonly socket: WebSocket; readonly frames: FlapFrame[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/oscar`);
  const decoder = new FlapDecoder();
  const frames: FlapFrame[] = [];
  socket.on('message', (bytes: Buffer) => frames.push(...decoder.push(bytes)));
  await once(socket, 'message');
  return { socket, frames };
}

test('nobody behind a relay that hides people is counted against its network, in a WebSocket neither', async () => {
  const stage = await house({ plain_relays: ['127.0.0.0/8'], 'limits.connections_per_network_max': 1 });
  const sockets: WebSocket[] = [];
  try {
    for (let i = 0; i < 3; i++) sockets.push((await webSocket(stage.port)).socket);
    assert.match(await page('http', stage.port), /<h1>seekyou<\/h1>/);
    const idle = connectClear(stage.port, '127.0.0.1');
    idle.write('GET / HT');
    await until(() => stage.events('door_http') === 5, 'one more wants a page');
    assert.match(await page('http', stage.port), /<h1>seekyou<\/h1>/);
    idle.destroy();
    assert.equal(stage.events('http_refused_full'), 0);
  } finally {
    for (const socket of sockets) socket.terminate();
    await stage.close();
  }
});

test('who comes through a relay that does not know him is told no address of the relay’s network', async () => {
  const stage = await house({ trust_proxy: [`${RELAY}/32`], advertise: [{ address: '10.9.9.9:5190', for: '127.0.0.0/8' }, 'chat.example.org'] });
  try {
    const told = async (header: string, localAddress: string): Promise<string | undefined> => {
      const socket = connectClear({ host: '127.0.0.1', port: stage.port, localAddress });
      socket.end(`${header}GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      return /--server (\S+)/.exec(await text(socket))?.[1];
    };
    assert.equal(await told('PROXY UNKNOWN\r\n', RELAY), `chat.example.org:${stage.port}`);
    assert.equal(await told('', '127.0.0.1'), '10.9.9.9:5190');
  } finally {
    await stage.close();
  }
});

test('a server that stops says so in a WebSocket too', async () => {
  const stage = await house();
  try {
    const { socket, frames } = await webSocket(stage.port);
    socket.send(encodeFlap(FlapChannel.hello, 1, encode(login.flapHello, { version: 1, tlvs: {} })));
    const closed = once(socket, 'close') as Promise<[number]>;
    await until(() => stage.events('oscar_frames_received') === 1, 'its hello is read');
    await stage.server.stop();
    assert.deepEqual([(await closed)[0], frames.at(-1)?.channel], [1000, FlapChannel.close]);
  } finally {
    await stage.close();
  }
});

// ---------------------------------------------------------------- the greeting

/** Strict TLS clients on an event loop of their own. */
const TLS_CLIENTS = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { connect } = require('node:tls');
  let left = workerData.times;
  const outcomes = [];
  function next() {
    if (left-- === 0) return parentPort.postMessage(outcomes);
    const socket = connect({ host: '127.0.0.1', port: workerData.port, rejectUnauthorized: false });
    const done = (outcome) => { socket.destroy(); outcomes.push(outcome); setImmediate(next); };
    socket.once('error', (error) => done(error.code));
    socket.once('data', (bytes) => { socket.removeAllListeners('error'); socket.on('error', () => {}); done(bytes[0] === 0x2a ? 'greeted inside' : 'something else'); });
  }
  next();
`;

test('a TLS client behind the same address as FLAP clients is never greeted by mistake, whatever they say and the event loop does', async () => {
  const stage = await house({ greet_ms: 60 });
  let stalling = true;
  let stalls = 0;
  const talkers: Guest[] = [];
  /** One word after the other has arrived. @returns how many */
  const talksOn = async (from: Guest, to: Guest): Promise<number> => {
    let said = 0;
    for (const goesOn = (): boolean => stalling; goesOn(); said++) {
      await from.says(to, `word ${said}`);
      await to.hears(from, `word ${said}`);
    }
    return said;
  };
  const stall = (): void => {
    // Longer than the greeting waits.
    const until = performance.now() + 90;
    while (performance.now() < until);
    stalls++;
    if (stalling) (stalls % 2 === 0 ? setImmediate : setTimeout)(stall, 3);
  };
  try {
    const { uin } = await stage.person('somebody with an old client');
    const strict = (times: number): Promise<string[]> => inWorker({ times, port: stage.port });
    assert.deepEqual(await strict(1), ['greeted inside']);
    for (let i = 0; i < 4; i++) {
      const { uin: other } = await stage.person(`somebody who talks ${i}`);
      talkers.push(await Guest.comes(`an old client that talks ${i}`, other, { server: stage }));
    }
    const outcomes = strict(12);
    setImmediate(stall);
    const talks = Promise.all(talkers.map((talker, i) => talksOn(talker, after(talkers, i))));
    for (let i = 0; i < 4; i++) {
      const old = await Guest.comes('an old client that waits for the hello', uin, { server: stage });
      old.leaves();
    }
    assert.deepEqual(new Set(await outcomes), new Set(['greeted inside']));
    stalling = false;
    assert.ok(Math.min(...(await talks)) > 0, 'all talk on meanwhile');
    assert.equal(stage.events('door_greeted_tls'), 0);
    assert.ok(stage.events('door_greeted') >= 8, 'those who waited in the clear were greeted');
    assert.ok(stalls > 5);
  } finally {
    stalling = false;
    for (const talker of talkers) talker.leaves();
    await stage.close();
  }
});

async function inWorker(workerData: { readonly times: number; readonly port: number }): Promise<string[]> {
  const worker = new Worker(TLS_CLIENTS, { eval: true, workerData });
  try {
    const [outcomes] = (await once(worker, 'message')) as [string[]];
    return outcomes;
  } finally {
    await worker.terminate();
  }
}

test('an old client that comes back with its cookie is not made to wait', async () => {
  // Were it made to, it would give up before.
  const stage = await house({ greet_ms: 9_000 });
  const tunnel = await impatient(stage);
  try {
    const { uin } = await stage.person('somebody in a hurry');
    const old = await Guest.comes('an old client', uin, { server: stage, method: 'hashed' }, tunnel);
    old.leaves();
    assert.equal(stage.events('door_greeted_at_once'), 1);
  } finally {
    tunnel.close();
    await stage.close();
  }
});

/** Says something at once on its first connection, and waits for the hello on its second. */
function impatient(stage: Stage): Promise<Tunnel> {
  let first = true;
  return openTunnel((port) => {
    const socket = WAYS.clear(port);
    // Keep-alive: says nothing, but in FLAP.
    if (first) socket.write(Buffer.from('2a0500000000', 'hex'));
    first = false;
    return socket;
  }, stage.port);
}

// ---------------------------------------------------------------- key and certificate

const keyShown = async (port: number): Promise<string> => {
  const { connect: connectTls } = await import('node:tls');
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const spki = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  socket.destroy();
  return fingerprintOf(spki as Buffer);
};

test('the key is made once, for its owner alone, and outlives its certificate', async () => {
  const stage = await house();
  try {
    const key = join(stage.data, 'tls.key');
    const before = stage.server.fingerprint();
    assert.equal(await keyShown(stage.port), before);
    if (process.platform !== 'win32') assert.equal(statSync(key).mode & 0o777, 0o600);
    assert.match(await page('http', stage.port), new RegExp(before.replaceAll(/[+/]/g, '.')));
    rmSync(join(stage.data, 'tls.crt'));
    await stage.restart();
    assert.equal(await keyShown(stage.port), before);
    assert.match(readFileSync(join(stage.data, 'audit.log'), 'utf8'), /"new-key".*"tls".*SHA256:/);
  } finally {
    await stage.close();
  }
});

test('a start with a key and a certificate that are no pair is refused, in a sentence', async () => {
  const stage = await house();
  try {
    const other = join(stage.data, 'other.key');
    writeFileSync(other, selfSigned('somebody else').key);
    const { config } = stage;
    const wrong = loadConfig({
      options: {
        data: join(stage.data, 'second'),
        listen: ['127.0.0.1:0'],
        admin: '127.0.0.1:0',
        udp: ['127.0.0.1:0'],
        tls_cert: join(stage.data, 'tls.crt'),
        tls_key: other,
      },
      environment: {},
    });
    assert.equal(config.tls, undefined);
    await assert.rejects(startServer(wrong, createLog({ logFile: join(stage.data, 'log2'), logLevel: 'error' })), (error: Error) =>
      error.message.startsWith(`${other} is not the key of ${join(stage.data, 'tls.crt')}`),
    );
  } finally {
    await stage.close();
  }
});

test('new files are taken while the server runs; wrong ones are not', async () => {
  const first = selfSigned('first');
  const second = selfSigned('second');
  const stage = await house();
  const files = { key: join(stage.data, 'given.key'), cert: join(stage.data, 'given.crt') };
  const put = (key: string, cert: string): void => {
    writeFileSync(files.key, key);
    writeFileSync(files.cert, cert);
  };
  put(first.key, first.cert);
  const data = join(stage.data, 'second');
  const options = { data, listen: ['127.0.0.1:0'], admin: '127.0.0.1:0', udp: ['127.0.0.1:0'], tls_cert: files.cert, tls_key: files.key };
  const log = createLog({ logFile: join(stage.data, 'log2'), logLevel: 'info' });
  const server = await startServer(loadConfig({ options, environment: {} }), log);
  const port = Number(/:(\d+)$/.exec(server.addresses[0] as string)?.[1]);
  try {
    assert.equal(await keyShown(port), first.fingerprint);
    put(second.key, first.cert);
    await until(() => readFileSync(join(stage.data, 'log2'), 'utf8').includes('the old ones stay'), 'the log says that the new pair is none');
    assert.equal(await keyShown(port), first.fingerprint);
    put(second.key, second.cert);
    await until(() => server.fingerprint() === second.fingerprint, 'the new pair is taken');
    assert.equal(await keyShown(port), second.fingerprint);
  } finally {
    await server.stop();
    await stage.close();
  }
});

async function until(holds: () => boolean, what: string): Promise<void> {
  const give = Date.now() + PATIENCE_MS;
  while (!holds()) {
    assert.ok(Date.now() < give, what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
