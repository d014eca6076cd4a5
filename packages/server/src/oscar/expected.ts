/**
 * Clients that are about to come: they got a cookie over a connection in the clear, and come back with it within a moment, waiting for
 * our hello. Greeting them at once saves each sign-on a wait.
 */
import type { Clock, Time } from '@seekyou/core';

/** Programs come within a second; a slow line may take some. */
const EXPECTED_MS = 5_000;
/** Somebody who encrypts will do so again. He speaks first, and must not be spoken to. */
const ENCRYPTS_MS = 60 * 60_000;
const ENCRYPTING_MAX = 10_000;

export class ExpectedClients {
  private readonly clock: Pick<Clock, 'now'>;
  /** By address, the cookies and when they were issued. Who was told one last stands last. */
  private readonly addresses = new Map<string, Map<string, Time>>();
  /** Addresses TLS was spoken from, and when. */
  private readonly encrypting = new Map<string, Time>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  /** A BOS cookie was issued to a client at this address. */
  expect(address: string, cookie: Uint8Array): void {
    const now = this.clock.now();
    this.forget(now);
    const cookies = this.addresses.get(address) ?? new Map<string, Time>();
    cookies.set(textOf(cookie), now);
    this.addresses.delete(address);
    this.addresses.set(address, cookies);
  }

  /** Whether somebody is expected from there, and nobody who would be disturbed; each cookie counts once. */
  takes(address: string): boolean {
    const now = this.clock.now();
    this.forget(now);
    const cookies = this.addresses.get(address);
    if (cookies === undefined || this.encryptsLately(address)) return false;
    dropLate(cookies, now);
    const [first] = cookies.keys();
    if (first !== undefined) cookies.delete(first);
    if (cookies.size === 0) this.addresses.delete(address);
    return first !== undefined;
  }

  /** A cookie was used. */
  redeemed(address: string, cookie: Uint8Array): void {
    const cookies = this.addresses.get(address);
    if (cookies?.delete(textOf(cookie)) === true && cookies.size === 0) this.addresses.delete(address);
  }

  /** TLS was spoken from this address. */
  encrypts(address: string): void {
    this.encrypting.delete(address);
    this.encrypting.set(address, this.clock.now());
    const [oldest] = this.encrypting.keys();
    if (this.encrypting.size > ENCRYPTING_MAX && oldest !== undefined) this.encrypting.delete(oldest);
  }

  /** Whether TLS was spoken from there within the hour. */
  encryptsLately(address: string): boolean {
    return this.clock.now() - (this.encrypting.get(address) ?? Number.NEGATIVE_INFINITY) <= ENCRYPTS_MS;
  }

  private forget(now: Time): void {
    for (const [address, cookies] of this.addresses) {
      dropLate(cookies, now);
      if (cookies.size > 0) break;
      this.addresses.delete(address);
    }
  }
}

function dropLate(cookies: Map<string, Time>, now: Time): void {
  for (const [cookie, at] of cookies) {
    if (now - at <= EXPECTED_MS) break;
    cookies.delete(cookie);
  }
}

function textOf(cookie: Uint8Array): string {
  return Buffer.from(cookie.buffer, cookie.byteOffset, cookie.byteLength).toString('latin1');
}
