/**
 * How programs give themselves away: by capabilities that are their names, by times in the DC block that are no times, by what
 * they can. From icq-tables.json; nobody's rights depend on it. @see oscar.md §11, §12
 */
import { Capability } from '@seekyou/wire/oscar';

/** Oddities renderers respect. Each has a `COMPAT` comment where it is acted upon. */
export type Quirk =
  /** ICQ 5 drops an authorisation request with more than one full stop. */
  | 'one-full-stop'
  /** Reads the reasons of family 13 in its own code page, not in UTF-8. */
  | 'ansi-reasons'
  /** Knows plain messages alone: AIM has no typed ones. */
  | 'plain-only'
  /** Keeps its roster here and yet hears of authorisation by channel 4 alone. */
  | 'authorisation-in-messages'
  /** Announces channel 2 and cannot read it: Trillian 3. */
  | 'no-relay';

export interface KnownClient {
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
export const NONE: ReadonlySet<Quirk> = new Set();
export const ANSI_REASONS: ReadonlySet<Quirk> = new Set(['ansi-reasons']);
export const ONE_FULL_STOP: ReadonlySet<Quirk> = new Set(['one-full-stop']);
export const PLAIN_ONLY: ReadonlySet<Quirk> = new Set(['plain-only']);
export const AUTHORISATION_IN_MESSAGES: ReadonlySet<Quirk> = new Set(['authorisation-in-messages']);
const NO_RELAY: ReadonlySet<Quirk> = new Set(['no-relay']);

const CYRILLIC = 1251;

export function client(name: string, quirks: ReadonlySet<Quirk> = NONE, codepage?: number): KnownClient {
  return codepage === undefined ? { name, quirks } : { name, quirks, codepage };
}

// COMPAT: Licq, Jimm and bitlbee convert UCS-2 (oscar.md §6.3, §12) and do not announce that they read Unicode.
export const LICQ: KnownClient = { ...client('Licq', ANSI_REASONS), unicode: true };
const JIMM: KnownClient = { ...client('Jimm', NONE, CYRILLIC), unicode: true };
// COMPAT: libpurple 2.x wraps every message to an ICQ user in <HTML><BODY>, and takes what it gets for HTML.
export const LIBPURPLE: KnownClient = { ...client('libpurple'), html: true };

// ---------------------------------------------------------------- capabilities that are names

const hex = (text: string): string => Array.from(text, (char) => char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')).join('');

/** By their first bytes (icq-tables.json, `capabilitySignatures`). */
const VENDORS: readonly (readonly [prefix: string, known: KnownClient])[] = [
  [hex('MirandaM'), client('Miranda IM')],
  [hex('MirandaN'), client('Miranda NG')],
  [hex('MirandaA'), client('Miranda IM')],
  [hex('icqj'), client('Miranda IM')],
  [hex('sinj'), client('Miranda IM')],
  [hex('icqp'), client('Miranda IM')],
  [hex('SIM client  '), client('SIM')],
  [hex('Licq client '), LICQ],
  [hex('Kopete ICQ  '), client('Kopete')],
  [hex('climm\u00a9 R.K. '), client('climm', ANSI_REASONS)],
  [hex('mICQ \u00a9 R.K. '), client('mICQ', ANSI_REASONS)],
  [hex('&RQinside'), client('&RQ', NONE, CYRILLIC)],
  [hex('R&Qinside'), client('R&Q', NONE, CYRILLIC)],
  [hex('Jimm '), JIMM],
  [hex('mChat icq '), client('mChat', NONE, CYRILLIC)],
  [hex('IMadering Client'), client('IMadering', NONE, CYRILLIC)],
  [hex('CORE Pager'), client('CORE Pager', NONE, CYRILLIC)],
  [hex('D[i]Chat '), client('D[i]Chat', NONE, CYRILLIC)],
  [hex('VmICQ '), client('VmICQ', NONE, CYRILLIC)],
  [hex('Smaper '), client('SmapeR', NONE, CYRILLIC)],
  [hex('JICQ'), client('Palm JICQ')],
  [hex('Yapp'), client('Yapp!')],
  [hex('MIP Client v'), client('MIP', NONE, CYRILLIC)],
  [hex('PIGEON!'), client('PIGEON!', NONE, CYRILLIC)],
  [hex('digsby'), client('Digsby')],
  [hex('japp\u00a9 by Sergo'), client('japp', NONE, CYRILLIC)],
  [hex('qutim'), client('qutIM', NONE, CYRILLIC)],
  [hex('bayanICQ'), client('bayanICQ', NONE, CYRILLIC)],
  [hex('JIT '), client('Jabber ICQ transport')],
  [hex('IcqKid2'), client('IcqKid2', NONE, CYRILLIC)],
  [hex('WebIcqPro '), client('WebIcqPro')],
  [hex('Jasmine ver\u00ff'), client('Jasmine', NONE, CYRILLIC)],
  [hex('J2ME m@agent'), client('Mail.ru Agent', NONE, CYRILLIC)],
  ['563FC8090B6F4151495020323030', client('QIP 2005a', NONE, CYRILLIC)],
  ['563FC8090B6F41514950202020202021', client('QIP PDA', NONE, CYRILLIC)],
  ['51ADD1907204473DA1A149F4A397A41F', client('QIP PDA', NONE, CYRILLIC)],
  ['60DE5C8ADF8C4E1DA4C8BC3BD9794DD8', client('QIP Mobile', NONE, CYRILLIC)],
  ['B08262F67F7C4561ADC11C6D75705EC5', client('QIP Mobile', NONE, CYRILLIC)],
  ['7C737502C3BE4F3EA69F015313431E1A', client('QIP Infium', NONE, CYRILLIC)],
  ['7A7B7C7D7E7F0A030B040153', client('QIP 2010', NONE, CYRILLIC)],
  ['7F7F7C7D7E7F0A030B040153', client('QIP 2012', NONE, CYRILLIC)],
  ['A7E40A96B3A0479AB845C9E467C56B1F', client('uIM')],
  ['44E5BFCEB096E547BD65EFD6A37E3602', client('Anastasia')],
  ['09191982DEADBEEFCAFE444553540000', client('Citron IM')],
];

export function byVendor(capabilities: readonly string[]): KnownClient | undefined {
  return VENDORS.find(([prefix]) => capabilities.some((capability) => capability.startsWith(prefix)))?.[1];
}

// ---------------------------------------------------------------- times that are none

/** First of the three times of the DC block (icq-tables.json, `dcTimestampSignatures`). */
const STAMPS: ReadonlyMap<number, KnownClient> = new Map([
  [0x7fffffff, client('Miranda IM')],
  [0xffffff8f, client('StrICQ')],
  [0xffffff42, client('climm', ANSI_REASONS)],
  [0xffffffbe, client('Alicq')],
  [0xffffff7f, client('&RQ', NONE, CYRILLIC)],
  [0xfffff666, client('R&Q', NONE, CYRILLIC)],
  [0xffffffab, client('YSM', ANSI_REASONS)],
  [0x04031980, client('vICQ', ANSI_REASONS)],
  [0x3aa773ee, client('libicq2000', ANSI_REASONS)],
  // COMPAT: Trillian 3 cannot read channel 2 (oscar.md §12).
  [0x3b75ac09, client('Trillian', NO_RELAY)],
  [0x3ba8dbaf, client('stICQ', NONE, CYRILLIC)],
  [0xfffffffe, JIMM],
  [0x3ff19beb, client('IM2')],
  [0xddddeeff, client('SmartICQ')],
  [0x3b4c4c0c, client('KXicq2')],
  [0x66666666, client('D[i]Chat', NONE, CYRILLIC)],
]);

const ALL_ONES = 0xffffffff;

export function byStamps([first, second]: readonly [number, number, number]): KnownClient | undefined {
  // Miranda says its version in the second, Gaim says nothing.
  if (first === ALL_ONES) return client(second === ALL_ONES ? 'Gaim' : 'Miranda IM');
  // Licq says its version in the lower half, and whether it has SSL above it.
  if (first >>> 16 === 0x7d00 || first >>> 16 === 0x7d80) return LICQ;
  if (first >>> 4 === 0x494d2b0) return client('IM+');
  return STAMPS.get(first);
}

// ---------------------------------------------------------------- what they can

interface Features {
  readonly dcVersion: number;
  readonly can: readonly string[];
  readonly known: KnownClient;
}

/** ICQ itself and those who look like it, by the version of their direct connections (oscar.md §11). The first that fits counts. */
const FEATURES: readonly Features[] = [
  { dcVersion: 7, can: [Capability.serverRelay], known: client('ICQ 2000', ANSI_REASONS) },
  { dcVersion: 7, can: [Capability.utf8, Capability.typing], known: client('ICQ2Go') },
  {
    dcVersion: 8,
    can: [Capability.serverRelay, Capability.utf8, Capability.typing, Capability.xtraz, Capability.chatRooms, Capability.html],
    known: LIBPURPLE,
  },
  { dcVersion: 8, can: [Capability.icq2001], known: client('ICQ 2001', ANSI_REASONS) },
  { dcVersion: 8, can: [Capability.icq2002Marker], known: client('ICQ 2002', ANSI_REASONS) },
  { dcVersion: 8, can: [Capability.icq2002PluginMarker], known: client('ICQ 2002', ANSI_REASONS) },
  { dcVersion: 8, can: [Capability.rtf, Capability.utf8], known: client('ICQ 2003a', ANSI_REASONS) },
  { dcVersion: 9, can: [Capability.icq7, Capability.tZers, Capability.liveVideo, Capability.liveAudio], known: client('ICQ 7') },
  { dcVersion: 9, can: [Capability.xtraz, Capability.fileTransfer, Capability.html, Capability.liveVideo], known: client('ICQ 6') },
  { dcVersion: 9, can: [Capability.xtraz, Capability.fileTransfer, Capability.tZers], known: client('ICQ 5.1', ONE_FULL_STOP) },
  { dcVersion: 9, can: [Capability.xtraz, Capability.fileTransfer], known: client('ICQ 5', ONE_FULL_STOP) },
  { dcVersion: 9, can: [Capability.xtraz], known: client('ICQ Lite 4') },
  { dcVersion: 10, can: [], known: client('ICQ 2003b') },
];

export function byFeatures(capabilities: readonly string[], dcVersion: number): KnownClient | undefined {
  return FEATURES.find((one) => one.dcVersion === dcVersion && one.can.every((capability) => capabilities.includes(capability)))?.known;
}
