/** The address a client is told to connect to next. */
import { type Endpoint, formatEndpoint } from '@seekyou/net';
import { type Advertised, networks } from '../runtime/config.ts';

export interface Arrival {
  /** Where the client is; `undefined` when a relay hides it. */
  readonly client: string | undefined;
  /** What it connected to, as a relay in between says. */
  readonly destination: Endpoint | undefined;
  /** Our end of the connection. */
  readonly local: Endpoint;
}

/**
 * `host:port` for this client, or `undefined` when nothing can be told: a client outside must never get an inside address.
 * In this order: the first entry made for the client; what it connected to according to its relay; the first entry for
 * everybody; our end of the connection, when the client is as near as that address.
 * The port is the one the client came in on, unless the entry says otherwise.
 */
export type AddressFor = (arrival: Arrival) => string | undefined;

export function addressesFrom(entries: readonly Advertised[]): AddressFor {
  const special = entries.filter((entry) => entry.for !== undefined).map((entry) => ({ entry, holds: networks([entry.for as string]) }));
  const general = entries.filter((entry) => entry.for === undefined);
  return ({ client, destination, local }) => {
    const cameInOn = destination?.port ?? local.port;
    const fits = (entry: Advertised): boolean => entry.listen === undefined || entry.listen === local.port;
    const written = (entry: Advertised): string => formatEndpoint(entry.host, entry.port ?? cameInOn);
    const own = client === undefined ? undefined : special.find(({ entry, holds }) => fits(entry) && holds(client));
    if (own !== undefined) return written(own.entry);
    if (destination !== undefined && isSeenFrom(client, destination.address)) return formatEndpoint(destination.address, destination.port);
    const any = general.find(fits);
    if (any !== undefined) return written(any);
    if (client === undefined || scopeOf(client) !== scopeOf(local.address)) return undefined;
    return formatEndpoint(withoutZone(local.address), local.port);
  };
}

type Scope = 'loopback' | 'private' | 'public';

const isLoopback = networks(['127.0.0.0/8', '::1/128']);
// Private networks, links, and the addresses carriers use behind their translators.
const isPrivate = networks(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fe80::/10']);

/** A relay behind another translator was dialled at an inside address, too. */
function isSeenFrom(client: string | undefined, address: string): boolean {
  const outwards: readonly Scope[] = ['loopback', 'private', 'public'];
  return client !== undefined && outwards.indexOf(scopeOf(address)) >= outwards.indexOf(scopeOf(client));
}

/** `%eth0` names an interface of ours; a client has its own name for it. */
function withoutZone(address: string): string {
  return address.split('%')[0] ?? address;
}

function scopeOf(address: string): Scope {
  const plain = withoutZone(address);
  return isLoopback(plain) ? 'loopback' : isPrivate(plain) ? 'private' : 'public';
}
