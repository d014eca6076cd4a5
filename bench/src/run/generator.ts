/** The load generator as its parent sees it: a process that carries out orders. */
import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import type { Tell } from '../load/crowd.ts';
import type { Order, Report, ScenarioName, ScenarioOptions, ScenarioResult } from '../load/scenarios.ts';

const MAIN = resolve(import.meta.dirname, '../load/main.ts');

export class Generator {
  private readonly child: ChildProcess;
  private readonly tell: Tell;
  private waiting: { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(tell: Tell) {
    this.tell = tell;
    this.child = fork(MAIN, { execArgv: ['--conditions=source'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.child.on('message', (report: Report) => this.reported(report));
    this.child.on('exit', (code, signal) => this.settle((waiting) => waiting.reject(new Error(`the load generator ended (${signal ?? code})`))));
  }

  /** @throws Error with what went wrong, in words */
  run<N extends ScenarioName>(name: N, options: ScenarioOptions<N>): Promise<ScenarioResult<N>> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve: resolve as (result: unknown) => void, reject };
      this.child.send({ name, options } satisfies Order);
    });
  }

  /** Ends it; what is signed on is dropped. */
  stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.child.once('exit', () => resolve());
      this.child.disconnect();
    });
  }

  private reported(report: Report): void {
    if ('progress' in report) this.tell(report.progress);
    else if ('failed' in report) this.settle((waiting) => waiting.reject(new Error(report.failed)));
    else this.settle((waiting) => waiting.resolve(report.result));
  }

  private settle(how: (waiting: NonNullable<Generator['waiting']>) => void): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }
}
