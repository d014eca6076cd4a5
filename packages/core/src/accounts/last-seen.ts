/** When accounts were last here. Written behind: losing some in a crash harms nobody. */
import type { CorePorts } from '../service.ts';
import type { Time, Uin } from '../words.ts';

const FLUSH_MS = 1_000;
/** Of one flush, so that messages do not wait long behind a morning's sign-ons. */
const ACCOUNTS_PER_FLUSH = 200;

export class LastSeen {
  private readonly ports: CorePorts;
  /** One entry an account, so never more than there are. */
  private readonly seen = new Map<Uin, Time>();
  private cancelTimer: (() => void) | undefined;

  constructor(ports: CorePorts) {
    this.ports = ports;
  }

  note(uin: Uin): void {
    this.seen.set(uin, this.ports.clock.now());
    this.schedule();
  }

  /** Writes everything now. */
  async flush(): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    await this.write(this.seen.size);
  }

  private schedule(): void {
    this.cancelTimer ??= this.ports.clock.after(FLUSH_MS, () => {
      this.cancelTimer = undefined;
      void this.write(ACCOUNTS_PER_FLUSH).then(() => {
        if (this.seen.size > 0) this.schedule();
      });
    });
  }

  private async write(limit: number): Promise<void> {
    const some = this.seen.entries().take(limit).toArray();
    for (const [uin] of some) this.seen.delete(uin);
    try {
      await Promise.all(some.map(([uin, at]) => this.ports.store.accounts.update(uin, { lastSeenAt: at })));
    } catch (error) {
      this.ports.report('the time accounts were last seen was not written', error);
    }
  }
}
