/**
 * What one client has to say: each packet once, in the order of its numbers, one at a time.
 *
 * Clients count every packet but acknowledgements. What comes before its turn waits for those in front of it, which the client
 * repeats; a client that turns out not to count like that is not waited for again. @see icq-udp.md §4.2, §6.4
 */
import type { Limits, Time } from '@seekyou/core';
import type { ClientPacket } from '@seekyou/wire/udp';
import { after, ahead } from './numbers.ts';

/** Packets whose repetition is known as such; clients have far fewer on their way. */
export const REMEMBERED = 64;

/** COMPAT: LSICQ, a version 4 client, counts modulo 1024. */
const LSICQ_NUMBERS = 1024;

type Numbered = Pick<ClientPacket, 'version' | 'command' | 'seq1'>;

/** A number whose packet was handled before its turn. */
const DONE = 'done';

/**
 * `new`: its turn will come. `early`: so it will, but not yet. `repeated`: it was handled, acknowledge it again.
 * `waiting`: it is here already. `stale`: drop it.
 */
export type Taken = 'new' | 'early' | 'repeated' | 'waiting' | 'stale';

export class Inbox {
  private readonly limits: Pick<Limits, 'udpAheadMax' | 'udpAheadMs'>;
  private next: number;
  /** Command and number of what was handled last, oldest first. */
  private readonly seen: number[] = [];
  private ahead: Map<number, ClientPacket | typeof DONE> | undefined;
  /** Came after its turn was over, because nobody waited any longer. */
  private late: ClientPacket[] | undefined;
  private current: ClientPacket | undefined;
  private gapSince: Time | undefined;
  private patient = true;

  /** @param first the number after the one of the sign-on */
  constructor(limits: Pick<Limits, 'udpAheadMax' | 'udpAheadMs'>, first: number) {
    this.limits = limits;
    this.next = first;
  }

  /** Something waits for what should have come before it. */
  get hasGap(): boolean {
    return this.gapSince !== undefined && this.ahead !== undefined;
  }

  get busy(): boolean {
    return this.current !== undefined;
  }

  /** Whether this packet shows that its sender knows where the conversation stands: it is new, and not far ahead. */
  isFresh(packet: Numbered): boolean {
    const distance = ahead(packet.seq1, this.next);
    return distance >= 0 && distance < REMEMBERED && this.ahead?.has(packet.seq1) !== true && !this.seen.includes(keyOf(packet));
  }

  /** A packet that has a turn. */
  take(packet: ClientPacket, now: Time): Taken {
    const key = keyOf(packet);
    if (this.seen.includes(key)) return 'repeated';
    if (this.current !== undefined && keyOf(this.current) === key) return 'waiting';
    this.wrap(packet);
    const distance = ahead(packet.seq1, this.next);
    if (distance < -REMEMBERED) return this.isBehindWrap(packet) ? this.takeFar(packet, now) : 'stale';
    if (distance < 0) return this.takeLate(packet, key);
    if (distance >= this.limits.udpAheadMax) return this.takeFar(packet, now);
    const waiting = (this.ahead ??= new Map());
    if (waiting.has(packet.seq1)) return 'waiting';
    waiting.set(packet.seq1, packet);
    if (distance === 0) return 'new';
    this.gapSince ??= now;
    return 'early';
  }

  /** A packet that is handled at once, whatever its number, and may be handled twice: false when its turn was over. */
  note(packet: Numbered, now: Time): boolean {
    this.wrap(packet);
    const distance = ahead(packet.seq1, this.next);
    if (distance < 0 && !this.isBehindWrap(packet)) return false;
    if (distance > 0 && distance < this.limits.udpAheadMax) return this.noteEarly(packet.seq1, now);
    if (distance === 0) {
      this.next = after(this.next);
      if (this.ahead === undefined) this.gapSince = undefined;
    } else this.gapSince ??= now; // what goes on from there is believed the sooner
    return true;
  }

  /** The packet whose turn it is, if any. Then `handled` or `left` has to follow before there is another. */
  turn(now: Time): ClientPacket | undefined {
    if (this.current !== undefined) return undefined;
    this.current = this.late?.shift() ?? this.inOrder(now);
    if (this.late?.length === 0) this.late = undefined;
    return this.current;
  }

  /** The current packet was acted upon. */
  handled(): void {
    if (this.current === undefined) return;
    this.remember(keyOf(this.current));
    if (this.current.seq1 === this.next) this.next = after(this.next);
    if (this.ahead === undefined) this.gapSince = undefined;
    this.current = undefined;
  }

  /** The current packet could not be acted upon: it is still its turn when it comes again. */
  left(): void {
    this.current = undefined;
  }

  /** No more is to be expected: what waits has its turn without what is missing. */
  hurry(): void {
    this.patient = false;
  }

  private inOrder(now: Time): ClientPacket | undefined {
    const waiting = this.ahead;
    if (waiting === undefined) return undefined;
    let packet = waiting.get(this.next);
    while (packet === DONE || (packet === undefined && waiting.size > 0 && this.isGivenUp(now))) {
      if (packet === DONE) {
        waiting.delete(this.next);
        this.next = after(this.next);
      } else this.next = this.nearest(waiting);
      // The next gap is another.
      this.gapSince = now;
      packet = waiting.get(this.next);
    }
    if (packet !== undefined) {
      waiting.delete(this.next);
      this.gapSince = now;
    }
    if (waiting.size === 0) this.ahead = this.gapSince = undefined;
    return packet;
  }

  private noteEarly(seq1: number, now: Time): boolean {
    const waiting = (this.ahead ??= new Map());
    if (waiting.has(seq1)) return false;
    waiting.set(seq1, DONE);
    this.gapSince ??= now;
    return true;
  }

  /** COMPAT: mICQ and LSICQ give up a packet and go on (icq-udp.md §6.2). That alone says nothing about how they count. */
  private isGivenUp(now: Time): boolean {
    if (!this.patient) return true;
    if (this.gapSince === undefined || now - this.gapSince < this.limits.udpAheadMs) return false;
    if (!this.hasOnlyDone) this.patient = false;
    return true;
  }

  private get hasOnlyDone(): boolean {
    return this.ahead === undefined || [...this.ahead.values()].every((packet) => packet === DONE);
  }

  /** Where it goes on behind the gap. */
  private nearest(waiting: ReadonlyMap<number, unknown>): number {
    return [...waiting.keys()].reduce((a, b) => (ahead(b, this.next) < ahead(a, this.next) ? b : a));
  }

  private takeLate(packet: ClientPacket, key: number): Taken {
    const late = (this.late ??= []);
    if (late.some((other) => keyOf(other) === key)) return 'waiting';
    late.push(packet);
    return 'new';
  }

  /** More than is kept is on its way, and will come again; or numbers began anew, which is believed only after a while. */
  private takeFar(packet: ClientPacket, now: Time): Taken {
    this.gapSince ??= now;
    if (!this.hasOnlyDone || now - this.gapSince < this.limits.udpAheadMs) return 'stale';
    this.next = packet.seq1;
    this.ahead = new Map([[packet.seq1, packet]]);
    return 'new';
  }

  /** Begins at 0 again where LSICQ does; the last number before that may be in hand. */
  private wrap(packet: Numbered): void {
    if (this.isBehindWrap(packet) && (this.next === LSICQ_NUMBERS || this.current?.seq1 === LSICQ_NUMBERS - 1)) this.next = 0;
  }

  /** A low number where LSICQ is about to begin again. */
  private isBehindWrap({ version, seq1 }: Numbered): boolean {
    const left = LSICQ_NUMBERS - this.next;
    return version === 4 && left >= 0 && left < this.limits.udpAheadMax && seq1 < this.limits.udpAheadMax;
  }

  private remember(key: number): void {
    if (this.seen.push(key) > REMEMBERED) this.seen.shift();
  }
}

function keyOf({ command, seq1 }: Pick<Numbered, 'command' | 'seq1'>): number {
  return command * 0x10000 + seq1;
}
