/**
 * A network of datagrams in memory, as good or as bad as one likes: it loses, repeats and reorders by chance, delays, and may
 * have address translators that forget. Repeatable from the chance and the clock that are given to it.
 */
import { formatEndpoint } from '../address.ts';
import type { Endpoint } from '../transport.ts';
import type { DatagramOptions, DatagramPort } from '../udp.ts';

/** The part of a clock that is needed here; the core's fits. */
export interface VirtualClock {
  now(): number;
  after(ms: number, run: () => void): () => void;
}

export interface Line {
  /** Share of the datagrams that do not arrive, 0 to 1. */
  readonly loss?: number;
  /** Share of those that arrive that do so twice. */
  readonly duplication?: number;
  /** How long each is on its way, evenly between the two: what comes later may overtake. */
  readonly delayMs?: readonly [least: number, most: number];
}

/** Between a client and the network, in the manner of most home routers. */
export interface Translator {
  /** What the network sees as the source; makes or refreshes a mapping. */
  outgoing(source: Endpoint, target: Endpoint, now: number): Endpoint;
  /** Whom behind it a datagram is for; `undefined`: nobody, it is dropped. */
  incoming(source: Endpoint, target: Endpoint, now: number): Endpoint | undefined;
  readonly address: string;
}

export interface OpenVirtual extends Pick<DatagramOptions, 'onDatagram'> {
  readonly at: Endpoint;
  readonly behind?: Translator;
}

export class VirtualNetwork {
  line: Line;
  /** Datagrams that were sent, and that arrived, copies included. */
  sent = 0;
  arrived = 0;
  private readonly clock: VirtualClock;
  private readonly chance: () => number;
  private readonly ports = new Map<string, OpenPort>();
  private readonly translators = new Map<string, Translator>();

  constructor(clock: VirtualClock, chance: () => number, line: Line = {}) {
    this.clock = clock;
    this.chance = chance;
    this.line = line;
  }

  open({ at, behind, onDatagram }: OpenVirtual): DatagramPort {
    const key = formatEndpoint(at.address, at.port);
    if (this.ports.has(key)) throw new Error(`${key} is open already`);
    if (behind !== undefined) this.translators.set(behind.address, behind);
    const port: DatagramPort = {
      address: at,
      send: (bytes, to) => this.send(bytes, behind === undefined ? at : behind.outgoing(at, to, this.clock.now()), to),
      close: () => {
        this.ports.delete(key);
        return Promise.resolve();
      },
    };
    this.ports.set(key, { onDatagram, port });
    return port;
  }

  /** A datagram from any source, true or not. */
  send(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    this.sent++;
    const { loss = 0, duplication = 0, delayMs = [0, 0] } = this.line;
    if (this.chance() < loss) return;
    const copies = this.chance() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const data = bytes.slice();
      this.clock.after(delayMs[0] + this.chance() * (delayMs[1] - delayMs[0]), () => this.deliver(data, from, to));
    }
  }

  private deliver(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    const inside = this.translators.get(to.address);
    const target = inside === undefined ? to : inside.incoming(from, to, this.clock.now());
    const open = target === undefined ? undefined : this.ports.get(formatEndpoint(target.address, target.port));
    if (open === undefined) return;
    this.arrived++;
    open.onDatagram(bytes, from, open.port);
  }
}

interface OpenPort {
  readonly onDatagram: DatagramOptions['onDatagram'];
  readonly port: DatagramPort;
}

const FIRST_PORT = 20_000;

/** Maps each inside endpoint and target to a port of its own, lets in only what that target answers, and forgets what was silent. */
export function forgetfulTranslator(address: string, forgetMs: number): Translator {
  const mappings = new Map<string, { readonly source: Endpoint; readonly target: Endpoint; readonly port: number; usedAt: number }>();
  let nextPort = FIRST_PORT;
  return {
    address,
    outgoing(source, target, now) {
      const key = `${formatEndpoint(source.address, source.port)} ${formatEndpoint(target.address, target.port)}`;
      const known = mappings.get(key);
      if (known !== undefined && now - known.usedAt < forgetMs) {
        known.usedAt = now;
        return { address, port: known.port };
      }
      const port = nextPort++;
      mappings.set(key, { source, target, port, usedAt: now });
      return { address, port };
    },
    incoming(source, target, now) {
      for (const mapping of mappings.values()) {
        const fits = mapping.port === target.port && mapping.target.address === source.address && mapping.target.port === source.port;
        if (fits) return now - mapping.usedAt < forgetMs ? mapping.source : undefined;
      }
      return undefined;
    },
  };
}
