/**
 * What the server has to say to one client: numbered without gaps, in order, sent again until it is acknowledged.
 *
 * @see icq-udp.md §4.2, §6.4
 */
import type { Limits, Time } from '@seekyou/core';
import { INNER_BYTES, MULTI_BYTES_MAX } from '@seekyou/wire/udp';

/** A packet that has no number yet. */
export interface Letter {
  readonly command: number;
  readonly seq2: number;
  readonly parameters: Uint8Array;
  /** Not sent before the last one of its kind was acknowledged. */
  readonly ordered?: boolean;
  /** Nothing is sent behind it before it was acknowledged. */
  readonly alone?: boolean;
  /** May go inside of another packet, beside others. */
  readonly packs?: boolean;
  readonly acknowledged?: (() => void) | undefined;
  readonly written?: (() => void) | undefined;
}

interface Sent {
  readonly seq1: number;
  readonly letter: Letter;
  /** Since it is the oldest. */
  sends: number;
  sentAt: Time;
}

/** Where numbers end in one session: some clients compare them without a thought for what comes after, some never take one twice. */
const LAST_NUMBER = 0xfff0;

export type OutboxLimits = Pick<Limits, 'udpWindowMax' | 'udpResendMs' | 'udpResendMaxMs' | 'udpSendsMax' | 'udpReadyMax' | 'udpQueuedMax'>;

/** `lost`: the client does not acknowledge any more. `numbers`: they have run out. */
export type Trouble = 'lost' | 'numbers';

export interface Wire {
  /** Puts one packet on it. `again`: not for the first time. */
  transmit(letter: Letter, seq1: number, again: boolean): void;
  /** The parameters of a packet with all of these inside, each under the number of the whole. */
  pack(letters: readonly Letter[], seq1: number): Pick<Letter, 'command' | 'parameters'>;
}

export class Outbox {
  private readonly limits: OutboxLimits;
  private readonly wire: Wire;
  private next: number;
  // Most sessions say nothing most of the time.
  private queue: Letter[] | undefined;
  private flight: Sent[] | undefined;
  /** When everything was last asked for again. */
  private againAt: Time | undefined;

  constructor(limits: OutboxLimits, first: number, wire: Wire) {
    this.limits = limits;
    this.next = first;
    this.wire = wire;
  }

  /** So little waits that messages may be made into packets. */
  get hasRoom(): boolean {
    return (this.queue?.length ?? 0) < this.limits.udpReadyMax;
  }

  /** A packet that goes alone is on its way. */
  get isAlone(): boolean {
    return this.flight?.[0]?.letter.alone === true;
  }

  /** Packets not yet acknowledged, sent or not. */
  get waiting(): number {
    return (this.queue?.length ?? 0) + (this.flight?.length ?? 0);
  }

  /** The number of something said outside of the sequence, which nobody acknowledges. */
  get number(): number {
    return this.next;
  }

  /** False when more waits than any client needs. */
  say(letter: Letter, now: Time): boolean {
    const queue = (this.queue ??= []);
    if (queue.length >= this.limits.udpQueuedMax) return false;
    queue.push(letter);
    this.fill(now);
    return true;
  }

  /** False for numbers that nobody waits for. */
  acknowledged(seq1: number, now: Time): boolean {
    const flight = this.flight ?? [];
    const at = flight.findIndex((sent) => sent.seq1 === seq1);
    const sent = flight[at];
    if (sent === undefined) return false;
    flight.splice(at, 1);
    // COMPAT: licq drops what follows a gap, so when the gap is closed the rest goes out again (icq-udp.md §4.2).
    if (at === 0 && sent.sends > 1) this.resend(now);
    else if (at === 0 && flight[0] !== undefined) flight[0].sends = 1;
    sent.letter.acknowledged?.();
    this.fill(now);
    if (flight.length === 0) this.flight = undefined;
    return true;
  }

  /** Sends again what is due. */
  tick(now: Time): Trouble | undefined {
    const oldest = this.flight?.[0];
    if (oldest === undefined || now - oldest.sentAt < this.wait(oldest.sends)) return this.next >= LAST_NUMBER ? 'numbers' : undefined;
    if (oldest.sends >= this.limits.udpSendsMax) return 'lost';
    oldest.sends++;
    oldest.sentAt = now;
    this.wire.transmit(oldest.letter, oldest.seq1, true);
    return undefined;
  }

  /**
   * Everything unacknowledged at once, because the client is somewhere else, or asks for it; but no more often than it would come
   * by itself: who asks may not be who hears it.
   */
  again(now: Time): void {
    if (this.againAt !== undefined && now - this.againAt < this.limits.udpResendMs) return;
    this.againAt = now;
    this.resend(now);
  }

  private resend(now: Time): void {
    for (const sent of this.flight ?? []) {
      sent.sends = 1;
      sent.sentAt = now;
      this.wire.transmit(sent.letter, sent.seq1, true);
    }
  }

  private fill(now: Time): void {
    const { queue } = this;
    if (queue === undefined) return;
    for (let head = queue[0]; head !== undefined && this.next < LAST_NUMBER && this.mayGo(head); head = queue[0]) {
      const together = queue.splice(0, this.howMany(queue));
      const seq1 = this.next;
      this.next = seq1 + 1;
      const letter = together.length === 1 ? head : this.packed(together, seq1);
      (this.flight ??= []).push({ seq1, letter, sends: 1, sentAt: now });
      this.wire.transmit(letter, seq1, false);
      letter.written?.();
    }
    if (queue.length === 0) this.queue = undefined;
  }

  /** How many of the queue go in one packet: what waits, as far as it may and as it fits. Nothing is made to wait for others. */
  private howMany(queue: readonly Letter[]): number {
    let bytes = 1;
    const end = queue.findIndex((letter) => {
      bytes += INNER_BYTES + letter.parameters.length;
      return letter.packs !== true || bytes > MULTI_BYTES_MAX || !this.mayGo(letter);
    });
    return end < 0 ? queue.length : Math.max(end, 1);
  }

  private packed(letters: readonly Letter[], seq1: number): Letter {
    return {
      ...this.wire.pack(letters, seq1),
      seq2: 0,
      ordered: letters.some(({ ordered }) => ordered === true),
      acknowledged: () => {
        for (const letter of letters) letter.acknowledged?.();
      },
      written: () => {
        for (const letter of letters) letter.written?.();
      },
    };
  }

  private mayGo(letter: Letter): boolean {
    const flight = this.flight ?? [];
    if (flight.length === 0) return true;
    if (flight.length >= this.limits.udpWindowMax || letter.alone === true) return false;
    return !flight.some((sent) => sent.letter.alone === true || (letter.ordered === true && sent.letter.ordered === true));
  }

  private wait(sends: number): number {
    return Math.min(this.limits.udpResendMs * 1.5 ** (sends - 1), this.limits.udpResendMaxMs);
  }
}
