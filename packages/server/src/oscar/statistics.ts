/** Family 0B: clients report what they run on, and nothing of it is kept. @see oscar.md §8.2 */
import { Family, statistics } from '@seekyou/wire/oscar';
import { type Handler, on, type OscarEffect, type OscarState, reply, type Route, say } from './state.ts';

/** The real server's: seldom enough to disturb nobody. */
const HOURS = 1_200;

/** 0B/02, after sign-on, to clients that know the family. */
export function reportInterval({ versions }: OscarState): readonly OscarEffect[] {
  return versions.has(Family.statistics) ? [say(statistics.setReportInterval, { hours: HOURS })] : [];
}

const onReport: Handler<unknown> = (_context, _message, request) => [reply(request, statistics.reportAck, {})];

export const routes: readonly Route[] = [on(statistics.report, onReport)];
