/** Passwords as they come: bytes in clear. */
import type { SignOn } from '@seekyou/core';

/** What all clients can send; longer and stranger ones are nobody's. */
const OLD_PASSWORD = /^[\x20-\x7e]{1,8}$/;

/** A password for a new account, or `undefined` when clients could not sign on with it. */
export function newPassword(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return OLD_PASSWORD.test(text) ? text : undefined;
}

/** Takes as long for a wrong password as for the right one. */
export function proofOf(given: Uint8Array): SignOn['proof'] {
  return (password) => {
    let different = given.length ^ password.length;
    for (let i = 0; i < password.length; i++) different |= (given[i] ?? 0) ^ password.charCodeAt(i);
    return different === 0;
  };
}
