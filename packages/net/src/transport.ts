/** One connection that carries bytes, whatever is below it: TCP, TLS, a tunnel, or memory in tests. */

export interface Endpoint {
  /** Textual; IPv4 never in its `::ffff:` form. */
  readonly address: string;
  readonly port: number;
}

export interface PeerEndpoint extends Endpoint {
  /** False behind a relay that hides the client: nothing may be derived from the address then. */
  readonly known: boolean;
}

/**
 * How a connection ended.
 * `fin`: the peer closed it. `lost`: reset or timed out. `too-slow`: the peer did not take what we sent.
 * `destroyed`: we did.
 */
export type Closed = 'fin' | 'lost' | 'too-slow' | 'destroyed';

/** Who uses a transport. Its methods must not throw. */
export interface TransportUser {
  /** @param chunk in arrival order; it is the receiver's from now on, and may be kept or looked into by views */
  received(chunk: Uint8Array): void;
  /** What had piled up was taken. Only said after `queuedBytes` had grown beyond some tens of kilobytes. */
  drained(): void;
  /** Once, last. */
  closed(how: Closed): void;
}

export interface Transport {
  readonly peer: PeerEndpoint;
  /** Our end: the address and port the peer came in on. */
  readonly local: Endpoint;
  /** Where the peer meant to connect, when a relay in between said so. */
  readonly destination?: Endpoint;
  /** Nobody on the way can read or change what passes. */
  readonly secure: boolean;
  /** What carries the bytes is HTTP: a client of this kind speaks first whenever it comes. */
  readonly insideHttp?: boolean;
  /** 32 bytes only the two ends of this secure connection have in common: `tls-exporter` of RFC 9266. */
  readonly channelBinding?: Uint8Array;
  /** Bytes given to `write` that the system has not taken. */
  readonly queuedBytes: number;
  /** Nothing arrives before this was called. */
  attach(user: TransportUser): void;
  /**
   * Queues bytes; they must not change afterwards. Everything written in one turn of the event loop leaves together.
   * Ignored after `end`, `destroy` or `closed`.
   *
   * @param written called when the system took them; never, when it did not
   */
  write(bytes: Uint8Array, written?: () => void): void;
  /** Stops and continues the arrival of bytes. */
  pause(): void;
  resume(): void;
  /** Sends what is queued and `last`, then closes our side. What the peer still sends is discarded; `closed` follows when it closes too. */
  end(last?: Uint8Array): void;
  /** Closes at once; what is queued is lost. */
  destroy(): void;
}

export interface TransportLimits {
  /** Beyond it the peer is taken for gone and the connection is destroyed. */
  readonly sendQueueBytesMax: number;
}

export type ConnectionErrorCode =
  | 'port-in-use'
  | 'port-not-allowed'
  | 'no-such-address'
  | 'no-such-name'
  | 'refused'
  | 'unreachable'
  | 'timed-out'
  | 'aborted'
  /** Something answers there, but not in TLS. */
  | 'not-tls'
  | 'failed';

/** The network failed. The message is a sentence for the person who has to do something about it. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: ConnectionErrorCode;

  constructor(code: ConnectionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
