/** The time of this machine. */
import type { Clock } from '@seekyou/core';
import { turns } from './turns.ts';

/** Longest wait setTimeout knows. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/**
 * Node keeps timers of equal length in one list, so tens of thousands are cheap; they run on the monotonic clock.
 * None keeps the process alive: what serves does.
 */
export function systemClock(): Clock {
  return {
    now: () => turns.now(),
    after: (ms, run) => {
      const timed = (): void => {
        turns.begin('timer');
        run();
      };
      const timer = setTimeout(timed, Math.min(ms, TIMEOUT_MS_MAX)).unref();
      return () => clearTimeout(timer);
    },
  };
}
