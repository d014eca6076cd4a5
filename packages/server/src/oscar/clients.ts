/**
 * Which program is at the other end, and what that means for what we send it. From what a client says about itself,
 * so it decides names and quirks and never rights. @see oscar.md §11, §12
 */
import type { ClientProfile, DirectInfo, Presence } from '@seekyou/core';
import { Capability, type login } from '@seekyou/wire/oscar';
import { UTF8 } from '@seekyou/wire/text';
import type { ClientSoftware } from './state.ts';

/** Oddities renderers respect. Each has a `COMPAT` comment where it is acted upon. */
export type Quirk =
  /** ICQ 5 drops an authorisation request with more than one full stop. */
  | 'one-full-stop'
  /** Reads the reasons of family 13 in its own code page, not in UTF-8. */
  | 'ansi-reasons'
  /** Knows plain messages alone: AIM has no typed ones. */
  | 'plain-only'
  /** Keeps its roster here and yet hears of authorisation by channel 4 alone. */
  | 'authorisation-in-messages';

interface KnownClient {
  readonly name: string;
  readonly quirks: ReadonlySet<string>;
  /** Code page of the people a program is made for. */
  readonly codepage?: number;
  /** What its bytes are, whatever the account says: UTF-8, for programs that have no code page. */
  readonly alwaysCodepage?: number;
  /** Reads UCS-2 though it does not announce it. */
  readonly unicode?: boolean;
  /** Writes and reads plain messages as HTML. */
  readonly html?: boolean;
}

// The sets are shared by all sessions: ten thousand of them should not each keep their own.
const NONE: ReadonlySet<Quirk> = new Set();
const ANSI_REASONS: ReadonlySet<Quirk> = new Set(['ansi-reasons']);
const ONE_FULL_STOP: ReadonlySet<Quirk> = new Set(['one-full-stop']);
const PLAIN_ONLY: ReadonlySet<Quirk> = new Set(['plain-only']);
const AUTHORISATION_IN_MESSAGES: ReadonlySet<Quirk> = new Set(['authorisation-in-messages']);

const CYRILLIC = 1251;

function client(name: string, quirks: ReadonlySet<Quirk> = NONE, codepage?: number): KnownClient {
  return codepage === undefined ? { name, quirks } : { name, quirks, codepage };
}

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

// ---------------------------------------------------------------- signatures

// COMPAT: Licq, Jimm and bitlbee convert UCS-2 (oscar.md §6.3, §12) and do not announce that they read Unicode.
const LICQ_PROGRAM: KnownClient = { ...client('Licq', ANSI_REASONS), unicode: true };

const hex = (text: string): string => Array.from(text, (char) => char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')).join('');

/** Capabilities that are a program's name, by their first bytes (icq-tables.json, `capabilitySignatures`). */
const VENDORS: readonly (readonly [prefix: string, known: KnownClient])[] = [
  [hex('MirandaM'), client('Miranda IM')],
  [hex('MirandaN'), client('Miranda NG')],
  [hex('icqj'), client('Miranda IM')],
  [hex('sinj'), client('Miranda IM')],
  [hex('icqp'), client('Miranda IM')],
  [hex('SIM client  '), client('SIM')],
  [hex('Licq client '), LICQ_PROGRAM],
  [hex('Kopete ICQ  '), client('Kopete')],
  [hex('climm\u00a9 R.K. '), client('climm', ANSI_REASONS)],
  [hex('mICQ \u00a9 R.K. '), client('mICQ', ANSI_REASONS)],
  [hex('&RQinside'), client('&RQ', NONE, CYRILLIC)],
  [hex('R&Qinside'), client('R&Q', NONE, CYRILLIC)],
  [hex('Jimm '), { ...client('Jimm', NONE, CYRILLIC), unicode: true }],
  [hex('D[i]Chat '), client('D[i]Chat', NONE, CYRILLIC)],
  [hex('qutim'), client('qutIM', NONE, CYRILLIC)],
  [hex('bayanICQ'), client('bayanICQ', NONE, CYRILLIC)],
  [hex('digsby'), client('Digsby')],
  ['563FC8090B6F4151495020323030', client('QIP 2005a', NONE, CYRILLIC)],
  ['7C737502C3BE4F3EA69F015313431E1A', client('QIP Infium', NONE, CYRILLIC)],
  ['7A7B7C7D7E7F0A030B040153', client('QIP 2010', NONE, CYRILLIC)],
  ['7F7F7C7D7E7F0A030B040153', client('QIP 2012', NONE, CYRILLIC)],
];

/** First of the three times of the DC block (icq-tables.json, `dcTimestampSignatures`). */
const TIME_STAMPS: ReadonlyMap<number, KnownClient> = new Map([
  [0xffffff42, client('climm', ANSI_REASONS)],
  [0xffffff7f, client('&RQ', NONE, CYRILLIC)],
  [0xfffff666, client('R&Q', NONE, CYRILLIC)],
  [0x3aa773ee, client('libicq2000', ANSI_REASONS)],
  [0x3b75ac09, client('Trillian')],
  [0xffffffab, client('YSM', ANSI_REASONS)],
  [0x04031980, client('vICQ', ANSI_REASONS)],
]);

/** Ours; see docs/protocol/own.md. By its name too, because whom a sign-on ends is decided before capabilities come. */
const OWN = client('seekyou');

const ICQ = 0x010a;
const LICQ = 0x010b;
const AIM_IDS: readonly number[] = [0x0109, 0x0004, 0x1d09];

/** Programs whose sign-on gives them away though they call themselves ICQ or AIM (oscar.md §2.1). */
function bySignOn({ name, clientId, version: [major, minor, , build], distribution }: ClientSoftware): KnownClient | undefined {
  if (clientId === LICQ) return LICQ_PROGRAM;
  // COMPAT: libpurple 2.x wraps every message to an ICQ user in <HTML><BODY>, and takes what it gets for HTML.
  if (name.startsWith('Purple/')) return { ...client('libpurple'), html: true };
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

/** ICQ itself, by the version of its direct connections and what it can (oscar.md §11). */
function byFeatures(capabilities: readonly string[], dcVersion: number): KnownClient | undefined {
  const can = (capability: string): boolean => capabilities.includes(capability);
  if (dcVersion === 7 && can(Capability.serverRelay)) return client('ICQ 2000', ANSI_REASONS);
  if (dcVersion === 8 && can(Capability.icq2001)) return client('ICQ 2001', ANSI_REASONS);
  if (dcVersion === 8 && (can(Capability.icq2002Marker) || can(Capability.icq2002PluginMarker))) return client('ICQ 2002', ANSI_REASONS);
  if (dcVersion === 8 && can(Capability.rtf) && can(Capability.utf8)) return client('ICQ 2003a', ANSI_REASONS);
  if (dcVersion === 10) return client('ICQ 2003b');
  if (dcVersion !== 9 || !can(Capability.xtraz)) return undefined;
  if (!can(Capability.fileTransfer)) return client('ICQ Lite 4');
  if (can(Capability.html) && can(Capability.liveVideo)) return client('ICQ 6');
  return client(can(Capability.tZers) ? 'ICQ 5.1' : 'ICQ 5', ONE_FULL_STOP);
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
  const vendor = VENDORS.find(([prefix]) => capabilities.some((capability) => capability.startsWith(prefix)))?.[1];
  return (
    vendor ??
    (direct === undefined ? undefined : TIME_STAMPS.get(direct.times[0])) ??
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
