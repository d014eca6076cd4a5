/** Forgets old messages, a few at a time, so that nobody waits behind it. */
import type { CorePorts, CoreSettings } from '../service.ts';

const DAY = 86_400_000;
const EVERY_MS = 10 * 60_000;
const BATCH = 500;
/** Between batches, while there is more to forget. */
const PAUSE_MS = 1_000;

/** Begins at once and goes on until the result is called. */
export function startPruning({ clock, store, report }: CorePorts, { limits }: CoreSettings): () => void {
  let stopped = false;
  let cancelTimer = clock.after(PAUSE_MS, prune);

  function prune(): void {
    const now = clock.now();
    store.mailboxes.prune(now - limits.historyDays * DAY, now - limits.mailboxDays * DAY, BATCH).then(
      (forgotten) => again(forgotten >= BATCH ? PAUSE_MS : EVERY_MS),
      (error: unknown) => {
        report('old messages were not removed', error);
        again(EVERY_MS);
      },
    );
  }

  function again(ms: number): void {
    if (!stopped) cancelTimer = clock.after(ms, prune);
  }

  return () => {
    stopped = true;
    cancelTimer();
  };
}
