/** Passwords: what the server keeps of them. */
import { Buffer } from 'node:buffer';
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  pbkdf2,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { ScramVerifier, Secrets, Uin } from '@seekyou/core';
import { scram } from '@seekyou/wire/oscar';
import { DataDirectoryError } from './data-directory.ts';

const deriveKey = promisify(pbkdf2);

const KEY_BYTES = 32;
/** 128 bits: no two texts meet by chance. */
const MARK_DIGITS = 32;

/**
 * RFC 7677 asks for 4,096 at least. Four times that is 2 ms here for each account made, and as much for each of our own
 * clients at sign-on, in a browser on a phone some 20 ms; signing on costs the server none of it.
 */
const { ITERATIONS, SALT_BYTES } = scram;

export interface SecretsOptions {
  readonly iterations?: number;
}

/** @param key 32 bytes, the content of `secret.key`; sealing uses a key derived from it, so that others may derive theirs */
export function createSecrets(key: Uint8Array, { iterations = ITERATIONS }: SecretsOptions = {}): Secrets {
  if (key.length !== KEY_BYTES) throw new RangeError(`the secret key has ${KEY_BYTES} bytes, not ${key.length}`);
  // Key objects: each use of a key that is bytes costs Node five times the cipher itself.
  const derived = (purpose: string): KeyObject => createSecretKey(new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), purpose, KEY_BYTES)));
  const sealingKey = derived('seekyou old passwords');
  const markingKey = derived('seekyou marks');
  const decoyKey = derived('seekyou decoys');
  return {
    verifier: (password) => scramVerifier(password, randomBytes(SALT_BYTES), iterations),
    proves: async (password, verifier) => timingSafeEqual((await scramVerifier(password, verifier.salt, verifier.iterations)).storedKey, verifier.storedKey),
    decoy: (uin) => decoy(decoyKey, uin, iterations),
    sha256: (data) => hash('sha256', data, 'buffer'),
    hmac: (secret, data) => createHmac('sha256', secret).update(data).digest(),
    seal: (uin, password) => seal(sealingKey, uin, password),
    open: (uin, sealed) => open(sealingKey, uin, sealed),
    mark: (uin, text) => createHmac('sha256', markingKey).update(`${uin} ${text}`).digest('hex').slice(0, MARK_DIGITS),
  };
}

// ---------------------------------------------------------------- main passwords

/**
 * What a SCRAM-SHA-256 server keeps (RFC 5802 §3, RFC 7677). Computed on a thread of Node's pool. The password counts in
 * NFKC, which is what SASLprep does to all that people type; a client has to do the same.
 *
 * @param iterations at least 4,096 where passwords matter
 */
export async function scramVerifier(password: string, salt: Uint8Array, iterations: number): Promise<ScramVerifier> {
  const salted = await deriveKey(password.normalize('NFKC'), salt, iterations, KEY_BYTES, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return {
    salt: new Uint8Array(salt),
    iterations,
    storedKey: new Uint8Array(createHash('sha256').update(clientKey).digest()),
    serverKey: new Uint8Array(createHmac('sha256', salted).update('Server Key').digest()),
  };
}

/** A verifier of no password, always the same for a UIN: to see that it is none, one has to have the key. */
function decoy(key: KeyObject, uin: Uin, iterations: number): ScramVerifier {
  const part = (what: string): Uint8Array => new Uint8Array(createHmac('sha256', key).update(`${what} ${uin}`).digest());
  return { salt: part('salt').subarray(0, SALT_BYTES), iterations, storedKey: part('stored key'), serverKey: part('server key') };
}

// ---------------------------------------------------------------- old passwords

const SEALED_VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Passwords are filled up to a multiple of this: a sealed one does not tell how long it is. */
const BLOCK_BYTES = 16;

/** Version, nonce, encrypted length byte and password with filling, tag. The UIN is authenticated: nobody's row fits another's. */
function seal(key: KeyObject, uin: Uin, password: string): Uint8Array {
  const text = Buffer.from(password, 'utf8');
  if (text.length > 255) throw new RangeError(`an old password of ${text.length} bytes is too long to seal`);
  const plain = Buffer.alloc(Math.ceil((1 + text.length) / BLOCK_BYTES) * BLOCK_BYTES);
  plain[0] = text.length;
  plain.set(text, 1);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context(uin));
  return new Uint8Array(Buffer.concat([Uint8Array.of(SEALED_VERSION), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
}

function open(key: KeyObject, uin: Uin, sealed: Uint8Array): string | undefined {
  if (sealed[0] !== SEALED_VERSION || sealed.length < 1 + NONCE_BYTES + BLOCK_BYTES + TAG_BYTES) return undefined;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(context(uin))
    .setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const plain = Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()]);
    return plain.toString('utf8', 1, 1 + (plain[0] as number));
  } catch {
    return undefined;
  }
}

const context = (uin: Uin): Buffer => Buffer.from(`seekyou old password of ${uin}`);

// ---------------------------------------------------------------- the key

/**
 * The server's own secret: a file of 32 random bytes, made where there is none.
 *
 * @throws DataDirectoryError when the file holds something else: a new key would make every old password useless, so none
 *   is made then
 */
export function loadOrCreateKey(file: string): Uint8Array {
  if (!existsSync(file)) createPrivateFile(file, randomBytes(KEY_BYTES));
  const key = readFileSync(file);
  if (key.length !== KEY_BYTES)
    throw new DataDirectoryError(`${file} has ${key.length} bytes and is no key of ${KEY_BYTES}; restore it from a backup made with --with-key`);
  return new Uint8Array(key);
}

/** Whole and on the disk, or not there at all: accounts sealed under a key that is lost with the power are lost too. */
export function createPrivateFile(file: string, content: Uint8Array): void {
  const part = `${file}.part`;
  rmSync(part, { force: true });
  const descriptor = openSync(part, 'wx', 0o600);
  try {
    writeSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(part, file);
  // Windows has no such thing as syncing a directory.
  if (process.platform !== 'win32') syncDirectory(dirname(file));
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
