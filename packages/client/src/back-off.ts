/** How long to wait before coming back: longer each time, and not as long as everybody else who lost the same server. */

const FIRST_MS = 1_000;
const MAX_MS = 60_000;
/** Who was on line for so long begins anew; a server that drops us at once is not asked every second. */
const STEADY_MS = 60_000;

export class BackOff {
  /** A number from 0 to 1. */
  private readonly chance: () => number;
  private attempts = 0;
  private onlineSince: number | undefined;

  constructor(chance: () => number) {
    this.chance = chance;
  }

  cameOnline(now: number): void {
    this.onlineSince = now;
  }

  /** @param retryMs what the server asked for, at least */
  nextMs(now: number, retryMs = 0): number {
    if (this.onlineSince !== undefined && now - this.onlineSince >= STEADY_MS) this.attempts = 0;
    this.onlineSince = undefined;
    const whole = Math.min(MAX_MS, FIRST_MS * 2 ** this.attempts);
    this.attempts++;
    return retryMs + Math.round(whole * (0.5 + this.chance() / 2));
  }
}
