/**
 * HTTP on the ports where clients connect: a page that says what this is, and WebSocket with FLAP inside. Connections come from
 * the front door; nothing here listens.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Limits, Peer } from '@seekyou/core';
import type { Transport, Visit } from '@seekyou/net';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import { WebSocketServer } from 'ws';
import type { Counters } from '../runtime/counters.ts';
import { ConnectionCaps, type Place } from '../runtime/limits.ts';
import { HTTP_COUNTERS, type HttpEvent } from './counters.ts';
import { CONTENT_POLICY, type PageFacts, renderPage, renderProblem } from './page.ts';
import { WebSocketTransport } from './web-socket.ts';

export interface PublicHttpOptions {
  readonly limits: Limits;
  readonly counters: Counters;
  readonly facts: (visit: Visit) => PageFacts;
  /** False for who is not to be spoken to. */
  readonly admits: (peer: Peer) => boolean;
  readonly onFlap: (transport: Transport) => void;
}

export interface PublicHttp {
  /** Takes a connection whose first bytes are unread. */
  accept(socket: Duplex, visit: Visit): void;
  /** Ends the connections, WebSockets among them, of those who are no longer admitted. */
  dismissBanned(): void;
  /** Ends all but WebSockets: whoever took their FLAP has last words for them. */
  close(): Promise<void>;
}

/** Where WebSocket is spoken. @see proxies.md §5.3 */
export const WEB_SOCKET_PATH = '/oscar';

const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 64;
const KEEP_ALIVE_MS = 5_000;
const CHECK_MS = 1_000;
const REQUESTS_PER_CONNECTION_MAX = 100;
/** Of one WebSocket message, as `ws` calls them; its types do not know them all. */
const MESSAGE_LIMITS = {
  /** The longest FLAP frame, or what a tunnel reads at once. */
  maxPayload: 64 * 1024,
  /** Each is remembered, however small it is. */
  maxFragments: 16,
  /** So are the reads a frame comes in: that many, when the longest comes in pieces of 256 bytes, the smallest that lines make. */
  maxBufferedChunks: 256,
};

const HEADERS = {
  'content-security-policy': CONTENT_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

interface Guest {
  readonly visit: Visit;
  readonly place: Place;
  /** Speaks FLAP in a WebSocket: it is the receiver's to count, and to end with a word. */
  webSocket: boolean;
}

export async function createPublicHttp(options: PublicHttpOptions): Promise<PublicHttp> {
  const { counters } = options;
  const caps = new ConnectionCaps(options.limits);
  const guests = new Map<Duplex, Guest>();
  /** Had their last words. */
  const refused = new WeakSet<Duplex>();
  /** Answers that are being given. */
  const answers = new WeakMap<Duplex, ServerResponse>();
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, ...MESSAGE_LIMITS, clientTracking: false });
  for (const name of Object.keys(HTTP_COUNTERS)) counters[name] ??= 0;

  function count(event: HttpEvent): void {
    counters[event] = (counters[event] ?? 0) + 1;
  }

  /** The last words on a connection nothing more is read from. */
  function refuse(socket: Duplex, status: number, reason: string, event: HttpEvent): void {
    if (refused.has(socket)) return;
    refused.add(socket);
    count(event);
    // For upgrade and CONNECT Node takes its own listener away; who resets the connection now must not end more than that.
    socket.on('error', () => socket.destroy());
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
  }

  /** What came cannot be understood, or does not come. */
  function broken(error: NodeJS.ErrnoException, socket: Duplex): void {
    const answer = answers.get(socket);
    if (answer !== undefined) {
      // What came behind a request is not read; that one gets its answer.
      answer.once('finish', () => {
        if (answer.statusCode === 200) count('http_refused');
        socket.end();
      });
      return;
    }
    const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const large = error.code === 'HPE_HEADER_OVERFLOW';
    if (late) refuse(socket, 408, 'Request Timeout', 'http_timeouts');
    else refuse(socket, large ? 431 : 400, large ? 'Request Header Fields Too Large' : 'Bad Request', 'http_refused');
  }

  const server = createHttpServer(options.limits.firstBytesMs);
  const app = await createPages(server, {
    facts: (request) => {
      const guest = guests.get(request.socket);
      return guest === undefined ? undefined : options.facts(guest.visit);
    },
    count,
    broken,
    begins: (socket, answer) => {
      answers.set(socket, answer);
      answer.once('close', () => answers.delete(socket));
    },
  });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const guest = guests.get(socket);
    if (guest === undefined || request.url?.split('?')[0] !== WEB_SOCKET_PATH) {
      refuse(socket, 404, 'Not Found', 'web_sockets_refused');
    } else if (!sameOrigin(request)) refuse(socket, 403, 'Forbidden', 'web_sockets_refused');
    else {
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        count('web_sockets');
        guest.webSocket = true;
        guest.place.gone();
        options.onFlap(new WebSocketTransport(webSocket, guest.visit, options.limits, () => count('web_sockets_broken')));
      });
    }
  });
  webSockets.on('wsClientError', (_error, socket) => refuse(socket, 400, 'Bad Request', 'web_sockets_refused'));
  // Nobody is connected anywhere from here.
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => refuse(socket, 405, 'Method Not Allowed', 'http_refused'));

  return {
    accept: (socket, visit) => {
      const place = caps.enter(visit.peer);
      if (typeof place === 'string') {
        count('http_refused_full');
        socket.on('error', () => {});
        socket.destroy();
        return;
      }
      guests.set(socket, { visit, place, webSocket: false });
      socket.once('close', () => {
        guests.delete(socket);
        place.gone();
      });
      server.emit('connection', socket);
    },
    dismissBanned: () => {
      for (const [socket, { visit }] of guests) {
        if (options.admits(visit.peer)) continue;
        count('http_banned');
        socket.destroy();
      }
    },
    close: async () => {
      for (const [socket, { webSocket }] of guests) if (!webSocket) socket.destroy();
      await app.close();
    },
  };
}

/** Node's parser refuses requests that can be read in two ways; the times and sizes are ours. */
/** @param requestMs for a whole request */
function createHttpServer(requestMs: number): Server {
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_MS,
    insecureHTTPParser: false,
  });
  server.maxHeadersCount = HEADERS_MAX;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;
  return server;
}

interface Pages {
  readonly facts: (request: IncomingMessage) => PageFacts | undefined;
  readonly count: (event: HttpEvent) => void;
  readonly broken: (error: NodeJS.ErrnoException, socket: Duplex) => void;
  /** An answer will be given. */
  readonly begins: (socket: Duplex, answer: ServerResponse) => void;
}

async function createPages(server: Server, { facts, count, broken, begins }: Pages): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    clientErrorHandler: broken,
    serverFactory: (handle) => {
      server.on('request', (request, response) => {
        begins(request.socket, response);
        handle(request, response);
      });
      return server;
    },
    // What the address cannot mean is not there.
    frameworkErrors: (_error, _request, reply) => void problem(reply as unknown as FastifyReply, 400, 'This request makes no sense.'),
  });
  const problem = (reply: FastifyReply, status: number, sentence: string): FastifyReply => {
    count('http_refused');
    return reply.code(status).headers(HEADERS).header('connection', 'close').type('text/html; charset=utf-8').send(renderProblem(status, sentence));
  };
  app.addHook('onRequest', async ({ raw }, reply) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = raw.headers;
    if (raw.method !== 'GET' && raw.method !== 'HEAD') return problem(reply, 405, 'There is nothing here to send to.');
    // No page takes a body, so nobody can hide a second request in one.
    return encoding !== undefined || (length !== undefined && length !== '0') ? problem(reply, 413, 'No page here takes a body.') : undefined;
  });
  app.get('/', async ({ raw }, reply) => {
    const shown = facts(raw);
    if (shown === undefined) return problem(reply, 404, 'There is no such page.');
    count('http_requests');
    return reply.headers(HEADERS).type('text/html; charset=utf-8').send(renderPage(shown));
  });
  app.setNotFoundHandler((_request, reply) => problem(reply, 404, 'There is no such page.'));
  app.setErrorHandler((_error, _request, reply) => problem(reply, 400, 'This request makes no sense.'));
  await app.ready();
  // Begins looking after times that ran out.
  server.emit('listening');
  return app;
}

/** Programs say no origin; of pages only our own may speak for their reader. */
function sameOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  const url = URL.parse(origin);
  return url !== null && url.host === host?.toLowerCase();
}
