/** The load generator's process: takes orders over the channel to its parent, one at a time. */
import { type Order, type Report, scenarios } from './scenarios.ts';

const report = (what: Report): void => void process.send?.(what);

async function carryOut({ name, options }: Order): Promise<void> {
  const scenario = scenarios[name] as (options: unknown, tell: (progress: string) => void) => Promise<unknown>;
  try {
    report({ result: await scenario(options, (progress) => report({ progress })) });
  } catch (error) {
    report({ failed: (error as Error).message });
  }
}

process.on('message', (order: Order) => void carryOut(order));
// Without a parent there is nobody to work for.
process.on('disconnect', () => process.exit(0));
