/** Ways to a server, as small tunnels on this machine: what goes in is FLAP, what comes out is what the way makes of it. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';

/** A relay that has to say for whom it connects. */
export const RELAY = '127.0.0.2';
/** Where the relay's clients are, and what they dialled. */
export const OUTSIDE = '198.51.100.7';
export const DIALLED = '203.0.113.4';

export type Way = (port: number) => Duplex;

const raw = (port: number, from?: string): Socket => connect({ host: '127.0.0.1', port, noDelay: true, ...(from === undefined ? {} : { localAddress: from }) });

export const proxyLine = (port: number): string => `PROXY TCP4 ${OUTSIDE} ${DIALLED} 40000 ${port}\r\n`;

export function proxyHeader(port: number): Buffer {
  const addresses = [OUTSIDE, DIALLED].flatMap((address) => address.split('.').map(Number));
  const signature = '0d0a0d0a000d0a515549540a';
  return Buffer.concat([Buffer.from(`${signature}2111000c`, 'hex'), Buffer.from([...addresses, 40_000 >> 8, 40_000 & 0xff, port >> 8, port & 0xff])]);
}

function relayed(port: number, header: Buffer | string): Socket {
  const socket = raw(port, RELAY);
  socket.write(header);
  return socket;
}

export const WAYS = {
  clear: (port) => raw(port),
  /** As stunnel does it: no ALPN, and a handshake that fails when anything comes before it. */
  tls: (port) => connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }),
  'tls, by name': (port) => connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['icq'] }),
  'web socket': (port) => createWebSocketStream(new WebSocket(`ws://127.0.0.1:${port}/oscar`)),
  'web socket inside tls': (port) => createWebSocketStream(new WebSocket(`wss://127.0.0.1:${port}/oscar`, { rejectUnauthorized: false })),
  'proxy, version 1': (port) => relayed(port, proxyLine(port)),
  'proxy, version 2': (port) => relayed(port, proxyHeader(port)),
  'proxy before tls': (port) => connectTls({ socket: relayed(port, proxyHeader(port)), rejectUnauthorized: false }),
} as const satisfies Record<string, Way>;

export interface Tunnel {
  readonly host: string;
  readonly port: number;
  close(): void;
}

/** Listens in the clear and carries to the server. */
export async function openTunnel(way: Way, port: number): Promise<Tunnel> {
  const ends = new Set<Duplex>();
  const server: Server = createServer({ noDelay: true }, (inside) => {
    const outside = way(port);
    for (const [end, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      ends.add(end);
      end.on('error', () => other.destroy());
      end.on('close', () => other.destroy());
    }
    inside.pipe(new PassThrough()).pipe(outside);
    outside.pipe(inside);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as { port: number }).port,
    close: () => {
      for (const end of ends) end.destroy();
      server.close();
    },
  };
}
