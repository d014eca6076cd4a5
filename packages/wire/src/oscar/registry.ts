/** Every declared packet and block by name and number: for dissections, golden packets, generated tests and the coverage table. */
import type { Layout } from '../schema.ts';
import * as administration from './administration.ts';
import * as bart from './bart.ts';
import * as broadcast from './broadcast.ts';
import * as buddy from './buddy.ts';
import * as chat from './chat.ts';
import * as chatNavigation from './chat-navigation.ts';
import * as directory from './directory.ts';
import * as emailAlert from './email-alert.ts';
import * as extended from './extended.ts';
import * as feedbag from './feedbag.ts';
import * as icbm from './icbm.ts';
import * as icqMeta from './icq-meta.ts';
import * as invitation from './invitation.ts';
import * as location from './location.ts';
import * as login from './login.ts';
import * as lookup from './lookup.ts';
import * as oservice from './oservice.ts';
import * as own from './own.ts';
import * as popup from './popup.ts';
import * as privacy from './privacy.ts';
import * as rendezvous from './rendezvous.ts';
import type { SnacDeclaration } from './snac.ts';
import * as statistics from './statistics.ts';
import * as userInfo from './user-info.ts';

/** Modules by the name their files and test data have. */
const MODULES = {
  oservice,
  location,
  buddy,
  icbm,
  rendezvous,
  extended,
  invitation,
  administration,
  popup,
  privacy,
  lookup,
  statistics,
  'chat-navigation': chatNavigation,
  chat,
  directory,
  bart,
  feedbag,
  'icq-meta': icqMeta,
  login,
  'email-alert': emailAlert,
  broadcast,
  own,
  'user-info': userInfo,
} satisfies Record<string, object>;

export interface Registered {
  /** `icbm`: the file, the chapter and the test data are called so. */
  readonly module: string;
  /** `channelMsgToHost`: the export. */
  readonly name: string;
  readonly layout: Layout<unknown>;
  /** Absent for a block that stands inside packets. */
  readonly snac?: SnacDeclaration<unknown>;
  /** Chapter of docs/protocol, where the declaration says it. */
  readonly ref?: string;
}

function registered(module: string, name: string, exported: unknown): Registered | undefined {
  if (typeof exported !== 'object' || exported === null) return undefined;
  if ('read' in exported && 'write' in exported) return { module, name, layout: exported as Layout<unknown> };
  if (!('body' in exported) || !('ref' in exported)) return undefined;
  const { body, ref } = exported as { body: Layout<unknown>; ref: string };
  const entry = { module, name, layout: body, ref };
  return 'family' in exported ? { ...entry, snac: exported as SnacDeclaration<unknown> } : entry;
}

/** Everything declared, by module in the order of the reference, then by name. */
export const REGISTRY: readonly Registered[] = Object.entries(MODULES).flatMap(([module, exports]) =>
  Object.entries(exports).flatMap(([name, exported]) => registered(module, name, exported) ?? []),
);

const byName = new Map(REGISTRY.map((entry) => [`${entry.module} ${entry.name}`, entry]));

/** `findPacket('icbm', 'channelMsgToHost')` */
export function findPacket(module: string, name: string): Registered | undefined {
  return byName.get(`${module} ${name}`);
}

const key = (family: number, subtype: number): number => (family << 16) | subtype;

const byNumber = new Map<number, Registered[]>();
for (const entry of REGISTRY) {
  if (entry.snac === undefined) continue;
  const number = key(entry.snac.family, entry.snac.subtype);
  byNumber.set(number, [...(byNumber.get(number) ?? []), entry]);
}

/** What a SNAC from that side can be; several where a layout depends on what the client announced, the usual one first. */
export function findSnacs(family: number, subtype: number, from: 'client' | 'server'): readonly Registered[] {
  const found = (byNumber.get(key(family, subtype)) ?? []).filter((entry) => entry.snac?.from === from || entry.snac?.from === 'both');
  return found.sort((a, b) => Number(a.name.endsWith('Old')) - Number(b.name.endsWith('Old')));
}
