/**
 * What our own clients and servers say to each other beyond OSCAR. A server knows our client by its capability, a client our
 * server by the message ids it adds; nobody else ever sees any of this.
 *
 * @see docs/protocol/own.md
 */
import { ascii, be, bytes, fixed, type Layout, list, mapped, rest, struct, tlvs, u8, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';

const HIGH = 0x1_0000_0000;

/** A number of 64 bits on the wire, up to 2^53 − 1 here. */
const u64: Layout<number> = mapped(
  struct({ high: be.u32, low: be.u32 }),
  ({ high, low }) => (high & 0x1f_ffff) * HIGH + low,
  (value) => ({ high: Math.floor(value / HIGH), low: value % HIGH }),
  'u64',
);

/** The server's id of a stored message: the same whenever it is delivered again. */
export const messageId: Layout<number> = u64;

/** Sixteen random bytes of the sender's: the server stores a message with the same id once. */
export const senderId: Layout<Uint8Array> = bytes(fixed(16));

/** Client → server: these messages have arrived; they need not come again. There is no answer. */
export const delivered = snac({
  family: Family.own,
  subtype: 0x0002,
  from: 'client',
  ref: 'own.md §2',
  body: struct({ messageIds: list(messageId) }),
});
export type Delivered = Value<typeof delivered>;

// ---------------------------------------------------------------- sign-on

/** Client → server, on an encrypted connection after its hello: who wants to sign on. `message` is SCRAM's client-first-message. */
export const scramClientFirst = snac({
  family: Family.own,
  subtype: 0x0010,
  from: 'client',
  ref: 'own.md §3',
  body: tlvs({
    message: [0x0001, ascii(rest)],
    clientName: [0x0003, ascii(rest)],
    clientId: [0x0016, be.u16],
    major: [0x0017, be.u16],
    minor: [0x0018, be.u16],
    lesser: [0x0019, be.u16],
    build: [0x001a, be.u16],
    distribution: [0x0014, be.u32],
    language: [0x000f, ascii(rest)],
    country: [0x000e, ascii(rest)],
  }),
});
export type ScramClientFirst = Value<typeof scramClientFirst>;

/** Server → client: salt, iterations, nonce. Every UIN gets an answer, so that nobody learns here which exist. */
export const scramServerFirst = snac({
  family: Family.own,
  subtype: 0x0011,
  from: 'server',
  ref: 'own.md §3',
  body: tlvs({ message: [0x0001, ascii(rest)] }),
});
export type ScramServerFirst = Value<typeof scramServerFirst>;

/** Client → server: the proof. */
export const scramClientFinal = snac({
  family: Family.own,
  subtype: 0x0012,
  from: 'client',
  ref: 'own.md §3',
  body: tlvs({ message: [0x0001, ascii(rest)] }),
});
export type ScramClientFinal = Value<typeof scramClientFinal>;

/** Server → client: the server's own proof, and where to go. */
export const scramServerFinal = snac({
  family: Family.own,
  subtype: 0x0013,
  from: 'server',
  ref: 'own.md §3',
  body: tlvs({
    message: [0x0001, ascii(rest)],
    address: [0x0005, ascii(rest)], // host:port of BOS
    cookie: [0x0006, bytes(rest)], // 256 bytes
  }),
});
export type ScramServerFinal = Value<typeof scramServerFinal>;

/** Client → server, on an encrypted connection after its hello: a new UIN, please. The server is told a verifier, never the password. */
export const registerRequest = snac({
  family: Family.own,
  subtype: 0x0015,
  from: 'client',
  ref: 'own.md §4',
  body: tlvs({
    salt: [0x0001, bytes(rest)], // 16 bytes
    iterations: [0x0002, be.u32],
    storedKey: [0x0003, bytes(rest)], // 32 bytes
    serverKey: [0x0004, bytes(rest)], // 32 bytes
  }),
});
export type RegisterRequest = Value<typeof registerRequest>;

/** Server → client: here it is. A refusal is a {@link scramError}. */
export const registerReply = snac({
  family: Family.own,
  subtype: 0x0016,
  from: 'server',
  ref: 'own.md §4',
  body: struct({ uin: be.u32 }),
});
export type RegisterReply = Value<typeof registerReply>;

// ---------------------------------------------------------------- one's own account

/** Server → client: no, in a session. */
export const error = familyError(Family.own);

/**
 * Client → server, in a session: other passwords from now on. The server is told a verifier of the main one, never the password, and
 * nothing without the proof of the present one.
 */
export const passwordChange = snac({
  family: Family.own,
  subtype: 0x0017,
  from: 'client',
  ref: 'own.md §5',
  body: tlvs({
    salt: [0x0001, bytes(rest)], // 16 bytes; 1 to 4 all or none
    iterations: [0x0002, be.u32],
    storedKey: [0x0003, bytes(rest)], // 32 bytes
    serverKey: [0x0004, bytes(rest)], // 32 bytes
    oldPassword: [0x0005, ascii(rest)], // what old clients say
    clientKey: [0x0006, bytes(rest)], // SCRAM's, of the present main password: 32 bytes
  }),
});
export type PasswordChange = Value<typeof passwordChange>;

/** Server → client: they are. */
export const passwordChanged = snac({
  family: Family.own,
  subtype: 0x0018,
  from: 'server',
  ref: 'own.md §5',
  body: struct({ oldClients: u8 }), // 1: old clients may sign on to this account
});
export type PasswordChanged = Value<typeof passwordChanged>;

/** Client → server, in a session: remove this account for good. */
export const unregister = snac({
  family: Family.own,
  subtype: 0x0019,
  from: 'client',
  ref: 'own.md §5',
  body: tlvs({ clientKey: [0x0006, bytes(rest)] }), // SCRAM's, of the main password: 32 bytes
});
export type Unregister = Value<typeof unregister>;

/** Server → client: it is gone; the connection ends. */
export const unregistered = snac({ family: Family.own, subtype: 0x001a, from: 'server', ref: 'own.md §5', body: struct({}) });

// ---------------------------------------------------------------- refusals of a sign-on

/** Server → client: no, in answer to either message of the client. */
export const scramError = snac({
  family: Family.own,
  subtype: 0x0014,
  from: 'server',
  ref: 'own.md §3',
  body: tlvs({
    error: [0x0008, be.u16], // AuthError, as in 17/03
    url: [0x0004, ascii(rest)],
    reason: [0x0001, ascii(rest)], // ScramFault
    retryMs: [0x0002, be.u32], // too many failures: not before
  }),
});
export type ScramError = Value<typeof scramError>;
