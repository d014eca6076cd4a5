/** FLAP: the frames of an OSCAR connection. @see oscar.md §1.1 */
import { WireError } from '../errors.ts';
import { ascii, be, bytes, type Layout, rest, struct, tlvs, type Value } from '../schema.ts';
import { uint } from './user-info.ts';

export const FLAP_MARKER = 0x2a;
export const FLAP_HEADER_BYTES = 6;
/** Largest payload that real servers took (oscar.md §1.1). */
export const FLAP_PAYLOAD_MAX = 0xfff9;

export const FlapChannel = { hello: 1, snac: 2, error: 3, close: 4, keepAlive: 5 } as const;

export interface FlapFrame {
  /** 1–5 are known; others are for the reader to refuse. */
  readonly channel: number;
  readonly sequence: number;
  /** A view of what was received. */
  readonly payload: Uint8Array;
}

/** One kind of frame that is not a SNAC: its channel, who sends it, where the reference describes it, and its layout. */
export interface FlapDeclaration<T> {
  readonly channel: number;
  readonly from: 'client' | 'server' | 'both';
  /** Chapter of docs/protocol. */
  readonly ref: string;
  readonly body: Layout<T>;
}

export function flap<T>(declaration: FlapDeclaration<T>): FlapDeclaration<T> {
  return declaration;
}

/** What a FLAP hello says: the version of FLAP. */
export const FLAP_VERSION = 1;

/** Server → client, first on a connection: exactly four bytes, clients insist. */
export const serverHello = flap({ channel: FlapChannel.hello, from: 'server', ref: 'oscar.md §1.1', body: struct({ version: be.u32 }) });

/** Client → server, first on a connection to BOS or another service. The hello of a sign-on has more: see login.ts. */
export const clientHello = flap({
  channel: FlapChannel.hello,
  from: 'client',
  ref: 'oscar.md §1.1, §2.5',
  body: struct({
    version: be.u32,
    tlvs: tlvs({
      /** From the sign-on or 01/05; absent before an MD5 sign-on. */
      cookie: [0x06, bytes(rest)],
    }),
  }),
});
export type ClientHello = Value<typeof clientHello>;

/** `reason` of a sign-off. Clients do not come back by themselves after `otherSignOn`. @see oscar.md §1.1 */
export const DisconnectReason = { other: 0, otherSignOn: 1, accountDeleted: 2 } as const;

/** The connection ends; a client's has no TLVs. The answer to a roasted sign-on uses the same channel: see login.ts. */
export const signOff = flap({
  channel: FlapChannel.close,
  from: 'both',
  ref: 'oscar.md §1.1',
  body: struct({
    tlvs: tlvs({
      /** One of {@link DisconnectReason}. Two bytes: clients read a u16; open-oscar-server writes one. */
      reason: [0x09, uint(2)],
      url: [0x0b, ascii(rest)],
    }),
  }),
});
export type SignOff = Value<typeof signOff>;

/** @throws WireError `too-long` when the payload is longer than 65,529 bytes */
export function encodeFlap(channel: number, sequence: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FLAP_HEADER_BYTES + payload.length);
  writeFlapHeader(frame, channel, sequence, payload.length);
  frame.set(payload, FLAP_HEADER_BYTES);
  return frame;
}

/** Writes the six header bytes at the start of `frame`. */
export function writeFlapHeader(frame: Uint8Array, channel: number, sequence: number, length: number): void {
  if (length > FLAP_PAYLOAD_MAX) throw new WireError('too-long', -1, `a FLAP payload has at most ${FLAP_PAYLOAD_MAX} bytes, this has ${length}`);
  frame[0] = FLAP_MARKER;
  frame[1] = channel;
  frame[2] = sequence >>> 8;
  frame[3] = sequence;
  frame[4] = length >>> 8;
  frame[5] = length;
}

/** The sequence number after `sequence`. We wrap at 0x8000 as ICQ and climm do; see {@link followsSequence} for what we accept. */
export function nextSequence(sequence: number): number {
  return (sequence + 1) & 0x7fff;
}

/** Whether `next` may follow `previous`: clients wrap at 0x8000 or at 0x10000 (oscar.md §1.1). */
export function followsSequence(previous: number, next: number): boolean {
  return next === ((previous + 1) & 0xffff) || next === ((previous + 1) & 0x7fff);
}

/**
 * Splits a TCP byte stream into FLAP frames.
 *
 * Keeps at most one incomplete frame; a frame longer than `payloadMax` is refused as soon as its header is there,
 * so a peer cannot make us buffer more than that.
 *
 * @see oscar.md §1.1
 */
export class FlapDecoder {
  /** Bytes; may be raised once a peer has signed on. */
  payloadMax: number;
  private held: Uint8Array = NOTHING;

  constructor(payloadMax = FLAP_PAYLOAD_MAX) {
    this.payloadMax = payloadMax;
  }

  /** Bytes of an incomplete frame, 0 between frames. */
  get pending(): number {
    return this.held.length;
  }

  /**
   * @param chunk bytes in arrival order; results are views into it, so leave it alone afterwards
   * @returns complete frames, perhaps none
   * @throws WireError `bad-marker` when a frame does not begin with 0x2A, `too-long`; the stream is lost then
   */
  push(chunk: Uint8Array): FlapFrame[] {
    const frames: FlapFrame[] = [];
    let data = chunk;
    if (this.held.length > 0) {
      data = new Uint8Array(this.held.length + chunk.length);
      data.set(this.held);
      data.set(chunk, this.held.length);
      this.held = NOTHING;
    }
    let at = 0;
    while (at < data.length) {
      if (data[at] !== FLAP_MARKER) throw new WireError('bad-marker', at, `a FLAP frame begins with 0x2a, not 0x${(data[at] as number).toString(16)}`);
      if (data.length - at < FLAP_HEADER_BYTES) break;
      const length = ((data[at + 4] as number) << 8) | (data[at + 5] as number);
      if (length > this.payloadMax) throw new WireError('too-long', at + 4, `a frame of ${length} bytes, at most ${this.payloadMax} are taken`);
      const end = at + FLAP_HEADER_BYTES + length;
      if (end > data.length) break;
      frames.push({
        channel: data[at + 1] as number,
        sequence: ((data[at + 2] as number) << 8) | (data[at + 3] as number),
        payload: data.subarray(at + FLAP_HEADER_BYTES, end),
      });
      at = end;
    }
    // A copy, not a view: a few held bytes must not keep a whole read buffer alive.
    if (at < data.length) this.held = data.slice(at);
    return frames;
  }
}

const NOTHING = new Uint8Array(0);
