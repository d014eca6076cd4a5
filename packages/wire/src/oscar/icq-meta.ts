/** Family 0x15: what ICQ put inside OSCAR from before it: stored messages and the directory. @see oscar.md §9 */
import { be, bytes, bytesOf, encode, fixed, type Layout, le, optional, rest, struct, tlvs, tlvsLe, u8, type Value, within } from '../schema.ts';
import { Family } from './family.ts';
import { snac } from './snac.ts';
import { lnts } from './strings.ts';

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

/** Directory flag `authorization` of all these packets: 0 is required, 1 is not. */
export const Authorization = { required: 0, notRequired: 1 } as const;

/** Gender in all these packets. */
export const Gender = { unknown: 0, female: 1, male: 2 } as const;

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
  /** Subtype of the answer, or of its first part. */
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

function metaRequest<T>(declaration: Omit<MetaRequest<T>, 'from'>): MetaRequest<T> {
  return { ...declaration, from: 'client' };
}

function metaReply<T>(declaration: Omit<MetaReply<T>, 'from'>): MetaReply<T> {
  return { ...declaration, from: 'server' };
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

// ---------------------------------------------------------------- meta: questions about people

const uin = struct({ uin: le.u32 });

/** Answered by the eight blocks of §9.4. */
export const fullInfoRequest = metaRequest({ subtype: 0x04b2, reply: 0x00c8, ref: 'oscar.md §9.3', body: uin });
export const fullInfo2Request = metaRequest({ subtype: 0x04cf, reply: 0x00c8, ref: 'oscar.md §9.3', body: uin });
export const ownInfoRequest = metaRequest({ subtype: 0x04d0, reply: 0x00c8, ref: 'oscar.md §9.3', body: uin });
export const shortInfoRequest = metaRequest({ subtype: 0x04ba, reply: 0x0104, ref: 'oscar.md §9.3', body: uin });
export const searchByUin = metaRequest({ subtype: 0x051f, reply: 0x01ae, ref: 'oscar.md §9.3', body: uin });
export const searchByUinTlv = metaRequest({ subtype: 0x0569, reply: 0x01ae, ref: 'oscar.md §9.3', body: tlvsLe({ uin: [0x0136, le.u32] }) });

/** 04B2, 04BA, 04CF, 04D0, 051F. */
export type UinQuestion = Value<typeof uin>;

// ---------------------------------------------------------------- meta: answers about people

/** A found person. */
const found = within(
  bytesOf(le.u16),
  struct({
    uin: le.u32,
    nick: lnts,
    first: lnts,
    last: lnts,
    email: lnts,
    authorization: u8, // Authorization
    online: le.u16, // 0 off line, 1 on line, 2 not told
    gender: optional(u8),
    age: optional(le.u16),
  }),
);
export type Found = Value<typeof found>;

/** A search result, more follow. `padding` is for ICQ5 alone: 12 zeros. */
export const searchFound = metaReply({
  subtype: 0x01a4,
  ref: 'oscar.md §9.5',
  body: struct({ person: found, padding: bytes(rest) }),
});

/** The last search result. `padding` is for ICQ5 alone: 8 zeros. Nothing found is this subtype with result `noData`. */
export const searchFoundLast = metaReply({
  subtype: 0x01ae,
  ref: 'oscar.md §9.5',
  body: struct({
    person: found,
    notReturned: optional(le.u32), // further matches
    padding: bytes(rest),
  }),
});

export const shortInfoReply = metaReply({
  subtype: 0x0104,
  ref: 'oscar.md §9.4',
  body: struct({ nick: lnts, first: lnts, last: lnts, email: lnts, authorization: u8, zero: u8, gender: optional(u8) }),
});
export type ShortInfo = Value<typeof shortInfoReply>;
