/**
 * Cookies: what a sign-on gives a client so that its next connection is known. 256 bytes, good once, for a minute,
 * on the node that made them. @see oscar.md §2.5
 */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { type Account, asUin, type Chance, type Clock, type Limits, type Uin } from '@seekyou/core';
import type { Connection, Talk } from './connection.ts';
import type { ClientSoftware } from './state.ts';

export const COOKIE_BYTES = 256;

/** What a cookie stands for; it stays here, the client carries only the name of it. */
export interface CookieRecord {
  /** As it was when its password was proved. */
  readonly account: Account;
  /** 0: BOS. */
  readonly family: 0;
  readonly software: ClientSoftware;
  /** May stand beside other sessions of the account (TLV 4A = 1). */
  readonly coexist: boolean;
}

/** A connection beside a session, for one family. */
export interface ServiceRecord {
  readonly account: { readonly uin: Uin };
  /** The family, never 0. */
  readonly family: number;
  /** Opens the talk the cookie was given out for; `undefined` when the session it belongs to is over. */
  readonly begin: (connection: Connection) => Talk | undefined;
}

/**
 * Why a cookie is not taken. `forged`: not made with our key. `foreign`: made by another node.
 * `repeated`: taken before, or forgotten.
 */
export type CookieFault = 'forged' | 'foreign' | 'late' | 'repeated';

export interface CookieJar {
  /** @returns 256 bytes */
  issue(record: CookieRecord | ServiceRecord): Uint8Array;
  /** Takes a cookie, which nobody can do again. */
  redeem(cookie: Uint8Array): CookieRecord | ServiceRecord | CookieFault;
  /** Cookies nobody has come with yet. */
  readonly outstanding: number;
}

export interface CookieSettings {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Known to the nodes of one service only. */
  readonly key: Uint8Array;
  /** This node's id, 8 bytes. */
  readonly node: Uint8Array;
  readonly limits: Pick<Limits, 'cookieMs' | 'cookiesMax' | 'cookiesPerAccountMax'>;
}

// node 8, id 16, UIN 4, family 2, expiry 6 (milliseconds), HMAC 32, random bytes to the end
const ID_AT = 8;
const UIN_AT = 24;
const FAMILY_AT = 28;
const EXPIRY_AT = 30;
const HMAC_AT = 36;
const PADDING_AT = 68;

export function createCookieJar({ clock, chance, key, node, limits }: CookieSettings): CookieJar {
  const sealingKey = createSecretKey(key);
  /** By id. Insertion order is order of expiry. */
  const known = new Map<string, { readonly record: CookieRecord | ServiceRecord; readonly expiresAt: number }>();
  /** Ids by account, oldest first: nobody with a right password pushes out the cookies of others. */
  const ofAccount = new Map<Uin, Set<string>>();

  function forgetOld(now: number): void {
    for (const [id, { expiresAt }] of known) {
      if (expiresAt > now && known.size < limits.cookiesMax) break;
      forget(id);
    }
  }

  function forget(id: string): void {
    const uin = known.get(id)?.record.account.uin;
    known.delete(id);
    if (uin === undefined) return;
    const ids = ofAccount.get(uin);
    ids?.delete(id);
    if (ids?.size === 0) ofAccount.delete(uin);
  }

  function remember(id: string, record: CookieRecord | ServiceRecord, expiresAt: number): void {
    const { uin } = record.account;
    const [oldest] = ofAccount.get(uin) ?? [];
    if (oldest !== undefined && (ofAccount.get(uin)?.size ?? 0) >= limits.cookiesPerAccountMax) forget(oldest);
    known.set(id, { record, expiresAt });
    ofAccount.set(uin, (ofAccount.get(uin) ?? new Set()).add(id));
  }

  function seal(data: Uint8Array): Uint8Array {
    return createHmac('sha256', sealingKey).update(data).digest();
  }

  return {
    get outstanding() {
      return known.size;
    },

    issue(record) {
      const now = clock.now();
      forgetOld(now);
      const cookie = new Uint8Array(COOKIE_BYTES);
      const chosen = chance.bytes(COOKIE_BYTES - PADDING_AT + 16);
      const expiresAt = now + limits.cookieMs;
      const view = new DataView(cookie.buffer);
      cookie.set(node, 0);
      cookie.set(chosen.subarray(0, 16), ID_AT);
      view.setUint32(UIN_AT, record.account.uin);
      view.setUint16(FAMILY_AT, record.family);
      view.setUint16(EXPIRY_AT, Math.floor(expiresAt / 2 ** 32));
      view.setUint32(EXPIRY_AT + 2, expiresAt % 2 ** 32);
      cookie.set(seal(cookie.subarray(0, HMAC_AT)), HMAC_AT);
      cookie.set(chosen.subarray(16), PADDING_AT);
      remember(idOf(cookie), record, expiresAt);
      return cookie;
    },

    redeem(cookie) {
      if (cookie.length !== COOKIE_BYTES || !timingSafeEqual(seal(cookie.subarray(0, HMAC_AT)), cookie.subarray(HMAC_AT, PADDING_AT))) return 'forged';
      if (!node.every((byte, i) => cookie[i] === byte)) return 'foreign';
      const view = new DataView(cookie.buffer, cookie.byteOffset);
      const expiresAt = view.getUint16(EXPIRY_AT) * 2 ** 32 + view.getUint32(EXPIRY_AT + 2);
      const id = idOf(cookie);
      const found = known.get(id);
      forget(id);
      if (clock.now() >= expiresAt) return 'late';
      // The UIN in the cookie is for the nodes of a service to route by; what counts is what we remember.
      return found === undefined || asUin(view.getUint32(UIN_AT)) !== found.record.account.uin ? 'repeated' : found.record;
    },
  };
}

function idOf(cookie: Uint8Array): string {
  return Buffer.from(cookie.buffer, cookie.byteOffset + ID_AT, UIN_AT - ID_AT).toString('latin1');
}
