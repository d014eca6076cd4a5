/** Which handler answers which command of a signed-on client. */
import type { Declaration } from '@seekyou/wire/udp';
import { routes as groupware } from './groupware.ts';
import { routes as info } from './info.ts';
import { routes as keepAlive } from './keep-alive.ts';
import { routes as lists } from './lists.ts';
import { routes as messages } from './messages.ts';
import { routes as meta } from './meta.ts';
import { fragmentRoute, routes as others } from './others.ts';
import { routes as password } from './password.ts';
import { routes as presence } from './presence.ts';
import { routes as randomChat } from './random-chat.ts';
import { routes as search } from './search.ts';
import type { Route } from './state.ts';
import { routes as stored } from './stored.ts';

export const ROUTES: readonly Route[] = [
  ...groupware,
  ...info,
  ...keepAlive,
  ...lists,
  ...messages,
  ...meta,
  ...others,
  ...password,
  ...presence,
  ...randomChat,
  ...search,
  ...stored,
  fragmentRoute(routeOf),
];

const table: ReadonlyMap<Declaration<any>, Route> = new Map(ROUTES.map((route) => [route.declaration, route]));

/** `undefined` when nobody answers it: it is acknowledged, and no more. */
export function routeOf(declaration: Declaration<any>): Route | undefined {
  return table.get(declaration);
}
