/**
 * Everything servers send. Layouts are those of the client's version, which is not always the header's: version 4 clients get
 * version 3 headers.
 *
 * `requestSeq` repeats the number that versions 1 and 2 put in front of a request. Texts are bytes in the client's code page.
 * @see icq-udp.md §8.2
 */
import { ipv4, lnts } from '../oscar/strings.ts';
import { bytes, bytesOf, fixed, i8, type Layout, le, list, optional, rest, struct, u8 } from '../schema.ts';
import { reply } from './declaration.ts';
import { date, nothing, padding, usual } from './layouts.ts';
import { homeInfo, messageBody, workInfo } from './shared.ts';

// ---------------------------------------------------------------- session

/** Datagram received; carries both of its numbers. Registrations of version 5 are told more. @see icq-udp.md §9.4, §10.1 */
export const ack = reply({
  code: 0x000a,
  ref: 'icq-udp.md §6, §9.4',
  body: struct({
    result: optional(u8), // Result
    id: optional(le.u32), // of the request
    one: optional(le.u16), // after `newUser1`
  }),
});

/** `result` of registrations and META answers. */
export const Result = { done: 0x0a, failedToo: 0x14, refused: 0x1e, failed: 0x32 } as const;

/** Also answers META login. */
export const silentTooLong = reply({ code: 0x001e, ref: 'icq-udp.md §8.2', body: struct({ data: bytes(rest) }) });

/** Forced off line. Groupware is told why. */
export const goAway = reply({ code: 0x0028, ref: 'icq-udp.md §11', body: struct({ reason: optional(lnts) }) });

export interface DepsList {
  /** Versions 3 and 4: nothing there to version 5. */
  readonly listVersion?: number;
  readonly count?: number;
  /** Departments, u16 2, u16 0x2A. */
  readonly tail: Uint8Array;
}

/** Number and password fit. */
export const depsList = reply<DepsList>({
  code: 0x0032,
  since: 3,
  ref: 'icq-udp.md §9.3',
  body: [
    [3, struct({ listVersion: usual(le.u32, 0), count: usual(le.u32, 1), tail: bytes(rest) })],
    [5, struct({ listVersion: optional(le.u32), count: optional(le.u32), tail: bytes(rest) })],
  ],
});

/** What `depsList` ends with when there are no departments. */
export const NO_DEPARTMENTS: Uint8Array = Uint8Array.of(2, 0, 0x2a, 0);

export interface NewUin {
  /** Versions 1 and 2: the request's seq, and the new number. */
  readonly requestSeq?: number;
  readonly uin?: number;
  /** From version 3 the number is the header's; version 5 repeats the id of the request. */
  readonly id?: number;
}

export const newUin = reply<NewUin>({
  code: 0x0046,
  ref: 'icq-udp.md §8.3, §10',
  body: [
    [1, struct({ requestSeq: le.u16, uin: le.u32 })],
    [3, struct({ id: optional(le.u32) })],
  ],
});

export interface LoginReply {
  /** Versions 1 and 2. */
  readonly uin?: number;
  /** Where the server sees the client. */
  readonly address: string;
  /** Versions 1 and 2: the client's. */
  readonly loginSeq?: number;
  /** Between keep-alives. */
  readonly intervalSeconds: number;
  /** Before a client sends again, and how often it does. */
  readonly timeoutSeconds?: number;
  readonly retries?: number;
  /** Groupware. */
  readonly externals?: number;
  readonly depsVersion?: number;
  readonly mustChangePassword?: number;
  readonly mayBroadcast?: number;
  /** Version 5. */
  readonly serverId?: Uint8Array;
}

const timers = {
  intervalSeconds: le.u16,
  timeoutSeconds: usual(le.u16, 10),
  ten: usual(le.u16, 10),
  retries: usual(le.u16, 5),
};

export const loginReply = reply<LoginReply>({
  code: 0x005a,
  ref: 'icq-udp.md §9.5',
  body: [
    [
      1,
      struct({
        uin: le.u32,
        address: ipv4,
        loginSeq: le.u16,
        x1: usual(le.u32, 0x00010001),
        x2: usual(le.u32, 0x00160000),
        x3: usual(le.u32, 0x8c),
        ...timers,
        tail: usual(bytes(rest), Uint8Array.of(1, 0)),
      }),
    ],
    [
      3,
      struct({
        address: ipv4,
        zero: usual(le.u32, 0),
        externals: usual(le.u32, 0),
        depsVersion: usual(le.u32, 0),
        mustChangePassword: usual(u8, 0),
        mayBroadcast: usual(u8, 0),
        x1: usual(le.u32, 0xfa),
        ...timers,
      }),
    ],
    [
      4,
      struct({
        address: ipv4,
        zero: usual(le.u32, 0),
        x1: usual(le.u16, 0x19),
        x2: usual(le.u16, 2),
        x3: usual(le.u16, 1),
        x4: usual(le.u16, 0xfa),
        ...timers,
      }),
    ],
    [5, struct({ x1: usual(le.u32, 0x8c), ...timers, address: ipv4, serverId: usual(bytes(fixed(4)), Uint8Array.of(0x9b, 0xc1, 0xcd, 0x80)) })],
  ],
});

/** Sent once and not acknowledged by everyone; like the next two it stands outside the sequence. */
export const badPass = reply({ code: 0x0064, ref: 'icq-udp.md §8.3, §11', body: struct({ two: optional(le.u16), uin: optional(le.u32) }) });

export const notConnected = reply({ code: 0x00f0, ref: 'icq-udp.md §11', body: nothing });

/** Busy. */
export const tryAgain = reply({ code: 0x00fa, ref: 'icq-udp.md §11', body: nothing });

/** Refused, with a text to show; CR LF allowed. */
export const loginErr = reply({ code: 0x0370, ref: 'icq-udp.md §11', body: struct({ text: lnts, zero: optional(le.u32) }) });

// ---------------------------------------------------------------- presence

const online = {
  uin: le.u32,
  address: ipv4, // as the server sees it
  port: le.u32,
  ownAddress: ipv4, // as the client said
  tcpFlag: u8, // TcpFlag
  status: le.u32,
  tcpVersion: le.u32,
};

export interface UserOnline {
  readonly uin: number;
  readonly address: string;
  readonly port: number;
  readonly ownAddress: string;
  readonly tcpFlag: number;
  readonly status: number;
  readonly tcpVersion: number;
  /** From here on: version 5, which must get all of them. */
  readonly directCookie?: number;
  readonly webPort?: number;
  readonly features?: number;
  /** Of the sign-on: by this clients know each other's program. */
  readonly build?: number;
  readonly infoTime?: number;
  readonly statusTime?: number;
}

export const userOnline = reply<UserOnline>({
  code: 0x006e,
  ref: 'icq-udp.md §14.1',
  body: [
    [1, struct(online)],
    [
      5,
      struct({
        ...online,
        directCookie: usual(le.u32, 0),
        webPort: usual(le.u32, 0),
        features: usual(le.u32, 0),
        build: usual(le.u32, 0),
        infoTime: usual(le.u32, 0),
        statusTime: usual(le.u32, 0),
      }),
    ],
  ],
});

export const userOffline = reply({ code: 0x0078, ref: 'icq-udp.md §14.2', body: struct({ uin: le.u32 }) });

export const statusUpdate = reply({ code: 0x01a4, ref: 'icq-udp.md §14.2', body: struct({ uin: le.u32, status: le.u32 }) });

/** X1: everybody on the contact list who is on line has been told. Carries the client's own number but to Groupware. */
export const endOfContactList = reply({ code: 0x021c, ref: 'icq-udp.md §8.2, §9.1', body: struct({ uin: optional(le.u32) }) });

// ---------------------------------------------------------------- messages

/** Now. */
export const sysDeliveredMess = reply({ code: 0x0104, ref: 'icq-udp.md §15', body: struct({ from: le.u32, ...messageBody }) });

export interface RecvMessage {
  readonly from: number;
  /** Unix seconds; all but version 3 are told whole minutes. */
  readonly time: number;
  /** {@link MessageType} */
  readonly type: number;
  readonly text: Uint8Array;
}

/** From the store. */
export const recvMessage = reply<RecvMessage>({
  code: 0x00dc,
  ref: 'icq-udp.md §16',
  body: [
    [1, struct({ from: le.u32, time: date, ...messageBody })],
    [3, struct({ from: le.u32, time: le.u32, ...messageBody })],
    [4, struct({ from: le.u32, time: date, ...messageBody })],
  ],
});

/** X2: no more stored messages. */
export const endOfMessages = reply({ code: 0x00e6, ref: 'icq-udp.md §16', body: struct({ uin: optional(le.u32) }) });

/** With a button; nobody knows more. */
export const systemMessage = reply({ code: 0x01c2, ref: 'icq-udp.md §8.2', body: struct({ data: bytes(rest) }) });

export const tcpRequest = reply({
  code: 0x015e,
  ref: 'icq-udp.md §22.3',
  body: struct({
    from: le.u32,
    address: optional(ipv4),
    port: optional(le.u32),
    tcpFlag: optional(u8),
    triedPort: optional(le.u32),
    listenPort: optional(le.u32),
    tcpVersion: optional(le.u16),
  }),
});

// ---------------------------------------------------------------- people

const names = { nick: lnts, first: lnts, last: lnts, email: lnts };
const found = { uin: le.u32, ...names, authorization: u8 }; // Authorization of icq-info.ts: 0 required, 1 not

export interface Found {
  /** Versions 1 and 2. */
  readonly requestSeq?: number;
  readonly uin: number;
  readonly nick: Uint8Array;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  readonly email: Uint8Array;
  readonly authorization: number;
}

export interface UserFound extends Found {
  /** From version 4: FoundOnline of icq-info.ts. */
  readonly online?: number;
}

export const userFound = reply<UserFound>({
  code: 0x008c,
  ref: 'icq-udp.md §18.1',
  body: [
    [1, struct({ requestSeq: le.u16, ...found })],
    [3, struct({ ...found, online: optional(u8) })],
  ],
});

export interface EndOfSearch {
  readonly requestSeq?: number;
  /** 1: not everybody was told. */
  readonly more: number;
}

export const endOfSearch = reply<EndOfSearch>({
  code: 0x00a0,
  ref: 'icq-udp.md §18.1',
  body: [
    [1, struct({ requestSeq: le.u16, more: u8 })],
    [3, struct({ more: u8 })],
  ],
});

export const infoReply = reply<Found>({
  code: 0x0118,
  ref: 'icq-udp.md §18.3',
  body: [
    [1, struct({ requestSeq: le.u16, ...found })],
    [3, struct(found)],
  ],
});

const extInfo = {
  uin: le.u32,
  city: lnts,
  country: le.u16, // 0xFFFF not told
  gmtOffset: i8, // as in the command updateExtInfo
  state: lnts,
  age: le.u16, // 0xFFFF not told
  gender: u8,
  phone: lnts,
  homepage: lnts,
  about: lnts,
  zip: usual(le.u32, 0xffffffff), // not told
};

export interface ExtInfoReply {
  readonly requestSeq?: number;
  readonly uin: number;
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

export const extInfoReply = reply<ExtInfoReply>({
  code: 0x0122,
  ref: 'icq-udp.md §18.3',
  body: [
    [1, struct({ requestSeq: le.u16, ...extInfo })],
    [3, struct(extInfo)],
  ],
});

/** Nobody has this number. */
export const infoFail = reply({ code: 0x012c, ref: 'icq-udp.md §18.3', body: struct({ uin: le.u32 }) });

/** Somebody of the random chat group, 37 bytes; `uin` 0 and nothing else: nobody. */
export const randUser = reply({
  code: 0x024e,
  since: 4,
  ref: 'icq-udp.md §18.2',
  body: struct({
    uin: le.u32,
    address: optional(ipv4),
    port: optional(le.u32),
    ownAddress: optional(ipv4),
    tcpFlag: optional(u8),
    status: optional(le.u32),
    tcpVersion: optional(le.u16),
    zeros: optional(bytes(fixed(14))),
  }),
});

/** Answers of ICQ 99; `meta.ts` makes and reads the data, which begins with {@link Result}. */
export const metaUser = reply({ code: 0x03de, since: 4, ref: 'icq-udp.md §19', body: struct({ subtype: le.u16, data: bytes(rest) }) });

// ---------------------------------------------------------------- one's own details

export interface OfRequest {
  /** Versions 1 and 2. */
  readonly requestSeq?: number;
}

const ofRequest: readonly [[1, Layout<OfRequest>], [3, Layout<OfRequest>]] = [
  [1, struct({ requestSeq: le.u16 })],
  [3, nothing],
];

/** Also: details of a new number are kept. */
export const updateBasicOk = reply<OfRequest>({ code: 0x00b4, ref: 'icq-udp.md §8.2, §20.1', body: ofRequest });
export const updateBasicFailed = reply<OfRequest>({ code: 0x00be, ref: 'icq-udp.md §20.1', body: ofRequest });
export const updateExtOk = reply<OfRequest>({ code: 0x00c8, ref: 'icq-udp.md §20.2', body: ofRequest });
export const updateExtFailed = reply<OfRequest>({ code: 0x00d2, ref: 'icq-udp.md §20.2', body: ofRequest });
export const updateInfoOk = reply({ code: 0x01e0, ref: 'icq-udp.md §20.1', body: nothing });
export const updateInfoFailed = reply({ code: 0x01ea, ref: 'icq-udp.md §20.1', body: nothing });

/** Done to Groupware, failed to licq. */
export const authUpdateAnswer = reply({ code: 0x01f4, since: 3, ref: 'icq-udp.md §20.3', body: nothing });
/** Done, to versions 4 and 5. */
export const authUpdateDone = reply({ code: 0x01fe, since: 4, ref: 'icq-udp.md §20.3', body: nothing });

// ---------------------------------------------------------------- packets inside packets

/** Complete packets, each with its header. @see icq-udp.md §17.1, multi.ts */
export const multiPacket = reply({
  code: 0x0212,
  since: 5,
  ref: 'icq-udp.md §17.1',
  body: struct({ packets: list(bytes(bytesOf(le.u16)), u8) }),
});

/** A piece of a packet for Groupware. @see icq-udp.md §17.2, multi.ts */
export const fragment = reply({
  code: 0x0366,
  since: 3,
  until: 3,
  ref: 'icq-udp.md §17.2',
  body: struct({ part: u8, parts: u8, slice: bytes(rest) }),
});

// ---------------------------------------------------------------- Groupware, version 3

/** Departments, asked for in a session. */
export const queryReply = reply({ code: 0x0082, ref: 'icq-udp.md §8.2', body: padding });
export const passwordSet = reply({ code: 0x0140, since: 3, until: 3, ref: 'icq-udp.md §20.4', body: nothing });
export const invalidUin = reply({ code: 0x02ee, since: 3, until: 3, ref: 'icq-udp.md §8.2', body: struct({ uin: le.u32 }) });

export const workPageSet = reply({ code: 0x0258, since: 3, until: 3, ref: 'icq-udp.md §8.2', body: nothing });
export const workInfoSet = reply({ code: 0x026c, since: 3, until: 3, ref: 'icq-udp.md §8.2', body: nothing });
export const homeInfoSet = reply({ code: 0x0280, since: 3, until: 3, ref: 'icq-udp.md §8.2', body: nothing });
export const homePageSet = reply({ code: 0x0294, since: 3, until: 3, ref: 'icq-udp.md §8.2', body: nothing });
export const notesSet = reply({ code: 0x02a8, since: 3, until: 3, ref: 'icq-udp.md §8.2', body: nothing });

/** The five answers of `getFullInfo`. */
export const basicInfo = reply({ code: 0x02e4, since: 3, until: 4, ref: 'icq-udp.md §23', body: struct({ ...names, authorization: u8 }) });
export const workInfoReply = reply({ code: 0x02f8, since: 3, until: 4, ref: 'icq-udp.md §23', body: workInfo });
export const workPage = reply({ code: 0x030c, since: 3, until: 4, ref: 'icq-udp.md §23', body: struct({ url: lnts }) });
export const homeInfoReply = reply({ code: 0x0320, since: 3, until: 4, ref: 'icq-udp.md §23', body: homeInfo });
export const homePage = reply({ code: 0x0334, since: 3, until: 4, ref: 'icq-udp.md §23', body: struct({ url: lnts }) });

/** Times are Unix seconds. The address is a person's last one: send zeros. */
export const notes = reply({
  code: 0x0352,
  since: 3,
  until: 3,
  ref: 'icq-udp.md §23',
  body: struct({ text: lnts, updated: le.u32, lastLogin: le.u32, address: ipv4 }),
});

/** The form of a registration: what the administrator has to say. */
export const registrationInfo = reply({
  code: 0x037a,
  since: 3,
  until: 4,
  ref: 'icq-udp.md §10.3',
  body: struct({ notes: lnts, open: u8, two: usual(le.u16, 2), fortyTwo: usual(le.u16, 0x2a) }),
});

/** The text has the number and the password. */
export const registrationAccepted = reply({ code: 0x0384, since: 3, until: 4, ref: 'icq-udp.md §10.3', body: struct({ text: lnts }) });

export const storedBroadcast = reply({
  code: 0x038e,
  since: 3,
  until: 3,
  ref: 'icq-udp.md §23',
  body: struct({ from: le.u32, time: le.u32, ...messageBody }),
});
export const endOfStoredBroadcasts = reply({ code: 0x0398, since: 3, until: 3, ref: 'icq-udp.md §23', body: nothing });
export const broadcast = reply({ code: 0x03a2, since: 3, until: 3, ref: 'icq-udp.md §23', body: struct({ from: le.u32, ...messageBody }) });
