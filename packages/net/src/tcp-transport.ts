/** A TCP socket as a {@link Transport}. */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { plainAddress } from './address.ts';
import type { Closed, Endpoint, PeerEndpoint, Transport, TransportLimits, TransportUser } from './transport.ts';

// Listeners are shared by all sockets and find their transport here: no closures per connection.
const TRANSPORT = Symbol('transport');
type OurSocket = Socket & { [TRANSPORT]?: TcpTransport };

export class TcpTransport implements Transport {
  readonly peer: PeerEndpoint;
  readonly local: Endpoint;
  readonly secure: boolean = false;
  private readonly socket: OurSocket;
  private readonly limits: TransportLimits;
  private user: TransportUser | undefined;
  private pending: Uint8Array[] | undefined;
  private pendingBytes = 0;
  private written: (() => void)[] | undefined;
  private state: 'open' | 'ending' | 'closed' = 'open';

  /** @param known false when the peer's address says nothing about the client */
  constructor(socket: Socket, limits: TransportLimits, known = true) {
    this.socket = socket;
    this.limits = limits;
    // Read once: a socket that is closing no longer knows them.
    this.peer = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0, known };
    this.local = { address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    this.socket[TRANSPORT] = this;
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  get queuedBytes(): number {
    return this.pendingBytes + this.socket.writableLength;
  }

  attach(user: TransportUser): void {
    this.user = user;
    this.socket.on('drain', onDrain);
    this.socket.on('end', onEnd);
    this.socket.on('data', onData);
  }

  write(bytes: Uint8Array, written?: () => void): void {
    if (this.state !== 'open') return;
    if (this.pending === undefined) {
      this.pending = [bytes];
      flushLater(this);
    } else this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    if (written === undefined) return;
    if (this.written === undefined) this.written = [written];
    else this.written.push(written);
  }

  pause(): void {
    if (this.state === 'open') this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(last?: Uint8Array): void {
    if (this.state !== 'open') return;
    if (last !== undefined) this.write(last);
    this.flush();
    // The flush may have found the peer too slow.
    if (this.stateNow() !== 'open') return;
    this.state = 'ending';
    // Reading goes on: unread bytes at the close would reset the connection, and the peer would lose our last words.
    this.socket.resume();
    this.socket.end();
  }

  destroy(): void {
    this.over('destroyed');
    this.socket.destroy();
  }

  /** Lets go of the socket, which stays open for somebody else: for its user the connection is over. */
  protected release(): Socket {
    const { socket } = this;
    this.flush();
    socket.off('error', onError).off('close', onClose).off('drain', onDrain).off('end', onEnd).off('data', onData);
    this.over('lost');
    return socket;
  }

  /** Hands everything written in this turn to the socket in one piece. */
  flush(): void {
    const { pending, pendingBytes, written } = this;
    if (pending === undefined) return;
    this.pending = undefined;
    this.pendingBytes = 0;
    this.written = undefined;
    if (this.state !== 'open') return;
    this.socket.write(pending.length === 1 ? (pending[0] as Uint8Array) : Buffer.concat(pending, pendingBytes));
    if (written !== undefined) this.tell(written);
    if (this.socket.writableLength > this.limits.sendQueueBytesMax) {
      this.over('too-slow');
      this.socket.destroy();
    } else if (pendingBytes >= PILED_BYTES && !this.socket.writableNeedDrain) this.drained();
  }

  /** Calls these when the system has everything written so far: at once mostly, which costs a tick less than to be called by the socket. */
  private tell(written: readonly (() => void)[]): void {
    const { socket } = this;
    if (socket.writableLength === 0) {
      // After an error the socket has nothing queued either.
      if (socket.writable) for (const call of written) call();
      return;
    }
    socket.write(NOTHING, (error) => {
      if (!error) for (const call of written) call();
    });
  }

  received(chunk: Buffer): void {
    // A plain view: the methods of Buffer differ from those of the Uint8Array the rest of the program expects.
    if (this.state === 'open') this.user?.received(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  drained(): void {
    if (this.state === 'open') this.user?.drained();
  }

  /** The connection is over for its user, once. */
  over(how: Closed): void {
    if (this.state === 'closed') return;
    if (how === 'fin') this.flush();
    this.state = 'closed';
    // Nobody looks after this socket any more: a peer that closed its side must not keep what it does not read here for ever.
    if (how === 'fin' && this.socket.writableLength > 0) this.socket.setTimeout(LEFTOVERS_MS, destroySocket);
    this.user?.closed(how);
    this.user = undefined;
  }

  private stateNow(): 'open' | 'ending' | 'closed' {
    return this.state;
  }
}

const NOTHING = new Uint8Array(0);

/** From here on somebody may wait for `drained`. Node says it only for what the system did not take at once. */
const PILED_BYTES = 32 * 1024;

/** For a peer that closed its side to take what was queued for it. */
const LEFTOVERS_MS = 10_000;

function destroySocket(this: OurSocket): void {
  this.destroy();
}

function onData(this: OurSocket, chunk: Buffer): void {
  this[TRANSPORT]?.received(chunk);
}

function onDrain(this: OurSocket): void {
  this[TRANSPORT]?.drained();
}

function onEnd(this: OurSocket): void {
  this[TRANSPORT]?.over('fin');
}

function onError(this: OurSocket): void {
  // That the peer is gone is all there is to know.
  this[TRANSPORT]?.over('lost');
  // By itself Node leaves a connection open on which decryption failed.
  this.destroy();
}

function onClose(this: OurSocket): void {
  this[TRANSPORT]?.over('lost');
}

let dirty: TcpTransport[] = [];

/**
 * One flush for all connections, after everything that is ready to be read was handled: what ten peers send to one
 * connection in a turn leaves it in one write.
 */
function flushLater(transport: TcpTransport): void {
  if (dirty.length === 0) setImmediate(flushAll);
  dirty.push(transport);
}

function flushAll(): void {
  const now = dirty;
  dirty = [];
  for (const transport of now) transport.flush();
}
