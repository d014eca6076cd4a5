/** Caps on connections that have not signed on yet, for a network and in all. */
import type { Limits, Peer } from '@seekyou/core';
import { networkOf } from '@seekyou/net';

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
