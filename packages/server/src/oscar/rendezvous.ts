/**
 * Channel 2 of family 04: envelopes that clients write for each other. They pass as they are, except for addresses nobody
 * may see and words in a code page the other does not read. @see oscar.md §6.4
 */
import { type ClientProfile, parseUin, type PresenceView, type Session, type Uin } from '@seekyou/core';
import { decode, encode, type RawTlv } from '@seekyou/wire';
import { Capability, extended, icbm, ipv4, readXtraz, rendezvous } from '@seekyou/wire/oscar';
import { decodeText, encodeText, UTF8 } from '@seekyou/wire/text';
import { inWords, spelled, typedForm, type Words } from '../runtime/typed-messages.ts';
import { NEVER_STORED, typedWords } from './bodies.ts';
import { readable } from '../runtime/readable.ts';
import { type StatusRequest, statusRequestIn } from './status-message.ts';

const { MessageType, MessageFlag } = icbm;
const { RendezvousType, TextFormat } = rendezvous;

const Tlv = { ip: 0x02, clientIp: 0x03, serverIp: 0x04, port: 0x05, useProxy: 0x10, ipCheck: 0x16, addresses: 0x18, service: 0x2711 } as const;

/** The envelope in TLV 05; `undefined` when there is none that can be read. */
export function readEnvelope(data: Uint8Array | undefined): rendezvous.RendezvousEnvelope | undefined {
  return data && readable(() => decode(rendezvous.rendezvousEnvelope, data));
}

/** Nobody asks to be connected to in another's name, nor for another's X-status in it. */
export function speaksForItself({ capability, tlvs }: rendezvous.RendezvousEnvelope, sender: Uin): boolean {
  const service = serviceOf(tlvs.extra);
  if (service === undefined) return true;
  if (capability === Capability.reverseConnection) return readable(() => decode(rendezvous.reverseConnection, service))?.uin === sender;
  return capability !== Capability.serverRelay || namesOnly(service, sender);
}

/**
 * Whether a relayed message, or an answer to one, names nobody but its author where it names somebody: Xtraz does.
 *
 * @param relayed parts A to C
 */
export function namesOnly(relayed: Uint8Array, author: Uin): boolean {
  const message = readable(() => decode(rendezvous.relayData, relayed));
  if (message?.type !== MessageType.plugin) return true;
  const plugin = readable(() => decode(rendezvous.pluginTail, message.tail));
  if (plugin?.header.guid !== extended.PluginGuid.xtraz) return true;
  const notification = readXtraz(decodeText(plugin.body.text, UTF8));
  if (notification === undefined) return true;
  return parseUin(notification.kind === 'query' ? notification.senderId : notification.uin) === author;
}

/** The room an envelope invites to; `undefined` when it is no invitation, `unreadable` when nobody knows to what. */
export function invitationIn({ type, capability, tlvs }: rendezvous.RendezvousEnvelope): extended.ChatInvitation | 'unreadable' | undefined {
  const service = serviceOf(tlvs.extra);
  if (type !== RendezvousType.request || capability !== Capability.chatRooms) return undefined;
  return (service && readable(() => decode(extended.chatInvitation, service))) ?? 'unreadable';
}

/** The question for a status message in an envelope. */
export function statusRequestOf({ type, capability, tlvs }: rendezvous.RendezvousEnvelope): StatusRequest | undefined {
  return statusRequestIn(type, capability, serviceOf(tlvs.extra));
}

/**
 * The capability the recipient must have announced. Answers in ICQ's own two services always pass: who answers was asked.
 */
export function neededCapability({ type, capability }: rendezvous.RendezvousEnvelope): string | undefined {
  const always = capability === Capability.serverRelay || capability === Capability.reverseConnection;
  return always && type !== RendezvousType.request ? undefined : capability;
}

/** What people say in an envelope, for those who cannot be given it: a message, an address, contacts. */
export function plainWords(envelope: rendezvous.RendezvousEnvelope, { codepage }: ClientProfile): string | undefined {
  const message = relayedMessage(envelope);
  if (message === undefined) return undefined;
  if (message.type !== MessageType.plain) {
    const words = typedWords(message, codepage);
    return words === undefined || !SAID_BY_PEOPLE.has(words.kind) ? undefined : words.kind === 'text' ? words.text : inWords(words);
  }
  const format = formatOf(message);
  return format === TextFormat.rtf ? undefined : decodeText(message.text, format === TextFormat.utf8 ? UTF8 : codepage);
}

/** Authorisation has a way of its own. */
const SAID_BY_PEOPLE: ReadonlySet<Words['kind']> = new Set(['text', 'url', 'contacts']);

function relayedMessage({ type, capability, tlvs }: rendezvous.RendezvousEnvelope): rendezvous.RelayData | undefined {
  const service = serviceOf(tlvs.extra);
  if (type !== RendezvousType.request || capability !== Capability.serverRelay || service === undefined) return undefined;
  const message = readable(() => decode(rendezvous.relayData, service));
  return message?.flags === MessageFlag.auto ? undefined : message;
}

function formatOf({ tail }: rendezvous.RelayData): string | undefined {
  return readable(() => decode(rendezvous.plainTail, tail))?.format?.toUpperCase();
}

function serviceOf(tlvs: readonly RawTlv[] | undefined): Uint8Array | undefined {
  return tlvs?.find(({ type }) => type === Tlv.service)?.data;
}

// ---------------------------------------------------------------- for the recipient

/** Who is to get an envelope, and what he may know of its sender. */
export interface Delivery {
  readonly recipient: Pick<Session, 'peer' | 'profile'>;
  /** Without it the sender's addresses are nobody's business. */
  readonly sender: PresenceView | undefined;
  /** The sender's. Without it text passes as it is. */
  readonly codepage: number | undefined;
}

/** TLV 05 as the recipient gets it; the very bytes the sender wrote when nothing has to be changed. */
export function forRecipient(data: Uint8Array, delivery: Delivery): Uint8Array {
  const envelope = readEnvelope(data);
  if (envelope === undefined) return data;
  const before = envelope.tlvs.extra ?? [];
  const after = withWords(envelope, withAddresses(envelope, before, delivery), delivery);
  if (after.length === before.length && after.every((tlv, i) => tlv === before[i])) return data;
  return encode(rendezvous.rendezvousEnvelope, { ...envelope, tlvs: { extra: after } });
}

/**
 * Addresses by the rule for presence (oscar.md §15, row 6): the one the server saw, to those who may see it; what the client
 * claims, which may be its address on a network of its own, only to somebody who reaches the server from the same place.
 */
function withAddresses({ type, capability }: rendezvous.RendezvousEnvelope, tlvs: readonly RawTlv[], { recipient, sender }: Delivery): readonly RawTlv[] {
  const seen = sender?.externalAddress;
  const samePlace = seen !== undefined && recipient.peer.known && recipient.peer.address === seen;
  // Then the address is the proxy's.
  const throughProxy = tlvs.some((tlv) => tlv.type === Tlv.useProxy);
  const proposal = type === RendezvousType.request && tlvs.some((tlv) => tlv.type === Tlv.ip || tlv.type === Tlv.port);
  const result = tlvs.flatMap((tlv): RawTlv | readonly RawTlv[] => {
    switch (tlv.type) {
      case Tlv.serverIp:
        return [];
      case Tlv.clientIp:
      case Tlv.addresses:
        return samePlace ? tlv : [];
      case Tlv.ip:
        return samePlace || throughProxy ? tlv : seen === undefined ? [] : { ...tlv, data: encode(ipv4, seen) };
      case Tlv.ipCheck:
        return samePlace || throughProxy ? tlv : seen === undefined ? [] : { ...tlv, data: encode(ipv4, seen).map((byte) => byte ^ 0xff) };
      case Tlv.service:
        return capability === Capability.reverseConnection ? withCallback(tlv, seen, samePlace) : tlv;
      default:
        return tlv;
    }
  });
  return proposal && seen !== undefined ? [...result, { type: Tlv.serverIp, data: encode(ipv4, seen) }] : result;
}

/** Where a reverse connection should go. */
function withCallback(tlv: RawTlv, seen: string | undefined, samePlace: boolean): RawTlv {
  if (samePlace) return tlv;
  const call = readable(() => decode(rendezvous.reverseConnection, tlv.data));
  if (call === undefined) return tlv;
  const shown = seen === undefined ? { ip: '0.0.0.0', port: 0, portTried: 0, portAgain: 0 } : { ip: seen };
  return { ...tlv, data: encode(rendezvous.reverseConnection, { ...call, ...shown }) };
}

function withWords({ capability }: rendezvous.RendezvousEnvelope, tlvs: readonly RawTlv[], { recipient, codepage }: Delivery): readonly RawTlv[] {
  if (capability !== Capability.serverRelay) return tlvs;
  return tlvs.map((tlv) => {
    const data = tlv.type === Tlv.service ? retold(tlv.data, codepage, recipient.profile) : tlv.data;
    return data === tlv.data ? tlv : { ...tlv, data };
  });
}

/**
 * A relayed message, or an answer to one, as its recipient reads it: the very bytes when he reads the same in them. Only the
 * text changes, since its sender awaits an answer to this message.
 *
 * @param relayed parts A to C
 * @param codepage the author's
 */
export function retold(relayed: Uint8Array, codepage: number | undefined, reader: ClientProfile): Uint8Array {
  const message = codepage === undefined ? undefined : readable(() => decode(rendezvous.relayData, relayed));
  if (message === undefined || codepage === undefined) return relayed;
  const changes = SAID_PLAINLY.has(message.type) ? plainlyFor(message, codepage, reader) : inFieldsFor(message, codepage, reader);
  return changes === undefined ? relayed : encode(rendezvous.relayData, { ...message, ...changes });
}

type Retold = Pick<rendezvous.RelayData, 'tail'> & Partial<Pick<rendezvous.RelayData, 'text'>>;

/** Nothing but words: what somebody says, asks for a chat or a file with, or says of his status. */
const SAID_PLAINLY: ReadonlySet<number> = new Set([MessageType.plain, ...NEVER_STORED]);

function plainlyFor(message: rendezvous.RelayData, codepage: number, reader: ClientProfile): Retold | undefined {
  const { type, text, tail } = message;
  const format = type === MessageType.plain ? formatOf(message) : undefined;
  const isUtf8 = format === TextFormat.utf8;
  if (format === TextFormat.rtf || (isUtf8 && reader.unicode)) return undefined;
  const words = decodeText(text, isUtf8 ? UTF8 : codepage);
  if (decodeText(text, reader.codepage) === words) return undefined;
  return { text: encodeText(words, reader.codepage).bytes, tail: isUtf8 ? withoutFormat(tail) : tail };
}

/** The colours only. */
function withoutFormat(tail: Uint8Array): Uint8Array {
  const { format: _format, ...colours } = decode(rendezvous.plainTail, tail);
  return encode(rendezvous.plainTail, colours);
}

/** An address or contacts, as a message of their own or by a plug-in. */
function inFieldsFor(message: rendezvous.RelayData, codepage: number, reader: ClientProfile): Retold | undefined {
  const words = typedWords(message, codepage);
  if (words?.kind !== 'url' && words?.kind !== 'contacts') return undefined;
  const read = typedWords(message, reader.codepage);
  if (read !== undefined && spelled(read) === spelled(words)) return undefined;
  const { text } = typedForm(words, reader.codepage);
  if (message.type !== MessageType.plugin) return { text, tail: message.tail };
  const plugin = decode(rendezvous.pluginTail, message.tail);
  return { tail: encode(rendezvous.pluginTail, { ...plugin, body: { ...plugin.body, text } }) };
}
