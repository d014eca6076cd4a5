/** The core's own words. It speaks of people and messages; no packet, sequence number or TLV comes in here. */

import type { Picture } from './pictures/picture.ts';

declare const UIN: unique symbol;
/** An account's number, 10,000 to 4,294,967,294. Lower ones are the system's. */
export type Uin = number & { readonly [UIN]: true };

/** Who speaks when the service itself has something to say. No account; nobody can write to it. */
export const SYSTEM = 1 as Uin;

export const UIN_MIN = 10_000;
export const UIN_MAX = 4_294_967_294;

/** A number as UIN, or `undefined` when no account can have it. */
export function asUin(value: number): Uin | undefined {
  return Number.isInteger(value) && value >= UIN_MIN && value <= UIN_MAX ? (value as Uin) : undefined;
}

/** A UIN written in digits, perhaps grouped by spaces or hyphens; leading zeros do not count. `undefined` when it is none. */
export function parseUin(text: string): Uin | undefined {
  if (DIGITS.test(text)) return asUin(Number(text));
  const digits = text.replaceAll(/[ -]/g, '');
  return DIGITS.test(digits) ? asUin(Number(digits)) : undefined;
}

const DIGITS = /^\d{1,12}$/;

/** Milliseconds since 1970-01-01 UTC. */
export type Time = number;

/** 16 hexadecimal digits, unique among the sessions of all nodes. */
export type SessionId = string;

/** Where a peer connects from. `address` is textual, IPv4 never in its `::ffff:` form. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** False behind a relay that hides the client: nothing may be derived from the address then. */
  readonly known: boolean;
  /** Over UDP: anybody can write as if from this address. */
  readonly forgeable?: boolean;
}

// ---------------------------------------------------------------- presence

export type Availability = 'online' | 'away' | 'not-available' | 'occupied' | 'do-not-disturb' | 'free-for-chat';

export interface Status {
  readonly availability: Availability;
  readonly invisible: boolean;
  /** May be shown to people who are not contacts, in searches and on pages. */
  readonly webAware: boolean;
  readonly hideAddress: boolean;
  /** Whom the user lets connect directly. */
  readonly direct: 'all' | 'contacts' | 'authorised' | 'off';
  /** The 32-bit ICQ status as the client sent it. Clients know more values than we name; they get this one. */
  readonly word: number;
}

/** What a client says about its listening port (oscar.md §3.5). All numbers as sent. */
export interface DirectInfo {
  /** Dotted IPv4 on the client's own network, `0.0.0.0` when unknown. */
  readonly internalAddress: string;
  readonly port: number;
  readonly kind: number;
  readonly version: number;
  readonly cookie: number;
  readonly webPort: number;
  readonly features: number;
  /** Seconds since 1970, or a client's signature. */
  readonly times: readonly [number, number, number];
}

/** What a session says about itself; every part may be changed alone. */
export interface Presence {
  readonly status: Status;
  /** 16-byte ids as 32 upper-case hexadecimal digits. */
  readonly capabilities: readonly string[];
  readonly direct?: DirectInfo;
  readonly idleSince?: Time;
  /** Status note, mood, avatar ids: carried for those who understand them. */
  readonly items?: Uint8Array;
  /** Profile and away text, with the media type their author gave. */
  readonly profile?: StyledText;
  readonly away?: StyledText;
}

export interface StyledText {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * What one observer sees of one subject who is on line for him. Computed in `presence/view.ts` alone.
 * Observers who see the same get the same object, so an encoding can be kept by it.
 */
export interface PresenceView {
  readonly uin: Uin;
  readonly status: Status;
  readonly capabilities: readonly string[];
  readonly signedOnAt: Time;
  readonly createdAt: Time;
  readonly idleSince?: Time;
  readonly items?: Uint8Array;
  /** What the account shows of its owner; absent: nothing. */
  readonly pictures?: readonly Picture[];
  /** Addresses, port and cookie are zero unless the observer may connect; times and version are zero for strangers. */
  readonly direct?: DirectInfo;
  /** Dotted IPv4 the server saw; only for those who may connect. */
  readonly externalAddress?: string;
}

// ---------------------------------------------------------------- sessions

/** What a front end knows of a client: the renderers look at the recipient's, never at the sender's protocol. */
export interface ClientProfile {
  readonly protocol: 'oscar' | 'udp' | 'own';
  /** For people: `climm 0.7.1`, `ICQ 2000b`. */
  readonly name: string;
  /** Windows code page for text without a charset. */
  readonly codepage: number;
  /** Reads Unicode in plain messages. */
  readonly unicode: boolean;
  /** Writes its texts as HTML (AIM). */
  readonly html: boolean;
  /** Keeps its list on the server and speaks of authorisation in its own packets. */
  readonly serverRoster: boolean;
  /** Names of the oddities a front end respects for this client. */
  readonly quirks: ReadonlySet<string>;
}

// ---------------------------------------------------------------- messages

/** Server id of a stored message; grows with time, unique in a store. */
export type MessageId = number;

/** Bytes as the sender's client made them, for recipients who speak alike. The core does not look inside. */
export interface Original {
  /** Front end and shape, such as `icbm/1`. */
  readonly format: string;
  readonly bytes: Uint8Array;
  /** How many of `bytes` its front end added. Known when a message is sent, and not stored. */
  readonly stampBytes?: number;
}

/** What a person says to another. A closed union: a new kind does not compile until every renderer answers it. */
export type Body =
  | { readonly kind: 'text'; readonly text: string; readonly original?: Original }
  | { readonly kind: 'url'; readonly url: string; readonly caption: string; readonly original?: Original }
  | { readonly kind: 'contacts'; readonly contacts: readonly { readonly uin: Uin; readonly nickname: string }[]; readonly original?: Original }
  | { readonly kind: 'auth-request'; readonly reason: string; readonly original?: Original }
  | { readonly kind: 'auth-granted'; readonly reason: string; readonly original?: Original }
  | { readonly kind: 'auth-denied'; readonly reason: string; readonly original?: Original }
  | { readonly kind: 'pre-authorised'; readonly reason: string; readonly original?: Original }
  | { readonly kind: 'added'; readonly original?: Original }
  /** Something only clients of the same family understand; others read `fallback`, nothing when it is empty. */
  | { readonly kind: 'opaque'; readonly original: Original; readonly fallback: string };

export interface Message {
  readonly id: MessageId;
  readonly from: Uin;
  readonly to: Uin;
  readonly sentAt: Time;
  readonly body: Body;
}

/** Passed on to who is on line, never stored. The payload belongs to the front ends. */
export type Passing =
  | { readonly kind: 'typing'; readonly typing: 'begun' | 'paused' | 'finished' | 'closed'; readonly cookie: Uint8Array; readonly channel: number }
  /** Rendezvous and other envelopes of channel 2, answers to them, automatic replies. `codepage`: its author's, when there may be text in it. */
  | {
      readonly kind: 'envelope';
      readonly format: string;
      readonly bytes: Uint8Array;
      readonly cookie: Uint8Array;
      readonly fallback?: string;
      readonly codepage?: number;
    };

// ---------------------------------------------------------------- roster

/** `other` items are kept and returned, nothing more. */
export type ItemKind = 'contact' | 'group' | 'permit' | 'deny' | 'ignore' | 'visibility' | 'other';

/**
 * One entry of a roster. Server-stored and client-side lists end in the same structure.
 * `groupId` and `itemId` together are its key; a group has item id 0, the master group is 0/0.
 */
export interface RosterItem {
  readonly groupId: number;
  readonly itemId: number;
  readonly kind: ItemKind;
  /** The protocol's own number of the kind, 0–65,535: it tells `other` items apart. */
  readonly type: number;
  /** UIN digits, a group's name, or empty. */
  readonly name: string;
  /** For contact, permit, deny and ignore. */
  readonly uin?: Uin;
  readonly nickname?: string;
  /** A contact added before its owner allowed it: no presence yet. */
  readonly awaiting?: boolean;
  /** Of the visibility item. */
  readonly mode?: VisibilityMode;
  /** The item's attributes as its client wrote them, byte for byte. Empty when another kind of client made the item. */
  readonly attributes: Uint8Array;
}

/** Who sees me: all, nobody, only the permit list, all but the deny list, contacts. */
export type VisibilityMode = 'all' | 'nobody' | 'permitted' | 'not-denied' | 'contacts';

export type RosterEdit =
  | { readonly do: 'add'; readonly item: RosterItem }
  | { readonly do: 'update'; readonly item: RosterItem }
  /** `item` is what stood there: the core adds it when it announces the edit, because other sessions name it by more than its key. */
  | { readonly do: 'remove'; readonly groupId: number; readonly itemId: number; readonly item?: RosterItem };

export type EditResult = 'done' | 'not-found' | 'exists' | 'bad-item' | 'list-full' | 'authorisation-required';

/** `stamp` is in seconds, never 0, strictly growing with every accepted edit. */
export interface RosterState {
  readonly items: readonly RosterItem[];
  readonly stamp: number;
}
