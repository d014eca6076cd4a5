/** Family 10, BART: pictures of people. On a connection of its own. @see oscar.md §8.4 */
import { be, list, struct, u8, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';
import { sn, str16 } from './strings.ts';
import { bartItem } from './user-info.ts';

const BART = Family.bart;

/** Server → client: a request was refused. */
export const error = familyError(BART);

/** `code` of the replies. @see oscar.md §8.4 */
export const BartCode = { ok: 0, invalid: 1, noCustom: 2, tooSmall: 3, tooBig: 4, invalidType: 5, banned: 6, notFound: 7 } as const;

/** What stands in place of a hash for somebody who has no picture. */
export const NO_ICON_HASH: Uint8Array = Uint8Array.of(0x02, 0x01, 0xd2, 0x04, 0x72);

/** Client → server: a picture of mine. */
export const upload = snac({
  family: BART,
  subtype: 0x02,
  from: 'client',
  ref: 'oscar.md §8.4',
  body: struct({
    /** Of `BartType`. */
    type: be.u16,
    data: str16,
  }),
});
export type Upload = Value<typeof upload>;

/** Server → client: it was taken, or why not. */
export const uploadReply = snac({
  family: BART,
  subtype: 0x03,
  from: 'server',
  ref: 'oscar.md §8.4',
  body: struct({
    /** One of {@link BartCode}. */
    code: u8,
    id: bartItem,
  }),
});
export type UploadReply = Value<typeof uploadReply>;

/** Client → server: that picture of his, please (AIM). */
export const download = snac({
  family: BART,
  subtype: 0x04,
  from: 'client',
  ref: 'oscar.md §8.4',
  body: struct({
    screenName: sn,
    /** 1. */
    command: u8,
    id: bartItem,
  }),
});
export type Download = Value<typeof download>;

/** Server → client: the picture; no data when there is none. */
export const downloadReply = snac({
  family: BART,
  subtype: 0x05,
  from: 'server',
  ref: 'oscar.md §8.4',
  body: struct({ screenName: sn, id: bartItem, data: str16 }),
});
export type DownloadReply = Value<typeof downloadReply>;

/** Client → server: those pictures of his, please (ICQ). */
export const download2 = snac({
  family: BART,
  subtype: 0x06,
  from: 'client',
  ref: 'oscar.md §8.4',
  body: struct({ screenName: sn, ids: list(bartItem, u8) }),
});
export type Download2 = Value<typeof download2>;

/** Server → client: one of them, or why not. */
export const download2Reply = snac({
  family: BART,
  subtype: 0x07,
  from: 'server',
  ref: 'oscar.md §8.4',
  body: struct({
    screenName: sn,
    /** As it was asked for. */
    queried: bartItem,
    /** One of {@link BartCode}. */
    code: u8,
    id: bartItem,
    data: str16,
  }),
});
export type Download2Reply = Value<typeof download2Reply>;
