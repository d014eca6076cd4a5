import type { Clock } from './ports.ts';

const REPEAT_MS = 10_000;

/** Says the same thing at most every ten seconds: a full disk fails every message, and the log is on that disk. */
export function calmReport(report: (problem: string, error: unknown) => void, clock: Clock): (problem: string, error: unknown) => void {
  // Problems are sentences of this program, so there are only so many.
  const saidAt = new Map<string, number>();
  return (problem, error) => {
    const now = clock.now();
    const before = saidAt.get(problem);
    if (before !== undefined && now - before < REPEAT_MS) return;
    saidAt.set(problem, now);
    report(problem, error);
  };
}
