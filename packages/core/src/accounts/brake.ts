/**
 * Slows down whoever guesses passwords, and nobody else. @see oscar.md §2.3
 *
 * Failures count for the pair of UIN and address: some are free, then each one doubles the wait. They also count for the
 * address over all UINs, against those who try one password on many people. A guesser must not lock out his whole site,
 * so an address over its budget stops only pairs that failed themselves and, once many different UINs have failed from
 * there, pairs that never signed on from there. Who did is let through.
 *
 * Addresses that can be forged count apart, pairs and sites of their own: else a stranger's datagrams would keep somebody out who
 * signs on over TCP, from an address he could not have lied about.
 *
 * An attempt takes its place when it begins, as if it would fail. Those beyond what is free wait for earlier ones to end,
 * so a thousand guesses at once are no better than one after the other, and a room full of right passwords only queues.
 */
import type { Limits } from '../limits.ts';
import type { Clock } from '../ports.ts';
import { type Refused, refuse } from '../refusals.ts';
import type { Peer, Time, Uin } from '../words.ts';
import { siteOf } from './site.ts';

const MINUTE = 60_000;

/** Failures that count together. */
interface Track {
  readonly key: string;
  failures: number;
  lastFailureAt: Time;
  /** Failures beyond what is free. */
  strikes: number;
  notBefore: Time;
  /** Passwords that are being looked at. */
  trying: number;
  /** Who waits for those. Not empty only while there are some. */
  readonly queue: Turn[];
}

/** An address. What it has used of its budget comes back as the minutes pass. */
interface Site extends Track {
  /** Pairs that began to fail, forgotten like failures. */
  uins: number;
  /** They were so many that it may be one password tried on everybody. */
  sprayed: boolean;
  forgottenUntil: Time;
}

/** A sign-on that waits for its turn. */
interface Turn {
  readonly pair: string;
  readonly site: string | undefined;
  readonly go: (answer: Attempt | Refused) => void;
}

/** Leave to look at one password; has to be handed back. */
export interface Attempt {
  readonly pair: Track;
  /** Absent when the address says nothing, or the pair is trusted. */
  readonly site: Site | undefined;
}

export type AttemptOutcome = 'right' | 'wrong' | 'not-looked-at';

export class SignOnBrake {
  private readonly limits: Limits;
  private readonly clock: Clock;
  // In order of last failure, so that the oldest can be forgotten.
  private readonly pairs = new Map<string, Track>();
  private readonly sites = new Map<string, Site>();
  /** Pairs whose last attempt was right. */
  private readonly trusted = new Set<string>();

  constructor(limits: Limits, clock: Clock) {
    this.limits = limits;
    this.clock = clock;
  }

  /** Tracks and trusted pairs in memory. */
  get size(): number {
    return this.pairs.size + this.sites.size + this.trusted.size;
  }

  /** Answers when the password may be looked at, or refuses `slow-down`: then it must not be. */
  enter(uin: Uin, peer: Peer): Promise<Attempt | Refused> {
    // Behind a relay everybody has the same address, which says nothing about who guesses.
    const from = `${peer.known ? siteOf(peer.address) : peer.address}${peer.forgeable === true ? ' forgeable' : ''}`;
    const site = peer.known ? from : undefined;
    const pair = `${uin} ${from}`;
    return new Promise((go) => {
      const turn = { pair, site, go };
      this.admit(turn)?.queue.push(turn);
    });
  }

  leave({ pair, site }: Attempt, outcome: AttemptOutcome): void {
    pair.trying--;
    if (site !== undefined) site.trying--;
    if (outcome === 'right') this.succeeded(pair);
    if (outcome === 'wrong') this.failed(pair, site);
    if (site !== undefined) this.wake(site);
    this.wake(pair);
    if (site !== undefined) forgetIfIdle(this.sites, site);
    forgetIfIdle(this.pairs, pair);
  }

  /** Lets the turn go, or returns what it has to wait for. */
  private admit(turn: Turn): Track | undefined {
    const now = this.clock.now();
    const pair = this.pair(turn.pair, now);
    if (pair.notBefore > now) return this.refuse(turn, pair, pair.notBefore - now);
    if (pair.trying >= this.roomOfPair(pair)) return this.wait(turn, pair, pair);
    if (turn.site === undefined || this.trusted.has(turn.pair)) return this.begin(turn, pair, undefined);

    const site = this.site(turn.site, now);
    const stopped = isStopped(site, pair);
    if (stopped && site.notBefore > now) return this.refuse(turn, pair, site.notBefore - now);
    if (site.trying >= (stopped ? 1 : this.roomOfSite(site))) return this.wait(turn, pair, site);
    return this.begin(turn, pair, site);
  }

  private begin(turn: Turn, pair: Track, site: Site | undefined): undefined {
    pair.trying++;
    if (site !== undefined) site.trying++;
    turn.go({ pair, site });
  }

  private refuse(turn: Turn, pair: Track, retryMs: number): undefined {
    forgetIfIdle(this.pairs, pair);
    turn.go(refuse('slow-down', Math.ceil(retryMs)));
  }

  private wait(turn: Turn, pair: Track, track: Track): Track | undefined {
    // More than can be connected do not come by honest means.
    if (track.queue.length >= this.limits.connectionsPerNetworkMax) return this.refuse(turn, pair, this.limits.failureDelayMs);
    forgetIfIdle(this.pairs, pair);
    return track;
  }

  /** An attempt has ended: those that waited go on while there is room. */
  private wake(track: Track): void {
    for (let turn = track.queue[0]; turn !== undefined; turn = track.queue[0]) {
      const waitsFor = this.admit(turn);
      if (waitsFor === track) return;
      track.queue.shift();
      waitsFor?.queue.push(turn);
    }
  }

  private succeeded(pair: Track): void {
    pair.failures = pair.strikes = pair.notBefore = 0;
    this.trusted.delete(pair.key);
    this.trusted.add(pair.key);
    if (this.trusted.size > this.limits.brakeEntriesMax) forgetOldest(this.trusted);
  }

  private failed(pair: Track, site: Site | undefined): void {
    const now = this.clock.now();
    this.trusted.delete(pair.key);
    if (site !== undefined) {
      this.forgetSome(site, now);
      if (pair.failures === 0) site.uins++;
      if (site.uins >= this.manyUins) site.sprayed = true;
      // An address that goes on waits at most a minute each time: there are others behind it.
      this.count(site, this.limits.failuresFreePerAddressPerMinute, MINUTE, now);
      touch(this.sites, site);
    }
    this.count(pair, this.limits.failuresFreePerPair, this.limits.failureDelayMaxMs, now);
    touch(this.pairs, pair);
  }

  private count(track: Track, free: number, delayMaxMs: number, now: Time): void {
    track.failures++;
    track.lastFailureAt = now;
    if (track.strikes === 0 && track.failures < free) return;
    track.notBefore = now + Math.min(this.limits.failureDelayMs * 2 ** track.strikes, delayMaxMs);
    track.strikes++;
  }

  private pair(key: string, now: Time): Track {
    const known = this.pairs.get(key);
    if (known !== undefined && this.isOver(known, now)) known.failures = known.strikes = known.notBefore = 0;
    return known ?? this.remember(this.pairs, blank(key));
  }

  private site(key: string, now: Time): Site {
    const known = this.sites.get(key);
    if (known === undefined) return this.remember(this.sites, { ...blank(key), uins: 0, sprayed: false, forgottenUntil: now });
    if (this.isOver(known, now)) {
      known.failures = known.strikes = known.notBefore = known.uins = 0;
      known.sprayed = false;
    }
    this.forgetSome(known, now);
    return known;
  }

  /** Quiet for so long that it begins anew. */
  private isOver(track: Track, now: Time): boolean {
    return now - Math.max(track.lastFailureAt, track.notBefore) >= this.limits.failureDelayMaxMs;
  }

  private forgetSome(site: Site, now: Time): void {
    const minutes = (now - site.forgottenUntil) / MINUTE;
    site.forgottenUntil = now;
    site.failures = Math.max(0, site.failures - minutes * this.limits.failuresFreePerAddressPerMinute);
    site.uins = Math.max(0, site.uins - minutes * this.manyUins);
  }

  private remember<T extends Track>(tracks: Map<string, T>, track: T): T {
    if (tracks.size >= this.limits.brakeEntriesMax) forgetOldest(tracks);
    tracks.set(track.key, track);
    return track;
  }

  private roomOfPair(pair: Track): number {
    return Math.max(1, this.limits.failuresFreePerPair - pair.failures);
  }

  private roomOfSite(site: Site): number {
    const used = site.strikes === 0 ? this.limits.failuresFreePerAddressPerMinute - site.failures : this.manyUins - site.uins;
    return Math.max(1, Math.floor(used));
  }

  private get manyUins(): number {
    return Math.ceil(this.limits.failuresFreePerAddressPerMinute / 2);
  }
}

function blank(key: string): Track {
  return { key, failures: 0, lastFailureAt: 0, strikes: 0, notBefore: 0, trying: 0, queue: [] };
}

/** Whether this pair has to wait for its address: see above. */
function isStopped(site: Site, pair: Track): boolean {
  return site.strikes > 0 && (pair.failures > 0 || site.sprayed);
}

function touch<T extends Track>(tracks: Map<string, T>, track: T): void {
  tracks.delete(track.key);
  tracks.set(track.key, track);
}

function forgetIfIdle<T extends Track>(tracks: Map<string, T>, track: T): void {
  if (track.trying === 0 && track.failures === 0 && track.strikes === 0 && tracks.get(track.key) === track) tracks.delete(track.key);
}

function forgetOldest(entries: { keys(): Iterator<string>; delete(key: string): boolean }): void {
  const oldest = entries.keys().next();
  if (oldest.done !== true) entries.delete(oldest.value);
}
