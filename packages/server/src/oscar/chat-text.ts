/** Texts of rooms, which name their charset. @see oscar.md §8.3 */
import type { chat } from '@seekyou/wire/oscar';
import { decodeText, decodeUcs2, decodeUtf8Or, encodeUcs2, isAscii, UTF8 } from '@seekyou/wire/text';

/** What a text can be written in. */
export const CHAT_CHARSET = { ascii: 'us-ascii', latin1: 'iso-8859-1', ucs2: 'unicode-2-0', utf8: 'utf-8' } as const;

const LATIN1 = 1252;

/** @param codepage of the author: what his client calls Latin is in it */
export function chatTextFrom(text: Uint8Array, charset: string | undefined, codepage: number): string {
  switch (charset?.toLowerCase() ?? CHAT_CHARSET.latin1) {
    case CHAT_CHARSET.ucs2:
      return decodeUcs2(text);
    case CHAT_CHARSET.utf8:
      return decodeText(text, UTF8);
    default:
      // COMPAT: bitlbee has no code page, and in rooms writes Latin-1 where that is enough.
      return codepage === UTF8 ? decodeUtf8Or(text, LATIN1) : decodeText(text, codepage);
  }
}

/** @param utf8 where more than ASCII is needed; else UCS-2 */
export function chatTextTo(text: string, utf8 = false): chat.ChatText {
  const ascii = isAscii(text);
  return {
    tlvs: {
      text: ascii || utf8 ? new TextEncoder().encode(text) : encodeUcs2(text),
      charset: ascii ? CHAT_CHARSET.ascii : utf8 ? CHAT_CHARSET.utf8 : CHAT_CHARSET.ucs2,
      language: 'en',
    },
  };
}
