/** Old clients on bad lines: a relay of datagrams between a real client and a real server loses, repeats and reorders by chance. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connectUdp, nodeUdpPlatform, type UdpClient, type UdpConnectOptions, type UdpEvent, type UdpPlatform, type UdpVersion } from '@seekyou/client/udp';
import { type DatagramPort, type Endpoint, openUdp } from '@seekyou/net';
import { chanceFrom } from '@seekyou/wire/testing';
import { openStage, PASSWORD, type Stage } from './stage.ts';

// A failure names its seed: SEEKYOU_SEED=… repeats its choices, though not the moments at which they are made.
const seed = Number(process.env['SEEKYOU_SEED'] ?? Date.now() % 1_000_000_000);
const PATIENCE_MS = 60_000;
/** The library waits seconds before it sends again; here everybody is that much faster. */
const HURRY = 30;
const QUICK = { 'limits.udp_resend_ms': 60, 'limits.udp_resend_max_ms': 200, 'limits.udp_sends_max': 100 };
const MESSAGES = 40;
const AT_ONCE = 4;

interface Quality {
  readonly loss: number;
  readonly duplication: number;
  readonly delayMs: number;
}

const GOOD: Quality = { loss: 0, duplication: 0, delayMs: 0 };
const BAD: Quality = { loss: 0.2, duplication: 0.2, delayMs: 30 };

/** Between one client and the server. */
class Relay {
  quality: Quality = GOOD;
  dropped = 0;
  passed = 0;
  private readonly chance: () => number;
  private readonly server: () => Endpoint;
  private inside: DatagramPort | undefined;
  private outside: DatagramPort | undefined;
  private client: Endpoint | undefined;

  /** @param server where it is now */
  constructor(server: () => Endpoint, chance: () => number) {
    this.server = server;
    this.chance = chance;
  }

  async open(): Promise<Endpoint> {
    await this.moves();
    this.inside = await openUdp({
      host: '127.0.0.1',
      port: 0,
      onDatagram: (bytes, from) => {
        this.client = from;
        this.carry(() => this.outside?.send(bytes, this.server()));
      },
    });
    return this.inside.address;
  }

  /** The server sees the client at another port from now on. */
  async moves(): Promise<void> {
    const before = this.outside;
    this.outside = await openUdp({
      host: '127.0.0.1',
      port: 0,
      onDatagram: (bytes) => this.carry(() => this.client !== undefined && this.inside?.send(bytes, this.client)),
    });
    await before?.close();
  }

  private carry(send: () => void): void {
    const { loss, duplication, delayMs } = this.quality;
    if (this.chance() < loss) {
      this.dropped++;
      return;
    }
    this.passed++;
    for (let copies = this.chance() < duplication ? 2 : 1; copies > 0; copies--) {
      if (delayMs === 0) send();
      else setTimeout(send, this.chance() * delayMs);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.inside?.close(), this.outside?.close()]);
  }
}

function hurried(): UdpPlatform {
  const platform = nodeUdpPlatform();
  return { ...platform, timers: { now: () => platform.timers.now(), after: (ms, run) => platform.timers.after(ms / HURRY, run) } };
}

interface Present {
  readonly client: UdpClient;
  readonly relay: Relay;
  readonly texts: string[];
  readonly closed: Promise<void>;
  readonly backAgain: Promise<void>;
  /** Resolves when so many texts came. */
  readonly hears: (count: number) => Promise<void>;
}

async function comes(
  stage: Stage,
  uin: number,
  version: UdpVersion,
  chance: () => number,
  closing: (() => Promise<void>)[],
  how: Partial<UdpConnectOptions> = {},
): Promise<Present> {
  const server = (): Endpoint => ({ address: '127.0.0.1', port: Number(/:(\d+)$/.exec(stage.server.udpAddresses[0] ?? '')?.[1]) });
  const relay = new Relay(server, chance);
  const at = await relay.open();
  closing.push(() => relay.close());
  const client = await connectUdp(hurried(), { server: { host: at.address, port: at.port }, uin, password: PASSWORD, version, ...how });
  closing.push(async () => client.close());
  const texts: string[] = [];
  let wake: () => void = () => {};
  let over: () => void = () => {};
  let returned: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    over = resolve;
  });
  const backAgain = new Promise<void>((resolve) => {
    returned = resolve;
  });
  client.listen((event: UdpEvent) => {
    if (event.type === 'message') texts.push(event.text);
    if (event.type === 'closed') over();
    if (event.type === 'reconnected') returned();
    wake();
  });
  const hears = async (count: number): Promise<void> => {
    const give = Date.now() + PATIENCE_MS;
    while (texts.length < count) {
      const left = give - Date.now();
      if (left <= 0) assert.fail(`heard ${texts.length} of ${count}: ${texts.join(', ')} (seed ${seed})`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return { client, relay, texts, closed, backAgain, hears };
}

const tests: (() => void)[] = [];

/** They run at the end of the file, some at a time: most of each is waiting. */
function onStage(name: string, play: (stage: Stage, chance: () => number, closing: (() => Promise<void>)[]) => Promise<void>): void {
  const run = async (): Promise<void> => {
    const stage = await openStage(QUICK);
    const closing: (() => Promise<void>)[] = [];
    try {
      await play(stage, chanceFrom(seed), closing);
    } finally {
      for (const close of closing.toReversed()) await close();
      await stage.close();
    }
  };
  tests.push(() => void test(`${name} (seed ${seed})`, { timeout: 120_000 }, run));
}

const numbered = (name: string, from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${name} ${from + i}`);

for (const version of [2, 3, 4, 5] as const) {
  onStage(`version ${version}: on a bad line every message arrives once and in order`, async (stage, chance, closing) => {
    const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
    const a = await comes(stage, alice.uin, version, chance, closing);
    const b = await comes(stage, bob.uin, version, chance, closing);
    a.relay.quality = b.relay.quality = BAD;
    const sending = (async () => {
      for (const text of numbered('a', 0, MESSAGES)) await a.client.send(bob.uin, text);
    })();
    for (const text of numbered('b', 0, MESSAGES)) await b.client.send(alice.uin, text);
    await sending;
    await Promise.all([b.hears(MESSAGES), a.hears(MESSAGES)]);
    // What was still on its way arrives, and is nothing new.
    a.relay.quality = b.relay.quality = GOOD;
    await Promise.all([a.client.info(alice.uin), b.client.info(bob.uin)]);
    assert.deepEqual(b.texts, numbered('a', 0, MESSAGES));
    assert.deepEqual(a.texts, numbered('b', 0, MESSAGES));
    assert.ok(a.relay.dropped > 10 && b.relay.dropped > 10, 'the lines were bad');
  });

  onStage(`version ${version}: what a client that fell silent did not acknowledge waits for it`, async (stage, chance, closing) => {
    const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
    const a = await comes(stage, alice.uin, version, chance, closing);
    const b = await comes(stage, bob.uin, version, chance, closing);
    for (const text of numbered('m', 0, 5)) await a.client.send(bob.uin, text);
    await b.hears(5);
    await b.client.info(bob.uin);
    b.relay.quality = { ...GOOD, loss: 1 };
    for (const text of numbered('m', 5, 10)) await a.client.send(bob.uin, text);
    b.client.destroy();
    const again = await comes(stage, bob.uin, version, chance, closing);
    await again.hears(5);
    await again.client.info(bob.uin);
    assert.deepEqual(b.texts, numbered('m', 0, 5));
    assert.deepEqual(again.texts, numbered('m', 5, 10));
  });
}

onStage('version 5: a session goes on at another port of the same address', async (stage, chance, closing) => {
  const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
  const a = await comes(stage, alice.uin, 5, chance, closing);
  const b = await comes(stage, bob.uin, 5, chance, closing);
  await a.client.send(bob.uin, 'before');
  await b.hears(1);
  await b.relay.moves();
  // He says something, and is found where that came from.
  await b.client.info(bob.uin);
  await a.client.send(bob.uin, 'after');
  await b.hears(2);
  assert.deepEqual(b.texts, ['before', 'after']);
});

for (const version of [2, 3, 4, 5] as const) {
  onStage(`version ${version}: when the server is started again, clients come back and hear what waited`, async (stage, chance, closing) => {
    const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
    const a = await comes(stage, alice.uin, version, chance, closing, { reconnect: true });
    const b = await comes(stage, bob.uin, version, chance, closing, { reconnect: true });
    await a.client.send(bob.uin, 'before');
    await b.hears(1);
    // The server has heard that he has it.
    await b.client.info(bob.uin);
    await stage.restart();
    await a.backAgain;
    await a.client.send(bob.uin, 'after');
    await b.backAgain;
    await b.hears(2);
    assert.deepEqual(b.texts, ['before', 'after']);
  });
}

for (const version of [2, 3, 4] as const) {
  onStage(`version ${version}: a session has nothing to show at another port, and is told that it is none`, async (stage, chance, closing) => {
    const alice = await stage.person('alice');
    const a = await comes(stage, alice.uin, version, chance, closing);
    await a.relay.moves();
    a.client.info(alice.uin).catch(() => {});
    await a.closed;
  });
}

suite('bad lines', { concurrency: AT_ONCE }, () => {
  for (const add of tests) add();
});
