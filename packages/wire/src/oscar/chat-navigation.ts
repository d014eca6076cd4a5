/** Family 0D, chat navigation: finding and creating rooms. On a connection of its own. @see oscar.md §8.3 */
import { ascii, be, bytes, bytesOf, list, many, rest, struct, tlvs, u8, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';
import { uint } from './user-info.ts';

const NAVIGATION = Family.chatNavigation;

/** Server → client: a request was refused. */
export const error = familyError(NAVIGATION);

/** Rooms belong to exchanges: private ones are joined by invitation, public ones can be found. @see oscar.md §8.3 */
export const Exchange = { private: 4, public: 5 } as const;

/** Bits of `flags` of an exchange or a room. */
export const RoomFlag = { evilable: 1, navigationOnly: 2, instancing: 4, occupantPeek: 8 } as const;

/** `creationPermission` of an exchange. */
export const CreationPermission = { nobody: 0, rooms: 1, exchanges: 2 } as const;

/** Which room: as 01/04 and the messages of this family name it. */
const roomName = {
  /** One of {@link Exchange}. */
  exchange: be.u16,
  /** Given by the server when the room is made, opaque. */
  cookie: bytes(bytesOf(u8)),
  instance: be.u16,
} as const;

/** What is told about exchanges and rooms alike, and what a client wishes of a new room. */
const roomTlvs = {
  fullName: [0x6a, bytes(rest)],
  class: [0x02, be.u16],
  roomsMax: [0x03, uint(2)],
  nameBytesMax: [0x04, be.u16],
  occupancy: [0x6f, be.u16],
  /** {@link occupants} */
  occupants: [0x73, bytes(rest)],
  /** Bits of {@link RoomFlag}. */
  flags: [0xc9, be.u16],
  /** Seconds since 1970. */
  created: [0xca, be.u32],
  description: [0xcc, bytes(rest)],
  messageBytesMax: [0xd1, be.u16],
  occupancyMax: [0xd2, be.u16],
  name: [0xd3, bytes(rest)],
  /** One of {@link CreationPermission}. */
  creationPermission: [0xd5, u8],
  charset: [0xd6, ascii(rest)],
  language: [0xd7, ascii(rest)],
  charset2: [0xd8, ascii(rest)],
  language2: [0xd9, ascii(rest)],
  visibleBytesMax: [0xda, be.u16],
} as const;

/** `detail` of a room: libpurple reads rooms of full detail alone. */
export const RoomDetail = { short: 0, medium: 1, full: 2 } as const;

/** A room, as 0D/09 and 0E/02 tell of it. @see oscar.md §8.3 */
export const roomInfo = struct({
  ...roomName,
  /** One of {@link RoomDetail}. */
  detail: u8,
  tlvs: tlvs(roomTlvs, { count: be.u16 }),
});
export type RoomInfo = Value<typeof roomInfo>;

/** An exchange, as 0D/09 tells of it. @see oscar.md §8.3 */
export const exchangeInfo = struct({
  /** One of {@link Exchange}. */
  exchange: be.u16,
  tlvs: tlvs(roomTlvs, { count: be.u16 }),
});
export type ExchangeInfo = Value<typeof exchangeInfo>;

/** TLV 73: screen names, one after another. */
export const occupants = list(ascii(bytesOf(u8)));

/** Client → server: which limits apply, which exchanges are there? */
export const rightsQuery = snac({ family: NAVIGATION, subtype: 0x02, from: 'client', ref: 'oscar.md §8.3', body: struct({}) });

/** Client → server: tell me about this exchange. */
export const exchangeQuery = snac({
  family: NAVIGATION,
  subtype: 0x03,
  from: 'client',
  ref: 'oscar.md §8.3',
  body: struct({
    /** One of {@link Exchange}. */
    exchange: be.u16,
  }),
});

/** Client → server: tell me about this room. */
export const roomQuery = snac({
  family: NAVIGATION,
  subtype: 0x04,
  from: 'client',
  ref: 'oscar.md §8.3',
  body: struct({
    ...roomName,
    /** One of {@link RoomDetail}. */
    detail: u8,
  }),
});
export type RoomQuery = Value<typeof roomQuery>;

/** Client → server: who is in this room? */
export const occupantsQuery = snac({ family: NAVIGATION, subtype: 0x06, from: 'client', ref: 'oscar.md §8.3', body: struct(roomName) });
export type OccupantsQuery = Value<typeof occupantsQuery>;

/** Client → server: which rooms of an exchange have this in their names? All of them when no name is given. */
export const searchRooms = snac({
  family: NAVIGATION,
  subtype: 0x07,
  from: 'client',
  ref: 'oscar.md §8.3',
  body: struct({
    /** One of {@link Exchange}. */
    exchange: be.u16,
    tlvs: tlvs({ name: [0xd3, bytes(rest)] }),
  }),
});
export type SearchRooms = Value<typeof searchRooms>;

/** What stands as `cookie` in 0D/08. */
export const CREATE_ROOM = 'create';

/** Client → server: make a room of this name; who asks for one that is there gets that one. */
export const createRoom = snac({
  family: NAVIGATION,
  subtype: 0x08,
  from: 'client',
  ref: 'oscar.md §8.3',
  body: struct({
    exchange: be.u16,
    /** {@link CREATE_ROOM} */
    cookie: ascii(bytesOf(u8)),
    /** 0xFFFF: the next one. */
    instance: be.u16,
    /** One of {@link RoomDetail}. */
    detail: u8,
    tlvs: tlvs(roomTlvs, { count: be.u16 }),
  }),
});
export type CreateRoom = Value<typeof createRoom>;

/** Server → client: the answer to every question of this family. */
export const navigationReply = snac({
  family: NAVIGATION,
  subtype: 0x09,
  from: 'server',
  ref: 'oscar.md §8.3',
  body: struct({
    tlvs: tlvs({
      /** At once, of one user. */
      roomsMax: [0x02, u8],
      exchanges: [0x03, exchangeInfo, many],
      rooms: [0x04, roomInfo, many],
    }),
  }),
});
export type NavigationReply = Value<typeof navigationReply>;
