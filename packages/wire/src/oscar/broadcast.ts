/** Family 85: an administrator writes to all; an extension of iserverd's. @see oscar.md §8.5 */
import { be, bytes, rest, struct, tlvs, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';

const BROADCAST = Family.broadcast;

/** Server → client: a request was refused. */
export const error = familyError(BROADCAST);

/** Client → server: tell everybody. */
export const broadcastRequest = snac({
  family: BROADCAST,
  subtype: 0x02,
  from: 'client',
  ref: 'oscar.md §8.5',
  body: struct({
    tlvs: tlvs({
      /** 1: only those who are on line. */
      onlineOnly: [0x0100, be.u16],
      subject: [0x0200, bytes(rest)],
      text: [0x0300, bytes(rest)],
    }),
  }),
});
export type BroadcastRequest = Value<typeof broadcastRequest>;

/** `code` of 85/03. */
export const BroadcastCode = { ok: 0x0a, failed: 0x32 } as const;

/** Server → client: whether it was done. */
export const broadcastReply = snac({
  family: BROADCAST,
  subtype: 0x03,
  from: 'server',
  ref: 'oscar.md §8.5',
  body: struct({
    /** One of {@link BroadcastCode}. */
    code: be.u16,
  }),
});
