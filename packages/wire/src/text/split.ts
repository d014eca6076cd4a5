/**
 * Cuts a long text into pieces that fit; joined they are the text again.
 *
 * Cuts after white space where there is some in the second half of a piece, else between characters,
 * never inside a surrogate pair or a Korean syllable, before a combining mark or between CR and LF.
 *
 * @param maxBytes a piece exceeds it only when a single character does
 * @param measure bytes of a text on the wire; more text must never need fewer
 * @returns at least one piece
 */
export function splitText(text: string, maxBytes: number, measure: (text: string) => number): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (from < text.length) {
    const end =
      text.length - from <= 2 * maxBytes && measure(text.slice(from)) <= maxBytes ? text.length : cut(text, from, fitting(text, from, maxBytes, measure));
    pieces.push(text.slice(from, end));
    from = end;
  }
  return pieces.length === 0 ? [''] : pieces;
}

/** The end of the longest part from `from` that fits; may be `from` itself. */
function fitting(text: string, from: number, maxBytes: number, measure: (text: string) => number): number {
  let fits = from;
  // A character needs a byte at least and is two code units at most.
  let tooLong = Math.min(text.length, from + 2 * maxBytes) + 1;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >>> 1;
    if (measure(text.slice(from, middle)) <= maxBytes) fits = middle;
    else tooLong = middle;
  }
  return fits;
}

/** A good place to cut, at most `end` unless that would be no progress. */
function cut(text: string, from: number, end: number): number {
  for (let at = end; at > from + (end - from) / 2; at--) {
    if (/\s/.test(text[at - 1] as string) && mayCut(text, at)) return at;
  }
  for (let at = end; at > from; at--) if (mayCut(text, at)) return at;
  // Marks without end, or a character that does not fit: cut where no pair is torn.
  const most = isLow(text, end) ? end - 1 : end;
  return most > from ? most : from + (isLow(text, from + 1) ? 2 : 1);
}

function mayCut(text: string, at: number): boolean {
  if (at >= text.length) return true;
  if (isLow(text, at)) return false;
  if (text[at - 1] === '\r' && text[at] === '\n') return false;
  const next = String.fromCodePoint(text.codePointAt(at) as number);
  return !JOINED.test(next) && text[at - 1] !== JOINER;
}

function isLow(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff && /[\ud800-\udbff]/.test(text[at - 1] ?? '');
}

const JOINER = '\u200d';
/** Marks, joiners and skin tones belong to what stands before them, and of Korean letters the middle and final ones. */
const JOINED = /^(?:\p{M}|\u200d|\p{Emoji_Modifier}|[\u1160-\u11ff\ud7b0-\ud7fb])/u;
