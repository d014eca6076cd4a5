/** Text of others on a terminal: whatever it could obey, or that would make one line look like another, is shown and never obeyed. */

/** C0, C1, and the marks that turn the order of what stands beside them. */
const OBEYED = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
/** Begins what is not the first line of a message: none can pass for a line of ours. */
const CONTINUED = '\n  | ';

/** Names, reasons, and everything else that is one line. */
export function harmless(text: string): string {
  return text.replace(OBEYED, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** What may have several lines: messages. */
export function harmlessLines(text: string): string {
  return text
    .replaceAll('\r', '')
    .split('\n')
    .map((line) => line.split('\t').map(harmless).join('\t'))
    .join(CONTINUED);
}
