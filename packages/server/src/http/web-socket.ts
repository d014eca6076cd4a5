/** A WebSocket as a {@link Transport}: the bytes of FLAP in binary messages, cut wherever it pleases the sender. */
import type { Closed, Transport, TransportLimits, TransportUser, Visit } from '@seekyou/net';
import type { WebSocket } from 'ws';

/** RFC 6455 §7.4.1. */
const NOT_ACCEPTABLE = 1003;
const NORMAL = 1000;
/** From here on somebody may wait for `drained`. */
const PILED_BYTES = 32 * 1024;

export class WebSocketTransport implements Transport {
  readonly peer: Transport['peer'];
  readonly local: Transport['local'];
  readonly destination?: Transport['local'];
  readonly secure: boolean;
  readonly insideHttp = true;
  private readonly socket: WebSocket;
  private readonly limits: TransportLimits;
  private user: TransportUser | undefined;
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private written: (() => void)[] = [];
  private piled = false;
  private state: 'open' | 'ending' | 'closed' = 'open';

  /** @param broken somebody sent what is no message of FLAP, and is closed for it */
  constructor(socket: WebSocket, visit: Visit, limits: TransportLimits, broken: () => void) {
    this.socket = socket;
    this.limits = limits;
    this.peer = visit.peer;
    this.local = visit.local;
    this.secure = visit.secure;
    if (visit.destination !== undefined) this.destination = visit.destination;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        this.received(data);
        return;
      }
      if (socket.readyState === socket.OPEN) broken();
      socket.close(NOT_ACCEPTABLE, 'binary messages alone');
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code?.startsWith('WS_ERR_') === true) broken();
      this.over('lost');
    });
    // Without a closing handshake the connection broke.
    socket.on('close', (code) => this.over(code === ABNORMAL ? 'lost' : 'fin'));
    // Nothing may arrive before somebody listens.
    socket.pause();
  }

  get queuedBytes(): number {
    return this.pendingBytes + this.socket.bufferedAmount;
  }

  attach(user: TransportUser): void {
    this.user = user;
    this.socket.resume();
  }

  write(bytes: Uint8Array, written?: () => void): void {
    if (this.state !== 'open') return;
    if (this.pending.length === 0) setImmediate(() => this.flush());
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    if (written !== undefined) this.written.push(written);
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
    if (this.stateNow() !== 'open') return;
    this.state = 'ending';
    this.socket.resume();
    this.socket.close(NORMAL);
  }

  destroy(): void {
    this.over('destroyed');
    this.socket.terminate();
  }

  private flush(): void {
    if (this.pending.length === 0) return;
    const bytes = this.pending.length === 1 ? (this.pending[0] as Uint8Array) : Buffer.concat(this.pending);
    const written = this.written;
    this.pending = [];
    this.pendingBytes = 0;
    this.written = [];
    if (this.state !== 'open') return;
    if (bytes.length >= PILED_BYTES) this.piled = true;
    this.socket.send(bytes, { binary: true }, (error) => {
      if (error) return;
      for (const call of written) call();
      this.taken();
    });
    if (this.socket.bufferedAmount > this.limits.sendQueueBytesMax) {
      this.over('too-slow');
      this.socket.terminate();
    } else if (this.socket.bufferedAmount >= PILED_BYTES) this.piled = true;
  }

  private taken(): void {
    if (!this.piled || this.socket.bufferedAmount > 0) return;
    this.piled = false;
    if (this.state === 'open') this.user?.drained();
  }

  private received(data: Buffer): void {
    if (this.state === 'open') this.user?.received(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  private over(how: Closed): void {
    if (this.state === 'closed') return;
    if (how === 'fin') this.flush();
    this.state = 'closed';
    this.user?.closed(how);
    this.user = undefined;
  }

  private stateNow(): 'open' | 'ending' | 'closed' {
    return this.state;
  }
}

/** How `ws` says that there was no closing handshake. */
const ABNORMAL = 1006;
