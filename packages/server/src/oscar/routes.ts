/** Which handler answers which SNAC of a signed-on client. */
import type { Snac } from '@seekyou/wire/oscar';
import { routes as buddy } from './buddy.ts';
import { routes as feedbag } from './feedbag.ts';
import { routes as icbm } from './icbm.ts';
import { routes as icqMeta } from './icq-meta.ts';
import { routes as location } from './location.ts';
import { routes as oservice } from './oservice.ts';
import { routes as others } from './others.ts';
import { routes as own } from './own.ts';
import { routes as privacy } from './privacy.ts';
import type { Route } from './state.ts';

export const ROUTES: readonly Route[] = [...oservice, ...location, ...buddy, ...icbm, ...privacy, ...feedbag, ...icqMeta, ...own, ...others];

const table = new Map(ROUTES.map((route) => [keyOf(route.declaration), route]));

/** `undefined` when nobody answers it. */
export function routeOf(snac: Pick<Snac, 'family' | 'subtype'>): Route | undefined {
  return table.get(keyOf(snac));
}

function keyOf({ family, subtype }: { readonly family: number; readonly subtype: number }): number {
  return family * 0x10000 + subtype;
}
