/** The user-info block: what a server says about a user wherever it names one. @see oscar.md §5.1 */
import { be, bytes, bytesOf, type Layout, list, rest, struct, tlvs, u8, type Value } from '../schema.ts';
import { capabilities, shortCapabilities } from './capabilities.ts';
import { ipv4, sn, str16 } from './strings.ts';

/** Bits of `userClass`. An ICQ user is `icq | free`, with `away` added while away, N/A, occupied or DND. @see oscar.md §5.1 */
export const UserClass = {
  unconfirmed: 0x0001,
  admin: 0x0002,
  aol: 0x0004,
  commercial: 0x0008,
  free: 0x0010,
  away: 0x0020,
  icq: 0x0040,
  wireless: 0x0080,
  internal: 0x0100,
  imForwarding: 0x0200,
  bot: 0x0400,
  official: 0x2000,
} as const;

/** `kind` of the DC info. @see oscar.md §3.5 */
export const DirectKind = { disabled: 0, firewall: 1, socks: 2, normal: 4, web: 6 } as const;

/**
 * DC info, 37 bytes: where and how a client takes direct connections. TLV 0C; another length makes licq take the user for AIM's.
 *
 * @see oscar.md §3.5
 */
export const directInfo = struct({
  /** On the client's own network. */
  internalIp: ipv4,
  /** TCP, fits 16 bits. */
  port: be.u32,
  /** One of {@link DirectKind}. */
  kind: u8,
  /** 4 ICQ98 … 10 ICQ2003b; 0 none. */
  version: be.u16,
  /** Random per sign-on; the peer must present it. */
  cookie: be.u32,
  webPort: be.u32,
  /** How many of the three times are valid: always 3. */
  features: be.u32,
  // The times double as signatures of client programs; they are relayed as they came.
  infoTime: be.u32,
  extendedInfoTime: be.u32,
  extendedStatusTime: be.u32,
  unknown: be.u16,
});
export type DirectInfo = Value<typeof directInfo>;

/** Types of BART items: avatar, status note, mood. @see oscar.md §8.4 */
export const BartType = { smallIcon: 0, icon: 1, statusNote: 2, arriveSound: 3, flashAvatar: 8, bigIcon: 0x0c, mood: 0x0e } as const;

/** Flags of BART items. */
export const BartFlag = { custom: 0x01, url: 0x02, data: 0x04, unknown: 0x40, redirect: 0x80 } as const;

/** One BART item: an avatar's hash, or the thing itself when flag 4 is set. @see oscar.md §3.5, §8.4 */
export const bartItem = struct({
  /** One of {@link BartType}. */
  type: be.u16,
  /** Bits of {@link BartFlag}. */
  flags: u8,
  data: bytes(bytesOf(u8)),
});
export type BartItem = Value<typeof bartItem>;

/** What TLV 1D and 01/21 hold. The TLV itself stays raw in packets: broken items must not cost the rest of them. */
export const bartItems = list(bartItem);

/** `data` of a BART item of type 2: the status note, UTF-8. @see oscar.md §3.5 */
export const statusNote = struct({ text: str16, encodings: be.u16 });
export type StatusNote = Value<typeof statusNote>;

/** A number as wide as its TLV; written with `width` bytes. For fields whose width differs from packet to packet. */
export function uint(width: 2 | 4): Layout<number> {
  const written = width === 2 ? be.u16 : be.u32;
  return {
    doc: { type: `${written.doc.type}, any width read` },
    min: 1,
    read: (r) => (r.left >= 4 ? r.u32be() : r.left >= 2 ? r.u16be() : r.u8()),
    write: (w, value) => written.write(w, value),
    sample: (chance) => written.sample(chance),
  };
}

// Written in this order, which every client's parser likes (oscar.md §5.1, from a dump of the real server).
function userTlvs<const C extends Layout<number>>(userClass: C) {
  return {
    /** Bits of {@link UserClass}. */
    userClass: [0x01, userClass],
    directInfo: [0x0c, directInfo],
    externalIp: [0x0a, ipv4],
    /** @see status.ts */
    status: [0x06, be.u32],
    capabilities: [0x0d, capabilities],
    sessionSeconds: [0x0f, be.u32],
    /** Seconds since 1970, as all times here. */
    signOnTime: [0x03, be.u32],
    memberSince: [0x05, be.u32],
    created: [0x02, be.u32],
    /** Minutes. */
    idleMinutes: [0x04, be.u16],
    statusCaps: [0x08, be.u16],
    times: [0x11, bytes(rest)],
    instance: [0x14, u8],
    shortCapabilities: [0x19, shortCapabilities],
    /** {@link bartItems} */
    items: [0x1d, bytes(rest)],
    subscriptions: [0x1e, be.u32],
    upperFlags: [0x1f, be.u32],
    feedTime: [0x23, be.u32],
    certificateHash: [0x25, bytes(rest)],
    profileTime: [0x26, be.u32],
    awayTime: [0x27, be.u32],
    awaySince: [0x29, be.u32],
  } as const;
}

/**
 * A user as others see him. Which TLVs go where is the server's business: 04/07 has only class, status, session and sign-on time,
 * because clients read its user TLVs and its message TLVs into one map.
 */
export const userInfo = struct({
  screenName: sn,
  /** 0 for ICQ; tenths of a percent in AIM. */
  warningLevel: be.u16,
  tlvs: tlvs(userTlvs(uint(2)), { count: be.u16 }),
});
export type UserInfo = Value<typeof userInfo>;

/** A user as he sees himself, in 01/0F: the class has four bytes there. */
export const ownUserInfo: Layout<UserInfo> = struct({
  screenName: sn,
  warningLevel: be.u16,
  tlvs: tlvs(userTlvs(uint(4)), { count: be.u16 }),
});
