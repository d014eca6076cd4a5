/** What is going on, for whoever waits: one line that changes on a terminal, now and then a line elsewhere. */
const EVERY_MS = 5_000;

export class Progress {
  private readonly out: NodeJS.WriteStream;
  private lastAt = 0;
  private shown = false;

  constructor(out: NodeJS.WriteStream) {
    this.out = out;
  }

  tell(what: string): void {
    if (this.out.isTTY) {
      this.out.write(`\r\x1b[K${what.slice(0, this.out.columns - 1)}`);
      this.shown = true;
      return;
    }
    const now = Date.now();
    if (now - this.lastAt < EVERY_MS) return;
    this.lastAt = now;
    this.out.write(`  … ${what}\n`);
  }

  /** Before something else is printed. */
  clear(): void {
    if (this.shown) this.out.write('\r\x1b[K');
    this.shown = false;
  }
}
