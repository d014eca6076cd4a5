/** Family 08: windows the server opens at a client. @see oscar.md §8.1 */
import { ascii, be, bytes, rest, struct, tlvs, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';

const POPUP = Family.popup;

/** Server → client: a request was refused. */
export const error = familyError(POPUP);

/** Server → client: show this. Never sent by us. */
export const display = snac({
  family: POPUP,
  subtype: 0x02,
  from: 'server',
  ref: 'oscar.md §8.1',
  body: struct({
    tlvs: tlvs({
      /** HTML. */
      text: [0x01, bytes(rest)],
      url: [0x02, ascii(rest)],
      /** Pixels. */
      width: [0x03, be.u16],
      height: [0x04, be.u16],
      delaySeconds: [0x05, be.u16],
    }),
  }),
});
export type Display = Value<typeof display>;
