/** Over real sockets: a network that is banned is gone at once, whatever its connections were at; its neighbours notice nothing. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { type Client, connect as connectClient, nodePlatform } from '@seekyou/client';
import { connectTcp, type Transport } from '@seekyou/net';
import { oservice } from '@seekyou/wire/oscar';
import { createWebSocketStream, WebSocket } from 'ws';
import { openStage, PASSWORD } from './dialogue/stage.ts';
import { openTunnel, type Tunnel } from './ways-in.ts';

const BANNED = '127.0.0.2';
const NEIGHBOUR = '127.0.0.3';
const PATIENCE_MS = 20_000;
/** Keep-alive: says nothing, but in FLAP. */
const FLAP = Buffer.from('2a0500000000', 'hex');
const HELLO = /^\*/;
const PAGE = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const WHOLE_PAGE = /<\/html>/;

type Dial = (port: number, from: string) => Duplex;

const clear: Dial = (port, from) => connect({ host: '127.0.0.1', port, localAddress: from });
const encrypted =
  (...ALPNProtocols: readonly string[]): Dial =>
  (port, from) =>
    connectTls({ socket: clear(port, from) as never, rejectUnauthorized: false, ALPNProtocols: [...ALPNProtocols] });
const webSocket: Dial = (port, from) => createWebSocketStream(new WebSocket(`ws://127.0.0.1:${port}/oscar`, { localAddress: from }));

/** What is said, and what the answer to it looks like; then how those go on who stay. */
interface Kind {
  readonly dial: Dial;
  readonly says?: Buffer | string;
  readonly hears?: RegExp;
  readonly goesOn?: readonly [says: Buffer | string, hears: RegExp];
}

const KINDS: Readonly<Record<string, Kind>> = {
  'said nothing yet': { dial: clear, goesOn: [FLAP, HELLO] },
  'half a TLS handshake': { dial: clear, says: Buffer.from('1603010200', 'hex') },
  'said nothing yet inside TLS': { dial: encrypted(), goesOn: [FLAP, HELLO] },
  'FLAP, not signed on': { dial: clear, says: FLAP, hears: HELLO },
  'FLAP inside TLS, not signed on': { dial: encrypted('icq'), hears: HELLO },
  'half a request': { dial: clear, says: PAGE.slice(0, 20), goesOn: [PAGE.slice(20), WHOLE_PAGE] },
  'HTTP, kept alive': { dial: clear, says: PAGE, hears: WHOLE_PAGE, goesOn: [PAGE, WHOLE_PAGE] },
  'HTTPS, kept alive': { dial: encrypted('http/1.1'), says: PAGE, hears: WHOLE_PAGE, goesOn: [PAGE, WHOLE_PAGE] },
  'WebSocket, not signed on': { dial: webSocket, hears: HELLO },
};

class Visitor {
  readonly name: string;
  closed = false;
  private readonly kind: Kind;
  private readonly socket: Duplex;
  private heard = '';
  private wake: () => void = () => {};

  constructor(what: string, kind: Kind, port: number, from: string) {
    this.name = `${what}, from ${from}`;
    this.kind = kind;
    const socket = kind.dial(port, from);
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.heard += chunk.toString('latin1');
      this.wake();
    });
    socket.on('error', () => {});
    for (const end of ['end', 'close']) {
      socket.on(end, () => {
        this.closed = true;
        this.wake();
      });
    }
  }

  async begins(): Promise<void> {
    await this.asks(this.kind.says, this.kind.hears);
  }

  async goesOn(): Promise<void> {
    if (this.kind.goesOn !== undefined) await this.asks(...this.kind.goesOn);
  }

  private async asks(says: Buffer | string | undefined, hears: RegExp | undefined): Promise<void> {
    this.heard = '';
    if (says !== undefined) this.socket.write(says);
    if (hears !== undefined) await this.until(() => hears.test(this.heard), `an answer that fits ${hears}`);
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const give = Date.now() + PATIENCE_MS;
    while (!holds()) {
      const left = give - Date.now();
      assert.ok(left > 0, `${this.name}: ${what}; came: ${JSON.stringify(this.heard)}, closed: ${this.closed}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  leaves(): void {
    this.socket.destroy();
  }
}

test('a banned network is closed at once, whatever it was at; its neighbours go on', async () => {
  const stage = await openStage({ greet_ms: 9_000, 'limits.first_bytes_ms': 60_000 });
  const visitors: Visitor[] = [];
  const { uin } = await stage.person('alice');
  const comes = async (from: string): Promise<Visitor[]> => {
    const come = Object.entries(KINDS).map(([what, kind]) => new Visitor(what, kind, stage.port, from));
    visitors.push(...come);
    await Promise.all(come.map((visitor) => visitor.begins()));
    return come;
  };
  const tunnels: Tunnel[] = [];
  const session = async (from: string): Promise<Client> => {
    const tunnel = await openTunnel((port) => {
      const socket = clear(port, from);
      // So that it need not wait to be greeted.
      socket.write(FLAP);
      return socket;
    }, stage.port);
    tunnels.push(tunnel);
    const dial = (): Promise<Transport> => connectTcp({ ...tunnel, limits: { sendQueueBytesMax: 1 << 20 }, timeoutMs: PATIENCE_MS });
    return connectClient({ ...nodePlatform(), dial }, { server: stage, uin, password: PASSWORD, tls: 'off' });
  };
  try {
    const events = (name: string): number => stage.server.counters[name] ?? 0;
    const banned = await comes(BANNED);
    const neighbours = await comes(NEIGHBOUR);
    const signedOn = await session(BANNED);
    const all = 2 * Object.keys(KINDS).length;
    const deadline = Date.now() + PATIENCE_MS;
    while (events('door_connections') < all || events('door_tls') < 6) {
      assert.ok(Date.now() < deadline, 'all are in');
      await new Promise(setImmediate);
    }
    const over = new Promise<void>((resolve) => {
      signedOn.listen(({ type }) => type === 'closed' && resolve());
    });
    await stage.server.core.admin.ban({ target: `${BANNED}/32`, reason: 'a test' });
    await Promise.all(banned.map((visitor) => visitor.until(() => visitor.closed, 'is closed')));
    await over;
    assert.deepEqual([events('door_refused_banned'), events('http_banned')], [3, 4]);
    assert.deepEqual(
      neighbours.filter(({ closed }) => closed).map(({ name }) => name),
      [],
    );
    await Promise.all(neighbours.map((visitor) => visitor.goesOn()));
    const other = await session(NEIGHBOUR);
    await other.request(oservice.userInfoQuery, {}, oservice.userInfoUpdate, 'a question');
    other.destroy();
  } finally {
    for (const visitor of visitors) visitor.leaves();
    for (const tunnel of tunnels) tunnel.close();
    await stage.close();
  }
});
