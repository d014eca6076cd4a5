/** Passwords in the first sign-ons: roasting hides them from nobody, the hashes hide them somewhat. @see oscar.md §2.1, §2.2 */

const KEY = Uint8Array.of(0xf3, 0x26, 0x81, 0xc4, 0x39, 0x86, 0xdb, 0x92, 0x71, 0xa3, 0xb9, 0xe6, 0x53, 0x7a, 0x95, 0x7c);

/** Sixteen bytes; the platform's own, given from outside. */
export type Md5 = (data: Uint8Array) => Uint8Array;

/** `old` hashes the password itself, `new` (announced by TLV 4C) its MD5. */
export type HashForm = 'old' | 'new';

/** The password's bytes for TLV 02 of the channel-1 sign-on. */
export function roast(password: Uint8Array): Uint8Array {
  return password.map((byte, i) => byte ^ (KEY[i % KEY.length] as number));
}

/** Roasting twice is reading. */
export const unroast: (roasted: Uint8Array) => Uint8Array = roast;

const SUFFIX = new TextEncoder().encode('AOL Instant Messenger (SM)');

/**
 * The hash for TLV 25 of 17/02.
 *
 * @param key from 17/07
 * @param password its bytes in the client's code page
 */
export function loginHash(md5: Md5, key: Uint8Array, password: Uint8Array, form: HashForm): Uint8Array {
  return loginHashOf(md5, key, form === 'new' ? md5(password) : password);
}

/** The `new` hash for somebody who has kept only the MD5 of the password. */
export function loginHashOfMd5(md5: Md5, key: Uint8Array, passwordMd5: Uint8Array): Uint8Array {
  return loginHashOf(md5, key, passwordMd5);
}

function loginHashOf(md5: Md5, key: Uint8Array, secret: Uint8Array): Uint8Array {
  const data = new Uint8Array(key.length + secret.length + SUFFIX.length);
  data.set(key);
  data.set(secret, key.length);
  data.set(SUFFIX, key.length + secret.length);
  return md5(data);
}
