/** TCP: listening and connecting. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { formatEndpoint, plainAddress } from './address.ts';
import { TcpTransport } from './tcp-transport.ts';
import { ConnectionError, type Transport, type TransportLimits } from './transport.ts';

export interface ListenOptions {
  /** Absent or `::`: every address, IPv4 included, and `0.0.0.0` where the machine has no IPv6. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  readonly limits: TransportLimits;
  /** Must not throw. */
  readonly onConnection: (transport: Transport) => void;
}

export interface TcpListener {
  readonly address: { readonly host: string; readonly port: number };
  /** Stops accepting; connections that are open stay. */
  close(): Promise<void>;
}

/** Connections the system keeps for us between two turns: a whole site may come back at once. */
const BACKLOG = 1024;

/** @throws ConnectionError `port-in-use`, `port-not-allowed`, `no-such-address`, `failed` */
export function listenTcp(options: ListenOptions): Promise<TcpListener> {
  return listenSockets({ ...options, onSocket: (socket) => options.onConnection(new TcpTransport(socket, options.limits)) });
}

/** Bare sockets. @throws as {@link listenTcp} */
export async function listenSockets(options: Pick<ListenOptions, 'host' | 'port'> & { readonly onSocket: (socket: Socket) => void }): Promise<TcpListener> {
  const { port, onSocket } = options;
  const host = options.host ?? '::';
  try {
    return await listenOn(host, port, onSocket);
  } catch (error) {
    if (host !== '::' || !hasNoIpv6(error)) throw listenFailed(error, host, port);
  }
  try {
    return await listenOn('0.0.0.0', port, onSocket);
  } catch (error) {
    throw listenFailed(error, '0.0.0.0', port);
  }
}

function listenOn(host: string, wanted: number, onSocket: (socket: Socket) => void): Promise<TcpListener> {
  const server = createServer({ noDelay: true }, onSocket);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: wanted, backlog: BACKLOG }, () => {
      server.off('error', reject);
      // A listener that fails to accept one connection (no file handles left) goes on with the next.
      server.on('error', () => {});
      const { address, port } = server.address() as AddressInfo;
      resolve({ address: { host: plainAddress(address), port }, close: () => stopListening(server) });
    });
  });
}

/** Resolves at once: `close` itself waits for the open connections, which their users end. */
function stopListening(server: Server): Promise<void> {
  server.close();
  return Promise.resolve();
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

export function hasNoIpv6(error: unknown): boolean {
  return codeOf(error) === 'EAFNOSUPPORT' || codeOf(error) === 'EADDRNOTAVAIL';
}

/** What a person can do when the system keeps low ports to itself. */
function lowPortRemedies(port: number, protocol: 'tcp' | 'udp'): string {
  // Clients are told where to go over TCP alone: those of UDP stay where they are.
  const redirected =
    protocol === 'tcp'
      ? `listen on 5190, redirect the port (nft: tcp dport ${port} redirect to :5190) and set advertise = ["HOST:${port}"]`
      : `listen on 4000 and redirect the port (nft: udp dport ${port} redirect to :4000)`;
  return [
    `port ${port} is below 1024 and this user may not open it. Do one of these:`,
    `  - allow this Node to: sudo setcap cap_net_bind_service=+ep "${process.execPath}"`,
    '  - under systemd, add to the unit: AmbientCapabilities=CAP_NET_BIND_SERVICE',
    `  - ${redirected}`,
  ].join('\n');
}

/** The sentence for a listener that could not open. */
export function listenFailed(error: unknown, host: string, port: number, protocol: 'tcp' | 'udp' = 'tcp'): ConnectionError {
  const at = formatEndpoint(host, port);
  const options = { cause: error };
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new ConnectionError('port-in-use', `${at} is in use by another program; stop it, or listen on another port`, options);
    case 'EACCES':
      return new ConnectionError('port-not-allowed', port < 1024 ? lowPortRemedies(port, protocol) : `the system does not allow listening on ${at}`, options);
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return new ConnectionError('no-such-address', `this machine has no address ${host}`, options);
    case 'ENOTFOUND':
      return new ConnectionError('no-such-name', `${host} is not a name or address of this machine`, options);
    default:
      return new ConnectionError('failed', `cannot listen on ${at}: ${(error as Error).message}`, options);
  }
}

export interface ConnectOptions {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  readonly limits: TransportLimits;
  /** How long finding the name and connecting may take together. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** @throws ConnectionError `no-such-name`, `refused`, `unreachable`, `timed-out`, `aborted`, `failed` */
export async function connectTcp(options: ConnectOptions): Promise<Transport> {
  return new TcpTransport(await connectSocket(options), options.limits);
}

/** The bare socket. @throws as {@link connectTcp} */
export function connectSocket(options: Omit<ConnectOptions, 'limits'>): Promise<Socket> {
  const at = formatEndpoint(options.host, options.port);
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new ConnectionError('aborted', `connecting to ${at} was given up`));
      return;
    }
    const socket = connect({ host: options.host, port: options.port, noDelay: true });
    const failed = (error: unknown): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(connectFailed(error, at));
    };
    const abort = (): void => {
      const tooLate = new ConnectionError('timed-out', `${at} did not answer within ${options.timeoutMs} ms`);
      failed(options.signal?.aborted === true ? new ConnectionError('aborted', `connecting to ${at} was given up`) : tooLate);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', failed);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

function connectFailed(error: unknown, at: string): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const options = { cause: error };
  // With several addresses for a name, Node tries all and reports an AggregateError; the first says enough.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  switch (codeOf(first)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConnectionError('no-such-name', `${at}: there is no such name`, options);
    case 'ECONNREFUSED':
      return new ConnectionError('refused', `${at} refuses connections: nothing listens there, or a firewall says so`, options);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new ConnectionError('unreachable', `${at} cannot be reached from here`, options);
    case 'ETIMEDOUT':
      return new ConnectionError('timed-out', `${at} did not answer`, options);
    default:
      return new ConnectionError('failed', `cannot connect to ${at}: ${(first as Error).message}`, options);
  }
}
