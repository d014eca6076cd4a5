/** Family 18: there is mail for you. The service is declined: there is no mail here. @see oscar.md §8.2 */
import { be, bytes, fixed, rest, struct, tlvs, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';

const EMAIL_ALERT = Family.emailAlert;

/** Server → client: a request was refused. */
export const error = familyError(EMAIL_ALERT);

/** Client → server: tell me. */
export const subscribe = snac({ family: EMAIL_ALERT, subtype: 0x06, from: 'client', ref: 'oscar.md §8.2', body: struct({ data: bytes(rest) }) });

/** Server → client: how the mailbox stands. Never sent by us. */
export const mailboxInfo = snac({
  family: EMAIL_ALERT,
  subtype: 0x07,
  from: 'server',
  ref: 'oscar.md §8.2',
  body: struct({
    cookie: bytes(fixed(16)),
    tlvs: tlvs({ unread: [0x80, be.u16] }, { count: be.u16 }),
  }),
});
export type MailboxInfo = Value<typeof mailboxInfo>;
