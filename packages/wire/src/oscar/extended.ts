/**
 * What else stands in TLV 2711 of channel-2 messages, by their capability, and the ids of ICQ's plug-ins. @see oscar.md §6.4.4, §6.5
 */
import { ascii, be, bytes, bytesOf, fixed, le, list, rest, struct, tlvs, u8, type Value, within } from '../schema.ts';
import { capability } from './capabilities.ts';
import { ipv4, sn, str16 } from './strings.ts';

/** Messages of type 1A by their id, in the order of the wire: 32 upper-case hexadecimal digits. @see oscar.md §6.5 */
export const PluginGuid = {
  message: 'BE6B73050FC2104FA6DE4DB1E3564B0E',
  statusMessage: '811A18BC0E6C1847A5916F18DCC76F1A',
  file: 'F02D12D93091D3118DD700104B06462E',
  url: '371C5872E987D411A4C100D0B759B1D9',
  contacts: '2A0E7D467676D411BCE60004AC961EA6',
  greetingCard: '01E53B482AE4D111B679006097E1E294',
  chat: 'BFF720B2378ED411BD280004AC96D905',
  sms: '0E28F60011E7D311BCF30004AC969DC2',
  xtraz: '3B60B3EFD82A6C45A4E09C5A5E67E865',
  voice: 'D1D031C02C31D2118A0900104B9B48AB',
} as const;

/** Functions of {@link PluginGuid} `statusMessage`. */
export const StatusMessageFunction = { away: 1, busy: 2, notAvailable: 3 } as const;

/** Functions of {@link PluginGuid} `contacts`. */
export const ContactsFunction = { send: 0, request: 2 } as const;

/** Functions of {@link PluginGuid} `sms`. */
export const SmsFunction = { message: 0, delivered: 2, failed: 3 } as const;

/** Functions of {@link PluginGuid} `xtraz`. */
export const XtrazFunction = { invitation: 1, data: 2, userRemoved: 4, notify: 8 } as const;

/** What signs a relayed message in place of sixteen zeros. */
export const PluginSignature = {
  infoManager: 'A0E93F374FE9D311BCD20004AC96DD96',
  statusManager: '10CF40D14FE9D311BCD20004AC96DD96',
} as const;

/** What a signed relayed message asks for. */
export const PluginQuery = {
  info: 'F002BF714371D3118DD200104B06462E',
  status: '101806705471D3118DD200104B06462E',
  phoneBook: '907C212C914DD311ADEB0004AC96AAB2',
  picture: '806628838028D3118DBB00104B06462E',
  icqPhone: '3FB65E38A030D411BD0F000629EE4DA1',
} as const;

/** Body of a message of the info or status manager, after parts A and B. @see oscar.md §6.5 */
export const managerBody = struct({
  zero: be.u32,
  type: u8,
  unknown: bytes(fixed(3)),
  level: u8,
  guid: capability,
  data: bytes(rest),
});
export type ManagerBody = Value<typeof managerBody>;

/** A relayed message of which nothing is known but how it is framed: parts A and B, then the rest. @see oscar.md §6.4.1 */
export const relayFrame = struct({
  header: within(bytesOf(le.u16), struct({ version: le.u16, signature: capability, data: bytes(rest) })),
  header2: bytes(bytesOf(le.u16)),
  body: bytes(rest),
});
export type RelayFrame = Value<typeof relayFrame>;

/** TLV 2711 of capability 0946134B: contacts, by their groups. */
export const contactTransfer = list(struct({ group: str16, contacts: list(str16, be.u16) }));
export type ContactTransfer = Value<typeof contactTransfer>;

/** TLV 2711 of capability 748F2420: come into this room. */
export const chatInvitation = struct({
  exchange: be.u16,
  cookie: bytes(bytesOf(u8)),
  instance: be.u16,
});
export type ChatInvitation = Value<typeof chatInvitation>;

/** TLV 2711 of capability 09461346: the sender's picture, pushed. */
export const iconPush = struct({
  checksum: be.u32,
  /** Bytes of the picture, with which `data` begins; a name follows, `AVT1picture.id`. */
  length: be.u32,
  /** Seconds since 1970. */
  time: be.u32,
  data: bytes(rest),
});
export type IconPush = Value<typeof iconPush>;

// ---------------------------------------------------------------- between clients, once they are connected

/** `type` of a file transfer's frame. */
export const TransferType = { prompt: 0x0101, ack: 0x0202, done: 0x0204, resume: 0x0205, resumeAccept: 0x0106, resumeAck: 0x0207 } as const;

/** One frame of an AIM file transfer ("OFT2"); the file itself follows outside of frames. Never passes the server. @see oscar.md §6.4.4 */
export const transferFrame = struct({
  /** `OFT2` */
  magic: ascii(fixed(4)),
  /** Of the whole frame. */
  length: be.u16,
  /** One of {@link TransferType}. */
  type: be.u16,
  cookie: bytes(fixed(8)),
  encryption: be.u16,
  compression: be.u16,
  files: be.u16,
  filesLeft: be.u16,
  parts: be.u16,
  partsLeft: be.u16,
  totalSize: be.u32,
  size: be.u32,
  modified: be.u32,
  checksum: be.u32,
  resourceChecksum: be.u32,
  resourceSize: be.u32,
  created: be.u32,
  resourceReceivedChecksum: be.u32,
  received: be.u32,
  receivedChecksum: be.u32,
  /** `Cool FileXfer` and zeros. */
  id: bytes(fixed(32)),
  flags: u8,
  nameOffset: u8,
  sizeOffset: u8,
  zeros: bytes(fixed(69)),
  macInfo: bytes(fixed(16)),
  charset: be.u16,
  subCharset: be.u16,
  /** Padded with zeros to 64 bytes or more. */
  name: bytes(rest),
});
export type TransferFrame = Value<typeof transferFrame>;

/** `type` of a file proxy's frame. */
export const ProxyType = { error: 1, create: 2, created: 3, join: 4, ready: 5 } as const;

/** A frame between a client and AOL's proxy for files ("ars"). Ours is another; declared for those who read captures. @see oscar.md §6.4.4 */
export const proxyFrame = within(
  bytesOf(be.u16),
  struct({
    /** 0x044A */
    version: be.u16,
    /** One of {@link ProxyType}. */
    type: be.u16,
    unknown: be.u32,
    flags: be.u16,
    body: bytes(rest),
  }),
);
export type ProxyFrame = Value<typeof proxyFrame>;

const transferTlvs = tlvs({
  /** What the connection is for: 09461343. */
  capability: [0x01, capability],
});

/** Body of a {@link proxyFrame} of type `create`: give us a meeting place. */
export const proxyCreate = struct({ screenName: sn, cookie: bytes(fixed(8)), tlvs: transferTlvs });
export type ProxyCreate = Value<typeof proxyCreate>;

/** Body of type `created`: it is there; both numbers go into the proposal's TLVs 05 and 02. */
export const proxyCreated = struct({ session: be.u16, ip: ipv4 });
export type ProxyCreated = Value<typeof proxyCreated>;

/** Body of type `join`: the other one comes. `ready` has no body; the bytes of the file follow it. */
export const proxyJoin = struct({ screenName: sn, session: be.u16, cookie: bytes(fixed(8)), tlvs: transferTlvs });
export type ProxyJoin = Value<typeof proxyJoin>;

/** `code` of {@link proxyError}. */
export const ProxyErrorCode = { badRequest: 0x0d, requestTimeout: 0x10, acceptTimeout: 0x1a } as const;

/** Body of type `error`. */
export const proxyError = struct({
  /** One of {@link ProxyErrorCode}. */
  code: be.u16,
});
