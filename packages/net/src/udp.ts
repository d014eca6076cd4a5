/** UDP: sockets that send and receive single datagrams. */
import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP, isIPv4 } from 'node:net';
import { formatEndpoint, plainAddress } from './address.ts';
import { hasNoIpv6, listenFailed } from './tcp.ts';
import { ConnectionError, type Endpoint } from './transport.ts';

export interface DatagramPort {
  /** Where it is bound. */
  readonly address: Endpoint;
  /** Sends or loses it: nobody learns which. */
  send(bytes: Uint8Array, to: Endpoint): void;
  close(): Promise<void>;
}

export interface DatagramOptions {
  /** Absent or `::`: every address, IPv4 included, and `0.0.0.0` where the machine has no IPv6. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  /** What the system keeps for us between two turns. Absent: what it thinks best. */
  readonly receiveBufferBytes?: number;
  /**
   * Must not throw.
   *
   * @param bytes the receiver's from now on
   * @param from IPv4 never in its `::ffff:` form
   */
  readonly onDatagram: (bytes: Uint8Array, from: Endpoint, port: DatagramPort) => void;
}

/** @throws ConnectionError `port-in-use`, `port-not-allowed`, `no-such-address`, `no-such-name`, `failed` */
export async function openUdp(options: DatagramOptions): Promise<DatagramPort> {
  const host = options.host ?? '::';
  try {
    return await bindTo(host, options);
  } catch (error) {
    if (host !== '::' || !hasNoIpv6(error)) throw bindFailed(error, host, options.port);
  }
  try {
    return await bindTo('0.0.0.0', options);
  } catch (error) {
    throw bindFailed(error, '0.0.0.0', options.port);
  }
}

async function bindTo(host: string, { port, receiveBufferBytes, onDatagram }: DatagramOptions): Promise<DatagramPort> {
  const family = host.includes(':') ? 'udp6' : 'udp4';
  const socket = createSocket({ type: family, ...(receiveBufferBytes === undefined ? {} : { recvBufferSize: receiveBufferBytes }), lookup: literalsFirst });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: host, port }, () => {
      socket.removeAllListeners('error');
      resolve();
    });
  });
  // What one datagram met on its way is no news about the others.
  socket.on('error', () => {});
  return new SocketPort(socket, family === 'udp6', onDatagram);
}

class SocketPort implements DatagramPort {
  readonly address: Endpoint;
  private readonly socket: Socket;
  private readonly dualStack: boolean;
  private closed = false;

  constructor(socket: Socket, dualStack: boolean, onDatagram: DatagramOptions['onDatagram']) {
    this.socket = socket;
    this.dualStack = dualStack;
    const bound = socket.address();
    this.address = { address: plainAddress(bound.address), port: bound.port };
    socket.on('message', (bytes, { address, port }) => {
      if (!this.closed) onDatagram(bytes, { address: plainAddress(address), port }, this);
    });
  }

  send(bytes: Uint8Array, { address, port }: Endpoint): void {
    if (this.closed || port === 0) return;
    this.socket.send(bytes, port, this.dualStack && isIPv4(address) ? `::ffff:${address}` : address, lost);
  }

  close(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.closed = true;
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }
}

/** Datagrams get lost. */
const lost = (): void => {};

/** Addresses need no search, which would cost more than the datagram. */
const literalsFirst: NonNullable<SocketOptions['lookup']> = (name, { family }, callback) => {
  if (isIP(name) !== 0) callback(null, name, isIP(name));
  else lookup(name, family === undefined ? {} : { family }, callback);
};

function bindFailed(error: unknown, host: string, port: number): ConnectionError {
  const failed = listenFailed(error, host, port, 'udp');
  if (failed.code !== 'port-in-use') return failed;
  const at = formatEndpoint(host, port);
  return new ConnectionError('port-in-use', `UDP ${at} is in use by another program; stop it, or use another port`, { cause: error });
}
