/**
 * The floor: what any server of ours must at least do. It cuts frames, answers the set-up from memory, forwards messages by
 * UIN and acknowledges them. It checks nothing and stores nothing, so no server that does can be faster.
 */
import { formatEndpoint, type Transport, type TransportUser } from '@seekyou/net';
import { encode } from '@seekyou/wire';
import {
  FLAP_HEADER_BYTES,
  FLAP_MARKER,
  FlapChannel,
  login,
  nextSequence,
  SERVER_REQUEST_ID,
  SNAC_HEADER_BYTES,
  userInfo,
  writeFlapHeader,
} from '@seekyou/wire/oscar';
import { decode } from '@seekyou/wire';
import { ANSWERS, HELLO, HOST_ONLINE, LOGIN_REQUEST, loginReply, MESSAGE, uinOfCookie } from './answers.ts';

const ACK = 0x0004000c;
const DELIVERY = 0x00040007;
const KEY_REQUEST = 0x00170006;
const REQUEST_HOST_ACK = 0x0003;
const STORE = 0x0006;

/** Who is on line. */
export class FloorRelay {
  readonly sessions = new Map<string, FloorConnection>();

  accept(transport: Transport): void {
    transport.attach(new FloorConnection(this, transport));
  }
}

class FloorConnection implements TransportUser {
  private readonly relay: FloorRelay;
  private readonly transport: Transport;
  private sequence = 0;
  private requestId = 0;
  private held: Buffer | undefined;
  private uin = '';
  private signedOn = false;
  private ownInfo: Uint8Array = HELLO;

  constructor(relay: FloorRelay, transport: Transport) {
    this.relay = relay;
    this.transport = transport;
    this.send(FlapChannel.hello, HELLO);
  }

  received(chunk: Uint8Array): void {
    let data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.held !== undefined) {
      data = Buffer.concat([this.held, data]);
      this.held = undefined;
    }
    let at = 0;
    while (data.length - at >= FLAP_HEADER_BYTES) {
      if (data[at] !== FLAP_MARKER) return this.transport.destroy();
      const from = at + FLAP_HEADER_BYTES;
      const to = from + data.readUInt16BE(at + 4);
      if (to > data.length) break;
      this.frame(data[at + 1] as number, data, from, to);
      at = to;
    }
    if (at < data.length) this.held = data.subarray(at);
    return undefined;
  }

  drained(): void {}

  closed(): void {
    if (this.signedOn && this.relay.sessions.get(this.uin) === this) this.relay.sessions.delete(this.uin);
    this.transport.end();
  }

  private frame(channel: number, data: Buffer, from: number, to: number): void {
    if (channel === FlapChannel.snac && to - from >= SNAC_HEADER_BYTES) this.snac(data.readUInt32BE(from), data, from, to);
    else if (channel === FlapChannel.hello) {
      const { cookie } = decode(login.flapHello, data.subarray(from, to)).tlvs;
      if (cookie !== undefined) this.signOn(uinOfCookie(cookie));
    }
  }

  private snac(name: number, data: Buffer, from: number, to: number): void {
    if (name === MESSAGE) return this.forward(data, from, to);
    if (name === KEY_REQUEST) this.uin = data.toString('latin1', from + 14, from + 14 + data.readUInt16BE(from + 12));
    const answer = name === LOGIN_REQUEST ? loginReply(this.uin, formatEndpoint(this.transport.local.address, this.transport.local.port)) : ANSWERS.get(name);
    if (answer === undefined) return undefined;
    const frame = this.send(FlapChannel.snac, answer);
    // The request id is the question's.
    frame.set(data.subarray(from + 6, from + 10), FLAP_HEADER_BYTES + 6);
    return undefined;
  }

  private signOn(uin: string): void {
    this.uin = uin;
    this.signedOn = true;
    this.ownInfo = encode(userInfo, { screenName: uin, warningLevel: 0, tlvs: { userClass: 0x50, status: 0, sessionSeconds: 0, signOnTime: 1 } });
    this.relay.sessions.set(uin, this);
    this.send(FlapChannel.snac, HOST_ONLINE);
  }

  /** 04/06 becomes 04/07 for the recipient and 04/0C for the sender. */
  private forward(data: Buffer, from: number, to: number): void {
    const cookieAt = from + SNAC_HEADER_BYTES;
    const nameAt = cookieAt + 10;
    const tlvsAt = nameAt + 1 + (data[nameAt] as number);
    const recipient = this.relay.sessions.get(data.toString('latin1', nameAt + 1, tlvsAt));
    recipient?.deliver(this.ownInfo, data, cookieAt, tlvsAt, to);
    const ack = this.frameOf(FlapChannel.snac, SNAC_HEADER_BYTES + tlvsAt - cookieAt);
    ack.writeUInt32BE(ACK, FLAP_HEADER_BYTES);
    ack.writeUInt16BE(0, FLAP_HEADER_BYTES + 4);
    data.copy(ack, FLAP_HEADER_BYTES + 6, from + 6, from + 10);
    data.copy(ack, FLAP_HEADER_BYTES + SNAC_HEADER_BYTES, cookieAt, tlvsAt);
    this.transport.write(ack);
  }

  private deliver(sender: Uint8Array, data: Buffer, cookieAt: number, tlvsAt: number, to: number): void {
    let kept = 0;
    for (let at = tlvsAt, end = 0; at + 4 <= to; at = end) {
      end = at + 4 + data.readUInt16BE(at + 2);
      if (isForTheServer(data, at)) continue;
      kept += end - at;
    }
    const frame = this.frameOf(FlapChannel.snac, SNAC_HEADER_BYTES + 10 + sender.length + kept);
    let put = FLAP_HEADER_BYTES;
    frame.writeUInt32BE(DELIVERY, put);
    frame.writeUInt16BE(0, put + 4);
    frame.writeUInt32BE(SERVER_REQUEST_ID + (this.requestId = (this.requestId + 1) & 0x7fffffff), put + 6);
    put += SNAC_HEADER_BYTES;
    put += data.copy(frame, put, cookieAt, cookieAt + 10);
    frame.set(sender, put);
    put += sender.length;
    for (let at = tlvsAt, end = 0; at + 4 <= to; at = end) {
      end = at + 4 + data.readUInt16BE(at + 2);
      if (!isForTheServer(data, at)) put += data.copy(frame, put, at, end);
    }
    this.transport.write(frame);
  }

  private frameOf(channel: number, length: number): Buffer {
    const frame = Buffer.allocUnsafe(FLAP_HEADER_BYTES + length);
    writeFlapHeader(frame, channel, this.sequence, length);
    this.sequence = nextSequence(this.sequence);
    return frame;
  }

  private send(channel: number, payload: Uint8Array): Buffer {
    const frame = this.frameOf(channel, payload.length);
    frame.set(payload, FLAP_HEADER_BYTES);
    this.transport.write(frame);
    return frame;
  }
}

function isForTheServer(data: Buffer, at: number): boolean {
  const type = data.readUInt16BE(at);
  return type === REQUEST_HOST_ACK || type === STORE;
}
