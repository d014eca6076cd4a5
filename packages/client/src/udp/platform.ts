/** What a UDP client needs of where it runs. */
import { lookup } from 'node:dns/promises';
import { type DatagramOptions, type DatagramPort, openUdp } from '@seekyou/net';
import type { Chance } from '@seekyou/wire';
import type { Timers } from '../connection.ts';
import { nodePlatform } from '../node.ts';

export interface UdpPlatform {
  /** A port of its own. */
  readonly openPort: (onDatagram: DatagramOptions['onDatagram']) => Promise<DatagramPort>;
  /** The address behind a name. */
  readonly resolve: (host: string) => Promise<string>;
  readonly timers: Timers;
  readonly chance: Chance;
}

const WORD = 0x100000000;

export function nodeUdpPlatform(): UdpPlatform {
  const { timers, random } = nodePlatform();
  return {
    openPort: (onDatagram) => openUdp({ port: 0, onDatagram }),
    resolve: async (host) => (await lookup(host)).address,
    timers,
    chance: () => new DataView(Uint8Array.from(random(4)).buffer).getUint32(0) / WORD,
  };
}
