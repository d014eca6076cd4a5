/** Family 06, invitation: asking a friend by mail to join. Answered with an error: there is no mail here. @see oscar.md §8.1 */
import { ascii, bytes, rest, struct, tlvs, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';

const INVITATION = Family.invitation;

/** Server → client: nobody was invited. */
export const error = familyError(INVITATION);

/** Client → server: invite somebody. */
export const inviteRequest = snac({
  family: INVITATION,
  subtype: 0x02,
  from: 'client',
  ref: 'oscar.md §8.1',
  body: struct({
    tlvs: tlvs({
      email: [0x11, ascii(rest)],
      text: [0x15, bytes(rest)],
    }),
  }),
});
export type InviteRequest = Value<typeof inviteRequest>;

/** Server → client: he was invited. Never sent by us. */
export const inviteReply = snac({ family: INVITATION, subtype: 0x03, from: 'server', ref: 'oscar.md §8.1', body: struct({}) });
