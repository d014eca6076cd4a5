/** What typed messages say: of UDP clients, of channel 4, of plug-ins. @see icq-udp.md §15.2, oscar.md §6.5, §6.6 */
import { decode } from '@seekyou/wire';
import { extended, rendezvous, smsText } from '@seekyou/wire/oscar';
import { decodeText, UTF8 } from '@seekyou/wire/text';
import { MessageType } from '@seekyou/wire/udp';

const { ContactsFunction, PluginGuid, SmsFunction } = extended;

/** Between the fields of a text. */
export const SEPARATOR = 0xfe;

/** At most so many: the last one may have the separator's byte in it. */
export function splitFields(text: Uint8Array, codepage: number, max = Number.POSITIVE_INFINITY): readonly string[] {
  const fields: string[] = [];
  for (let from = 0; from <= text.length; ) {
    const at = fields.length + 1 < max ? text.indexOf(SEPARATOR, from) : -1;
    const end = at < 0 ? text.length : at;
    fields.push(decodeText(text.subarray(from, end), codepage));
    from = end + 1;
  }
  return fields;
}

export interface SharedContact {
  readonly uin: number;
  readonly nickname: string;
}

/** What a message says, whatever packet it came in. */
export type Said =
  | { readonly type: 'message'; readonly text: string }
  | { readonly type: 'url'; readonly url: string; readonly caption: string }
  | { readonly type: 'authorisation-asked'; readonly reason: string }
  | { readonly type: 'authorisation-answered'; readonly granted: boolean; readonly reason: string }
  | { readonly type: 'added-by' }
  | { readonly type: 'contacts'; readonly contacts: readonly SharedContact[] }
  /** The server itself, or somebody on its pages. */
  | { readonly type: 'notice'; readonly name: string; readonly email: string; readonly text: string };

interface When {
  /** ISO 8601 UTC. */
  readonly time: string;
  readonly stored: boolean;
}

/** As an event. What is said of authorisation has no time. */
export function happened(from: number, said: Said, { time, stored }: When) {
  switch (said.type) {
    case 'message':
    case 'url':
    case 'contacts':
    case 'notice':
      return { from, time, stored, ...said };
    case 'authorisation-asked':
    case 'authorisation-answered':
    case 'added-by':
      return { from, ...said };
    default:
      return said satisfies never;
  }
}

/** Of requests and notices: nick or name, first name, last name, e-mail, a flag, text. */
const FIELDS_MAX = 6;

/** @returns undefined for types that are no words: chat and file requests, and what nobody knows */
export function saidIn(type: number, text: Uint8Array, codepage: number): Said | undefined {
  const whole = (): string => decodeText(text, codepage);
  switch (type & ~MessageType.toSeveral) {
    case MessageType.text:
      return { type: 'message', text: whole() };
    case MessageType.url: {
      // The caption may hold the separator's byte (ю in 1251), the address never does.
      const cut = text.lastIndexOf(SEPARATOR);
      return { type: 'url', url: decodeText(text.subarray(cut + 1), codepage), caption: decodeText(text.subarray(0, Math.max(0, cut)), codepage) };
    }
    case MessageType.authRequest:
      return { type: 'authorisation-asked', reason: splitFields(text, codepage, FIELDS_MAX).at(-1) ?? '' };
    case MessageType.authDenied:
    case MessageType.authGranted:
      return { type: 'authorisation-answered', granted: (type & ~MessageType.toSeveral) === MessageType.authGranted, reason: whole() };
    case MessageType.added:
      return { type: 'added-by' };
    case MessageType.contacts:
      return { type: 'contacts', contacts: contactsIn(splitFields(text, codepage)) };
    case MessageType.fromServer:
    case MessageType.webPager:
    case MessageType.emailExpress: {
      const fields = splitFields(text, codepage, FIELDS_MAX);
      const [name = '', , , email = '', , words = ''] = fields;
      if (fields.length === FIELDS_MAX) return { type: 'notice', name, email, text: words };
      return { type: 'notice', name: '', email: '', text: fields.filter((field) => field !== '').join('\r\n') };
    }
    default:
      return undefined;
  }
}

function contactsIn([, ...fields]: readonly string[]): readonly SharedContact[] {
  const contacts: SharedContact[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const uin = Number(fields[i]);
    if (Number.isInteger(uin) && uin > 0) contacts.push({ uin, nickname: fields[i + 1] as string });
  }
  return contacts;
}

/**
 * What plug-ins of ICQ say in words: messages of type 1A.
 *
 * @param tail what follows the text of a typed message
 * @returns undefined for what only programs understand
 * @throws WireError
 */
export function saidByPlugin(tail: Uint8Array, codepage: number): Said | undefined {
  const { header, body } = decode(rendezvous.pluginTail, tail);
  switch (header.guid) {
    case PluginGuid.message:
      return { type: 'message', text: decodeText(body.text, UTF8) };
    case PluginGuid.url:
      return saidIn(MessageType.url, body.text, codepage);
    case PluginGuid.contacts:
      return header.function === ContactsFunction.send ? saidIn(MessageType.contacts, body.text, codepage) : undefined;
    case PluginGuid.sms: {
      const text = header.function === SmsFunction.message ? smsText(decodeText(body.text, UTF8)) : undefined;
      return text === undefined ? undefined : { type: 'message', text };
    }
    default:
      return undefined;
  }
}
