/** Which handler answers which command of a signed-on client. */
import type { Declaration } from '@seekyou/wire/udp';
import { routes as keepAlive } from './keep-alive.ts';
import type { Route } from './state.ts';

export const ROUTES: readonly Route[] = [...keepAlive];

const table: ReadonlyMap<Declaration<any>, Route> = new Map(ROUTES.map((route) => [route.declaration, route]));

/** `undefined` when nobody answers it: it is acknowledged, and no more. */
export function routeOf(declaration: Declaration<any>): Route | undefined {
  return table.get(declaration);
}
