/**
 * The meters of accounts that left before they had recovered: whoever was limited, or thrown out, goes on where he was when he
 * comes back. Signing on again is no way out of a limit.
 */
import type { Time, Uin } from '@seekyou/core';

export interface Meter {
  /** Too much is used up to be forgotten. */
  isWorn(now: Time): boolean;
}

export class RateMemory<M extends Meter> {
  private readonly entriesMax: number;
  /** The one that left first comes first. */
  private readonly left = new Map<Uin, M>();

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
  }

  get size(): number {
    return this.left.size;
  }

  worn(uin: Uin, now: Time): M | undefined {
    const meter = this.left.get(uin);
    if (meter?.isWorn(now) === true) return meter;
    this.left.delete(uin);
    return undefined;
  }

  keep(uin: Uin, meter: M, now: Time): void {
    this.left.delete(uin);
    if (!meter.isWorn(now)) return;
    this.left.set(uin, meter);
    if (this.left.size <= this.entriesMax) return;
    const oldest = this.left.keys().next();
    if (oldest.done !== true) this.left.delete(oldest.value);
  }
}
