/** Family 0B: clients report what they run on. Nothing of it is kept. @see oscar.md §8.2 */
import { be, bytes, rest, struct, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';

const STATISTICS = Family.statistics;

/** Server → client: a request was refused. */
export const error = familyError(STATISTICS);

/** Server → client, after sign-on: report so often. */
export const setReportInterval = snac({
  family: STATISTICS,
  subtype: 0x02,
  from: 'server',
  ref: 'oscar.md §8.2',
  body: struct({ hours: be.u16 }),
});
export type SetReportInterval = Value<typeof setReportInterval>;

/** Client → server: a report, TLVs 09. What is in it concerns nobody, and a broken one does no harm. */
export const report = snac({
  family: STATISTICS,
  subtype: 0x03,
  from: 'client',
  ref: 'oscar.md §8.2',
  body: struct({ data: bytes(rest) }),
});

/** Server → client: thank you. */
export const reportAck = snac({ family: STATISTICS, subtype: 0x04, from: 'server', ref: 'oscar.md §8.2', body: struct({}) });
