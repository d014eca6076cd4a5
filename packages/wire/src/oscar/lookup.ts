/** Family 0A: who has this mail address? @see oscar.md §8.2 */
import { ascii, bytes, many, rest, struct, tlvs, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';

const LOOKUP = Family.lookup;

/** Server → client: nobody, code 14, or no answer. */
export const error = familyError(LOOKUP);

/** Client → server: the address alone, to the end. */
export const findByEmail = snac({ family: LOOKUP, subtype: 0x02, from: 'client', ref: 'oscar.md §8.2', body: struct({ email: bytes(rest) }) });
export type FindByEmail = Value<typeof findByEmail>;

/** Server → client: those who have it and say so. */
export const findReply = snac({
  family: LOOKUP,
  subtype: 0x03,
  from: 'server',
  ref: 'oscar.md §8.2',
  body: struct({ tlvs: tlvs({ screenNames: [0x01, ascii(rest), many] }) }),
});
export type FindReply = Value<typeof findReply>;
