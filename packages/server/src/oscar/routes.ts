/** Which handler answers which SNAC of a signed-on client. */
import type { Snac } from '@seekyou/wire/oscar';
import { routes as administration } from './administration.ts';
import { routes as bart } from './bart.ts';
import { routes as chatNavigation } from './chat-navigation.ts';
import { routes as chat } from './chat.ts';
import { routes as buddy } from './buddy.ts';
import { routes as directory } from './directory.ts';
import { routes as feedbag } from './feedbag.ts';
import { routes as icbm } from './icbm.ts';
import { routes as icqMeta } from './icq-meta.ts';
import { routes as invitation } from './invitation.ts';
import { routes as location } from './location.ts';
import { routes as lookup } from './lookup.ts';
import { routes as oservice, serviceRoutes as oserviceBeside } from './oservice.ts';
import { routes as own } from './own.ts';
import { routes as privacy } from './privacy.ts';
import { routes as statistics } from './statistics.ts';
import type { Route } from './state.ts';

export const ROUTES: readonly Route[] = [
  ...oservice,
  ...location,
  ...buddy,
  ...icbm,
  ...privacy,
  ...feedbag,
  ...icqMeta,
  ...own,
  ...invitation,
  ...lookup,
  ...statistics,
];

/** On connections for one family. */
export const SERVICE_ROUTES: readonly Route[] = [...administration, ...chatNavigation, ...chat, ...directory, ...bart];

const tableOf = (routes: readonly Route[]): ReadonlyMap<number, Route> => new Map(routes.map((route) => [keyOf(route.declaration), route]));

const table = tableOf(ROUTES);
const serviceTable = tableOf(SERVICE_ROUTES);
const commonTable = tableOf(oserviceBeside);

/**
 * `undefined` when nobody answers it on such a connection.
 *
 * @param service 0 on BOS, else the family the connection is for
 */
export function routeOf(snac: Pick<Snac, 'family' | 'subtype'>, service = 0): Route | undefined {
  const key = keyOf(snac);
  if (service === 0) return table.get(key);
  return snac.family === service ? serviceTable.get(key) : commonTable.get(key);
}

function keyOf({ family, subtype }: { readonly family: number; readonly subtype: number }): number {
  return family * 0x10000 + subtype;
}
