/**
 * Status messages: a client asks another for the words of its owner's status. The question goes to that client; where it cannot
 * be asked, the server answers with the away text it was told. @see oscar.md §6.4.1, §6.5, §10.2
 */
import type { StyledText } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { Capability, extended, icbm, rendezvous } from '@seekyou/wire/oscar';
import { encodeText, plainFromHtml } from '@seekyou/wire/text';
import { chatTextFrom } from './chat-text.ts';
import { readable } from '../runtime/readable.ts';

const { MessageFlag, MessageType } = icbm;

/** A relayed message that asks for a status message. */
export type StatusRequest = rendezvous.RelayData;

const STATUS_TYPES: ReadonlySet<number> = new Set([
  MessageType.autoAway,
  MessageType.autoOccupied,
  MessageType.autoNotAvailable,
  MessageType.autoDoNotDisturb,
  MessageType.autoFreeForChat,
]);

/** @param service TLV 2711 of an envelope with this capability */
export function statusRequestIn(type: number, capability: string, service: Uint8Array | undefined): StatusRequest | undefined {
  if (type !== rendezvous.RendezvousType.request || capability !== Capability.serverRelay || service === undefined) return undefined;
  const message = readable(() => decode(rendezvous.relayData, service));
  if (message === undefined) return undefined;
  return (STATUS_TYPES.has(message.type) && message.flags === MessageFlag.auto) || statusPlugin(message) !== undefined ? message : undefined;
}

/** ICQ 6 and later ask by a plug-in. */
function statusPlugin({ type, tail }: rendezvous.RelayData): rendezvous.PluginTail | undefined {
  const plugin = type === MessageType.plugin ? readable(() => decode(rendezvous.pluginTail, tail)) : undefined;
  return plugin?.header.guid === extended.PluginGuid.statusMessage ? plugin : undefined;
}

/** What a 04/0B answers with: the request's own frame, and the words. @param codepage of who asks */
export function statusAnswer(request: StatusRequest, words: string, codepage: number): Uint8Array {
  const plugin = statusPlugin(request);
  if (plugin === undefined) {
    return encode(rendezvous.relayData, { ...request, status: rendezvous.AcceptStatus.ok, text: encodeText(words, codepage).bytes, tail: NOTHING });
  }
  const body = { text: new TextEncoder().encode(words), tail: NOTHING };
  return encode(rendezvous.relayData, { ...request, status: rendezvous.AcceptStatus.ok, tail: encode(rendezvous.pluginTail, { ...plugin, body }) });
}

const NOTHING = new Uint8Array(0);

/** The words of a text whose author said what it is: `text/x-aolrtf; charset="unicode-2-0"`. */
export function styledWords({ mediaType, bytes }: StyledText, codepage: number): string {
  const charset = /charset="?([\w.-]+)/i.exec(mediaType)?.[1];
  const text = chatTextFrom(bytes, charset, codepage);
  return /aolrtf|html/i.test(mediaType) ? plainFromHtml(text) : text;
}
