/** Family 0x17 and the frames of channels 1 and 4: signing on, signing off, registering. @see oscar.md §2 */
import { ascii, be, bytes, bytesOf, empty, fixed, type Layout, le, mapped, rest, struct, tlvs, u8, type Value } from '../schema.ts';
import { Family } from './family.ts';
import { snac } from './snac.ts';
import { lnts, str16 } from './strings.ts';

/** Why a sign-on failed; TLV 08 of {@link loginAnswer}. @see oscar.md §2.3 */
export const AuthError = {
  invalidNameOrPassword: 0x01,
  unavailable: 0x02,
  other: 0x03,
  wrongNameOrPassword: 0x04,
  /** What a server says for every wrong UIN or password. */
  mismatch: 0x05,
  badInput: 0x06,
  invalidAccount: 0x07,
  deletedAccount: 0x08,
  expiredAccount: 0x09,
  noDatabase: 0x0a,
  noResolver: 0x0b,
  invalidDatabaseFields: 0x0c,
  badDatabaseStatus: 0x0d,
  badResolverStatus: 0x0e,
  internal: 0x0f,
  offline: 0x10,
  suspendedAccount: 0x11,
  databaseSend: 0x12,
  databaseLink: 0x13,
  reservationMap: 0x14,
  reservationLink: 0x15,
  tooManyFromAddress: 0x16,
  tooManyFromAddressReserved: 0x17,
  /** Reconnecting too fast. */
  rateLimited: 0x18,
  warnedTooMuch: 0x19,
  reservationTimeout: 0x1a,
  upgradeRequired: 0x1b,
  /** Fatal for libpurple all the same. */
  upgradeRecommended: 0x1c,
  retryLater: 0x1d,
  cannotRegister: 0x1e,
  tokenTimeout: 0x1f,
  invalidSecurId: 0x20,
  mc: 0x21,
  underage: 0x22,
  needsRevalidation: 0x23,
  linkRejected: 0x24,
  missingInfo: 0x25,
  linkBroken: 0x26,
  invalidAddress: 0x27,
  partnerRejected: 0x28,
  securIdMissing: 0x29,
  blocked: 0x2a,
} as const;

/** Why the server closes; after 1 no client reconnects by itself. */
export const SignOffReason = { other: 0, signedOnElsewhere: 1, accountDeleted: 2 } as const;

/** `multipleSessions`: whether other sessions of the UIN stay. */
export const MultipleSessions = { single: 0, many: 1, singleWithFeedbag: 3 } as const;

/** `tls` of an answer. */
export const TlsState = { none: 0, use: 1, resume: 2 } as const;

/** FLAP version, the whole of the server's hello. */
export const FLAP_VERSION = 1;

/** Who the client says it is. Order is that of ICQ. */
const client = {
  clientName: [0x0003, ascii(rest)], // "ICQ Inc. - Product of ICQ (TM).2000b.4.65.1.3281.85"
  clientId: [0x0016, be.u16],
  major: [0x0017, be.u16],
  minor: [0x0018, be.u16],
  lesser: [0x0019, be.u16],
  build: [0x001a, be.u16],
  distribution: [0x0014, be.u32],
  language: [0x000f, ascii(rest)],
  country: [0x000e, ascii(rest)],
  multipleSessions: [0x004a, u8],
  reconnect: [0x0094, u8],
  tls: [0x008c, empty], // wants TLS to BOS
  featureHints: [0x8001, bytes(rest)],
  receiveMax: [0x8003, be.u32],
} as const;

/**
 * Channel 1: the first frame of a connection. The server's is the version alone.
 * The client's tells what it came for: `cookie` BOS, `uin` roasted sign-on, neither family 0x17.
 */
export const flapHello = struct({
  version: be.u32,
  tlvs: tlvs({
    cookie: [0x0006, bytes(rest)], // first: some servers insist
    uin: [0x0001, ascii(rest)],
    roastedPassword: [0x0002, bytes(rest)],
    md5WithHashedPassword: [0x004c, empty],
    ...client,
  }),
});
export type FlapHello = Value<typeof flapHello>;

/** The answer to a sign-on: alone on channel 4 after a roasted one, and the body of 17/03. Either `cookie` or `error`. */
export const loginAnswer = tlvs({
  uin: [0x0001, ascii(rest)],
  address: [0x0005, ascii(rest)], // host:port of BOS, always with the port
  cookie: [0x0006, bytes(rest)], // 256 bytes
  url: [0x0004, ascii(rest)], // about the failure
  error: [0x0008, be.u16], // AuthError
  debug: [0x000c, be.u16], // 1 in real failures
  tls: [0x008e, u8],
  certificateName: [0x008d, ascii(rest)],
  email: [0x0011, ascii(rest)],
  registration: [0x0013, be.u16],
  passwordUrl: [0x0054, ascii(rest)],
  betaBuild: [0x0040, be.u32],
  betaUrl: [0x0041, ascii(rest)],
  betaInfo: [0x0042, ascii(rest)],
  betaName: [0x0043, ascii(rest)],
  betaMd5: [0x0048, ascii(rest)],
  releaseBuild: [0x0044, be.u32],
  releaseUrl: [0x0045, ascii(rest)],
  releaseInfo: [0x0046, ascii(rest)],
  releaseName: [0x0047, ascii(rest)],
  releaseMd5: [0x0049, ascii(rest)],
});
export type LoginAnswer = Value<typeof loginAnswer>;

/** Two bytes; one is accepted, because open-oscar-server sends one. */
const reasonCode: Layout<number> = {
  doc: be.u16.doc,
  min: 1,
  read: (r) => (r.left === 1 ? r.u8() : be.u16.read(r)),
  write: (w, value) => be.u16.write(w, value),
  sample: (chance) => be.u16.sample(chance),
};

/** Channel 4: why the server closes. A client's is empty. */
export const signOffNotice = tlvs({
  reason: [0x0009, reasonCode], // SignOffReason
  url: [0x000b, ascii(rest)],
});
export type SignOffNotice = Value<typeof signOffNotice>;

// ---------------------------------------------------------------- MD5 sign-on

/** Client → server: a key to hash my password with, please. */
export const keyRequest = snac({
  family: Family.login,
  subtype: 0x0006,
  from: 'client',
  ref: 'oscar.md §2.2',
  body: tlvs({ uin: [0x0001, ascii(rest)], unknown4b: [0x004b, bytes(rest)], unknown5a: [0x005a, bytes(rest)] }),
});
export type KeyRequest = Value<typeof keyRequest>;

export const keyReply = snac({
  family: Family.login,
  subtype: 0x0007,
  from: 'server',
  ref: 'oscar.md §2.2',
  body: struct({ key: str16 }), // 10–32 printable ASCII characters: clients hash up to a NUL
});
export type KeyReply = Value<typeof keyReply>;

/** Client → server: sign-on with a hash (see `loginHash`). */
export const loginRequest = snac({
  family: Family.login,
  subtype: 0x0002,
  from: 'client',
  ref: 'oscar.md §2.2',
  body: tlvs({
    uin: [0x0001, ascii(rest)],
    hash: [0x0025, bytes(rest)], // 16 bytes
    md5WithHashedPassword: [0x004c, empty], // the "new" form
    ...client,
  }),
});
export type LoginRequest = Value<typeof loginRequest>;

export const loginReply = snac({ family: Family.login, subtype: 0x0003, from: 'server', ref: 'oscar.md §2.1', body: loginAnswer });
export type LoginReply = LoginAnswer;

/** Server → client: a SecurID code is wanted. */
export const securIdRequest = snac({ family: Family.login, subtype: 0x000a, from: 'server', ref: 'oscar.md §2.2', body: struct({}) });

export const securIdReply = snac({
  family: Family.login,
  subtype: 0x000b,
  from: 'client',
  ref: 'oscar.md §2.2',
  body: struct({ code: ascii(bytesOf(u8)) }),
});
export type SecurIdReply = Value<typeof securIdReply>;

// ---------------------------------------------------------------- registration

const REGISTER = 0x0028;
const REGISTERED = 0x002d;

/** `cookie` is the client's choice and stands three times in it; zeros and the sub-command are filled in. */
const registrationBlock = mapped(
  struct({
    zero: be.u32,
    command: le.u16,
    sequence: bytes(fixed(2)),
    zeros: bytes(fixed(8)),
    cookie: be.u32,
    cookieAgain: be.u32,
    moreZeros: bytes(fixed(16)),
    password: lnts,
    cookieLast: be.u32,
    trailer: bytes(rest), // differs between clients, means nothing
  }),
  ({ sequence, cookie, password, trailer }) => ({ sequence, cookie, password, trailer }),
  ({ sequence, cookie, password, trailer }) => ({
    zero: 0,
    command: REGISTER,
    sequence,
    zeros: new Uint8Array(8),
    cookie,
    cookieAgain: cookie,
    moreZeros: new Uint8Array(16),
    password,
    cookieLast: cookie,
    trailer,
  }),
);

/** Client → server: a new UIN, please. */
export const registerRequest = snac({
  family: Family.login,
  subtype: 0x0004,
  from: 'client',
  ref: 'oscar.md §2.7',
  body: tlvs({
    registration: [0x0001, registrationBlock],
    imageAnswer: [0x0009, ascii(rest)], // what the user read in the picture of 17/0D
  }),
});
export type RegisterRequest = Value<typeof registerRequest>;

/** Clients read the UIN at byte 42 without looking: nothing here may move. */
const newUinBlock = mapped(
  struct({
    size: le.u16,
    zero: be.u32,
    command: le.u16,
    sequence: bytes(fixed(2)),
    port: be.u32,
    address: be.u32,
    four: be.u32,
    cookie: be.u32,
    zeros: bytes(fixed(16)),
    uin: le.u32,
    cookieAgain: be.u32,
  }),
  ({ sequence, port, address, cookie, uin }) => ({ sequence, port, address, cookie, uin }),
  ({ sequence, port, address, cookie, uin }) => ({
    size: 0x0030,
    zero: 0,
    command: REGISTERED,
    sequence,
    port,
    address,
    four: 4,
    cookie,
    zeros: new Uint8Array(16),
    uin,
    cookieAgain: cookie,
  }),
);

/** Server → client: here it is. `port` and `address` are the client's; `sequence` and `cookie` are echoed. */
export const registerReply = snac({
  family: Family.login,
  subtype: 0x0005,
  from: 'server',
  ref: 'oscar.md §2.7',
  body: tlvs({ registration: [0x0001, newUinBlock] }),
});
export type RegisterReply = Value<typeof registerReply>;

/** Server → client: no. licq takes every one as the wish to see the image verified. */
export const error = snac({
  family: Family.login,
  subtype: 0x0001,
  from: 'server',
  ref: 'oscar.md §2.7',
  body: struct({
    code: be.u16,
    tlvs: tlvs({
      subCode: [0x0008, be.u16],
      registration: [0x0021, bytes(rest)],
      url: [0x0004, ascii(rest)],
    }),
  }),
});
export type ErrorReply = Value<typeof error>;

/** Client → server: send me the picture. */
export const imageRequest = snac({ family: Family.login, subtype: 0x000c, from: 'client', ref: 'oscar.md §2.7', body: struct({}) });

export const imageReply = snac({
  family: Family.login,
  subtype: 0x000d,
  from: 'server',
  ref: 'oscar.md §2.7',
  body: tlvs({ mimeType: [0x0001, ascii(rest)], image: [0x0002, bytes(rest)] }),
});
export type ImageReply = Value<typeof imageReply>;
