/** FLAP: the frames of an OSCAR connection. @see oscar.md §1.1 */
import { WireError } from '../errors.ts';

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
  /** Begins with the `heldBytes` of an incomplete frame. */
  private held: Uint8Array = NOTHING;
  private heldBytes = 0;
  /** There have to be so many before they say more. */
  private awaited = 0;

  constructor(payloadMax = FLAP_PAYLOAD_MAX) {
    this.payloadMax = payloadMax;
  }

  /** Bytes of an incomplete frame, 0 between frames. */
  get pending(): number {
    return this.heldBytes;
  }

  /**
   * @param chunk bytes in arrival order; results are views into it, so leave it alone afterwards
   * @returns complete frames, perhaps none
   * @throws WireError `bad-marker` when a frame does not begin with 0x2A, `too-long`; the stream is lost then
   */
  push(chunk: Uint8Array): FlapFrame[] {
    let frames: FlapFrame[] = [];
    let data = chunk;
    if (this.heldBytes > 0) {
      this.hold(chunk);
      if (this.heldBytes < this.awaited) return frames;
      data = this.held.subarray(0, this.heldBytes);
      this.held = NOTHING;
      this.heldBytes = 0;
    }
    this.awaited = FLAP_HEADER_BYTES;
    let at = 0;
    while (at < data.length) {
      if (data[at] !== FLAP_MARKER) throw new WireError('bad-marker', at, `a FLAP frame begins with 0x2a, not 0x${(data[at] as number).toString(16)}`);
      if (data.length - at < FLAP_HEADER_BYTES) break;
      const length = ((data[at + 4] as number) << 8) | (data[at + 5] as number);
      if (length > this.payloadMax) throw new WireError('too-long', at + 4, `a frame of ${length} bytes, at most ${this.payloadMax} are taken`);
      const end = at + FLAP_HEADER_BYTES + length;
      if (end > data.length) {
        this.awaited = end - at;
        break;
      }
      const frame: FlapFrame = {
        channel: data[at + 1] as number,
        sequence: ((data[at + 2] as number) << 8) | (data[at + 3] as number),
        payload: data.subarray(at + FLAP_HEADER_BYTES, end),
      };
      // There is mostly one, and a list that grows has room for sixteen more.
      if (frames.length === 0) frames = [frame];
      else frames.push(frame);
      at = end;
    }
    if (at < data.length) this.hold(data.subarray(at));
    return frames;
  }

  /** A copy, not a view: a few held bytes must not keep a whole read buffer alive. */
  private hold(bytes: Uint8Array): void {
    const sum = this.heldBytes + bytes.length;
    if (sum > this.held.length) {
      // Twice as much each time, so that a frame that comes byte by byte is not copied once for each of them.
      const roomier = new Uint8Array(Math.max(sum, Math.min(2 * this.held.length, this.awaited)));
      roomier.set(this.held.subarray(0, this.heldBytes));
      this.held = roomier;
    }
    this.held.set(bytes, this.heldBytes);
    this.heldBytes = sum;
  }
}

const NOTHING = new Uint8Array(0);
