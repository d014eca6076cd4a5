/** What keeps passwords: a verifier nobody can turn back, and sealing under the server's key. */
import { createCipheriv, createDecipheriv, createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { ScramVerifier, Secrets, Uin } from '@seekyou/core';
import { DataDirectoryError } from './data-directory.ts';

const deriveKey = promisify(pbkdf2);

const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** RFC 7677 asks for at least 4,096; ours is paid once per new password, and by the client at sign-on. */
const ITERATIONS = 16_384;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @throws DataDirectoryError when the file is there and is no key */
export function loadOrCreateKey(file: string): Uint8Array {
  if (!existsSync(file)) writeFileSync(file, randomBytes(KEY_BYTES), { mode: 0o600, flag: 'wx' });
  const key = readFileSync(file);
  if (key.length !== KEY_BYTES)
    throw new DataDirectoryError(`${file} has ${key.length} bytes and is no key of ${KEY_BYTES}; restore it from a backup made with --with-key`);
  return key;
}

/** @param key 32 bytes */
export function createSecrets(key: Uint8Array): Secrets {
  return {
    verifier: (password) => scramVerifier(password, randomBytes(SALT_BYTES), ITERATIONS),
    seal(uin, password) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(uin));
      return Buffer.concat([nonce, cipher.update(password, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    open(uin, sealed) {
      if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(boundTo(uin))
        .setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()]).toString('utf8');
      } catch {
        // Another key, another account's, or damaged: for the caller it is the same.
        return undefined;
      }
    },
  };
}

/** A sealed password moved to another account's row must not open. */
function boundTo(uin: Uin): Uint8Array {
  return Buffer.from(`seekyou old password ${uin}`);
}

/** StoredKey and ServerKey of RFC 5802 with SHA-256 (RFC 7677). The password is normalised to NFKC, as SASLprep does for what people type. */
export async function scramVerifier(password: string, salt: Uint8Array, iterations: number): Promise<ScramVerifier> {
  const salted = await deriveKey(password.normalize('NFKC'), salt, iterations, KEY_BYTES, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  return { salt, iterations, storedKey: createHash('sha256').update(hmac('Client Key')).digest(), serverKey: hmac('Server Key') };
}
