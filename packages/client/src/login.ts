/** Signing on and registering. @see oscar.md §2 */
import { decode, encode } from '@seekyou/wire';
import { FlapChannel, type HashForm, login, loginHash, type Md5, roast, type scram } from '@seekyou/wire/oscar';
import type { Transport } from '@seekyou/net';
import { type Dial, OscarConnection, type Timers } from './connection.ts';
import { ClientError, type ClientErrorCode } from './errors.ts';
import { unreachable } from './trust.ts';

const { AuthError } = login;

/** What the platform gives: connections, hashes, chance, time. */
export interface Platform {
  readonly dial: Dial;
  /** Opens a TLS connection on which nothing was said yet, and tells whose key it has. @throws ConnectionError of @seekyou/net */
  readonly dialSecure: (host: string, port: number) => Promise<{ readonly transport: Transport; readonly fingerprint: string }>;
  readonly scram: scram.ScramHash & {
    /** PBKDF2 with HMAC-SHA-256, 32 bytes. */
    salted(password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array>;
  };
  readonly timers: Timers;
  readonly md5: Md5;
  readonly random: (bytes: number) => Uint8Array;
}

export interface Server {
  readonly host: string;
  readonly port: number;
}

export interface Credentials {
  readonly uin: number;
  readonly password: string;
}

/**
 * `hashed`: MD5 challenge, new form. `hashed-old`: without MD5 of the password first. `roasted`: the password itself, barely hidden.
 */
export type SignOnMethod = 'hashed' | 'hashed-old' | 'roasted';

/** Old passwords are cut there by most clients and servers. */
const PASSWORD_BYTES_MAX = 8;

export const CLIENT = {
  clientName: 'seekyou',
  clientId: 0x010a,
  major: 0,
  minor: 1,
  lesser: 0,
  build: 0,
  distribution: 0,
  language: 'en',
  country: 'us',
} as const;

const text = new TextEncoder();

/** @returns a fresh connection that was greeted. @throws ClientError */
export async function open(platform: Platform, server: Server): Promise<OscarConnection> {
  const transport = await platform.dial(server.host, server.port).catch((error: unknown) => {
    throw unreachable(server, error);
  });
  return openOn(platform, transport);
}

/** The same, on a connection that is there. */
export async function openOn(platform: Platform, transport: Transport): Promise<OscarConnection> {
  const [high = 0, low = 0] = platform.random(2);
  const connection = new OscarConnection(transport, platform.timers, (high << 8) | low);
  await connection.greeted().catch((error: ClientError) => {
    connection.destroy(error);
    throw error;
  });
  return connection;
}

/** What turns a password into its proof. */
export interface ProofParts {
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export interface SignedOn {
  readonly bos: Server;
  readonly cookie: Uint8Array;
  /** Of the server's key; BOS must have it too. Absent: nothing is encrypted. */
  readonly fingerprint?: string | undefined;
  /** Absent: the password was not proved but told. */
  readonly proof?: ProofParts;
}

/** Signs on at an old login server, in the clear. @returns where BOS is, and the cookie for it. @throws ClientError */
export async function signOn(platform: Platform, server: Server, credentials: Credentials, method: SignOnMethod): Promise<SignedOn> {
  const connection = await open(platform, server);
  try {
    const answer =
      method === 'roasted' ? await roasted(connection, credentials) : await hashed(connection, credentials, method === 'hashed' ? 'new' : 'old', platform.md5);
    if (answer.error !== undefined || answer.cookie === undefined || answer.address === undefined) throw refusalOf(credentials.uin, answer);
    return { bos: addressOf(answer.address, server), cookie: answer.cookie };
  } finally {
    connection.close();
  }
}

function roasted(connection: OscarConnection, { uin, password }: Credentials): Promise<login.LoginAnswer> {
  return new Promise((resolve, reject) => {
    connection.onSignOff = (payload) => resolve(decode(login.loginAnswer, payload));
    connection.onClosed = reject;
    connection.sendFrame(
      FlapChannel.hello,
      encode(login.flapHello, {
        version: login.FLAP_VERSION,
        tlvs: {
          uin: String(uin),
          roastedPassword: roast(text.encode(password).subarray(0, PASSWORD_BYTES_MAX)),
          ...CLIENT,
          multipleSessions: login.MultipleSessions.many,
        },
      }),
    );
  });
}

async function hashed(connection: OscarConnection, { uin, password }: Credentials, form: HashForm, md5: Md5): Promise<login.LoginAnswer> {
  connection.sendFrame(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: {} }));
  const parts = await connection.gather(login.keyRequest, { uin: String(uin) }, [login.keyReply, login.loginReply], 'asking for a sign-on key');
  const first = parts[0];
  // Some servers refuse here already.
  if (first?.subtype === login.loginReply.subtype) return decode(login.loginAnswer, first.data);
  const { key } = decode(login.keyReply.body, first?.data ?? new Uint8Array(0));
  const hash = loginHash(md5, key, text.encode(password).subarray(0, PASSWORD_BYTES_MAX), form);
  return connection.request(
    login.loginRequest,
    { uin: String(uin), hash, ...(form === 'new' ? { md5WithHashedPassword: true as const } : {}), ...CLIENT, multipleSessions: login.MultipleSessions.many },
    login.loginReply,
    'signing on',
  );
}

/** Asks the server for a new UIN. @throws ClientError `registration-refused` */
export async function register(platform: Platform, server: Server, password: string): Promise<number> {
  const connection = await open(platform, server);
  try {
    connection.sendFrame(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: {} }));
    const [a = 0, b = 0, c = 0, d = 0] = platform.random(4);
    const registration = {
      sequence: Uint8Array.of(3, 0),
      cookie: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0,
      password: text.encode(password),
      trailer: Uint8Array.of(0, 0, 0xd6, 1),
    };
    const [answer] = await connection.gather(login.registerRequest, { registration }, [login.registerReply, login.error], 'registering');
    if (answer?.subtype !== login.registerReply.subtype) {
      throw new ClientError('registration-refused', 'the server does not register new users over this connection: ask its administrator for a UIN');
    }
    const uin = decode(login.registerReply.body, answer.data).registration?.uin;
    if (uin === undefined) throw new ClientError('protocol', 'the server registered a user without saying its UIN');
    return uin;
  } finally {
    connection.close();
  }
}

export function addressOf(address: string, server: Server): Server {
  const match = /^\[?(.+?)\]?(?::(\d+))?$/.exec(address);
  return { host: match?.[1] ?? server.host, port: match?.[2] === undefined ? server.port : Number(match[2]) };
}

const REFUSALS: Readonly<Record<number, readonly [ClientErrorCode, string]>> = {
  [AuthError.invalidNameOrPassword]: ['wrong-password', 'there is no such UIN, or the password is wrong'],
  [AuthError.wrongNameOrPassword]: ['wrong-password', 'there is no such UIN, or the password is wrong'],
  [AuthError.mismatch]: ['wrong-password', 'there is no such UIN, or the password is wrong (old clients may have one of their own)'],
  [AuthError.suspendedAccount]: ['suspended', 'the account is suspended'],
  [AuthError.deletedAccount]: ['refused', 'the account was deleted'],
  [AuthError.rateLimited]: ['too-fast', 'too many failed sign-ons from here; wait some minutes'],
  [AuthError.upgradeRequired]: ['refused', 'the server lets no old clients in, or not without encryption, or not with this kind of sign-on'],
  [AuthError.retryLater]: ['too-fast', 'too many sign-ons; wait some minutes'],
  [AuthError.unavailable]: ['unavailable', 'the server cannot take sign-ons now; its log says why'],
  [AuthError.tooManyFromAddress]: ['unavailable', 'too many connections from this address'],
};

export function refusalOf(uin: number, answer: login.LoginAnswer, retryMs?: number): ClientError {
  const [code, reason] = REFUSALS[answer.error ?? 0] ?? ['refused', `the server answered with code ${answer.error ?? 'none'}`];
  return new ClientError(code, `sign-on of ${uin} refused: ${reason}${answer.url === undefined ? '' : ` (${answer.url})`}`, { retryMs });
}
