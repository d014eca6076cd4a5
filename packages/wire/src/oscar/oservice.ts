/** Family 01, generic service: set-up, rates, status, own information. @see oscar.md §3, §2.6 */
import { ascii, be, bytes, bytesOf, empty, type Layout, list, optional, rest, struct, tlvs, u8, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';
import { bartItems, directInfo, ownUserInfo, uint, userInfo as userInfoBlock } from './user-info.ts';

const OSERVICE = Family.oservice;

/** Both ways: a request was refused. */
export const error = familyError(OSERVICE, 'both');

/** Client → server: set-up is done, from now on messages and presence may come. */
export const clientOnline = snac({
  family: OSERVICE,
  subtype: 0x02,
  from: 'client',
  ref: 'oscar.md §3.4',
  body: struct({
    families: list(struct({ family: be.u16, version: be.u16, toolId: be.u16, toolVersion: be.u16 })),
  }),
});
export type ClientOnline = Value<typeof clientOnline>;

/** Server → client, first on a connection: the families it offers. */
export const hostOnline = snac({
  family: OSERVICE,
  subtype: 0x03,
  from: 'server',
  ref: 'oscar.md §3.2',
  body: struct({ families: list(be.u16) }),
});
export type HostOnline = Value<typeof hostOnline>;

/** Client → server: where is this family served? */
export const serviceRequest = snac({
  family: OSERVICE,
  subtype: 0x04,
  from: 'client',
  ref: 'oscar.md §3.4',
  body: struct({
    family: be.u16,
    tlvs: tlvs({
      /** Family 0E only: the room to join. */
      room: [0x01, struct({ exchange: be.u16, cookie: bytes(bytesOf(u8)), instance: be.u16 })],
      useTls: [0x8c, empty],
    }),
  }),
});
export type ServiceRequest = Value<typeof serviceRequest>;

/** Server → client: connect there and show the cookie. */
export const serviceResponse = snac({
  family: OSERVICE,
  subtype: 0x05,
  from: 'server',
  ref: 'oscar.md §3.4',
  body: struct({
    tlvs: tlvs({
      family: [0x0d, be.u16],
      /** `host:port` */
      address: [0x05, ascii(rest)],
      cookie: [0x06, bytes(rest)],
      /** 0 without, 1 with TLS. */
      tls: [0x8e, u8],
      certificateName: [0x8d, ascii(rest)],
    }),
  }),
});
export type ServiceResponse = Value<typeof serviceResponse>;

/** Client → server: which rates apply? */
export const rateParamsQuery = snac({ family: OSERVICE, subtype: 0x06, from: 'client', ref: 'oscar.md §3.3', body: struct({}) });

/** One rate class as clients of family-01 version 1 and 2 read it: 30 bytes. Levels are milliseconds. @see oscar.md §3.3 */
export const rateClassOld = struct({
  id: be.u16,
  window: be.u32,
  clear: be.u32,
  alert: be.u32,
  limit: be.u32,
  disconnect: be.u32,
  current: be.u32,
  max: be.u32,
});
export type RateClassOld = Value<typeof rateClassOld>;

/** One rate class for version 3 and later: 35 bytes. @see oscar.md §3.3 */
export const rateClass = struct({
  id: be.u16,
  window: be.u32,
  clear: be.u32,
  alert: be.u32,
  limit: be.u32,
  disconnect: be.u32,
  current: be.u32,
  max: be.u32,
  /** Milliseconds since the last SNAC of the class. */
  lastMs: be.u32,
  /** 3 clear, 2 alert, 1 limited; real servers show others. */
  state: u8,
});
export type RateClass = Value<typeof rateClass>;

function ratesOf<T>(record: Layout<T>) {
  return struct({
    classes: list(record, be.u16),
    /** As many as there are classes. A client refuses to send what is in none. */
    groups: list(struct({ id: be.u16, snacs: list(struct({ family: be.u16, subtype: be.u16 }), be.u16) })),
  });
}

/** Server → client that announced family-01 version 3 or later: the rate classes and what belongs to them. */
export const rateParamsReply = snac({ family: OSERVICE, subtype: 0x07, from: 'server', ref: 'oscar.md §3.3', body: ratesOf(rateClass) });
export type RateParamsReply = Value<typeof rateParamsReply>;

/** 01/07 for a client that announced family-01 version 1 or 2, or none. */
export const rateParamsReplyOld = snac({ family: OSERVICE, subtype: 0x07, from: 'server', ref: 'oscar.md §3.3', body: ratesOf(rateClassOld) });
export type RateParamsReplyOld = Value<typeof rateParamsReplyOld>;

const classIds = struct({ classes: list(be.u16) });

/** Client → server: it follows these classes. */
export const rateParamsSubAdd = snac({ family: OSERVICE, subtype: 0x08, from: 'client', ref: 'oscar.md §3.3', body: classIds });

/** Client → server: it no longer follows these classes. */
export const rateParamsSubDelete = snac({ family: OSERVICE, subtype: 0x09, from: 'client', ref: 'oscar.md §3.3', body: classIds });

/** `code` of 01/0A. */
export const RateChange = { changed: 1, warning: 2, limited: 3, cleared: 4 } as const;

/** Server → client: a class changed, is nearly exceeded, exceeded, or clear again. */
export const rateParamChange = snac({
  family: OSERVICE,
  subtype: 0x0a,
  from: 'server',
  ref: 'oscar.md §3.3',
  body: struct({
    /** One of {@link RateChange}. */
    code: be.u16,
    classes: list(rateClass),
  }),
});
export type RateParamChange = Value<typeof rateParamChange>;

/** 01/0A for a client that announced family-01 version 1 or 2, or none. */
export const rateParamChangeOld = snac({
  family: OSERVICE,
  subtype: 0x0a,
  from: 'server',
  ref: 'oscar.md §3.3',
  body: struct({ code: be.u16, classes: list(rateClassOld) }),
});
export type RateParamChangeOld = Value<typeof rateParamChangeOld>;

const familyIds = struct({ families: list(be.u16) });

/** Server → client: stop sending; an empty list means everything. */
export const pauseReq = snac({ family: OSERVICE, subtype: 0x0b, from: 'server', ref: 'oscar.md §2.6', body: familyIds });

/** Client → server: it stopped; the families it uses. */
export const pauseAck = snac({ family: OSERVICE, subtype: 0x0c, from: 'client', ref: 'oscar.md §2.6', body: familyIds });

/** Server → client: go on. */
export const resume = snac({ family: OSERVICE, subtype: 0x0d, from: 'server', ref: 'oscar.md §2.6', body: familyIds });

/** Client → server: what is known about me? */
export const userInfoQuery = snac({ family: OSERVICE, subtype: 0x0e, from: 'client', ref: 'oscar.md §3.4', body: struct({}) });

/** Server → client: the user as the server sees him, asked for or after a change. */
export const userInfoUpdate = snac({ family: OSERVICE, subtype: 0x0f, from: 'server', ref: 'oscar.md §3.4, §5.1', body: ownUserInfo });
export type UserInfoUpdate = Value<typeof userInfoUpdate>;

/** Server → client: somebody warned you (AIM). */
export const evilNotification = snac({
  family: OSERVICE,
  subtype: 0x10,
  from: 'server',
  ref: 'oscar.md §3.4',
  body: struct({
    level: be.u16,
    /** Absent when the warning was anonymous. */
    sender: optional(userInfoBlock),
  }),
});
export type EvilNotification = Value<typeof evilNotification>;

/** Client → server: the user has been idle so long; 0 is active again. */
export const idleNotification = snac({
  family: OSERVICE,
  subtype: 0x11,
  from: 'client',
  ref: 'oscar.md §3.4',
  body: struct({ idleSeconds: be.u32 }),
});

/** Server → client: sign on elsewhere. No families means the whole connection. */
export const migrateGroups = snac({
  family: OSERVICE,
  subtype: 0x12,
  from: 'server',
  ref: 'oscar.md §2.6',
  body: struct({
    families: list(be.u16, be.u16),
    tlvs: tlvs({
      /** `host:port` */
      address: [0x05, ascii(rest)],
      cookie: [0x06, bytes(rest)],
      tls: [0x8e, u8],
      certificateName: [0x8d, ascii(rest)],
    }),
  }),
});
export type MigrateGroups = Value<typeof migrateGroups>;

/** `kind` of 01/13. */
export const MotdKind = { mandatoryUpgrade: 1, advisedUpgrade: 2, bulletin: 3, normal: 4, news: 6 } as const;

/** Server → client: message of the day. Jimm waits for one before it goes on. */
export const motd = snac({
  family: OSERVICE,
  subtype: 0x13,
  from: 'server',
  ref: 'oscar.md §3.4',
  body: struct({
    /** One of {@link MotdKind}. */
    kind: be.u16,
    tlvs: tlvs({
      // The real server's values are 0x001E and 0x04B0; nobody knows what they mean.
      unknown2: [0x02, be.u16],
      unknown3: [0x03, be.u16],
      text: [0x0b, bytes(rest)],
    }),
  }),
});
export type Motd = Value<typeof motd>;

/** Bits of 01/14. */
export const PrivacyFlag = { showIdle: 1, showMemberSince: 2 } as const;

/** Client → server: what others may see. */
export const setPrivacyFlags = snac({
  family: OSERVICE,
  subtype: 0x14,
  from: 'client',
  ref: 'oscar.md §3.4',
  body: struct({
    /** Bits of {@link PrivacyFlag}. */
    flags: be.u32,
  }),
});

/** Server → client: addresses of pages, one TLV each. */
export const wellKnownUrls = snac({ family: OSERVICE, subtype: 0x15, from: 'server', ref: 'oscar.md §3.4', body: struct({ tlvs: tlvs({}) }) });

/** Client → server: still here (AIM's keep-alive). */
export const noop = snac({ family: OSERVICE, subtype: 0x16, from: 'client', ref: 'oscar.md §3.4', body: struct({}) });

const versions = struct({ versions: list(struct({ family: be.u16, version: be.u16 })) });
export type Versions = Value<typeof versions>;

/** Client → server: the version of each family it speaks. */
export const clientVersions = snac({ family: OSERVICE, subtype: 0x17, from: 'client', ref: 'oscar.md §3.2', body: versions });

/** Server → client: the versions it speaks. */
export const hostVersions = snac({ family: OSERVICE, subtype: 0x18, from: 'server', ref: 'oscar.md §3.2', body: versions });

/** Client → server: status, DC info, status note; any of them alone. @see status.ts */
export const setNicknameFields = snac({
  family: OSERVICE,
  subtype: 0x1e,
  from: 'client',
  ref: 'oscar.md §3.5',
  body: struct({
    tlvs: tlvs({
      /** Flags in the high word, status in the low one. */
      status: [0x06, be.u32],
      statusCaps: [0x08, uint(2)],
      directInfo: [0x0c, directInfo],
      /** {@link bartItems} */
      items: [0x1d, bytes(rest)],
      /** Several forms exist; relayed as it is. */
      times: [0x11, bytes(rest)],
    }),
  }),
});
export type SetNicknameFields = Value<typeof setNicknameFields>;

/** AIM's memory check: a hash of a part of the client's program is wanted. We never send it. */
export const memoryQuery = snac({
  family: OSERVICE,
  subtype: 0x1f,
  from: 'both',
  ref: 'oscar.md §3.4',
  body: struct({ offset: optional(be.u32), length: optional(be.u32) }),
});

/** The answer to 01/1F: 16 bytes of MD5, or nothing. */
export const memoryReply = snac({ family: OSERVICE, subtype: 0x20, from: 'both', ref: 'oscar.md §3.4', body: struct({ hash: bytes(rest) }) });

/** Server → client: what became of the user's avatar or status note; flag 0x40 asks for the upload. */
export const bartReply = snac({ family: OSERVICE, subtype: 0x21, from: 'server', ref: 'oscar.md §3.4, §8.4', body: struct({ items: bartItems }) });
export type BartReply = Value<typeof bartReply>;
