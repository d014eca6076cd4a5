/** The UDP ports of a service, and the front end behind them. */
import type { Core } from '@seekyou/core';
import { openUdp } from '@seekyou/net';
import type { Counters } from './counters.ts';
import { createUdpFrontEnd } from '../udp/front-end.ts';
import { systemChance } from './chance.ts';
import { systemClock } from './clock.ts';
import { type Config, formatHostPort, networks } from './config.ts';
import type { Log } from './log.ts';

/** A whole site may sign on at once; what the system usually keeps is a fifth of that. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

/**
 * @param opened what is to be closed in the end, in the reverse order of opening
 * @returns the addresses, one for each port
 * @throws ConnectionError
 */
export async function serveUdp(config: Config, core: Core, counters: Counters, log: Log, opened: (() => Promise<void> | void)[]): Promise<readonly string[]> {
  const frontEnd = createUdpFrontEnd({
    core,
    clock: systemClock(),
    chance: systemChance(),
    limits: config.limits,
    settings: {
      clearSignOn: config.clearSignOn,
      oldClients: config.oldClients,
      registration: config.registration,
      defaultCodepage: config.defaultCodepage,
      liftRates: config.limitsProfile === 'bench',
      hidesClients: networks(config.plainRelays),
    },
    log,
    counters,
  });
  const addresses: string[] = [];
  for (const at of config.udp) {
    const port = await openUdp({
      ...at,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
      onDatagram: (bytes, from, through) => frontEnd.take(bytes, from, through),
    });
    opened.push(() => port.close());
    addresses.push(formatHostPort({ host: port.address.address, port: port.address.port }));
  }
  // Clients are told while there is a port to tell them through.
  opened.push(() => frontEnd.stop());
  return addresses;
}
