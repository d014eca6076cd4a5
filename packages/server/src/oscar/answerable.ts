/** What a client was given lately by whom: only that may it answer by 04/0B, or past somebody's invisibility. @see oscar.md §6 */
import type { Limits, Time, Uin } from '@seekyou/core';

/** Of each: the cookie's two halves, who sent it, when. */
const FIELDS = 4;

/**
 * The cookies of the last messages one client was given. Every message is noted, few are ever asked for: noting is cheap and
 * asking looks at all of them. A map by the cookie in hexadecimal took 1.9 µs a message; this takes 0.1.
 */
export class Answerable {
  // Made for the first message: most sessions are idle. Numbers in a row, since objects that live so long keep the collector busy.
  private given: number[] | undefined;
  /** Where the next one goes once there are as many as may be. */
  private oldest = 0;

  add(cookie: Uint8Array, from: Uin, now: Time, { answerableMax }: Pick<Limits, 'answerableMax'>): void {
    const given = (this.given ??= []);
    const high = half(cookie, 0);
    const low = half(cookie, 4);
    if (given.length < FIELDS * answerableMax) {
      given.push(high, low, from, now);
      return;
    }
    const at = this.oldest;
    given[at] = high;
    given[at + 1] = low;
    given[at + 2] = from;
    given[at + 3] = now;
    this.oldest = (at + FIELDS) % given.length;
  }

  /** Whether the client was given this by that user, and not too long ago. */
  has(cookie: Uint8Array, from: Uin, now: Time, { answerableMs }: Pick<Limits, 'answerableMs'>): boolean {
    const given = this.given ?? [];
    const high = half(cookie, 0);
    const low = half(cookie, 4);
    for (let at = 0; at < given.length; at += FIELDS) {
      if (given[at + 1] === low && given[at] === high && given[at + 2] === from && now - (given[at + 3] as number) < answerableMs) return true;
    }
    return false;
  }
}

/** Four bytes as a whole number of 32 bits: compared, never shown. */
function half(cookie: Uint8Array, at: number): number {
  return ((cookie[at] as number) << 24) | ((cookie[at + 1] as number) << 16) | ((cookie[at + 2] as number) << 8) | (cookie[at + 3] as number);
}
