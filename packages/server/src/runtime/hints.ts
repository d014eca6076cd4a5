/** What only whoever looks after the network can mend, said in the log in words he can act on. */
import type { Clock, Peer, Uin } from '@seekyou/core';
import { isLoopback } from './config.ts';

/** So many accounts from one address, and none from another, look like a relay; a family looks different. */
const ACCOUNTS_MIN = 10;

/**
 * Notices when everybody comes from one address: then a relay or a router hides the clients, and bans, limits and "last seen from" hit
 * all of them at once. Said once. A sign-on from this machine itself says nothing against it.
 */
export class OneAddressHint {
  private readonly warn: (fields: object, message: string) => void;
  private address = '';
  private accounts: Set<Uin> | undefined = new Set();

  constructor(warn: (fields: object, message: string) => void) {
    this.warn = warn;
  }

  /** Somebody signed on. @param told his address is the word of a relay that is trusted */
  signedOn(uin: Uin, peer: Peer, told: boolean): void {
    if (this.accounts === undefined) return;
    if (!peer.known || told) {
      this.accounts = undefined;
      return;
    }
    const another = this.address !== '' && this.address !== peer.address;
    if (another && !isLoopback(this.address)) {
      // Who tries it out on this very machine comes past every relay.
      if (!isLoopback(peer.address)) this.accounts = undefined;
      return;
    }
    if (another) this.accounts.clear();
    this.address = peer.address;
    this.accounts.add(uin);
    if (this.accounts.size < ACCOUNTS_MIN) return;
    this.accounts = undefined;
    this.warn(
      { address: peer.address },
      `all ${ACCOUNTS_MIN} accounts that signed on come from ${peer.address}: if a relay is there, name it in trust_proxy and let it send PROXY headers, ` +
        'or forward in a way that keeps the source address; if it can do neither, name it in plain_relays',
    );
  }
}

/** What the system of this machine tells about its TCP connections; empty where it tells nothing. */
export interface SystemTables {
  /** As `/proc/net/tcp` and `tcp6`. */
  readonly connections: () => string;
  /** As `/proc/net/snmp` and `netstat`. */
  readonly counters: () => string;
}

export interface UnansweredOptions {
  readonly clock: Clock;
  /** Between two looks; 0: there are none. */
  readonly lookMs: number;
  readonly ports: readonly number[];
  /** Connections accepted so far. */
  readonly accepted: () => number;
  readonly tables: SystemTables;
  readonly warn: (fields: object, message: string) => void;
}

/** In a row. One connection that somebody only began, as scanners do, is in the system's table for 63 s: less than four looks. */
const LOOKS = 4;
const SYN_RECEIVED = '03';

/**
 * Notices connections that begin and are never completed while none is: our answers go another way than the questions came, or nowhere,
 * most often because the default route does not lead through the firewall that forwards to us. Said once. Returns how to end that.
 */
export function watchUnanswered({ clock, lookMs, ports, accepted, tables, warn }: UnansweredOptions): () => void {
  if (lookMs === 0) return () => {};
  const ours = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0')));
  let acceptedBefore = accepted();
  let lostBefore = lost(tables.counters());
  let looks = 0;
  let cancel = clock.after(lookMs, look);

  function look(): void {
    const acceptedNow = accepted();
    const lostNow = lost(tables.counters());
    // The table is only looked at while nobody comes, when it is short.
    const unanswered = acceptedNow === acceptedBefore && (grew(lostBefore, lostNow) || hanging());
    looks = unanswered ? looks + 1 : 0;
    acceptedBefore = acceptedNow;
    lostBefore = lostNow;
    if (looks < LOOKS) {
      cancel = clock.after(lookMs, look);
      return;
    }
    warn(
      { ports },
      'connections begin and are never completed: our answers take another way than the questions, or have none. Behind a firewall that ' +
        'forwards with the source kept (DNAT), the default route of this machine must lead back through it; else let it rewrite the ' +
        'source, or use a relay',
    );
  }

  function hanging(): boolean {
    return tables
      .connections()
      .split('\n')
      .some((line) => {
        const [, local, , state] = line.trim().split(/\s+/);
        return state === SYN_RECEIVED && ours.has(local?.split(':').at(-1) ?? '');
      });
  }

  return () => cancel();
}

/** What the system threw away, and why. */
interface Lost {
  /** Packets to be sent with no route, of anybody. */
  readonly noRoute: number;
  /** Beginnings of connections, of any port. */
  readonly beginnings: number;
  /** Packets that came, whose answer would not go back the same way (`rp_filter`). */
  readonly otherWay: number;
}

/** Each line of numbers follows one of names. */
function lost(counters: string): Lost {
  const lines = counters.split('\n').map((line) => line.split(/\s+/));
  const read = (group: string, name: string): number => {
    const names = lines.findIndex((words) => words[0] === group && words.includes(name));
    return Number(lines[names + 1]?.[lines[names]?.indexOf(name) ?? -1] ?? 0);
  };
  return { noRoute: read('Ip:', 'OutNoRoutes'), beginnings: read('TcpExt:', 'ListenDrops'), otherWay: read('TcpExt:', 'IPReversePathFilter') };
}

/** Without a route a beginning is thrown away, too; each by itself has other reasons. */
function grew(before: Lost, now: Lost): boolean {
  return now.otherWay > before.otherWay || (now.noRoute > before.noRoute && now.beginnings > before.beginnings);
}
