/** Family 04, ICBM: messages, their acknowledgements, typing notices. @see oscar.md §6 */
import { be, bytes, bytesOf, empty, fixed, le, list, rest, struct, tlvs, u8, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { messageId, senderId } from './own.ts';
import { snac } from './snac.ts';
import { lnts, sn } from './strings.ts';
import { userInfo } from './user-info.ts';

const ICBM = Family.icbm;

/** Server → client: a message was refused. */
export const error = familyError(ICBM);

/** How a message's TLV 02 or 05 is to be read. */
export const Channel = { plain: 1, rendezvous: 2, typed: 4 } as const;

/** Bits of 04/02. */
export const IcbmFlag = { messages: 1, missedCalls: 2, typing: 8 } as const;

/** Client → server: how it wants messages of a channel; 0 is every channel. */
export const addParameters = snac({
  family: ICBM,
  subtype: 0x02,
  from: 'client',
  ref: 'oscar.md §6.1',
  body: struct({
    channel: be.u16,
    /** Bits of {@link IcbmFlag}. */
    flags: be.u32,
    lengthMax: be.u16,
    senderWarningMax: be.u16,
    receiverWarningMax: be.u16,
    intervalMs: be.u32,
  }),
});
export type AddParameters = Value<typeof addParameters>;

/** Client → server: back to the defaults. */
export const deleteParameters = snac({ family: ICBM, subtype: 0x03, from: 'client', ref: 'oscar.md §6.1', body: struct({ data: bytes(rest) }) });

/** Client → server: which limits apply? */
export const parameterQuery = snac({ family: ICBM, subtype: 0x04, from: 'client', ref: 'oscar.md §6.1', body: struct({}) });

/** Server → client: limits. */
export const parameterReply = snac({
  family: ICBM,
  subtype: 0x05,
  from: 'server',
  ref: 'oscar.md §6.1',
  body: struct({
    /** How many. */
    channels: be.u16,
    flags: be.u32,
    lengthMax: be.u16,
    senderWarningMax: be.u16,
    receiverWarningMax: be.u16,
    intervalMs: be.u32,
  }),
});
export type ParameterReply = Value<typeof parameterReply>;

/** Chosen by the sender and opaque to the server; names the message in 04/0B and 04/0C. */
const cookie = bytes(fixed(8));

// One table for both directions: what only the server may add has a name, so that it can be taken out of what a client sent.
const messageTlvs = {
  /** Channel 1: {@link fragments}, left raw because a message must survive a malformed one. */
  imData: [0x02, bytes(rest)],
  /** Channel 2: rendezvous data; channel 4: {@link channel4Data}. Raw for the same reason. */
  data: [0x05, bytes(rest)],
  autoResponse: [0x04, empty],
  /** To the server: 04/0C is wanted. Never relayed. */
  requestHostAck: [0x03, empty],
  /** To the server: keep it if the recipient is off line. Never relayed. */
  store: [0x06, empty],
  /** {@link buddyIcon} of the sender. */
  icon: [0x08, bytes(rest)],
  wantIcon: [0x09, empty],
  /** From the server: the sender wants typing notices. */
  typing: [0x0b, empty],
  bart: [0x0d, bytes(rest)],
  /** From the server: when an offline message was sent, seconds since 1970. */
  sendTime: [0x16, be.u32],
  /** To the server, from our own clients: {@link senderId}. Never relayed. */
  senderId: [0x5359, senderId],
  /** From the server, to our own clients: {@link messageId}. */
  messageId: [0x535a, messageId],
} as const;

/** Client → server: a message for another user. */
export const channelMsgToHost = snac({
  family: ICBM,
  subtype: 0x06,
  from: 'client',
  ref: 'oscar.md §6.2',
  body: struct({
    cookie,
    /** One of {@link Channel}. */
    channel: be.u16,
    recipient: sn,
    tlvs: tlvs(messageTlvs),
  }),
});
export type ChannelMsgToHost = Value<typeof channelMsgToHost>;

/** Server → client: a message from another user. */
export const channelMsgToClient = snac({
  family: ICBM,
  subtype: 0x07,
  from: 'server',
  ref: 'oscar.md §6.2',
  body: struct({
    cookie,
    /** One of {@link Channel}. */
    channel: be.u16,
    sender: userInfo,
    tlvs: tlvs(messageTlvs),
  }),
});
export type ChannelMsgToClient = Value<typeof channelMsgToClient>;

/** Client → server: warn a user (AIM). */
export const evilRequest = snac({
  family: ICBM,
  subtype: 0x08,
  from: 'client',
  ref: 'oscar.md §6.7',
  body: struct({
    /** 1: without my name. */
    anonymous: be.u16,
    screenName: sn,
  }),
});

/** Server → client: he was warned. */
export const evilReply = snac({ family: ICBM, subtype: 0x09, from: 'server', ref: 'oscar.md §6.7', body: struct({ gain: be.u16, level: be.u16 }) });

/** `reason` of 04/0A. */
export const MissedReason = { invalid: 0, tooLarge: 1, rateExceeded: 2, senderTooEvil: 3, receiverTooEvil: 4 } as const;

/** Server → client: messages for you that were not delivered. */
export const missedCalls = snac({
  family: ICBM,
  subtype: 0x0a,
  from: 'server',
  ref: 'oscar.md §6.7',
  body: struct({
    calls: list(
      struct({
        channel: be.u16,
        sender: userInfo,
        count: be.u16,
        /** One of {@link MissedReason}. */
        reason: be.u16,
      }),
    ),
  }),
});
export type MissedCalls = Value<typeof missedCalls>;

/** `reason` of 04/0B. */
export const ClientErrReason = { unsupportedChannel: 1, bustedPayload: 2, channelSpecific: 3 } as const;

/** From client to client through the server: an answer to a message, mostly an acknowledgement with an auto-message. */
export const clientErr = snac({
  family: ICBM,
  subtype: 0x0b,
  from: 'both',
  ref: 'oscar.md §6.4.2',
  body: struct({
    cookie,
    channel: be.u16,
    /** To the server who wrote the message, from the server who answers. */
    screenName: sn,
    /** One of {@link ClientErrReason}. */
    reason: be.u16,
    /** For reason 3: parts A to C of a relayed message on channel 2, fragments on channel 1. */
    data: bytes(rest),
  }),
});
export type ClientErr = Value<typeof clientErr>;

/** Server → client: it has the message. Sent when TLV 03 asked for it, with the message's request id. */
export const hostAck = snac({
  family: ICBM,
  subtype: 0x0c,
  from: 'server',
  ref: 'oscar.md §6.2',
  body: struct({ cookie, channel: be.u16, recipient: sn }),
});
export type HostAck = Value<typeof hostAck>;

/** Client → server: send what waited for me. `after`, from our own clients: the last message they have (own.md §2). */
export const offlineRetrieve = snac({
  family: ICBM,
  subtype: 0x10,
  from: 'client',
  ref: 'oscar.md §6.7',
  body: struct({ tlvs: tlvs({ after: [0x535b, messageId] }) }),
});
export type OfflineRetrieve = Value<typeof offlineRetrieve.body>;

/** `event` of 04/14. */
export const TypingEvent = { finished: 0, paused: 1, begun: 2, closed: 0x0f } as const;

/** From client to client through the server: typing. */
export const clientEvent = snac({
  family: ICBM,
  subtype: 0x14,
  from: 'both',
  ref: 'oscar.md §6.7',
  body: struct({
    /** Zeros. */
    cookie,
    channel: be.u16,
    /** To the server for whom, from the server by whom. */
    screenName: sn,
    /** One of {@link TypingEvent}. */
    event: be.u16,
  }),
});
export type ClientEvent = Value<typeof clientEvent>;

/** Server → client: that was everything that waited. */
export const offlineRetrieveReply = snac({ family: ICBM, subtype: 0x17, from: 'server', ref: 'oscar.md §6.7', body: struct({}) });

// ---------------------------------------------------------------- inside the messages

/** `id` of a fragment. */
export const FragmentId = { text: 1, capabilities: 5 } as const;

/** One fragment of a channel-1 message. @see oscar.md §6.3 */
export const fragment = struct({
  /** One of {@link FragmentId}. */
  id: u8,
  version: u8,
  data: bytes(bytesOf(be.u16)),
});
export type Fragment = Value<typeof fragment>;

/** What TLV 02 holds: capabilities first, then text, perhaps in several pieces. */
export const fragments = list(fragment);

/** Charset words of a text fragment. @see oscar.md §1.4 */
export const MessageCharset = { ascii: 0, ucs2: 2, codepage: 3 } as const;

/** `data` of a text fragment. */
export const textFragment = struct({
  /** One of {@link MessageCharset}; others are read as the sender's code page. */
  charset: be.u16,
  subset: be.u16,
  text: bytes(rest),
});
export type TextFragment = Value<typeof textFragment>;

/** What TLV 08 of a message holds: the sender has this icon (AIM). */
export const buddyIcon = struct({ size: be.u32, unknown: be.u16, checksum: be.u16, time: be.u32 });
export type BuddyIcon = Value<typeof buddyIcon>;

/** Message types of channel 4, of relayed channel-2 messages and of offline messages. @see oscar.md §6.4.1, §6.6 */
export const MessageType = {
  plain: 0x01,
  chat: 0x02,
  file: 0x03,
  url: 0x04,
  authRequest: 0x06,
  authDenied: 0x07,
  authGranted: 0x08,
  server: 0x09,
  added: 0x0c,
  webPager: 0x0d,
  emailExpress: 0x0e,
  contacts: 0x13,
  plugin: 0x1a,
  autoOnline: 0xe7,
  autoAway: 0xe8,
  autoOccupied: 0xe9,
  autoNotAvailable: 0xea,
  autoDoNotDisturb: 0xeb,
  autoFreeForChat: 0xec,
} as const;

/** Flags beside {@link MessageType}. */
export const MessageFlag = { auto: 0x03, multipleRecipients: 0x80 } as const;

/** What TLV 05 of a channel-4 message holds. @see oscar.md §6.6 */
export const channel4Data = struct({
  /** Must be the sender's: clients drop the message otherwise. */
  uin: le.u32,
  /** One of {@link MessageType}. */
  type: u8,
  flags: u8,
  /** In the sender's code page; fields separated by 0xFE. */
  text: lnts,
  /** A plug-in's body for type 1A, else nothing. */
  tail: bytes(rest),
});
export type Channel4Data = Value<typeof channel4Data>;
