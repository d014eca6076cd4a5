/** Two transports joined in memory: what one writes arrives at the other. For tests and for programs that talk to themselves. */
import type { Closed, Endpoint, PeerEndpoint, Transport, TransportUser } from '../transport.ts';

export interface PairOptions {
  readonly client?: Endpoint;
  readonly server?: Endpoint;
  /** The server knows where the client is. */
  readonly known?: boolean;
  readonly secure?: boolean;
  readonly insideHttp?: boolean;
  /** The same at both ends. */
  readonly channelBinding?: Uint8Array;
  readonly destination?: Endpoint;
  /** What the network holds for a reader that does not read. */
  readonly windowBytes?: number;
  readonly sendQueueBytesMax?: number;
}

const CLIENT: Endpoint = { address: '192.0.2.10', port: 40_000 };
const SERVER: Endpoint = { address: '192.0.2.1', port: 5190 };

/** Two ends of a connection. Bytes written in one turn arrive together, in a later microtask. */
export function transportPair(options: PairOptions = {}): { readonly client: Transport; readonly server: Transport } {
  const client = options.client ?? CLIENT;
  const server = options.server ?? SERVER;
  const known = options.known ?? true;
  const left = new MemoryTransport({ ...server, known: true }, client, options);
  const right = new MemoryTransport({ ...client, known }, server, options);
  left.other = right;
  right.other = left;
  return { client: left, server: right };
}

class MemoryTransport implements Transport {
  readonly peer: PeerEndpoint;
  readonly local: Endpoint;
  readonly destination?: Endpoint;
  readonly secure: boolean;
  readonly insideHttp: boolean;
  readonly channelBinding?: Uint8Array;
  other!: MemoryTransport;
  private readonly windowBytes: number;
  private readonly sendQueueBytesMax: number;
  private user: TransportUser | undefined;
  /** Written here, not yet taken by the network. */
  private outgoing: { readonly bytes: Uint8Array; readonly written: (() => void) | undefined }[] = [];
  /** Taken by the network, not yet read here. */
  private incoming: Uint8Array[] = [];
  private incomingBytes = 0;
  private paused = true;
  private finished = false;
  private peerFinished = false;
  private over = false;
  private scheduled = false;
  private piled = false;

  constructor(peer: PeerEndpoint, local: Endpoint, options: PairOptions) {
    this.peer = peer;
    this.local = local;
    this.secure = options.secure ?? false;
    this.insideHttp = options.insideHttp ?? false;
    if (options.channelBinding !== undefined) this.channelBinding = options.channelBinding;
    if (options.destination !== undefined) this.destination = options.destination;
    this.windowBytes = options.windowBytes ?? 64 * 1024;
    this.sendQueueBytesMax = options.sendQueueBytesMax ?? 1024 * 1024;
  }

  get queuedBytes(): number {
    return this.outgoing.reduce((sum, part) => sum + part.bytes.length, 0);
  }

  attach(user: TransportUser): void {
    this.user = user;
    this.resume();
  }

  write(bytes: Uint8Array, written?: () => void): void {
    if (this.finished || this.over) return;
    this.outgoing.push({ bytes, written });
    this.later();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.later();
  }

  end(last?: Uint8Array): void {
    if (last !== undefined) this.write(last);
    this.finished = true;
    // What still comes is thrown away, and the end behind it is heard of.
    this.paused = false;
    this.later();
  }

  destroy(): void {
    this.close('destroyed');
  }

  private later(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.send();
      this.deliver();
    });
  }

  /** Moves what was written into the network, as far as it has room. */
  private send(): void {
    if (this.over) return;
    let moved = false;
    while (this.outgoing.length > 0 && this.other.incomingBytes < this.windowBytes) {
      const part = this.outgoing.shift();
      if (part === undefined) break;
      this.other.take(part.bytes);
      part.written?.();
      moved = true;
    }
    if (this.queuedBytes > this.sendQueueBytesMax) {
      this.close('too-slow');
      return;
    }
    if (this.outgoing.length > 0) this.piled = true;
    else if (this.piled && moved) {
      this.piled = false;
      this.user?.drained();
    }
    if (this.finished && this.outgoing.length === 0) this.other.finish();
  }

  private take(bytes: Uint8Array): void {
    this.incoming.push(bytes.slice());
    this.incomingBytes += bytes.length;
    this.later();
  }

  private finish(): void {
    if (this.peerFinished) return;
    this.peerFinished = true;
    this.later();
  }

  private deliver(): void {
    if (this.over || this.paused) return;
    if (this.incoming.length > 0) {
      const chunk = joined(this.incoming, this.incomingBytes);
      this.incoming = [];
      this.incomingBytes = 0;
      this.other.later();
      if (!this.finished) this.user?.received(chunk);
    }
    if (this.peerFinished && this.incoming.length === 0) this.close('fin');
  }

  private close(how: Closed): void {
    if (this.over) return;
    if (how === 'fin') this.send();
    this.over = true;
    this.user?.closed(how);
    // What is on its way when a side closes still arrives, then the end; a destroyed or overfull one looks lost.
    if (how === 'fin') this.other.finish();
    else queueMicrotask(() => this.other.close('lost'));
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
