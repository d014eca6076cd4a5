/** TLS from the client's side. No authority vouches for a server here: its key is known, or a person is asked. */
import { isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectSecure, type TLSSocket } from 'node:tls';
import { formatEndpoint, plainAddress } from './address.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type ConnectOptions, connectSocket } from './tcp.ts';
import { TcpTransport } from './tcp-transport.ts';
import { ConnectionError, type PeerEndpoint, type Transport, type TransportLimits } from './transport.ts';

export interface TlsConnectOptions extends ConnectOptions {
  /** What is to be spoken inside: `icq`. */
  readonly protocol: string;
}

export interface TlsConnection {
  /** Secure, with its channel binding. Nothing was said on it yet. */
  readonly transport: Transport;
  /** Of the key the peer proved to have; see `fingerprintOf`. */
  readonly fingerprint: string;
}

/**
 * Connects and shakes hands. Whose key it is has to be decided before anything is said.
 *
 * @throws ConnectionError as `connectTcp`, and `not-tls`
 */
export async function connectTls(options: TlsConnectOptions): Promise<TlsConnection> {
  const before = Date.now();
  const raw = await connectSocket(options);
  const peer = { address: plainAddress(raw.remoteAddress ?? ''), port: raw.remotePort ?? 0, known: true };
  const local = { address: plainAddress(raw.localAddress ?? ''), port: raw.localPort ?? 0 };
  const secure = await shakeHands(options, raw, options.timeoutMs - (Date.now() - before));
  const key = secure.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  if (key === undefined) {
    secure.destroy();
    throw new ConnectionError('not-tls', `${formatEndpoint(options.host, options.port)} has no key`);
  }
  return { transport: new TlsTransport(secure, options.limits, { peer, local }), fingerprint: fingerprintOf(key) };
}

function shakeHands(options: TlsConnectOptions, raw: Socket, leftMs: number): Promise<TLSSocket> {
  const at = formatEndpoint(options.host, options.port);
  const behind = new BehindGreeting(raw);
  return new Promise((resolve, reject) => {
    const secure = connectSecure({
      socket: behind,
      // Channel binding by exporter is only sound there (RFC 9266 §4.2), and all our servers have it.
      minVersion: 'TLSv1.3',
      ALPNProtocols: [options.protocol],
      rejectUnauthorized: false,
      ...(isIP(options.host) === 0 ? { servername: options.host } : {}),
    });
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    };
    const failed = (error: ConnectionError): void => {
      settle();
      secure.destroy();
      reject(error);
    };
    const noTls = (error?: Error): void => {
      const why = behind.greeted ? 'it speaks ICQ in the clear' : (error?.message ?? 'it closed the connection');
      failed(new ConnectionError('not-tls', `${at} does not speak TLS: ${why}`, { cause: error }));
    };
    const abort = (): void => failed(new ConnectionError('aborted', `connecting to ${at} was given up`));
    const timer = setTimeout(
      () => (behind.greeted ? noTls() : failed(new ConnectionError('timed-out', `${at} did not finish the TLS handshake within ${options.timeoutMs} ms`))),
      Math.max(1, leftMs),
    );
    options.signal?.addEventListener('abort', abort, { once: true });
    secure.on('error', noTls);
    secure.once('close', noTls);
    secure.once('secureConnect', () => {
      settle();
      secure.off('close', noTls);
      // The transport listens from the next moment on, in the same turn.
      secure.off('error', noTls);
      secure.on('error', ignore);
      resolve(secure);
    });
  });
}

/** The transport hears of an error by `close`, and by itself. */
function ignore(): void {}

const BINDING_LABEL = 'EXPORTER-Channel-Binding';
const BINDING_BYTES = 32;

class TlsTransport extends TcpTransport {
  override readonly peer: PeerEndpoint;
  override readonly local: Transport['local'];
  override readonly secure = true;
  readonly channelBinding: Uint8Array;

  constructor(socket: TLSSocket, limits: TransportLimits, ends: Pick<Transport, 'peer' | 'local'>) {
    super(socket, limits);
    this.peer = ends.peer;
    this.local = ends.local;
    // RFC 9266: 32 bytes, empty context.
    this.channelBinding = new Uint8Array(socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.alloc(0)));
  }
}

// ---------------------------------------------------------------- a greeting that came too early

const FLAP_MARKER = 0x2a;
const FLAP_HEADER_BYTES = 6;
const HELLO_CHANNEL = 1;
/** A server's hello has 4 bytes; nothing longer is taken for one. */
const HELLO_BYTES_MAX = 64;

/**
 * Takes one FLAP hello out of what comes before the ServerHello: servers that speak ICQ and TLS on one port greet who is
 * silent for long, and a slow line makes our ClientHello look like silence.
 */
class BehindGreeting extends Duplex {
  /** There was one. */
  greeted = false;
  private readonly socket: Socket;
  /** What came until it is clear what it is; afterwards absent. */
  private undecided: Buffer | undefined = Buffer.alloc(0);

  constructor(socket: Socket) {
    super();
    this.socket = socket;
    socket.on('data', (chunk) => this.came(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  private came(chunk: Buffer): void {
    const rest = this.undecided === undefined ? chunk : this.decide(Buffer.concat([this.undecided, chunk]));
    if (rest.length > 0 && !this.push(rest)) this.socket.pause();
  }

  /** What is for TLS; nothing while a hello may still be coming. */
  private decide(all: Buffer): Buffer {
    if (all[0] === FLAP_MARKER) {
      const length = all.length < FLAP_HEADER_BYTES ? 0 : all.readUInt16BE(4);
      const possible = (all.length < 2 || all[1] === HELLO_CHANNEL) && length <= HELLO_BYTES_MAX;
      if (possible && all.length < FLAP_HEADER_BYTES + length) {
        this.undecided = all;
        return Buffer.alloc(0);
      }
      if (possible) {
        this.greeted = true;
        this.undecided = undefined;
        return all.subarray(FLAP_HEADER_BYTES + length);
      }
    }
    this.undecided = undefined;
    return all;
  }
}
