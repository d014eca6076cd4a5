/** Family 03, presence: contact lists of clients that keep them, arrivals and departures. @see oscar.md §5.2 */
import { be, bytes, list, rest, struct, tlvs, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';
import { sn } from './strings.ts';
import { userInfo } from './user-info.ts';

const BUDDY = Family.buddy;

/** Server → client: a request was refused. */
export const error = familyError(BUDDY);

/** Bits of TLV 05 in 03/02. */
export const BuddyFlag = { icons: 1, offlineStatusMessages: 2, offlineIcons: 4, rejectUnauthorized: 8 } as const;

/** Client → server: which limits apply? */
export const rightsQuery = snac({
  family: BUDDY,
  subtype: 0x02,
  from: 'client',
  ref: 'oscar.md §5.2',
  body: struct({
    tlvs: tlvs({
      /** Bits of {@link BuddyFlag}. */
      flags: [0x05, be.u16],
    }),
  }),
});
export type RightsQuery = Value<typeof rightsQuery>;

/** Server → client: limits, in entries. */
export const rightsReply = snac({
  family: BUDDY,
  subtype: 0x03,
  from: 'server',
  ref: 'oscar.md §5.2',
  body: struct({
    tlvs: tlvs({
      contactsMax: [0x01, be.u16],
      watchersMax: [0x02, be.u16],
      notificationsMax: [0x03, be.u16],
      temporaryMax: [0x04, be.u16],
    }),
  }),
});
export type RightsReply = Value<typeof rightsReply>;

const names = struct({ screenNames: list(sn) });
export type ScreenNames = Value<typeof names>;

const opaque = struct({ data: bytes(rest) });

/** Client → server: watch these users for this session. */
export const addBuddies = snac({ family: BUDDY, subtype: 0x04, from: 'client', ref: 'oscar.md §5.2', body: names });

/** Client → server: watch them no more. */
export const delBuddies = snac({ family: BUDDY, subtype: 0x05, from: 'client', ref: 'oscar.md §5.2', body: names });

/** Client → server: who watches me? */
export const watchersQuery = snac({ family: BUDDY, subtype: 0x06, from: 'client', ref: 'oscar.md §5.2', body: struct({}) });

/** Server → client: nobody, as far as we tell. */
export const watchersReply = snac({ family: BUDDY, subtype: 0x07, from: 'server', ref: 'oscar.md §5.2', body: names });

/** Client → server: never needed. */
export const watcherSubRequest = snac({ family: BUDDY, subtype: 0x08, from: 'client', ref: 'oscar.md §5.2', body: opaque });

/** Server → client: never sent by us. */
export const watcherNotification = snac({ family: BUDDY, subtype: 0x09, from: 'server', ref: 'oscar.md §5.2', body: opaque });

/** Server → client: these users cannot be watched. */
export const rejectNotification = snac({ family: BUDDY, subtype: 0x0a, from: 'server', ref: 'oscar.md §5.2', body: names });

/** Server → client: a user is on line, or something about him changed. One user per packet: climm reads no further. */
export const arrived = snac({ family: BUDDY, subtype: 0x0b, from: 'server', ref: 'oscar.md §5.2, §5.1', body: userInfo });
export type Arrived = Value<typeof arrived>;

/** Server → client: a user is off line. One per packet. ICQ ignores it without TLV 01, and licq doubts it with TLV 03. */
export const departed = snac({ family: BUDDY, subtype: 0x0c, from: 'server', ref: 'oscar.md §5.2, §5.1', body: userInfo });
export type Departed = Value<typeof departed>;

/** Client → server: watch these users, who are not on the stored list. */
export const addTempBuddies = snac({ family: BUDDY, subtype: 0x0f, from: 'client', ref: 'oscar.md §5.2', body: names });

/** Client → server: watch them no more. */
export const delTempBuddies = snac({ family: BUDDY, subtype: 0x10, from: 'client', ref: 'oscar.md §5.2', body: names });
