/**
 * What must not be said to the listener before anybody signed on: forged and broken PROXY headers, TLS that is none, HTTP that can be
 * read in two ways. Each is closed or answered, and counted, while two others talk on undisturbed. @see proxies.md §5.4, §7.3
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { openStage, type Stage } from '../dialogue/stage.ts';
import { openTunnel, OUTSIDE, proxyHeader, proxyLine, RELAY } from '../ways-in.ts';

const PATIENCE_MS = 20_000;

/** A connection by hand: what came, and how it ended. */
class Caller {
  readonly socket: Socket;
  private text = '';
  private over = false;
  private wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
      this.wake();
    });
    socket.on('close', () => {
      this.over = true;
      this.wake();
    });
  }

  static calls({ port }: Stage, from = '127.0.0.1'): Caller {
    return new Caller(connect({ host: '127.0.0.1', port, localAddress: from, noDelay: true }));
  }

  say(...parts: readonly (string | Uint8Array)[]): this {
    for (const part of parts) this.socket.write(part);
    return this;
  }

  /** Everything until the server closes. */
  async end(): Promise<string> {
    await this.until(() => this.over, 'the server closes');
    return this.text;
  }

  async hears(what: string): Promise<void> {
    await this.until(() => this.text.includes(what), JSON.stringify(what));
  }

  get heard(): string {
    return this.text;
  }

  private async until(holds: () => boolean, what: string): Promise<void> {
    const give = Date.now() + PATIENCE_MS;
    while (!holds()) {
      const left = give - Date.now();
      assert.ok(left > 0 && !(this.over && !holds()), `${what}; came: ${JSON.stringify(this.text.slice(0, 200))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** What bad input is counted as. Good input raises none of these: see the last test. */
const ALARMS = new Set<string>();

/** @param alarm the event that must have happened, once for each of `times` */
function refused(name: string, alarm: string, play: (stage: Stage) => Promise<void>, times = 1, options: Readonly<Record<string, unknown>> = {}): void {
  ALARMS.add(alarm);
  observed(name, play, (counters) => assert.equal(counters[alarm], times, `${alarm}: ${JSON.stringify(counters)}`), options);
}

function observed(
  name: string,
  play: (stage: Stage) => Promise<void>,
  judge: (counters: Readonly<Record<string, number>>) => void,
  options: Readonly<Record<string, unknown>> = {},
): void {
  test(name, async () => {
    const stage = await openStage({ trust_proxy: [`${RELAY}/32`], 'limits.first_bytes_ms': 700, ...options });
    try {
      const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
      // Own clients: they are not disturbed by the time others are given.
      for (const person of [alice, bob]) await person.signsOn({ tls: 'require', unknownKey: () => true });
      await alice.says(bob, 'before');
      await play(stage);
      await bob.says(alice, 'after');
      await bob.hears(alice, 'before');
      await alice.hears(bob, 'after');
      await alice.hearsNothingMore();
      await bob.hearsNothingMore();
      judge(stage.server.counters);
      assert.equal(stage.server.counters['oscar_handler_failures'], 0);
    } finally {
      await stage.close();
    }
  });
}

// ---------------------------------------------------------------- PROXY

refused(
  'a PROXY header from somebody who is no relay is closed',
  'door_proxy_unwanted',
  async (stage) => {
    for (const header of [proxyLine(stage.port), proxyHeader(stage.port)]) assert.equal(await Caller.calls(stage).say(header).end(), '');
  },
  2,
);

refused(
  'a relay that says nothing, or something else, is closed without a hello',
  'door_proxy_missing',
  async (stage) => {
    for (const first of ['*\u0005\0\0\0\0', 'GET / HTTP/1.1\r\n\r\n', '\u0016\u0003\u0001'])
      assert.equal(await Caller.calls(stage, RELAY).say(first).end(), '');
  },
  3,
);

refused('a relay that stays silent is not greeted', 'door_timeouts', async (stage) => {
  assert.equal(await Caller.calls(stage, RELAY).end(), '');
});

const version2 = (command: number, family: number, length: number, body: Uint8Array = new Uint8Array(0)): Buffer =>
  Buffer.concat([Buffer.from('0d0a0d0a000d0a515549540a', 'hex'), Buffer.from([command, family, length >> 8, length & 0xff]), body]);

refused(
  'PROXY headers that make no sense are closed',
  'door_proxy_bad',
  async (stage) => {
    const headers: readonly (string | Buffer)[] = [
      `PROXY TCP4 ${OUTSIDE}\r\n`,
      `PROXY TCP4 ${OUTSIDE} 300.0.0.1 1 2\r\n`,
      `PROXY TCP4 ${OUTSIDE} ${'9'.repeat(200)}`,
      version2(0x21, 0x11, 0xffff, Buffer.alloc(0xffff)),
      version2(0x21, 0x11, 4, Buffer.alloc(4)),
      version2(0x31, 0x11, 12, Buffer.alloc(12)),
    ];
    for (const header of headers) assert.equal(await Caller.calls(stage, RELAY).say(header).end(), '');
  },
  6,
);

refused('half a PROXY header is waited for, and then closed', 'door_timeouts', async (stage) => {
  assert.equal(await Caller.calls(stage, RELAY).say(proxyHeader(stage.port).subarray(0, 20)).end(), '');
});

observed(
  'a PROXY header byte by byte, glued to data, or of nobody in particular is good',
  async (stage) => {
    const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    for (const header of [Buffer.from(proxyLine(stage.port)), proxyHeader(stage.port)]) {
      const slow = Caller.calls(stage, RELAY);
      for (const byte of Buffer.concat([header, Buffer.from(request)])) {
        slow.say(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.match(await slow.end(), /^HTTP\/1.1 200 /);
      assert.match(
        await Caller.calls(stage, RELAY)
          .say(Buffer.concat([header, Buffer.from(request)]))
          .end(),
        /^HTTP\/1.1 200 /,
      );
    }
    for (const header of ['PROXY UNKNOWN\r\n', version2(0x20, 0, 0), version2(0x21, 0x31, 216, Buffer.alloc(216))]) {
      assert.match(await Caller.calls(stage, RELAY).say(header, request).end(), /^HTTP\/1.1 200 /);
    }
  },
  (counters) => assert.equal(counters['door_http'], 7),
);

refused(
  'a second header behind the first, and one inside TLS, are closed',
  'door_proxy_unwanted',
  async (stage) => {
    const twice = Caller.calls(stage, RELAY).say(proxyHeader(stage.port), proxyLine(stage.port));
    assert.equal(await twice.end(), '');
    assert.equal(await new Caller(await secure(stage)).say(proxyHeader(stage.port)).end(), '');
  },
  2,
  { greet_ms: 9_000, 'limits.first_bytes_ms': 10_000 },
);

refused('a header that comes after the hello is no FLAP', 'oscar_bad_markers', async (stage) => {
  const late = Caller.calls(stage);
  await late.hears('*');
  late.say(proxyLine(stage.port));
  assert.ok(!(await late.end()).includes(OUTSIDE));
});

// ---------------------------------------------------------------- TLS

refused(
  'garbage where a handshake should be is closed',
  'door_tls_failed',
  async (stage) => {
    const hello = Buffer.from('160301000501020304ff', 'hex');
    const answers = [
      await Caller.calls(stage).say(hello).end(),
      await Caller.calls(stage)
        .say(Buffer.concat([hello, Buffer.alloc(100_000, 0x16)]))
        .end(),
    ];
    for (const answer of answers) assert.ok(!answer.includes('*'), 'nothing but an alert is said');
  },
  2,
);

refused('half a handshake is waited for, and then closed', 'door_tls_failed', async (stage) => {
  await Caller.calls(stage).say(Buffer.from('1603010200010001fc0303', 'hex')).end();
});

refused('versions of TLS that are too old are refused', 'door_tls_failed', async (stage) => {
  const old = connectTls({
    host: '127.0.0.1',
    port: stage.port,
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const [error] = (await once(old, 'error')) as [NodeJS.ErrnoException];
  assert.match(error.code ?? '', /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
});

refused('a protocol nobody knows is refused in the handshake', 'door_tls_failed', async (stage) => {
  const strange = connectTls({ host: '127.0.0.1', port: stage.port, rejectUnauthorized: false, ALPNProtocols: ['imap'] });
  const [error] = (await once(strange, 'error')) as [NodeJS.ErrnoException];
  assert.match(error.code ?? '', /NO_APPLICATION_PROTOCOL/);
});

const secure = async (stage: Stage, options: object = {}): Promise<TLSSocket> => {
  const socket = connectTls({ host: '127.0.0.1', port: stage.port, rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
};

refused('who says HTTP in the handshake and speaks FLAP gets an answer of HTTP', 'http_refused', async (stage) => {
  const liar = new Caller(await secure(stage, { ALPNProtocols: ['http/1.1'] }));
  assert.match(await liar.say(Buffer.from('2a0100000004000000012a0500000000', 'hex')).end(), /^HTTP\/1.1 400 /);
});

refused('who says ICQ in the handshake and speaks HTTP gets no page', 'oscar_bad_markers', async (stage) => {
  const liar = new Caller(await secure(stage, { ALPNProtocols: ['icq'] }));
  const heard = await liar.say('GET / HTTP/1.1\r\nHost: x\r\n\r\n').end();
  assert.ok(!heard.includes('HTTP'));
});

refused(
  'TLS inside TLS is nothing we know',
  'door_unknown',
  async (stage) => {
    await new Caller(await secure(stage)).say(Buffer.from('16030100050102030405', 'hex')).end();
  },
  1,
  { greet_ms: 5_000, 'limits.first_bytes_ms': 10_000 },
);

refused('a second handshake on a connection is refused', 'door_tls_broken', async (stage) => {
  const again = await secure(stage, { ALPNProtocols: ['icq'], maxVersion: 'TLSv1.2' });
  await once(again, 'data');
  const refusal = once(again, 'error');
  again.renegotiate({}, () => {});
  const [error] = (await refusal) as [Error];
  assert.match(error.message, /no renegotiation/);
  again.destroy();
});

refused('garbage after a good handshake ends that connection', 'door_tls_broken', async (stage) => {
  let line: Socket | undefined;
  const tunnel = await openTunnel((port) => (line = connect({ host: '127.0.0.1', port, noDelay: true })), stage.port);
  try {
    const broken = new Caller(await secure(stage, { port: tunnel.port, ALPNProtocols: ['icq'] }));
    await broken.hears('*');
    // A record of the right form that nobody encrypted.
    line?.write(Buffer.concat([Buffer.from('1703030040', 'hex'), Buffer.alloc(0x40, 0x2a)]));
    await broken.end();
  } finally {
    tunnel.close();
  }
});

// ---------------------------------------------------------------- HTTP

const ask = (stage: Stage, ...parts: readonly (string | Uint8Array)[]): Promise<string> =>
  Caller.calls(stage)
    .say(...parts)
    .end();

refused(
  'requests that can be read in two ways are refused, and what is hidden in them is not answered',
  'http_refused',
  async (stage) => {
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';
    const shapes = [
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${hidden.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n${hidden}`,
      `GET / HTTP/1.1\r\nHost: x\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `GET / HTTP/1.1\nHost: x\n\u0000: y\n\n${hidden}`,
    ];
    for (const shape of shapes) {
      const answer = await ask(stage, shape);
      assert.match(answer, /^HTTP\/1.1 4\d\d /, shape);
      assert.equal(answer.split('HTTP/1.1 ').length, 2, `one answer to ${JSON.stringify(shape)}`);
    }
  },
  6,
);

refused('a header of a mebibyte is refused long before it is over', 'http_refused', async (stage) => {
  const caller = Caller.calls(stage).say('GET / HTTP/1.1\r\nHost: x\r\nX: ');
  caller.say(Buffer.alloc(1 << 20, 0x61));
  await caller.end();
});

refused('a request that never ends is given up', 'http_timeouts', async (stage) => {
  assert.match(await Caller.calls(stage).say('GET / HTTP/1.1\r\nHost: x\r\n').end(), /^HTTP\/1.1 408 /);
});

refused('nor does a byte now and then help it', 'http_timeouts', async (stage) => {
  const slow = Caller.calls(stage).say('GET / HTTP/1.1\r\nHost: x\r\nX: ');
  const drip = setInterval(() => slow.say('a'), 50);
  try {
    assert.match(await slow.end(), /^HTTP\/1.1 408 /);
  } finally {
    clearInterval(drip);
  }
});

refused('a body is not waited for, however slow it is', 'http_refused', async (stage) => {
  assert.match(await Caller.calls(stage).say('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na').end(), /^HTTP\/1.1 405 /);
});

refused(
  'other pages, methods and tunnels are refused',
  'http_refused',
  async (stage) => {
    for (const [request, status] of [
      ['GET /../../etc/passwd HTTP/1.1', 404],
      ['GET /%zz HTTP/1.1', 400],
      ['DELETE / HTTP/1.1', 405],
      ['CONNECT example.org:25 HTTP/1.1', 405],
      ['GET / HTTP/9.9', 400],
    ] as const) {
      const answer = await ask(stage, `${request}\r\nHost: x\r\n\r\n`);
      assert.match(answer, /^HTTP\/1.1 4\d\d /, request);
      assert.equal(Number(answer.slice(9, 12)), status, request);
    }
  },
  5,
);

refused(
  'first bytes of nothing we know are closed, SOCKS among them',
  'door_unknown',
  async (stage) => {
    for (const bytes of ['050100', '0401144600000001', '80460103', '0d0a0d0a41']) assert.equal(await ask(stage, Buffer.from(bytes, 'hex')), '');
  },
  4,
);

// ---------------------------------------------------------------- WebSocket

refused(
  'a WebSocket for another path, or from a page of another server, is refused',
  'web_sockets_refused',
  async (stage) => {
    for (const [path, options] of [
      ['/', {}],
      ['/oscar', { origin: 'https://elsewhere.example' }],
    ] as const) {
      const socket = new WebSocket(`ws://127.0.0.1:${stage.port}${path}`, options);
      const [error] = (await once(socket, 'error')) as [Error];
      assert.match(error.message, /40[34]/);
    }
  },
  2,
);

refused(
  'a WebSocket with text, or with a message too large, is closed',
  'web_sockets_broken',
  async (stage) => {
    for (const [said, code] of [
      ['hello', 1003],
      [Buffer.alloc(300_000, 0x2a), 1009],
    ] as const) {
      const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/oscar`);
      socket.on('error', () => {});
      await once(socket, 'open');
      socket.send(said);
      const [closed] = (await once(socket, 'close')) as [number];
      assert.equal(closed, code);
    }
  },
  2,
);

// ---------------------------------------------------------------- good input

/** The server has seen everybody go but Alice and Bob. */
async function haveLeft(stage: Stage): Promise<void> {
  const give = Date.now() + PATIENCE_MS;
  for (let open = Infinity; open > 2; ) {
    assert.ok(Date.now() < give, `${open} connections are open`);
    const metrics = await (await fetch(`${stage.server.adminUrl}/metrics`)).text();
    open = Number(/^seekyou_connections (\d+)$/m.exec(metrics)?.[1]);
  }
}

observed(
  'good input of the same kinds raises none of what bad input does',
  async (stage) => {
    for (const header of [Buffer.from(proxyLine(stage.port)), proxyHeader(stage.port)]) {
      const answer = await Caller.calls(stage, RELAY).say(header, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').end();
      assert.match(answer, /^HTTP\/1.1 200 /);
    }
    const page = new Caller(await secure(stage, { ALPNProtocols: ['http/1.1'] }));
    assert.match(await page.say('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').end(), /^HTTP\/1.1 200 /);
    // Whoever leaves leaves: in good order, without a word, or torn away.
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
        let line: Socket | undefined;
        const tunnel = await openTunnel((port) => (line = connect({ host: '127.0.0.1', port, noDelay: true })), stage.port);
        try {
          const socket = await secure(stage, { port: tunnel.port, ALPNProtocols: ['icq'], maxVersion });
          const caller = new Caller(socket);
          await caller.hears('*');
          if (leave === 'end') socket.end();
          else line?.[leave]();
          await caller.end();
        } finally {
          tunnel.close();
        }
      }
    }
    for (const leave of ['close', 'terminate'] as const) {
      const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/oscar`);
      await once(socket, 'message');
      const closed = once(socket, 'close');
      socket.send(Buffer.from('2a0100000004000000012a0500000000', 'hex'));
      socket[leave]();
      await closed;
    }
    await haveLeft(stage);
  },
  (counters) => {
    assert.ok(ALARMS.size > 10 && [...ALARMS].every((alarm) => alarm in counters), 'they exist');
    assert.deepEqual(
      Object.entries(counters).filter(([event, count]) => ALARMS.has(event) && count > 0),
      [],
    );
  },
);
