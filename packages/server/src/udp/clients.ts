/**
 * Which program signed on, and what that means for what we send it. From constants in its sign-on, so it decides names and
 * quirks and never rights. @see icq-udp.md §9.2, §13.3, §15.3, §19.1
 */
import type { ClientProfile, DirectInfo, Presence } from '@seekyou/core';
import type { Login, Version } from '@seekyou/wire/udp';
import { statusFromWord } from '../runtime/icq-status.ts';

/** Oddities that handlers and renderers respect. Each has a `COMPAT` comment where it is acted upon. */
export const Quirk = {
  /** Shows the newest message on top: parts of a long one come last part first. */
  newestFirst: 'newest-first',
  /** Numbers the visible list 1 and the invisible one 0, and says "hide address" before "web aware". */
  licqOrder: 'licq-order',
  /** Takes the byte of the separator for one in plain text too, and shows messages of the server with theirs. */
  separatesAll: 'separates-all',
  /** Writes and reads addresses from their last octet to their first. */
  reversedAddresses: 'reversed-addresses',
  /** Takes several packets in one. */
  opensPackets: 'opens-packets',
} as const;

interface KnownClient {
  readonly name: string;
  readonly quirks: ReadonlySet<string>;
}

// Shared by all sessions: twenty thousand of them should not each keep their own.
const NONE: ReadonlySet<string> = new Set();
const NEWEST_FIRST: ReadonlySet<string> = new Set([Quirk.newestFirst]);
const LICQ_ORDER: ReadonlySet<string> = new Set([Quirk.licqOrder, Quirk.opensPackets]);
const MICQ: ReadonlySet<string> = new Set([Quirk.separatesAll, Quirk.reversedAddresses, Quirk.opensPackets]);
const OPENS_PACKETS: ReadonlySet<string> = new Set([Quirk.opensPackets]);

/** What of a sign-on tells programs apart. Version 1 says nothing. */
export type Marks = Pick<Login, 'x1' | 'tail'>;

const MICQ_X2 = 0x822c01ec;
const LICQ_BUILD = 0x7d;
const LICQ_VERSION = 0xffff;
/** "SY", of our own library. */
const OWN_BUILD = 0x5359;
const ICQ_99B_X2 = 0x013f0002;
/** `72 00 04 00`: licq calls itself version 2 of ICQ with these. */
const LICQ_2_X1 = 0x00040072;
/** `7A 00 02 00`. */
const GROUPWARE_X1 = 0x0002007a;

function identify(version: Version, marks: Marks | undefined): KnownClient {
  switch (version) {
    case 1:
      return { name: 'ICQ 1', quirks: NONE };
    case 2:
      return { name: marks?.x1 === LICQ_2_X1 ? 'licq' : 'ICQ 97', quirks: NONE };
    case 3:
      return { name: marks?.x1 === GROUPWARE_X1 ? 'ICQ Groupware' : 'ICQ 98 beta', quirks: NONE };
    case 4:
      return { name: 'ICQ 98a', quirks: NONE };
    case 5:
      return identify5(marks);
    default:
      return version satisfies never;
  }
}

function identify5(marks: Marks | undefined): KnownClient {
  const { x2, build = 0 } = marks?.tail ?? {};
  if (isMicq(marks)) return { name: 'mICQ', quirks: MICQ };
  if (build >>> 24 === LICQ_BUILD) return { name: `licq ${licqVersion(build & LICQ_VERSION)}`, quirks: LICQ_ORDER };
  if (build >>> 16 === OWN_BUILD) return { name: 'seekyou', quirks: OPENS_PACKETS };
  if (x2 === ICQ_99B_X2) return { name: 'ICQ 99b', quirks: NEWEST_FIRST };
  return { name: build === 0 ? 'ICQ 99a' : 'ICQ 99', quirks: NONE };
}

// COMPAT: mICQ 0.4 has licq's number for its own, but leaves out the zero in front.
function isMicq(marks: Marks | undefined): boolean {
  return marks?.tail.x2 === MICQ_X2 && marks.tail.zero === undefined;
}

/** 1004 is 1.0.4, 850 is 0.85.0. */
function licqVersion(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor(version / 10) % 100}.${version % 10}`;
}

export interface ProfileParts {
  readonly version: Version;
  readonly marks: Marks | undefined;
  /** Without one, the country in the user's details says more: see `learnCodepage`. */
  readonly accountCodepage: number | undefined;
  readonly defaultCodepage: number;
}

/** What the renderers go by. Worked out at sign-on. */
export function profileOf({ version, marks, accountCodepage, defaultCodepage }: ProfileParts): ClientProfile {
  const { name, quirks } = identify(version, marks);
  return {
    protocol: 'udp',
    name,
    codepage: accountCodepage ?? defaultCodepage,
    unicode: false,
    html: false,
    serverRoster: false,
    quirks,
  };
}

/** What a sign-on says about its user. */
export function presenceOf({ status, ...login }: Login): Pick<Presence, 'status'> & { readonly direct: DirectInfo } {
  return { status: statusFromWord(status), direct: directOf(login) };
}

const PORT_BITS = 0xffff; // mICQ once sent 0x10000 more
const TCP_VERSION_BITS = 0xffff;

function directOf({ address, port, tcpFlag, tcpVersion, tail, x1 }: Omit<Login, 'status'>): DirectInfo {
  return {
    // COMPAT: mICQ 0.4.11.
    internalAddress: isMicq({ x1, tail }) ? reversed(address) : address,
    port: port & PORT_BITS,
    kind: tcpFlag,
    version: tcpVersion & TCP_VERSION_BITS,
    cookie: 0,
    webPort: tail.webPort ?? 0,
    features: tail.features ?? 0,
    times: [tail.build ?? 0, tail.infoTime ?? 0, tail.statusTime ?? 0],
  };
}

/** An IPv4 address from its last octet to its first. */
export function reversed(address: string): string {
  return address.split('.').toReversed().join('.');
}
