/**
 * Answers to those who have not signed on. Whoever sent a datagram may have forged its source, so nothing goes out that is longer
 * than what came in, and nothing at all to a flood. @see icq-udp.md §26
 */
import type { Clock, Limits, Time } from '@seekyou/core';
import { type DatagramPort, type Endpoint, networkOf } from '@seekyou/net';
import { buildServerPacket, type ClientPacket, type Declaration, encodeReply, replies, type ServerFormat } from '@seekyou/wire/udp';
import type { Counters } from '../runtime/counters.ts';
import { count } from './counters.ts';

/** A datagram from somebody without a session. */
export interface Call {
  readonly packet: ClientPacket;
  readonly from: Endpoint;
  readonly port: DatagramPort;
  /** Of the whole datagram. */
  readonly bytes: number;
}

/** The limits are for so long. */
const WINDOW_MS = 10_000;

interface Bucket {
  left: number;
  at: Time;
}

export class Strangers {
  private readonly clock: Clock;
  private readonly limits: Pick<Limits, 'udpRefusalsPerAddressMax' | 'udpRefusalsMax' | 'brakeEntriesMax'>;
  private readonly counters: Counters;
  private readonly all: Bucket;
  private readonly addresses = new Map<string, Bucket>();

  constructor(clock: Clock, limits: Pick<Limits, 'udpRefusalsPerAddressMax' | 'udpRefusalsMax' | 'brakeEntriesMax'>, counters: Counters) {
    this.clock = clock;
    this.limits = limits;
    this.counters = counters;
    this.all = { left: limits.udpRefusalsMax, at: clock.now() };
  }

  /** `undefined` when there were too many answers already. */
  answerTo(call: Call): Answer | undefined {
    const now = this.clock.now();
    const own = this.bucketOf(call.from.address, now);
    refill(own, this.limits.udpRefusalsPerAddressMax, now);
    refill(this.all, this.limits.udpRefusalsMax, now);
    if (own.left < 1 || this.all.left < 1) {
      count(this.counters, 'udp_refusals_held');
      return undefined;
    }
    own.left--;
    this.all.left--;
    return new Answer(call, call.bytes, this.counters);
  }

  /** For registrations, which have limits of their own and longer answers. */
  unlimited(call: Call): Answer {
    return new Answer(call, Number.POSITIVE_INFINITY, this.counters);
  }

  private bucketOf(address: string, now: Time): Bucket {
    const key = sourceOf(address);
    const known = this.addresses.get(key);
    if (known !== undefined) return known;
    for (const [oldest] of this.addresses) {
      if (this.addresses.size < this.limits.brakeEntriesMax) break;
      this.addresses.delete(oldest);
    }
    const bucket = { left: this.limits.udpRefusalsPerAddressMax, at: now };
    this.addresses.set(key, bucket);
    return bucket;
  }
}

/** Who counts as one: an IPv6 network is one customer's. */
export function sourceOf(address: string): string {
  return address.includes(':') ? networkOf(address) : address;
}

function refill(bucket: Bucket, max: number, now: Time): void {
  bucket.left = Math.min(max, bucket.left + ((now - bucket.at) / WINDOW_MS) * max);
  bucket.at = now;
}

export interface AnswerHeader {
  /** Default: 0, which is outside of any sequence. */
  readonly seq1?: number;
  readonly uin?: number;
  readonly format?: ServerFormat;
}

/** What one datagram is answered with; packets that would make it longer than the question are left out. */
export class Answer {
  private readonly call: Call;
  private readonly counters: Counters;
  private room: number;

  constructor(call: Call, room: number, counters: Counters) {
    this.call = call;
    this.room = room;
    this.counters = counters;
  }

  acknowledge(value: { readonly result?: number; readonly id?: number; readonly one?: number } = {}, header: AnswerHeader = {}): this {
    this.say(replies.ack, value, { seq1: this.call.packet.seq1, ...header });
    return this;
  }

  /** False when there was no room for it. */
  say<T>(declaration: Declaration<T>, value: T, { seq1 = 0, uin, format }: AnswerHeader = {}): boolean {
    const { packet, from, port } = this.call;
    const header = { seq1, seq2: packet.seq2, uin: uin ?? packet.uin, sessionId: packet.sessionId, ...(format === undefined ? {} : { format }) };
    const wire = buildServerPacket(encodeReply(packet.version, declaration, value, header));
    if (wire.length > this.room) return false;
    this.room -= wire.length;
    count(this.counters, 'udp_datagrams_sent');
    port.send(wire, from);
    return true;
  }
}
