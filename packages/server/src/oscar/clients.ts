/**
 * Which program is at the other end, and what that means for what we send it. From what a client says about itself,
 * so it decides names and quirks and never rights. @see oscar.md §11, §12
 */
import type { ClientProfile, DirectInfo, Presence } from '@seekyou/core';
import { Capability, type login } from '@seekyou/wire/oscar';
import { UTF8 } from '@seekyou/wire/text';
import {
  ANSI_REASONS,
  AUTHORISATION_IN_MESSAGES,
  byFeatures,
  byStamps,
  byVendor,
  client,
  type KnownClient,
  LIBPURPLE,
  LICQ,
  NONE,
  PLAIN_ONLY,
} from './client-signatures.ts';
import type { ClientSoftware } from './state.ts';

/** What the client's sign-on or BOS hello says; both carry the same TLVs. */
export function softwareFrom(tlvs: login.FlapHello['tlvs'] | login.LoginRequest): ClientSoftware {
  return {
    name: printable(tlvs.clientName ?? ''),
    clientId: tlvs.clientId ?? 0,
    version: [tlvs.major ?? 0, tlvs.minor ?? 0, tlvs.lesser ?? 0, tlvs.build ?? 0],
    distribution: tlvs.distribution ?? 0,
    language: printable(tlvs.language ?? '').toLowerCase(),
    country: printable(tlvs.country ?? '').toLowerCase(),
  };
}

const NAME_LENGTH_MAX = 64;

/** Fit for a log line. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '').slice(0, NAME_LENGTH_MAX);
}

// ---------------------------------------------------------------- who it is

/** Ours; see docs/protocol/own.md. By its name too, because whom a sign-on ends is decided before capabilities come. */
const OWN = client('seekyou');

const ICQ = 0x010a;
const LICQ_ID = 0x010b;
const AIM_IDS: readonly number[] = [0x0109, 0x0004, 0x1d09];

/** Programs whose sign-on gives them away though they call themselves ICQ or AIM (oscar.md §2.1). */
function bySignOn({ name, clientId, version: [major, minor, , build], distribution }: ClientSoftware): KnownClient | undefined {
  if (clientId === LICQ_ID) return LICQ;
  if (name.startsWith('Purple/')) return LIBPURPLE;
  // COMPAT: climm calls itself 2003b build 3728 in words and 3828 in the build field.
  if (clientId === ICQ && name.includes('2003b') && build === 3828) return client('climm', ANSI_REASONS);
  if (clientId === ICQ && distribution === 30_007) return client('libicq2000', ANSI_REASONS);
  if (clientId === ICQ && major === 0x14 && minor === 0x34) return client('Miranda IM');
  if (isBitlbee({ clientId, version: [major, minor, 0, build] })) return BITLBEE;
  return undefined;
}

// COMPAT: bitlbee 3.5.1 hands 8-bit text to and from its IRC client as it is; it has no code page but UTF-8.
const BITLBEE: KnownClient = { ...client('BitlBee', AUTHORISATION_IN_MESSAGES), alwaysCodepage: UTF8, unicode: true };

// COMPAT: bitlbee signs on as AIM 5.1.3036; unlike AIM it writes plain text.
function isBitlbee({ clientId, version: [major, minor, , build] }: Pick<ClientSoftware, 'clientId' | 'version'>): boolean {
  return clientId === 0x0109 && major === 5 && minor === 1 && build === 3036;
}

/** `ICQ Inc. - Product of ICQ (TM).2000b.4.65.1.3281.85` */
function byItsOwnName({ name, clientId }: ClientSoftware): KnownClient {
  const release = /ICQ \(TM\)\.(\w+)\./.exec(name)?.[1];
  if (release !== undefined) return client(`ICQ ${release}`, /^200[0-2]|^2003a/.test(release) ? ANSI_REASONS : NONE);
  if (AIM_IDS.includes(clientId)) return { ...client(name === '' ? 'AIM' : name, PLAIN_ONLY), html: true };
  return client(name === '' ? 'unknown' : name);
}

function identify(software: ClientSoftware, capabilities: readonly string[], direct: DirectInfo | undefined): KnownClient {
  if (software.name === OWN.name || capabilities.includes(Capability.seekyou)) return OWN;
  return (
    byVendor(capabilities) ??
    (direct === undefined ? undefined : byStamps(direct.times)) ??
    bySignOn(software) ??
    byFeatures(capabilities, direct?.version ?? 0) ??
    byItsOwnName(software)
  );
}

// ---------------------------------------------------------------- profile

/** Code pages of Windows in a language, for people whose client says which. */
const LANGUAGES: ReadonlyMap<string, number> = new Map([
  ...['ru', 'uk', 'be', 'bg', 'sr', 'mk'].map((language) => [language, 1251] as const),
  ...['pl', 'cs', 'sk', 'hu', 'sl', 'hr', 'ro'].map((language) => [language, 1250] as const),
  ...['lt', 'lv', 'et'].map((language) => [language, 1257] as const),
  ['el', 1253],
  ['tr', 1254],
  ['he', 1255],
  ['ar', 1256],
  ['th', 874],
  ['ja', 932],
  ['zh', 936],
  ['ko', 949],
]);

export interface ProfileParts {
  readonly software: ClientSoftware;
  readonly presence: Pick<Presence, 'capabilities' | 'direct'>;
  readonly serverRoster: boolean;
  /** The account's own setting goes before everything the client says. */
  readonly accountCodepage: number | undefined;
  readonly defaultCodepage: number;
}

/** What the renderers go by. Worked out at sign-on, and again when the client has said more about itself. */
export function profileOf({ software, presence, serverRoster, accountCodepage, defaultCodepage }: ProfileParts): ClientProfile {
  const known = identify(software, presence.capabilities, presence.direct);
  return {
    protocol: known === OWN ? 'own' : 'oscar',
    name: known.name,
    codepage: known.alwaysCodepage ?? accountCodepage ?? known.codepage ?? LANGUAGES.get(software.language) ?? defaultCodepage,
    unicode: known.unicode === true || presence.capabilities.includes(Capability.utf8),
    html: known.html === true,
    serverRoster,
    quirks: known.quirks,
  };
}
