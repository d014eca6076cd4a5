/**
 * HTML of AIM-style senders as plain text, for people whose client shows the tags.
 * Never for what an ICQ session wrote: there `vector<int>` and `&copy=` are what somebody typed. @see oscar.md §6.3
 */
import { decodeText } from './codepages.ts';

/** Whether a text is what AIM clients send: it starts with an HTML element. */
export function looksLikeAimHtml(text: string): boolean {
  return /^<html[\s>]/i.test(text);
}

/** The text of AIM's HTML: tags gone, `<br>` as CR LF, entities as characters. Takes time in proportion to its length. */
export function plainFromHtml(html: string): string {
  let plain = '';
  let from = 0;
  for (;;) {
    const open = html.indexOf('<', from);
    // Without another '>' nothing can be a tag: looking once more for each '<' would cost the square of the length.
    const close = open < 0 ? -1 : html.indexOf('>', open);
    if (close < 0) return plain + unescape(html.slice(from));
    plain += unescape(html.slice(from, open));
    const tag = /^<\/?([a-z][a-z0-9]*|!)/i.exec(html.slice(open, open + 16))?.[1];
    if (tag === undefined) {
      plain += '<';
      from = open + 1;
    } else {
      if (tag.toLowerCase() === 'br') plain += '\r\n';
      from = close + 1;
    }
  }
}

function unescape(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]{2,6}));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return fromCode(Number.parseInt(hex, 16));
    if (decimal !== undefined) return fromCode(Number(decimal));
    const known = ENTITIES[(name as string).toLowerCase()];
    return known ?? whole;
  });
}

function fromCode(code: number): string {
  // Numbers 128–159 mean Windows characters, whatever the standard says: that is what people's editors wrote.
  if (code >= 0x80 && code <= 0x9f) return decodeText(Uint8Array.of(code), 1252);
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd';
  return String.fromCodePoint(code);
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  bull: '•',
  euro: '€',
};
