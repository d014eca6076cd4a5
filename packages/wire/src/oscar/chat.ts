/** Family 0E, a chat room: one connection, one room. @see oscar.md §8.3 */
import { ascii, be, bytes, empty, fixed, list, rest, struct, tlvs, type Value } from '../schema.ts';
import { roomInfo } from './chat-navigation.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';
import { sn } from './strings.ts';
import { userInfo } from './user-info.ts';

const CHAT = Family.chat;

/** Server → client: a request was refused. */
export const error = familyError(CHAT);

/** Server → client, after 01/02: the room. */
export const roomInfoUpdate = snac({ family: CHAT, subtype: 0x02, from: 'server', ref: 'oscar.md §8.3', body: roomInfo });

const people = struct({ users: list(userInfo) });
export type ChatUsers = Value<typeof people>;

/** Server → client: these are here; after 01/02 all of them, then those who join. */
export const usersJoined = snac({ family: CHAT, subtype: 0x03, from: 'server', ref: 'oscar.md §8.3', body: people });

/** Server → client: these have left. */
export const usersLeft = snac({ family: CHAT, subtype: 0x04, from: 'server', ref: 'oscar.md §8.3', body: people });

/** `channel` of a message in a room. */
export const CHAT_CHANNEL = 3;

/** What is said, TLV 05 of 0E/05 and 0E/06. */
export const chatText = struct({
  tlvs: tlvs({
    text: [0x01, bytes(rest)],
    /** `us-ascii`, `iso-8859-1`, `unicode-2-0`, `utf-8` */
    charset: [0x02, ascii(rest)],
    language: [0x03, ascii(rest)],
  }),
});
export type ChatText = Value<typeof chatText>;

/** Client → server: say this. */
export const channelMsgToHost = snac({
  family: CHAT,
  subtype: 0x05,
  from: 'client',
  ref: 'oscar.md §8.3',
  body: struct({
    cookie: bytes(fixed(8)),
    /** {@link CHAT_CHANNEL} */
    channel: be.u16,
    tlvs: tlvs({
      /** To all; without it to `whisperTo` alone. */
      public: [0x01, empty],
      whisperTo: [0x02, ascii(rest)],
      /** The sender wants to hear it too. */
      reflect: [0x06, empty],
      message: [0x05, chatText],
    }),
  }),
});
export type ChatMsgToHost = Value<typeof channelMsgToHost>;

/** Server → client: somebody says this. The TLVs stand in the order AIM expects. */
export const channelMsgToClient = snac({
  family: CHAT,
  subtype: 0x06,
  from: 'server',
  ref: 'oscar.md §8.3',
  body: struct({
    cookie: bytes(fixed(8)),
    /** {@link CHAT_CHANNEL} */
    channel: be.u16,
    tlvs: tlvs({
      sender: [0x03, userInfo],
      /** Absent from a whisper. */
      public: [0x01, empty],
      message: [0x05, chatText],
    }),
  }),
});
export type ChatMsgToClient = Value<typeof channelMsgToClient>;

/** Client → server: warn somebody in the room (AIM). */
export const evilRequest = snac({
  family: CHAT,
  subtype: 0x07,
  from: 'client',
  ref: 'oscar.md §8.3',
  body: struct({
    /** 1: without my name. */
    anonymous: be.u16,
    screenName: sn,
  }),
});

/** Server → client: he was warned. Never sent by us. */
export const evilReply = snac({ family: CHAT, subtype: 0x08, from: 'server', ref: 'oscar.md §8.3', body: struct({ gain: be.u16, level: be.u16 }) });

/** From client to client through the server: an answer to a message. We pass none on. */
export const clientErr = snac({
  family: CHAT,
  subtype: 0x09,
  from: 'both',
  ref: 'oscar.md §8.3',
  body: struct({ cookie: bytes(fixed(8)), channel: be.u16, screenName: sn, reason: be.u16, data: bytes(rest) }),
});
