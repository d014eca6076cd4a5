/** What only whoever looks after the network can mend, said in the log in words he can act on. */
import type { Clock, Peer, Uin } from '@seekyou/core';

/** So many accounts from one address, and none from another, look like a relay; a family looks different. */
const ACCOUNTS_MIN = 10;

/**
 * Notices when everybody comes from one address: then a relay or a router hides the clients, and bans, limits and "last seen from" hit
 * all of them at once. Said once.
 */
export class OneAddressHint {
  private readonly warn: (fields: object, message: string) => void;
  private address: string | undefined;
  private accounts: Set<Uin> | undefined = new Set();

  constructor(warn: (fields: object, message: string) => void) {
    this.warn = warn;
  }

  /** Somebody signed on. @param told his address is the word of a relay that is trusted */
  signedOn(uin: Uin, peer: Peer, told: boolean): void {
    if (this.accounts === undefined) return;
    this.address ??= peer.address;
    if (!peer.known || told || peer.address !== this.address) {
      this.accounts = undefined;
      return;
    }
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

export interface UnansweredOptions {
  readonly clock: Clock;
  readonly ports: readonly number[];
  /** Connections accepted so far. */
  readonly accepted: () => number;
  /** The system's table of TCP connections, as in /proc/net/tcp; empty where there is none. */
  readonly table: () => string;
  readonly warn: (fields: object, message: string) => void;
}

const LOOK_MS = 30_000;
const SYN_RECEIVED = '03';

/**
 * Notices connections that begin and are never completed while none is: our answers go another way than the questions came, most often
 * because the default route does not lead through the firewall that forwards to us. Said once. Returns how to end that.
 */
export function watchUnanswered({ clock, ports, accepted, table, warn }: UnansweredOptions): () => void {
  const ours = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0')));
  let before = accepted();
  let looks = 0;
  let cancel = clock.after(LOOK_MS, look);

  function look(): void {
    const now = accepted();
    // The table is only looked at while nobody comes, when it is short.
    looks = now === before && hanging() ? looks + 1 : 0;
    before = now;
    if (looks < 2) {
      cancel = clock.after(LOOK_MS, look);
      return;
    }
    warn(
      { ports },
      'connections begin and are never completed: our answers take another way than the questions. Behind a firewall that forwards with the ' +
        'source kept (DNAT), the default route of this machine must lead back through it; else let it rewrite the source, or use a relay',
    );
  }

  function hanging(): boolean {
    return table()
      .split('\n')
      .some((line) => {
        const [, local, , state] = line.trim().split(/\s+/);
        return state === SYN_RECEIVED && ours.has(local?.split(':').at(-1) ?? '');
      });
  }

  return () => cancel();
}
