/** Family 0x15: what ICQ put inside OSCAR from before it: stored messages and the directory. @see oscar.md §9 */
import { be, bytes, bytesOf, encode, fixed, type Layout, le, optional, rest, struct, tlvs, u8, type Value, within } from '../schema.ts';
import { Family } from './family.ts';
import { directoryPacket } from './icq-directory.ts';
import * as info from './icq-info.ts';
import { snac } from './snac.ts';
import { lnts, str16 } from './strings.ts';

export * from './icq-directory.ts';
export * from './icq-info.ts';

/** `type` of an {@link icqBlock}. */
export const IcqType = {
  offlineRequest: 0x003c,
  offlineDelete: 0x003e,
  offlineMessage: 0x0041,
  offlineEnd: 0x0042,
  metaRequest: 0x07d0,
  metaReply: 0x07da,
} as const;

/** How a meta request went. */
export const MetaResult = {
  success: 0x0a,
  /** Failed, or not found. */
  failed: 0x14,
  readOnly: 0x1e,
  noData: 0x32,
  /** A text says why. */
  textError: 0x46,
} as const;

/** What TLV 01 holds in 15/02 and 15/03. Clients check size and owner of an answer. */
export const icqBlock = within(
  bytesOf(le.u16),
  struct({
    owner: le.u32, // UIN of the client; a server goes by the session's
    type: le.u16, // IcqType
    sequence: bytes(fixed(2)), // echoed unchanged: some clients write it big-endian
    data: bytes(rest), // see the declarations below
  }),
);
export type IcqBlock = Value<typeof icqBlock>;

export const request = snac({
  family: Family.icqMeta,
  subtype: 0x0002,
  from: 'client',
  ref: 'oscar.md §9.1',
  body: tlvs({ block: [0x0001, icqBlock] }),
});
export type Request = Value<typeof request>;

/** Of an answer in several parts all but the last carry SNAC flag 0x0001. */
export const reply = snac({
  family: Family.icqMeta,
  subtype: 0x0003,
  from: 'server',
  ref: 'oscar.md §9.1',
  body: tlvs({ block: [0x0001, icqBlock] }),
});
export type Reply = Value<typeof reply>;

export const error = snac({
  family: Family.icqMeta,
  subtype: 0x0001,
  from: 'server',
  ref: 'oscar.md §9.1',
  body: struct({
    code: be.u16,
    tlvs: tlvs({ subCode: [0x0008, be.u16], request: [0x0021, bytes(rest)] }), // the refused request's data
  }),
});
export type ErrorReply = Value<typeof error>;

// ---------------------------------------------------------------- stored messages

/** What `data` of an {@link icqBlock} of one type holds. */
export interface IcqDeclaration<T> {
  readonly type: number;
  readonly from: 'client' | 'server';
  readonly ref: string;
  readonly body: Layout<T>;
}

function icq<T>(declaration: IcqDeclaration<T>): IcqDeclaration<T> {
  return declaration;
}

/** Client → server: my stored messages, please. */
export const offlineRequest = icq({ type: IcqType.offlineRequest, from: 'client', ref: 'oscar.md §9.2', body: struct({}) });

/** Client → server: delete what you have sent me of them. */
export const offlineDelete = icq({ type: IcqType.offlineDelete, from: 'client', ref: 'oscar.md §9.2', body: struct({}) });

export const offlineMessage = icq({
  type: IcqType.offlineMessage,
  from: 'server',
  ref: 'oscar.md §9.2',
  body: struct({
    sender: le.u32,
    year: le.u16, // UTC
    month: u8, // 1–12
    day: u8,
    hour: u8,
    minute: u8,
    messageType: u8,
    flags: u8, // 0 for plain text: bitlbee reads type and flags as one number
    text: lnts,
    plugin: bytes(rest), // of message type 1A
  }),
});
export type OfflineMessage = Value<typeof offlineMessage>;

export const offlineEnd = icq({
  type: IcqType.offlineEnd,
  from: 'server',
  ref: 'oscar.md §9.2',
  body: struct({ dropped: u8 }),
});
export type OfflineEnd = Value<typeof offlineEnd>;

// ---------------------------------------------------------------- meta: the envelope

/** `data` of type 07D0. */
export const metaRequestData = struct({ subtype: le.u16, data: bytes(rest) });

/** `data` of type 07DA. Of a failure the result is the last byte. */
export const metaReplyData = struct({ subtype: le.u16, result: u8, data: bytes(rest) });

/** One kind of meta request. */
export interface MetaRequest<T> {
  readonly subtype: number;
  readonly from: 'client';
  /** Subtype of the answer, of its last part if there are several; undefined when none is expected. */
  readonly reply: number | undefined;
  readonly ref: string;
  readonly body: Layout<T>;
}

/** One kind of meta answer: what stands after the result when that is success. */
export interface MetaReply<T> {
  readonly subtype: number;
  readonly from: 'server';
  readonly ref: string;
  readonly body: Layout<T>;
}

const requests = new Map<number, MetaRequest<any>>();
const replies = new Map<number, MetaReply<any>>();

/** Every declared kind of request, by subtype. */
export const META_REQUESTS: ReadonlyMap<number, MetaRequest<any>> = requests;
/** Every declared kind of answer, by subtype. Changes are answered by a result alone and have none. */
export const META_REPLIES: ReadonlyMap<number, MetaReply<any>> = replies;

function metaRequest<T>(subtype: number, reply: number | undefined, body: Layout<T>, ref = 'oscar.md §9.3'): MetaRequest<T> {
  const declaration = { subtype, from: 'client', reply, ref, body } as const;
  requests.set(subtype, declaration);
  return declaration;
}

function metaReply<T>(subtype: number, body: Layout<T>, ref: string): MetaReply<T> {
  const declaration = { subtype, from: 'server', ref, body } as const;
  replies.set(subtype, declaration);
  return declaration;
}

/** `data` of a 07D0 block. @throws WireError when the value does not fit its layout */
export function encodeMetaRequest<T>(declaration: MetaRequest<T>, value: T): Uint8Array {
  return encode(metaRequestData, { subtype: declaration.subtype, data: encode(declaration.body, value) });
}

/** `data` of a 07DA block with result success. @throws WireError when the value does not fit its layout */
export function encodeMetaReply<T>(declaration: MetaReply<T>, value: T): Uint8Array {
  return encode(metaReplyData, { subtype: declaration.subtype, result: MetaResult.success, data: encode(declaration.body, value) });
}

/** `data` of a 07DA block that is a result and nothing more: the answer to every change, and every failure. */
export function encodeMetaResult(subtype: number, result: number): Uint8Array {
  return encode(metaReplyData, { subtype, result, data: new Uint8Array(0) });
}

// ---------------------------------------------------------------- meta: who is that

const aboutUin = struct({ uin: le.u32 });
/** 04B2, 04BA, 04CF, 04D0, 051F, 0654. */
export type UinQuestion = Value<typeof aboutUin>;

/** Answered by {@link FULL_INFO}; 04CF and 04D0 are the same to a server. */
export const fullInfoRequest = metaRequest(0x04b2, 0x00fa, aboutUin);
export const fullInfo2Request = metaRequest(0x04cf, 0x00fa, aboutUin);
export const ownInfoRequest = metaRequest(0x04d0, 0x00fa, aboutUin);
export const shortInfoRequest = metaRequest(0x04ba, 0x0104, aboutUin);
export const phoneInfoRequest = metaRequest(0x0654, 0x031e, aboutUin);

export const basicInfoReply = metaReply(0x00c8, info.basicInfo, 'oscar.md §9.4');
export const moreInfoReply = metaReply(0x00dc, info.moreInfo, 'oscar.md §9.4');
export const emailsInfoReply = metaReply(0x00eb, info.emailsInfo, 'oscar.md §9.4');
export const homepageInfoReply = metaReply(0x010e, info.homepageCategory, 'oscar.md §9.4');
export const workInfoReply = metaReply(0x00d2, info.workInfo, 'oscar.md §9.4');
export const aboutInfoReply = metaReply(0x00e6, info.aboutInfo, 'oscar.md §9.4');
export const interestsInfoReply = metaReply(0x00f0, info.interestsInfo, 'oscar.md §9.4');
export const backgroundInfoReply = metaReply(0x00fa, info.backgroundInfo, 'oscar.md §9.4');
export const shortInfoReply = metaReply(0x0104, info.shortInfo, 'oscar.md §9.4');

/** The parts of full info, in order; all but the last with SNAC flag 0x0001. A missing user is 00C8 alone with `noData`. */
export const FULL_INFO = [
  basicInfoReply,
  moreInfoReply,
  emailsInfoReply,
  homepageInfoReply,
  workInfoReply,
  aboutInfoReply,
  interestsInfoReply,
  backgroundInfoReply,
] as const;

// ---------------------------------------------------------------- meta: searching

const byDetails = struct({ first: lnts, last: lnts, nick: lnts, email: optional(lnts) });
const byEmail = struct({ email: lnts });

export const searchByUin = metaRequest(0x051f, 0x01ae, aboutUin);
export const searchByUinTlv = metaRequest(0x0569, 0x01ae, info.infoTlvs); // `uin`
export const searchByDetails = metaRequest(0x0515, 0x01ae, byDetails);
export const searchByDetailsWild = metaRequest(0x053d, 0x01ae, byDetails);
export const searchByEmail = metaRequest(0x0529, 0x01ae, byEmail);
export const searchByEmailWild = metaRequest(0x0547, 0x01ae, byEmail);
export const searchByEmailTlv = metaRequest(0x0573, 0x01ae, info.infoTlvs); // `emails`
export const searchWhitePages = metaRequest(0x0533, 0x01ae, info.whitePages);
export const searchWhitePagesWild = metaRequest(0x0551, 0x01ae, info.whitePages);
export const searchWhitePagesTlv = metaRequest(0x055f, 0x01ae, info.infoTlvs);

/** `padding` is for ICQ5 alone: 12 zeros. */
const found = struct({ person: info.foundPerson, padding: bytes(rest) });

/** `padding` is for ICQ5 alone: 8 zeros. */
const foundLast = struct({
  person: info.foundPerson,
  notReturned: optional(le.u32), // further matches
  padding: bytes(rest),
});

/** One found, more follow. */
export const searchFound = metaReply(0x01a4, found, 'oscar.md §9.5');
/** The last one found. Nobody found is this subtype with result `noData`. */
export const searchFoundLast = metaReply(0x01ae, foundLast, 'oscar.md §9.5');
/** Older numbers of the same. */
export const searchFoundOld = metaReply(0x0190, found, 'oscar.md §9.5');
export const searchFoundLastOld = metaReply(0x019a, foundLast, 'oscar.md §9.5');

// ---------------------------------------------------------------- meta: changing one's own

export const setBasicInfo = metaRequest(0x03ea, 0x0064, info.basicInfoSet);
export const setWorkInfo = metaRequest(0x03f3, 0x006e, info.workInfo);
export const setMoreInfo = metaRequest(0x03fd, 0x0078, info.moreInfoSet);
export const setAboutInfo = metaRequest(0x0406, 0x0082, info.aboutInfo);
export const setEmailsInfo = metaRequest(0x040b, 0x0087, info.emailsInfo);
export const setInterestsInfo = metaRequest(0x0410, 0x008c, info.interestsInfo);
export const setBackgroundInfo = metaRequest(0x041a, 0x0096, info.backgroundInfo);
export const setPermissions = metaRequest(0x0424, 0x00a0, info.permissions);
export const setHomepageCategory = metaRequest(0x0442, 0x00be, info.homepageCategorySet);
export const setInfoTlvs = metaRequest(0x0c3a, 0x0c3f, info.infoTlvs);
export const changePassword = metaRequest(0x042e, 0x00aa, struct({ password: lnts }));
/** The server closes after its answer. */
export const unregister = metaRequest(0x04c4, 0x00b4, struct({ uin: le.u32, password: lnts }));

// ---------------------------------------------------------------- meta: the rest

export const randomSearch = metaRequest(0x074e, 0x0366, struct({ group: le.u16 }));
export const setRandomGroup = metaRequest(0x0758, 0x0370, struct({ group: le.u16, directConnection: bytes(rest) }));

/** `details` are one zero, or the group and how to connect directly. */
export const randomFound = metaReply(0x0366, struct({ uin: le.u32, details: bytes(rest) }), 'oscar.md §9.8');

/** The long form of `details` in {@link randomFound}. */
export const randomDetails = struct({
  group: le.u16,
  address: be.u32,
  port: le.u32,
  internalAddress: be.u32,
  directType: u8,
  version: le.u16,
  unknown: bytes(rest), // 14 bytes
});

/** Asks for `<key>Name</key>`. */
export const xmlVariableRequest = metaRequest(0x0898, 0x08a2, struct({ key: lnts }), 'oscar.md §9.8');
/** Says `<value>…</value>`. */
export const xmlVariableReply = metaReply(0x08a2, struct({ value: lnts }), 'oscar.md §9.8');

export const sendSms = metaRequest(0x1482, 0x0096, info.sms, 'oscar.md §9.8');
/** Shares its number with the answer to {@link setBackgroundInfo}, which is a result alone. */
export const smsReply = metaReply(0x0096, struct({ one: be.u16, unknown1: be.u16, unknown2: be.u16, network: str16, xml: str16 }), 'oscar.md §9.8');

export const spamReport = metaRequest(0x2008, 0x2012, struct({ spammer: lnts, id: bytes(fixed(8)), unknown: bytes(fixed(17)), log: lnts }));
/** What is in them is nobody's business: personal data of the machine. */
export const registrationStatistics = metaRequest(0x0aa5, 0x0302, struct({ data: bytes(rest) }));

export const directoryQuery = metaRequest(0x0fa0, 0x0fb4, directoryPacket, 'oscar.md §9.9');
export const directoryUpdate = metaRequest(0x0fd2, 0x0fdc, directoryPacket, 'oscar.md §9.9');
export const directoryFound = metaReply(0x0faa, directoryPacket, 'oscar.md §9.9');
export const directoryFoundLast = metaReply(0x0fb4, directoryPacket, 'oscar.md §9.9');
export const directoryUpdated = metaReply(0x0fdc, directoryPacket, 'oscar.md §9.9');

/** Statistics that expect no answer. */
export const META_UNANSWERED: ReadonlySet<number> = new Set([0x0a8c, 0x0a96, 0x0aaa, 0x0aaf, 0x0ab4, 0x0ab9, 0x0abe, 0x0ac8, 0x0acd, 0x0ad2, 0x0ad7]);
