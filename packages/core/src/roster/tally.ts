import type { Uin } from '../words.ts';

/** How often each UIN occurs. A contact is in two groups while a client moves it: add there, then remove here. */
export class Tally {
  // Most lists of most people are empty; they cost nothing.
  private counts: Map<Uin, number> | undefined;

  /** Different UINs. */
  get size(): number {
    return this.counts?.size ?? 0;
  }

  has(uin: Uin): boolean {
    return this.counts?.has(uin) ?? false;
  }

  count(uin: Uin): number {
    return this.counts?.get(uin) ?? 0;
  }

  /** Each UIN once. */
  uins(): Iterable<Uin> {
    return this.counts?.keys() ?? [];
  }

  add(uin: Uin): void {
    this.counts ??= new Map();
    this.counts.set(uin, this.count(uin) + 1);
  }

  remove(uin: Uin): void {
    const left = this.count(uin) - 1;
    if (left > 0) this.counts?.set(uin, left);
    else this.counts?.delete(uin);
  }

  copy(): Tally {
    const copy = new Tally();
    if (this.counts !== undefined) copy.counts = new Map(this.counts);
    return copy;
  }
}
