/** Families that are announced because clients expect them, and have next to nothing behind them. @see oscar.md §8.1, §8.2 */
import { bytes, rest, struct } from '@seekyou/wire';
import { ErrorCode, Family, familyError, snac } from '@seekyou/wire/oscar';
import { on, reply, type Route } from './state.ts';

/** Nothing in these is looked at. */
const anything = struct({ data: bytes(rest) });

/** A friend shall be invited by mail: there is no mail here. */
const invite = snac({ family: Family.invitation, subtype: 0x02, from: 'client', ref: 'oscar.md §8.1', body: anything });
/** Who has this mail address? Nobody tells his. */
const findByMail = snac({ family: Family.lookup, subtype: 0x02, from: 'client', ref: 'oscar.md §8.2', body: anything });
/** A report about the client's machine, not kept. */
const report = snac({ family: Family.statistics, subtype: 0x03, from: 'client', ref: 'oscar.md §8.2', body: anything });
const reportTaken = snac({ family: Family.statistics, subtype: 0x04, from: 'server', ref: 'oscar.md §8.2', body: struct({}) });

export const routes: readonly Route[] = [
  on(invite, (_context, _message, request) => [reply(request, familyError(Family.invitation), { code: ErrorCode.serviceUnavailable, tlvs: {} })]),
  on(findByMail, (_context, _message, request) => [reply(request, familyError(Family.lookup), { code: ErrorCode.noMatch, tlvs: {} })]),
  on(report, (_context, _message, request) => [reply(request, reportTaken, {})]),
];
