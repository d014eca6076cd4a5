/** One connection of the load generator: FLAP frames cut in place, nothing allocated for a frame that arrives whole. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { FLAP_HEADER_BYTES, FLAP_MARKER, nextSequence } from '@seekyou/wire/oscar';

/** Who listens to a line. The bytes of a frame are only valid during the call. */
export interface LineOwner {
  /** The payload is `data` from `from` to `to`, exclusive. */
  frame(channel: number, data: Buffer, from: number, to: number): void;
  /** Once, last; `error` when it was not one of the two sides that closed. */
  closed(error: Error | undefined): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Over TLS, whoever's key it is. */
  readonly secure?: boolean;
}

// One buffer for all lines: a read is handled before the next one begins.
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

export class Line {
  owner: LineOwner;
  /** Changes what is sent, for those who want to break rules: gets numbered frames, and what it returns is sent as it is. */
  alter: ((frames: Buffer) => Uint8Array) | undefined;
  private readonly socket: Socket;
  private sequence = 0;
  private held: Buffer | undefined;
  private over = false;

  /** @param from where to connect from, such as 127.0.0.2: limits count by address */
  constructor(address: Address, owner: LineOwner, from?: string) {
    this.owner = owner;
    const { host, port, secure = false } = address;
    this.socket = secure ? this.connectSecurely(host, port) : this.connect(host, port, from);
    this.socket.on('error', (error) => this.finish(error));
    this.socket.on('close', () => this.finish(undefined));
  }

  /**
   * Sends whole frames, numbering them.
   *
   * @param frames is changed, and must not change again until the peer has answered
   */
  send(frames: Buffer): void {
    for (let at = 0; at < frames.length; at += FLAP_HEADER_BYTES + frames.readUInt16BE(at + 4)) {
      frames.writeUInt16BE(this.sequence, at + 2);
      this.sequence = nextSequence(this.sequence);
    }
    this.socket.write(this.alter === undefined ? frames : this.alter(frames));
  }

  /** Sends a copy of frames that are used again. */
  sendCopy(frames: Uint8Array): void {
    this.send(Buffer.from(frames));
  }

  /** Bytes as they are. */
  sendRaw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Closes our side; the line is over when the peer closes too. */
  end(): void {
    this.socket.end();
  }

  /** Closes at once. */
  destroy(): void {
    this.socket.destroy();
  }

  private connect(host: string, port: number, from: string | undefined): Socket {
    const onread = {
      buffer: READ_BUFFER,
      callback: (length: number): boolean => {
        this.received(READ_BUFFER.subarray(0, length));
        return true;
      },
    };
    return connect({ host, port, noDelay: true, onread, ...(from === undefined ? {} : { localAddress: from }) });
  }

  private connectSecurely(host: string, port: number): Socket {
    return connectTls({ host, port, rejectUnauthorized: false }).on('data', (chunk) => this.received(chunk));
  }

  private received(chunk: Buffer): void {
    let data = chunk;
    if (this.held !== undefined) {
      data = Buffer.concat([this.held, chunk]);
      this.held = undefined;
    }
    let at = 0;
    while (data.length - at >= FLAP_HEADER_BYTES) {
      if (data[at] !== FLAP_MARKER) {
        this.finish(new Error(`the server sent 0x${(data[at] as number).toString(16)} where a frame should begin`));
        this.socket.destroy();
        return;
      }
      const from = at + FLAP_HEADER_BYTES;
      const to = from + data.readUInt16BE(at + 4);
      if (to > data.length) break;
      this.owner.frame(data[at + 1] as number, data, from, to);
      at = to;
    }
    if (at < data.length) this.held = Buffer.from(data.subarray(at));
  }

  private finish(error: Error | undefined): void {
    if (this.over) return;
    this.over = true;
    this.owner.closed(error);
  }
}
