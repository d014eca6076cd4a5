/** Family 0B: clients report what they run on. Nothing of it is kept. @see oscar.md §8.2 */
import { be, bytes, many, rest, struct, tlvs, type Value } from '../schema.ts';
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

/** Client → server: a report. What is in it concerns nobody. */
export const report = snac({
  family: STATISTICS,
  subtype: 0x03,
  from: 'client',
  ref: 'oscar.md §8.2',
  body: struct({ tlvs: tlvs({ reports: [0x09, bytes(rest), many] }) }),
});

/** Server → client: thank you. */
export const reportAck = snac({ family: STATISTICS, subtype: 0x04, from: 'server', ref: 'oscar.md §8.2', body: struct({}) });
