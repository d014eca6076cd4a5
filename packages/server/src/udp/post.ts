/**
 * What people wrote to one client, on its way into packets: one thing after the other, as the client takes them. A full mailbox may
 * make fifty thousand packets, and nothing overtakes a message that waits because its author is being looked up.
 */
import type { UdpEffect } from './state.ts';

/** Makes the packets of one message. */
export type Written = () => readonly UdpEffect[];

export interface PostHost {
  /** The client can take more. */
  readonly hasRoom: boolean;
  /** Does not throw. Carries out what is made of it, and calls `posted` when all is done: at once, or later. */
  carryOut(written: Written): void;
}

export class Post {
  private readonly host: PostHost;
  private readonly waiting: { readonly written: Written; readonly isLive: boolean }[] = [];
  private live = 0;
  private busy = false;
  /** `go` is at it, further up. */
  private going = false;

  constructor(host: PostHost) {
    this.host = host;
  }

  /** Things that came as they happened, and wait. */
  get liveWaiting(): number {
    return this.live;
  }

  /** @param isLive it was not asked for */
  add(written: Written, isLive: boolean): void {
    this.waiting.push({ written, isLive });
    if (isLive) this.live++;
  }

  /** Goes on, as far as there is room. */
  go(): void {
    if (this.going) return;
    this.going = true;
    while (!this.busy && this.host.hasRoom) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      if (next.isLive) this.live--;
      this.busy = true;
      this.host.carryOut(next.written);
    }
    this.going = false;
  }

  /** What was begun is done. */
  posted(): void {
    this.busy = false;
    this.go();
  }
}
