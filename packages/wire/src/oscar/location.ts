/** Family 02, location: capabilities, profile and away texts. @see oscar.md §4 */
import { ascii, be, bytes, many, rest, struct, tlvs, u8, type Value } from '../schema.ts';
import { capabilities } from './capabilities.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';
import { sn } from './strings.ts';
import { userInfo } from './user-info.ts';

const LOCATION = Family.location;

/** Server → client: a request was refused; 04 when the user is off line or seems to be. */
export const error = familyError(LOCATION);

/** Client → server: which limits apply? */
export const rightsQuery = snac({ family: LOCATION, subtype: 0x02, from: 'client', ref: 'oscar.md §4', body: struct({ tlvs: tlvs({}) }) });

/** Server → client: limits. */
export const rightsReply = snac({
  family: LOCATION,
  subtype: 0x03,
  from: 'server',
  ref: 'oscar.md §4',
  body: struct({
    tlvs: tlvs({
      /** Bytes. */
      profileMax: [0x01, be.u16],
      capabilitiesMax: [0x02, be.u16],
      unknown3: [0x03, be.u16],
      unknown4: [0x04, be.u16],
      shortCapabilitiesMax: [0x05, be.u16],
    }),
  }),
});
export type RightsReply = Value<typeof rightsReply>;

/** Client → server: capabilities (all of them), profile, away text. What is absent keeps its value. */
export const setInfo = snac({
  family: LOCATION,
  subtype: 0x04,
  from: 'client',
  ref: 'oscar.md §4',
  body: struct({
    tlvs: tlvs({
      /** MIME type with charset, as `awayType`. */
      profileType: [0x01, ascii(rest)],
      profile: [0x02, bytes(rest)],
      awayType: [0x03, ascii(rest)],
      /** Empty: back again. */
      away: [0x04, bytes(rest)],
      capabilities: [0x05, capabilities],
      certificates: [0x06, bytes(rest)],
      unknown0f: [0x0f, u8],
    }),
  }),
});
export type SetInfo = Value<typeof setInfo>;

/** `type` of 02/05. Some read it as bits: 1 profile, 2 away text. */
export const InfoType = { profile: 1, short: 2, away: 3, capabilities: 4 } as const;

/** Client → server: a user's profile, away text or capabilities are wanted. */
export const userInfoQuery = snac({
  family: LOCATION,
  subtype: 0x05,
  from: 'client',
  ref: 'oscar.md §4',
  body: struct({
    /** One of {@link InfoType}. */
    type: be.u16,
    screenName: sn,
  }),
});
export type UserInfoQuery = Value<typeof userInfoQuery>;

/** Server → client: the user and what was asked for. */
export const userInfoReply = snac({
  family: LOCATION,
  subtype: 0x06,
  from: 'server',
  ref: 'oscar.md §4, §5.1',
  body: struct({
    user: userInfo,
    tlvs: tlvs({
      profileType: [0x01, ascii(rest)],
      profile: [0x02, bytes(rest)],
      awayType: [0x03, ascii(rest)],
      away: [0x04, bytes(rest)],
      capabilities: [0x05, capabilities],
    }),
  }),
});
export type UserInfoReply = Value<typeof userInfoReply>;

const opaque = struct({ data: bytes(rest) });

/** Client → server: never needed. */
export const watcherSubRequest = snac({ family: LOCATION, subtype: 0x07, from: 'client', ref: 'oscar.md §4', body: opaque });

/** Server → client: never sent by us. */
export const watcherNotification = snac({ family: LOCATION, subtype: 0x08, from: 'server', ref: 'oscar.md §4', body: opaque });

/** Client → server: the user's entry in AIM's directory. */
export const setDirInfo = snac({
  family: LOCATION,
  subtype: 0x09,
  from: 'client',
  ref: 'oscar.md §4',
  body: struct({
    tlvs: tlvs({
      firstName: [0x01, bytes(rest)],
      lastName: [0x02, bytes(rest)],
      middleName: [0x03, bytes(rest)],
      maidenName: [0x04, bytes(rest)],
      country: [0x06, bytes(rest)],
      state: [0x07, bytes(rest)],
      city: [0x08, bytes(rest)],
      searchable: [0x0a, be.u16],
      nickname: [0x0c, bytes(rest)],
      zip: [0x0d, bytes(rest)],
      street: [0x21, bytes(rest)],
    }),
  }),
});
export type SetDirInfo = Value<typeof setDirInfo>;

const result = struct({
  /** 1: done. */
  result: be.u16,
});

/** Server → client: the entry was taken. */
export const setDirReply = snac({ family: LOCATION, subtype: 0x0a, from: 'server', ref: 'oscar.md §4', body: result });

/** Client → server: a user's directory entry is wanted. */
export const getDirInfo = snac({ family: LOCATION, subtype: 0x0b, from: 'client', ref: 'oscar.md §4', body: struct({ screenName: sn }) });

/** Server → client: the entry; ours is always empty. */
export const getDirReply = snac({
  family: LOCATION,
  subtype: 0x0c,
  from: 'server',
  ref: 'oscar.md §4',
  body: struct({ result: be.u16, tlvs: tlvs({}, { count: be.u16 }) }),
});

/** Client → server: the user's interests. */
export const setKeywordInfo = snac({
  family: LOCATION,
  subtype: 0x0f,
  from: 'client',
  ref: 'oscar.md §4',
  body: struct({
    tlvs: tlvs({
      searchable: [0x0a, be.u16],
      /** Up to five. */
      interests: [0x0b, bytes(rest), many],
    }),
  }),
});
export type SetKeywordInfo = Value<typeof setKeywordInfo>;

/** Server → client: the interests were taken. */
export const setKeywordReply = snac({ family: LOCATION, subtype: 0x10, from: 'server', ref: 'oscar.md §4', body: result });

/** Bits of 02/15. */
export const InfoFlag = { profile: 1, away: 2, capabilities: 4, certificate: 8 } as const;

/** Client → server: as 02/05, with bits; answered by 02/06. */
export const userInfoQuery2 = snac({
  family: LOCATION,
  subtype: 0x15,
  from: 'client',
  ref: 'oscar.md §4',
  body: struct({
    /** Bits of {@link InfoFlag}. */
    flags: be.u32,
    screenName: sn,
  }),
});
export type UserInfoQuery2 = Value<typeof userInfoQuery2>;
