/** Family 09, privacy: visible and invisible lists of a session. @see oscar.md §5.3 */
import { be, list, struct, tlvs, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';
import { sn } from './strings.ts';

const PRIVACY = Family.privacy;

/** Server → client: a request was refused. */
export const error = familyError(PRIVACY);

/** Client → server: which limits apply? */
export const rightsQuery = snac({ family: PRIVACY, subtype: 0x02, from: 'client', ref: 'oscar.md §5.3', body: struct({ tlvs: tlvs({}) }) });

/** Server → client: limits, in entries. */
export const rightsReply = snac({
  family: PRIVACY,
  subtype: 0x03,
  from: 'server',
  ref: 'oscar.md §5.3',
  body: struct({
    tlvs: tlvs({
      permitMax: [0x01, be.u16],
      denyMax: [0x02, be.u16],
      temporaryPermitMax: [0x03, be.u16],
    }),
  }),
});
export type RightsReply = Value<typeof rightsReply>;

/** Client → server: user classes that may see me (AIM). */
export const setGroupPermitMask = snac({
  family: PRIVACY,
  subtype: 0x04,
  from: 'client',
  ref: 'oscar.md §5.3',
  body: struct({ mask: be.u32 }),
});

const names = struct({ screenNames: list(sn) });

/** Client → server: onto the visible list. Even an empty one switches to "only these see me". */
export const addPermit = snac({ family: PRIVACY, subtype: 0x05, from: 'client', ref: 'oscar.md §5.3', body: names });

/** Client → server: off the visible list. */
export const delPermit = snac({ family: PRIVACY, subtype: 0x06, from: 'client', ref: 'oscar.md §5.3', body: names });

/** Client → server: onto the invisible list. Even an empty one switches to "all but these see me". */
export const addDeny = snac({ family: PRIVACY, subtype: 0x07, from: 'client', ref: 'oscar.md §5.3', body: names });

/** Client → server: off the invisible list. */
export const delDeny = snac({ family: PRIVACY, subtype: 0x08, from: 'client', ref: 'oscar.md §5.3', body: names });

/** Server → client: the lists could not be changed; code 1 is the wrong mode. */
export const serviceError = snac({ family: PRIVACY, subtype: 0x09, from: 'server', ref: 'oscar.md §5.3', body: error.body });

/** Client → server: may see me for now (AIM). */
export const addTempPermit = snac({ family: PRIVACY, subtype: 0x0a, from: 'client', ref: 'oscar.md §5.3', body: names });

/** Client → server: may see me no more (AIM). */
export const delTempPermit = snac({ family: PRIVACY, subtype: 0x0b, from: 'client', ref: 'oscar.md §5.3', body: names });
