/** The TCP ports of a service: one front door for all of them, and who stands behind it. */
import { existsSync, readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { Clock, Core } from '@seekyou/core';
import { createFrontDoor, DOOR_EVENTS, type FrontDoor, type TcpListener, type Visit } from '@seekyou/net';
import type { Counters } from './counters.ts';
import type { PageFacts } from '../http/page.ts';
import { createPublicHttp } from '../http/public-http.ts';
import { addressesFrom } from '../oscar/advertise.ts';
import type { OscarFrontEnd } from '../oscar/front-end.ts';
import { type CertificateFiles, loadIdentity, ownNames, type ServerIdentity, watchIdentity } from './certificate.ts';
import { type Config, formatHostPort, isLoopback, networks, takesUdp } from './config.ts';
import type { DataFiles } from './data-directory.ts';
import { type SystemTables, watchUnanswered } from './hints.ts';
import { ConnectionCaps } from './limits.ts';
import type { Log } from './log.ts';

/** A relay says for whom it connects in its first packet. */
const PROXY_HEADER_MS = 3_000;
const GREET_MS = 20;
/** There, others than ICQ clients come, over longer lines. */
const GREET_HTTPS_MS = 1_000;
/**
 * Where somebody encrypts: a busy machine may take so long from connecting to its first words. And inside TLS 1.2 they are a round trip
 * behind the end of the handshake.
 */
const GREET_ENCRYPTING_MS = 250;
const HTTPS_PORT = 443;

export interface ListenerParts {
  readonly config: Config;
  readonly files: DataFiles;
  readonly core: Core;
  readonly frontEnd: OscarFrontEnd;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** The server has another key than before, or its first. */
  readonly newKey: (fingerprint: string) => void;
  /** Where the programs of 1996 to 1999 connect. */
  readonly udpPort: () => number | undefined;
}

export interface Listeners {
  /** `127.0.0.1:5190`, one for each listener. */
  readonly addresses: readonly string[];
  /** Of the key clients are shown now. */
  readonly fingerprint: () => string;
}

/**
 * @param opened what is to be closed in the end, in the reverse order of opening
 * @throws CertificateError, ConnectionError
 */
export async function openListeners(parts: ListenerParts, opened: (() => Promise<void> | void)[]): Promise<Listeners> {
  const { config, files, clock, log } = parts;
  const certificate: CertificateFiles = config.tls === undefined ? { key: files.tlsKey, cert: files.tlsCert, given: false } : { ...config.tls, given: true };
  const advertised = config.advertise.map(({ host }) => host);
  const { identity, newKey } = await loadIdentity(certificate, ownNames(advertised), clock.now());
  if (newKey) parts.newKey(identity.fingerprint);
  let shown = identity;
  const http = await createPublicHttp({
    limits: config.limits,
    counters: parts.counters,
    facts: factsFor(parts, () => shown),
    admits: (peer) => parts.core.admits(peer),
    onFlap: (transport) => parts.frontEnd.accept(transport),
  });
  opened.push(() => http.close());
  const door = openDoor(parts, identity, (socket, visit) => http.accept(socket, visit));
  opened.push(() => door.close());
  const dismissBanned = (): void => {
    door.dismissBanned();
    http.dismissBanned();
  };
  opened.push(parts.core.whenBanned(dismissBanned));
  const changed = (next: ServerIdentity): void => {
    door.useIdentity(next);
    log.info({ fingerprint: next.fingerprint }, next.fingerprint === shown.fingerprint ? 'the certificate was renewed' : 'the server has a new key');
    if (next.fingerprint !== shown.fingerprint) parts.newKey(next.fingerprint);
    shown = next;
  };
  const refused = (error: Error): void => log.error({ problem: error.message }, 'the new certificate and key cannot be used; the old ones stay');
  opened.push(watchIdentity({ files: certificate, clock, changed, refused }));
  const listeners: TcpListener[] = [];
  for (const at of config.listen) {
    const listener = await door.listen(at);
    listeners.push(listener);
    opened.push(() => listener.close());
  }
  const ports = listeners.map((listener) => listener.address.port);
  const accepted = (): number => parts.counters['door_connections'] ?? 0;
  const warn = (fields: object, message: string): void => log.warn(fields, message);
  opened.push(watchUnanswered({ clock, lookMs: config.limits.routeLookMs, ports, accepted, tables: THIS_MACHINE, warn }));
  return { addresses: listeners.map((listener) => formatHostPort(listener.address)), fingerprint: () => shown.fingerprint };
}

/** Where the system has tables to read. */
const readAll = (...files: readonly string[]): string => files.map((file) => (existsSync(file) ? readFileSync(file, 'latin1') : '')).join('');
const THIS_MACHINE: SystemTables = {
  connections: () => readAll('/proc/net/tcp', '/proc/net/tcp6'),
  counters: () => readAll('/proc/net/snmp', '/proc/net/netstat'),
};

function openDoor(
  { config, core, frontEnd, clock, counters }: ListenerParts,
  identity: ServerIdentity,
  onHttp: (socket: Duplex, visit: Visit) => void,
): FrontDoor {
  for (const event of Object.keys(DOOR_EVENTS)) counters[event] ??= 0;
  const caps = new ConnectionCaps(config.limits);
  const hidesClients = networks(config.plainRelays);
  return createFrontDoor(
    {
      limits: {
        sendQueueBytesMax: config.limits.sendQueueBytesMax,
        firstBytesMs: config.limits.firstBytesMs,
        handshakeMs: config.limits.firstBytesMs,
        proxyHeaderMs: PROXY_HEADER_MS,
      },
      clock,
      isRelay: networks(config.trustProxy),
      greetMs: (port, address, secure) => {
        const ms = config.greetMs ?? (port === HTTPS_PORT ? GREET_HTTPS_MS : GREET_MS);
        return secure || frontEnd.encryptsLately(address) ? Math.max(ms, GREET_ENCRYPTING_MS) : ms;
      },
      admits: (address) => core.admits({ address }),
      enters: (address) => {
        const place = caps.enter({ address, port: 0, known: !hidesClients(address) });
        return typeof place === 'string' ? undefined : () => place.gone();
      },
      greetsAtOnce: (address) => frontEnd.greetsAtOnce(address),
      count: (event) => {
        counters[event] = (counters[event] ?? 0) + 1;
      },
      onFlap: (transport) => {
        if (transport.secure) frontEnd.encrypts(transport.peer.address);
        frontEnd.accept(transport);
      },
      onHttp: (socket, visit) => {
        const { peer, secure } = visit;
        if (secure) frontEnd.encrypts(peer.address);
        onHttp(socket, hidesClients(peer.address) ? { ...visit, peer: { ...peer, known: false } } : visit);
      },
    },
    identity,
  );
}

/** An entry that sends who came in on one port back to his own machine. @see docs/operating.md */
function tunnelOf(advertise: Config['advertise']): PageFacts['tunnel'] {
  const entry = advertise.find(({ host, listen }) => isLoopback(host) && listen !== undefined);
  return entry?.listen === undefined ? undefined : { ours: entry.listen, theirs: entry.port ?? entry.listen };
}

/** What the page says to somebody, who is told the same address as a client in his place. */
function factsFor({ config, udpPort }: ListenerParts, identity: () => ServerIdentity): (visit: Visit) => PageFacts {
  const addressFrom = addressesFrom(config.advertise);
  return ({ peer, local, destination }) => ({
    address: addressFrom({ client: peer.known ? peer.address : undefined, destination, local }),
    udpPort: takesUdp(config) ? udpPort() : undefined,
    fingerprint: identity().fingerprint,
    registration: config.registration === 'open',
    clear: config.oldClients === 'off' ? 'none' : config.clearSignOn,
    tunnel: tunnelOf(config.advertise),
  });
}
