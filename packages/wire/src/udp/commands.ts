/**
 * Everything clients send: one table for all versions.
 *
 * `requestSeq` is the number that versions 1 and 2 put in front of requests; their replies repeat it.
 * Texts are bytes in the client's code page. @see icq-udp.md §8.1
 */
import { ipv4, lnts } from '../oscar/strings.ts';
import { bytes, i8, type Layout, le, list, optional, rest, struct, u8 } from '../schema.ts';
import type { Writer } from '../writer.ts';
import { command } from './declaration.ts';
import { nothing, type Padding, padding, u32orU16, u32orU8, uins } from './layouts.ts';
import { homeInfo, messageBody, workInfo } from './shared.ts';

// ---------------------------------------------------------------- session

/** Datagram received. Never acknowledged itself. */
export const ack = command({ code: 0x000a, ref: 'icq-udp.md §6', body: padding });

/** What stands behind the TCP version in a sign-on; the longer forms are version 5's. */
export interface LoginTail {
  readonly zero?: number;
  readonly x2?: number;
  readonly webPort?: number;
  readonly features?: number;
  /** Which program: 0x7D… licq, and mICQ, which has the shorter form. Relayed in presence. */
  readonly build?: number;
  readonly infoTime?: number;
  readonly statusTime?: number;
  readonly extra: Uint8Array;
}

const longTail = struct({
  zero: le.u32,
  x2: le.u32,
  webPort: le.u32,
  features: le.u32,
  build: le.u32,
  infoTime: le.u32,
  statusTime: le.u32,
  extra: bytes(rest),
});

/** COMPAT: mICQ leaves out the zero and the times. */
const micqTail = struct({ x2: le.u32, webPort: le.u32, features: le.u32, build: le.u32, extra: bytes(rest) });

const openTail: Layout<LoginTail> = struct({ extra: bytes(rest) });

const LONG_TAIL_BYTES = 28;
const MICQ_TAIL_BYTES = 16;

/** 28 bytes of ICQ 99b and licq, 16 of mICQ, anything else. */
const loginTail: Layout<LoginTail> = {
  doc: { type: 'by its length: 28 bytes, 16 bytes, others', ...(longTail.doc.fields ? { fields: longTail.doc.fields } : {}) },
  min: 0,
  read: (r) => tailFor(r.left).read(r),
  write: (w: Writer, value) => (value.zero !== undefined ? longTail : value.x2 !== undefined ? micqTail : openTail).write(w, value as never),
  sample(chance) {
    const [layout, extraMax] =
      chance() < 0.4 ? [longTail, 20] : chance() < 0.5 ? [micqTail, LONG_TAIL_BYTES - MICQ_TAIL_BYTES - 1] : [openTail, MICQ_TAIL_BYTES - 1];
    const value: LoginTail = layout.sample(chance);
    return { ...value, extra: value.extra.subarray(0, extraMax) };
  },
};

function tailFor(left: number): Layout<LoginTail> {
  return left >= LONG_TAIL_BYTES ? longTail : left >= MICQ_TAIL_BYTES ? micqTail : openTail;
}

const loginFields = {
  port: le.u32, // low 16 bits
  password: lnts,
  x1: le.u32,
  address: ipv4, // as the client believes
  tcpFlag: u8, // TcpFlag
  status: le.u32,
  tcpVersion: le.u32,
};

export interface Login {
  /** The client's clock, Unix seconds; versions 4 and 5. */
  readonly time?: number;
  readonly port: number;
  readonly password: Uint8Array;
  readonly x1: number;
  readonly address: string;
  readonly tcpFlag: number;
  readonly status: number;
  readonly tcpVersion: number;
  /** Version 2: the reply repeats it. */
  readonly loginSeq?: number;
  readonly tail: LoginTail;
}

/** Signs on. Version 1 has {@link loginV1}. */
export const login = command<Login>({
  code: 0x03e8,
  since: 2,
  ref: 'icq-udp.md §9.2',
  body: [
    [2, struct({ ...loginFields, loginSeq: optional(le.u16), tail: openTail })],
    [3, struct({ ...loginFields, tail: openTail })],
    [4, struct({ time: le.u32, ...loginFields, tail: openTail })],
    [5, struct({ time: le.u32, ...loginFields, tail: loginTail })],
  ],
});

/** `tcpFlag`: how a client can be reached directly. @see icq-udp.md §22.1 */
export const TcpFlag = { none: 0, firewall: 1, proxy: 2, direct: 4, socks5: 6 } as const;

/** Version 1 signs on with this. */
export const loginV1 = command({ code: 0x03f2, until: 1, ref: 'icq-udp.md §24', body: struct({ password: lnts, status: optional(le.u32) }) });

/** Tries number and password before signing on: changes nothing. */
export const getDeps = command({
  code: 0x03f2,
  since: 3,
  ref: 'icq-udp.md §9.3',
  body: struct({ uin: le.u32, password: lnts, clientVersion: optional(le.u32) }),
});

/** Says that a number is new to this machine. */
export const newUser1 = command<Padding | { readonly secondId?: number }>({
  code: 0x04ec,
  ref: 'icq-udp.md §9.3, §10.2',
  body: [
    [1, padding],
    [5, struct({ secondId: optional(le.u32) })],
  ],
});

export interface RegNewUser {
  /** Versions 1 and 2. */
  readonly two?: number;
  readonly password: Uint8Array;
  /** Version 5; the reply repeats `id`. */
  readonly clientVersion?: number;
  readonly id?: number;
  /** A mail address from ICQ 99, see {@link registrationEmail}; constants from others. */
  readonly tail: Uint8Array;
}

/** Asks for a new number. */
export const regNewUser = command<RegNewUser>({
  code: 0x03fc,
  ref: 'icq-udp.md §10',
  body: [
    [1, struct({ two: le.u16, password: lnts, tail: bytes(rest) })],
    [3, struct({ password: lnts, clientVersion: le.u32, id: le.u32, tail: bytes(rest) })],
  ],
});

/** The mail address behind a registration, when there is one that fits. */
export function registrationEmail({ tail }: RegNewUser): Uint8Array | undefined {
  const length = (tail[0] ?? 0) | ((tail[1] ?? 0) << 8);
  if (length < 2 || length > tail.length - 2) return undefined;
  const text = tail.subarray(2, 2 + length);
  const end = text.indexOf(0);
  return end === 0 ? undefined : text.subarray(0, end < 0 ? text.length : end);
}

export const keepAlive = command({ code: 0x042e, ref: 'icq-udp.md §7', body: padding });
export const keepAlive2 = command({ code: 0x051e, ref: 'icq-udp.md §7', body: padding });

/** "B_USER_DISCONNECTED", "B_MESSAGE_ACK"; any other is a sign of life. */
export const sendTextCode = command({ code: 0x0438, ref: 'icq-udp.md §11', body: struct({ code: lnts, five: optional(le.u16) }) });

/** Asks for stored messages. */
export const login1 = command({ code: 0x044c, ref: 'icq-udp.md §9.1', body: padding });

export const login2 = command({ code: 0x0528, until: 3, ref: 'icq-udp.md §8.1', body: struct({ state: optional(u8) }) });

export const statusChange = command({ code: 0x04d8, ref: 'icq-udp.md §12', body: struct({ status: u32orU16 }) });

// ---------------------------------------------------------------- lists

/** Adds to those whose presence this session hears. */
export const contactList = command({ code: 0x0406, ref: 'icq-udp.md §13.1', body: struct({ uins }) });

export const invisibleList = command({ code: 0x06a4, ref: 'icq-udp.md §13.2', body: struct({ uins }) });

export const visibleList = command({ code: 0x06ae, ref: 'icq-udp.md §13.2', body: struct({ uins }) });

/** `list` 2 is the visible list, 1 the invisible one, to most programs; licq says 1 and 0. `add` 0 removes. */
export const updateList = command({ code: 0x06b8, ref: 'icq-udp.md §13.3', body: struct({ uin: le.u32, list: u8, add: u8 }) });

export const addToList = command({ code: 0x053c, ref: 'icq-udp.md §13.4', body: struct({ uin: le.u32 }) });

// ---------------------------------------------------------------- messages

export const sendMessage = command({ code: 0x010e, ref: 'icq-udp.md §15', body: struct({ to: le.u32, ...messageBody }) });

/** To people not on the list, and authorization: means the same. */
export const msgToNewUser = command({ code: 0x0456, ref: 'icq-udp.md §15', body: struct({ to: le.u32, ...messageBody }) });

export interface AckMessages {
  /** Version 3: the Unix time of the last message received. */
  readonly lastTime?: number;
  readonly padding?: Uint8Array;
}

/** The stored messages that were sent and acknowledged may be deleted. */
export const ackMessages = command<AckMessages>({
  code: 0x0442,
  ref: 'icq-udp.md §16',
  body: [
    [1, padding],
    [3, struct({ lastTime: optional(le.u32) })],
    [4, padding],
  ],
});

/** Asks another to connect. Groupware sends the UIN and other things behind it. */
export const tcpRequest = command({
  code: 0x015e,
  ref: 'icq-udp.md §22.3',
  body: struct({
    to: le.u32,
    address: optional(ipv4),
    port: optional(le.u32),
    tcpFlag: optional(u8), // TcpFlag
    triedPort: optional(le.u32),
    listenPort: optional(le.u32),
    tcpVersion: optional(le.u16),
  }),
});

// ---------------------------------------------------------------- people

const names = { nick: lnts, first: lnts, last: lnts, email: lnts };

interface Names {
  readonly nick: Uint8Array;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  readonly email: Uint8Array;
}

/** `requestSeq` in versions 1 and 2. */
export interface OfUin {
  readonly requestSeq?: number;
  readonly uin: number;
}

const ofUin: readonly [[1, Layout<OfUin>], [3, Layout<OfUin>]] = [
  [1, struct({ requestSeq: le.u16, uin: le.u32 })],
  [3, struct({ uin: le.u32 })],
];

export const searchUin = command<OfUin>({ code: 0x041a, ref: 'icq-udp.md §18.1', body: ofUin });

export interface SearchUser extends Names {
  readonly requestSeq?: number;
}

export const searchUser = command<SearchUser>({
  code: 0x0424,
  ref: 'icq-udp.md §18.1',
  body: [
    [1, struct({ requestSeq: le.u16, ...names })],
    [3, struct(names)],
  ],
});

export const infoReq = command<OfUin>({ code: 0x0460, ref: 'icq-udp.md §18.3', body: ofUin });

export const extInfoReq = command<OfUin>({ code: 0x046a, ref: 'icq-udp.md §18.3', body: ofUin });

/** A random person of a group, for random chat. @see icq-udp.md §18.2 */
export const randSearch = command({ code: 0x056e, since: 4, ref: 'icq-udp.md §18.2', body: struct({ group: u32orU16 }) });

/** Joins a group of random chat; 0 leaves it. */
export const randSet = command({ code: 0x0564, since: 4, ref: 'icq-udp.md §18.2', body: struct({ group: u32orU16 }) });

// ---------------------------------------------------------------- one's own details

export interface ChangePassword {
  readonly requestSeq?: number;
  readonly password: Uint8Array;
}

/** The session is the only proof. */
export const changePassword = command<ChangePassword>({
  code: 0x049c,
  ref: 'icq-udp.md §20.4',
  body: [
    [1, struct({ requestSeq: le.u16, password: lnts })],
    [3, struct({ password: lnts })],
  ],
});

export interface NewUserInfo extends Names {
  readonly requestSeq?: number;
  /** Three ones. */
  readonly ones: Uint8Array;
}

/** Details of a number just registered; in version 2 also of an old one. */
export const newUserInfo = command<NewUserInfo>({
  code: 0x04a6,
  ref: 'icq-udp.md §10, §20.1',
  body: [
    [1, struct({ requestSeq: le.u16, ...names, ones: bytes(rest) })],
    [3, struct({ ...names, ones: bytes(rest) })],
  ],
});

export interface UpdateInfo extends Names {
  readonly requestSeq?: number;
  /** Authorization of `icq-info.ts`: 0 required, 1 not. licq. */
  readonly authorization?: number;
}

export const updateInfo = command<UpdateInfo>({
  code: 0x050a,
  ref: 'icq-udp.md §20.1',
  body: [
    [1, struct({ requestSeq: le.u16, ...names, authorization: optional(u8) })],
    [3, struct({ ...names, authorization: optional(u8) })],
  ],
});

const extInfo = {
  city: lnts,
  country: le.u16, // 0xFFFF not told
  gmtOffset: i8, // half hours west of Greenwich, −100 not told; version 2 official clients: −2 a country is told, −100 none is
  state: lnts,
  age: le.u16, // 0xFFFF not told
  gender: u8,
  phone: lnts,
  homepage: lnts,
  about: lnts,
  zip: optional(le.u32),
};

export interface UpdateExtInfo {
  readonly requestSeq?: number;
  readonly city: Uint8Array;
  readonly country: number;
  readonly gmtOffset: number;
  readonly state: Uint8Array;
  readonly age: number;
  readonly gender: number;
  readonly phone: Uint8Array;
  readonly homepage: Uint8Array;
  readonly about: Uint8Array;
  readonly zip?: number;
}

export const updateExtInfo = command<UpdateExtInfo>({
  code: 0x04b0,
  ref: 'icq-udp.md §20.2',
  body: [
    [1, struct({ requestSeq: le.u16, ...extInfo })],
    [3, struct(extInfo)],
  ],
});

/** Authorization of `icq-info.ts`: 0 required, 1 not. */
export const authUpdate = command({ code: 0x0514, since: 3, ref: 'icq-udp.md §20.3', body: struct({ authorization: u32orU8 }) });

/** Requests and changes of ICQ 99; `meta.ts` reads the data. */
export const metaUser = command({ code: 0x064a, since: 4, ref: 'icq-udp.md §19', body: struct({ subtype: le.u16, data: bytes(rest) }) });

// ---------------------------------------------------------------- acknowledged, and no more

export const queryServers = command({ code: 0x04ba, ref: 'icq-udp.md §8.1', body: padding });
export const queryAddons = command({ code: 0x04c4, ref: 'icq-udp.md §8.1', body: struct({ version: optional(le.u32) }) });
export const loginInfo = command({ code: 0x04ce, since: 4, ref: 'icq-udp.md §8.1', body: padding });
export const usageStats = command({ code: 0x0532, since: 3, ref: 'icq-udp.md §8.1', body: padding });

// ---------------------------------------------------------------- Groupware, version 3

/** Asks for the form of a registration. */
export const registrationRequest = command({ code: 0x05dc, since: 3, until: 4, ref: 'icq-udp.md §10.3', body: padding });

/** The form, filled in; it ends anywhere. */
export const registrationForm = command({
  code: 0x05e6,
  since: 3,
  until: 4,
  ref: 'icq-udp.md §10.3',
  body: struct({
    clientVersion: le.u16,
    nick: lnts,
    first: optional(lnts),
    last: optional(lnts),
    email: optional(lnts),
    gender: optional(u8),
    street: optional(lnts),
    city: optional(lnts),
    state: optional(lnts),
    country: optional(le.u16),
    phone: optional(lnts),
    fax: optional(lnts),
    cellular: optional(lnts),
    zip: optional(le.u32),
    more: bytes(rest), // birth date, web page, work
  }),
});

/** `SearchCriterion` and `SearchMode`, each pair after 0xFF. */
export const groupwareSearch = command({
  code: 0x05c8,
  since: 3,
  until: 4,
  ref: 'icq-udp.md §23',
  body: struct({ criteria: list(struct({ marker: u8, criterion: u8, zero: u8, mode: u8, value: lnts })) }),
});

/** @see icq-udp.md §23 */
export const SearchCriterion = {
  uin: 0,
  nick: 1,
  first: 2,
  last: 3,
  email: 4,
  age: 5,
  workCity: 6,
  workState: 7,
  workCountry: 8,
  company: 9,
  title: 10,
  department: 11,
  city: 12,
  state: 13,
  country: 14,
} as const;

export const SearchMode = { contains: 0, containsNot: 1, is: 2, isNot: 3, begins: 4, ends: 5 } as const;

/** Five answers: basic, work, work page, home, home page. */
export const getFullInfo = command({ code: 0x05fa, since: 3, until: 4, ref: 'icq-udp.md §23', body: struct({ uin: le.u32 }) });
export const getNotes = command({ code: 0x05aa, since: 3, until: 3, ref: 'icq-udp.md §23', body: struct({ uin: le.u32 }) });
export const setWorkInfo = command({ code: 0x0578, since: 3, until: 3, ref: 'icq-udp.md §23', body: workInfo });
export const setHomeInfo = command({ code: 0x0582, since: 3, until: 3, ref: 'icq-udp.md §23', body: homeInfo });
export const setHomePage = command({ code: 0x058c, since: 3, until: 3, ref: 'icq-udp.md §8.1', body: struct({ text: lnts }) });
export const setNotes = command({ code: 0x0596, since: 3, until: 3, ref: 'icq-udp.md §8.1', body: struct({ text: lnts }) });
export const setWorkPage = command({ code: 0x05be, since: 3, until: 3, ref: 'icq-udp.md §8.1', body: struct({ text: lnts }) });
export const getDepsInSession = command({ code: 0x05f0, since: 3, until: 3, ref: 'icq-udp.md §8.1', body: nothing });

/** Asks for stored broadcasts. */
export const broadcastRequest = command({
  code: 0x0604,
  since: 3,
  until: 3,
  ref: 'icq-udp.md §23',
  body: struct({ lastTime: le.u32, zero: optional(le.u32) }),
});
export const broadcastToAll = command({ code: 0x060e, since: 3, until: 3, ref: 'icq-udp.md §8.1', body: struct(messageBody) });
export const broadcastToOnline = command({ code: 0x0618, since: 3, until: 3, ref: 'icq-udp.md §8.1', body: struct(messageBody) });

/** A piece of a packet; `multi.ts` puts them together. */
export const fragment = command({
  code: 0x05d2,
  since: 3,
  until: 3,
  ref: 'icq-udp.md §17.2',
  body: struct({ part: u8, parts: u8, slice: bytes(rest) }),
});
