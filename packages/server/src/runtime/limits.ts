/**
 * Caps on connections that have not signed on yet, for a network and in all; and the limits of this package that nobody has a reason to
 * set. Those somebody may want otherwise are settings: `Limits` of the core.
 */
import type { Limits, Peer } from '@seekyou/core';
import { networkOf } from '@seekyou/net';

/** After the answer to a sign-on, in milliseconds: clients read it and close; who does not is closed. */
export const CLOSE_AFTER_ANSWER_MS = 1_000;

/** For all clients to read that the service stops, in milliseconds; then their connections are closed. Well within `STOP_MS_MAX`. */
export const GOODBYES_MS = 2_000;

/** Lists of family versions that are shared between sessions. There are some dozens of client versions; who makes up more has his own. */
export const KNOWN_VERSIONS_MAX = 256;

/** Unread bytes of a client from which on its requests wait, at least. More than what Node takes without saying that it drained (64 KB). */
export const CONGESTED_BYTES_MIN = 128 * 1024;

/** A place in the count; given back once. */
export interface Place {
  /** The connection signed on, or got its answer: it no longer counts against its network. */
  settled(): void;
  /** The connection is gone. */
  gone(): void;
}

export class ConnectionCaps {
  private readonly limits: Pick<Limits, 'connectionsMax' | 'connectionsPerNetworkMax'>;
  private readonly waiting = new Map<string, number>();
  private total = 0;

  constructor(limits: Pick<Limits, 'connectionsMax' | 'connectionsPerNetworkMax'>) {
    this.limits = limits;
  }

  get connections(): number {
    return this.total;
  }

  /** Nobody behind a relay that hides its clients is counted against the relay's network. */
  enter(peer: Peer): Place | 'full' | 'network-full' {
    if (this.total >= this.limits.connectionsMax) return 'full';
    const network = peer.known ? networkOf(peer.address) : undefined;
    if (network !== undefined) {
      const waiting = this.waiting.get(network) ?? 0;
      if (waiting >= this.limits.connectionsPerNetworkMax) return 'network-full';
      this.waiting.set(network, waiting + 1);
    }
    this.total++;
    return this.placeIn(network);
  }

  private placeIn(network: string | undefined): Place {
    let counted = network !== undefined;
    let here = true;
    const settled = (): void => {
      if (!counted || network === undefined) return;
      counted = false;
      const waiting = (this.waiting.get(network) ?? 1) - 1;
      if (waiting > 0) this.waiting.set(network, waiting);
      else this.waiting.delete(network);
    };
    return {
      settled,
      gone: () => {
        settled();
        if (here) this.total--;
        here = false;
      },
    };
  }
}
