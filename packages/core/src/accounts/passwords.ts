/** What the two passwords of an account may be, and which one old clients use. */
import type { Chance } from '../ports.ts';
import { type Refused, refuse } from '../refusals.ts';
import type { CoreSettings } from '../service.ts';

const MAIN_MAX = 64;
const OLD = /^[\x20-\x7e]{1,8}$/;
/** 32 characters that are not mistaken for each other on paper or by telephone. */
const READABLE = 'abcdefghijkmnpqrstuvwxyz23456789';
const GENERATED_LENGTH = 8;

export interface Passwords {
  readonly main: string;
  /** What old clients use; absent when they may not use this account. */
  readonly old: string | undefined;
  /** The old one was made up here, and somebody has to be told. */
  readonly generated: boolean;
}

/** 1 to 64 characters of any kind. */
export function isMainPassword(password: string): boolean {
  const length = Array.from(password).length;
  return length >= 1 && length <= MAIN_MAX && password.isWellFormed();
}

/** 1 to 8 printable ASCII characters: what all old clients can send. */
export function isOldPassword(password: string): boolean {
  return OLD.test(password);
}

/**
 * Settles which password does what. Refusals: `bad-password`; `old-clients-off` when an old password is given and
 * there are no old clients.
 */
export function settlePasswords(main: string, old: string | undefined, policy: CoreSettings['oldClients'], chance: Chance): Passwords | Refused {
  if (!isMainPassword(main)) return refuse('bad-password');
  if (policy === 'off') return old === undefined ? { main, old, generated: false } : refuse('old-clients-off');
  if (old !== undefined) {
    // What goes over the wire in the clear must not be the main password, unless the administrator accepted that.
    // A main password counts in NFKC.
    if (!isOldPassword(old) || (policy === 'own' && old === main.normalize('NFKC'))) return refuse('bad-password');
    return { main, old, generated: false };
  }
  if (policy === 'same' && isOldPassword(main)) return { main, old: main, generated: false };
  return { main, old: generatePassword(chance), generated: true };
}

/** 8 readable characters, 40 bits. */
export function generatePassword(chance: Chance): string {
  return Array.from(chance.bytes(GENERATED_LENGTH), (byte) => READABLE.charAt(byte & 31)).join('');
}
