/** Family 0x13: the roster kept by the server ("feedbag", SSI in prose). @see oscar.md §7 */
import { Reader } from '../reader.ts';
import { ascii, be, bytes, bytesOf, decode, empty, encode, list, optional, rest, struct, tlvs, u8, utf8, type Value } from '../schema.ts';
import { Writer } from '../writer.ts';
import { Family, familyError } from './family.ts';
import { messageId } from './own.ts';
import { snac } from './snac.ts';
import { sn, str16 } from './strings.ts';

/** What an item is. Others exist and must be kept byte for byte. @see oscar.md §7.1 */
export const ItemType = {
  buddy: 0x00,
  /** Item 0 of its group; the master group is group 0 and lists the groups. */
  group: 0x01,
  /** Visible list. */
  permit: 0x02,
  /** Invisible list. */
  deny: 0x03,
  visibility: 0x04,
  presence: 0x05,
  store: 0x06,
  clientPreferences: 0x09,
  ignore: 0x0e,
  lastUpdate: 0x0f,
  nonIcq: 0x10,
  recent: 0x11,
  importTime: 0x13,
  ownAvatar: 0x14,
  deleted: 0x19,
  preAuthorized: 0x1b,
  statusNote: 0x1d,
  metaInfo: 0x20,
} as const;

/** Who sees the owner on line; attribute 0xCA of the visibility item. ICQ writes 3 when invisible, 4 when visible. */
export const VisibilityMode = { all: 1, nobody: 2, permitted: 3, exceptDenied: 4, contacts: 5 } as const;

/** One per item of an edit, in 13/0E. Codes not listed are failures. */
export const ItemResult = {
  success: 0x00,
  notFound: 0x02,
  alreadyExists: 0x03,
  /** A bad id, a duplicate, invalid data. */
  invalid: 0x0a,
  limitExceeded: 0x0c,
  icqInAimList: 0x0d,
  authorizationRequired: 0x0e,
} as const;

/** `flags` of 13/11 that marks a first upload of a local list. */
export const CLUSTER_IMPORT = 0x00010000;

/**
 * An item of the roster. (groupId, itemId) is its key.
 * Name and attributes stay bytes, because what we do not understand goes back as it came; see {@link itemAttributes}.
 */
export const feedbagItem = struct({
  name: str16, // UIN digits, a group's name in UTF-8, or nothing
  groupId: be.u16,
  itemId: be.u16, // 0 for groups
  type: be.u16,
  attributes: str16, // TLVs
});
export type FeedbagItem = Value<typeof feedbagItem>;

/** What is known of an item's attributes. Re-encoding reorders them: change single ones with {@link withAttribute}. */
export const itemAttributes = tlvs({
  awaitingAuthorization: [0x0066, empty],
  preAuthorized: [0x0067, empty],
  notInList: [0x006a, bytes(rest)],
  markTime: [0x006d, bytes(rest)],
  members: [0x00c8, list(be.u16, rest)], // of the master group: group ids; of a group: item ids
  presence: [0x00c9, be.u32],
  visibilityMode: [0x00ca, u8],
  classMask: [0x00cb, be.u32],
  flags: [0x00cc, be.u32], // 0x2 hide wireless, 0x400 show idle, 0x400000 show typing
  clientPreferences: [0x00cd, ascii(rest)],
  importTime: [0x00d4, be.u32],
  bart: [0x00d5, struct({ flags: u8, hash: bytes(bytesOf(u8)) })],
  presenceMore: [0x00d6, be.u32],
  nickname: [0x0131, utf8(rest)],
  email: [0x0137, utf8(rest)],
  phone: [0x0138, utf8(rest)],
  cellular: [0x0139, utf8(rest)],
  sms: [0x013a, utf8(rest)],
  comment: [0x013c, utf8(rest)],
  alerts: [0x013d, struct({ style: u8, events: u8 })], // style 1 pop-up, 2 sound; events 1 on line, 2 un-idle, 4 back
  sound: [0x013e, utf8(rest)],
  firstMessageTime: [0x0145, be.u32], // seconds since 1970
  metaToken: [0x015c, bytes(rest)],
  metaTime: [0x015d, bytes(rest)],
});
export type ItemAttributes = Value<typeof itemAttributes>;

/** Attribute numbers, for {@link withAttribute}. */
export const ItemAttribute = { awaitingAuthorization: 0x0066, members: 0x00c8, visibilityMode: 0x00ca, nickname: 0x0131, comment: 0x013c } as const;

// ---------------------------------------------------------------- opening

/** Server → client: a request was refused; the request id tells which. */
export const error = familyError(Family.feedbag);

/** Client → server: what are the limits? */
export const rightsQuery = snac({
  family: Family.feedbag,
  subtype: 0x0002,
  from: 'client',
  ref: 'oscar.md §7.2',
  body: tlvs({ flags: [0x000b, be.u16] }),
});
export type RightsQuery = Value<typeof rightsQuery>;

export const rightsReply = snac({
  family: Family.feedbag,
  subtype: 0x0003,
  from: 'server',
  ref: 'oscar.md §7.2',
  body: tlvs({
    itemsMax: [0x0004, list(be.u16, rest)], // by item type, from 0
    classAttributesMax: [0x0002, be.u16],
    itemAttributesMax: [0x0003, be.u16],
    clientItemsMax: [0x0005, be.u16],
    nameBytesMax: [0x0006, be.u16],
    recentMax: [0x0007, be.u16],
    interactionMax: [0x0008, be.u16],
    interactionHalfLifeSeconds: [0x0009, be.u32],
    interactionScoreMax: [0x000a, be.u32],
  }),
});
export type RightsReply = Value<typeof rightsReply>;

/** Client → server: the whole roster, please. */
export const query = snac({ family: Family.feedbag, subtype: 0x0004, from: 'client', ref: 'oscar.md §7.2', body: struct({}) });

/** Client → server: the roster, unless mine is still right. A client without a copy sends zeros. */
export const queryIfModified = snac({
  family: Family.feedbag,
  subtype: 0x0005,
  from: 'client',
  ref: 'oscar.md §7.2',
  body: struct({ time: be.u32, count: be.u16 }),
});
export type QueryIfModified = Value<typeof queryIfModified>;

/**
 * A part of the roster. All but the last carry SNAC flag 0x0001 and time 0; the last has the time of the last change,
 * seconds since 1970 and never 0, even when the roster is empty.
 */
export const reply = snac({
  family: Family.feedbag,
  subtype: 0x0006,
  from: 'server',
  ref: 'oscar.md §7.2',
  body: struct({
    version: u8,
    items: list(feedbagItem, be.u16),
    time: optional(be.u32), // libpurple and bitlbee need the four bytes in every part
  }),
});
export type Reply = Value<typeof reply>;

/** Client → server: the roster is in place, start presence for it. */
export const use = snac({ family: Family.feedbag, subtype: 0x0007, from: 'client', ref: 'oscar.md §7.2', body: struct({}) });

/** Your copy is current. */
export const replyNotModified = snac({
  family: Family.feedbag,
  subtype: 0x000f,
  from: 'server',
  ref: 'oscar.md §7.2',
  body: struct({ time: be.u32, count: be.u16 }),
});
export type ReplyNotModified = Value<typeof replyNotModified>;

// ---------------------------------------------------------------- edits

const items = struct({ items: list(feedbagItem) });
export type Items = Value<typeof items>;

/** From a client an edit, from the server what another session of the same user edited. */
export const insertItems = snac({ family: Family.feedbag, subtype: 0x0008, from: 'both', ref: 'oscar.md §7.2', body: items });
export const updateItems = snac({ family: Family.feedbag, subtype: 0x0009, from: 'both', ref: 'oscar.md §7.2', body: items });
export const deleteItems = snac({ family: Family.feedbag, subtype: 0x000a, from: 'both', ref: 'oscar.md §7.2', body: items });

/** An {@link ItemResult} for each item of the edit, in its order. */
export const status = snac({
  family: Family.feedbag,
  subtype: 0x000e,
  from: 'server',
  ref: 'oscar.md §7.2',
  body: struct({ results: list(be.u16) }),
});
export type Status = Value<typeof status>;

/** Begins edits that belong together. */
export const startCluster = snac({
  family: Family.feedbag,
  subtype: 0x0011,
  from: 'both',
  ref: 'oscar.md §7.2',
  body: struct({ flags: optional(be.u32) }), // {@link CLUSTER_IMPORT}
});
export type StartCluster = Value<typeof startCluster>;

export const endCluster = snac({ family: Family.feedbag, subtype: 0x0012, from: 'both', ref: 'oscar.md §7.2', body: struct({}) });

// ---------------------------------------------------------------- authorization

const namedCharset = optional(ascii(bytesOf(be.u16)));
/** COMPAT: libpurple puts a NUL after the reason that its length does not count; the byte that is left over is no charset. */
const charset: typeof namedCharset = { ...namedCharset, read: (r) => (r.left < 2 ? undefined : namedCharset.read(r)) };

/** `screenName` is the other user: the recipient from a client, the author from the server. */
const textFields = {
  screenName: sn,
  reason: str16, // UTF-8 from ICQ 2003b and later, else the author's code page
  charsets: optional(be.u16), // 0, or 1 when a charset follows
  charset,
};
const authorizationText = struct(textFields);
export type AuthorizationText = Value<typeof authorizationText>;

const answerFields = {
  screenName: sn,
  granted: u8, // 1 granted, 0 denied
  reason: str16,
  charsets: optional(be.u16),
  charset,
};
const authorizationAnswer = struct(answerFields);
export type AuthorizationAnswer = Value<typeof authorizationAnswer>;

/** From the server, to our own clients: {@link messageId}, behind the charset. */
const marks = tlvs({ messageId: [0x535a, messageId] });
const deliveredText = struct({ ...textFields, tlvs: marks });
export type DeliveredText = Value<typeof deliveredText>;
const deliveredAnswer = struct({ ...answerFields, tlvs: marks });
export type DeliveredAnswer = Value<typeof deliveredAnswer>;

/** Client → server: that user may add me. */
export const preAuthorize = snac({ family: Family.feedbag, subtype: 0x0014, from: 'client', ref: 'oscar.md §7.3', body: authorizationText });
/** Server → client: that user lets you add him. */
export const preAuthorized = snac({ family: Family.feedbag, subtype: 0x0015, from: 'server', ref: 'oscar.md §7.3', body: deliveredText });

/** Client → server: take me off that user's list. There is no answer. */
export const removeMe = snac({ family: Family.feedbag, subtype: 0x0016, from: 'client', ref: 'oscar.md §7.3', body: struct({ screenName: sn }) });
export type RemoveMe = Value<typeof removeMe>;

/** Client → server: may I add you? */
export const requestAuthorize = snac({ family: Family.feedbag, subtype: 0x0018, from: 'client', ref: 'oscar.md §7.3', body: authorizationText });
/** Server → client: that user asks to add you. */
export const authorizeRequested = snac({ family: Family.feedbag, subtype: 0x0019, from: 'server', ref: 'oscar.md §7.3', body: deliveredText });

/** Client → server: the answer to that user's request. */
export const respondAuthorize = snac({ family: Family.feedbag, subtype: 0x001a, from: 'client', ref: 'oscar.md §7.3', body: authorizationAnswer });
/** Server → client: that user's answer. */
export const authorizeResponded = snac({ family: Family.feedbag, subtype: 0x001b, from: 'server', ref: 'oscar.md §7.3', body: deliveredAnswer });

/** Server → client: that user has you on his list now. */
export const youWereAdded = snac({
  family: Family.feedbag,
  subtype: 0x001c,
  from: 'server',
  ref: 'oscar.md §7.3',
  body: struct({ screenName: sn, charsets: optional(be.u16), tlvs: marks }),
});
export type YouWereAdded = Value<typeof youWereAdded>;

// ---------------------------------------------------------------- items by hand

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** An item's name as text: the digits of a UIN, or a group's name. */
export function itemName(item: Pick<FeedbagItem, 'name'>): string {
  return utf8Decoder.decode(item.name);
}

/** @throws WireError when name or attributes do not fit 65,535 bytes */
export function makeItem(type: number, groupId: number, itemId: number, name: string, attributes: ItemAttributes = {}): FeedbagItem {
  return { name: utf8Encoder.encode(name), groupId, itemId, type, attributes: encode(itemAttributes, attributes) };
}

/** @throws WireError when an attribute breaks off inside; the raw bytes are good for storing nevertheless */
export function attributesOf(item: Pick<FeedbagItem, 'attributes'>): ItemAttributes {
  return decode(itemAttributes, item.attributes);
}

/**
 * The same attributes with one replaced in its place, added at the end, or (without `data`) removed.
 * All others keep their bytes and their order.
 */
export function withAttribute(attributes: Uint8Array, type: number, data: Uint8Array | undefined): Uint8Array {
  const r = new Reader(attributes);
  const w = new Writer(attributes.length + 4 + (data?.length ?? 0));
  let placed = data === undefined;
  const place = (): void => {
    if (placed || data === undefined) return;
    w.u16be(type);
    w.u16be(data.length);
    w.bytes(data);
    placed = true;
  };
  while (r.left >= 4) {
    const from = r.at;
    const found = r.u16be();
    const length = r.u16be();
    r.bytes(Math.min(length, r.left));
    if (found === type) place();
    else w.bytes(attributes.subarray(from, r.at));
  }
  place();
  return w.take();
}
