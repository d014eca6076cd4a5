/** What plug-ins of ICQ say in words: messages of type 1A. @see oscar.md §6.5, §6.6 */
import { decode } from '@seekyou/wire';
import { extended, icbm, rendezvous, smsText } from '@seekyou/wire/oscar';
import { decodeText, UTF8 } from '@seekyou/wire/text';
import { type Said, saidIn } from './udp/words.ts';

const { ContactsFunction, PluginGuid, SmsFunction } = extended;

/**
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
      return saidIn(icbm.MessageType.url, body.text, codepage);
    case PluginGuid.contacts:
      return header.function === ContactsFunction.send ? saidIn(icbm.MessageType.contacts, body.text, codepage) : undefined;
    case PluginGuid.sms: {
      const text = header.function === SmsFunction.message ? smsText(decodeText(body.text, UTF8)) : undefined;
      return text === undefined ? undefined : { type: 'message', text };
    }
    default:
      return undefined;
  }
}
