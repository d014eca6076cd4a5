/**
 * A recording: what went over the wire between clients and a server, connection by connection, in the order it happened.
 *
 * As text it is a page to read and to replay. Headers come first, then one paragraph a frame:
 *
 *     origin: climm 0.7.1, in our own laboratory
 *     account: 100001 secret12
 *
 *     1 open
 *     1 < FLAP channel 1, sequence 120, 4 bytes from the server
 *       2a 01 00 78 00 04 00 00 00 01
 *     1 > SNAC 17/06 login keyRequest, flags 0000, request 00000006
 *       2a 02 28 87 00 1c …
 *     1 close client
 *
 * `1` is the connection; `>` goes to the server, `<` comes from it. Lines that begin with # say something. The bytes are those of
 * a golden packet of form `frame`. Times are not kept: a replay has its own.
 */
import { dissectFrame, encodeFlap, FlapChannel, FlapDecoder, type FlapFrame } from '@seekyou/wire/oscar';

export type Side = 'client' | 'server';

/** What happened on the wire. */
export type WireEvent = { readonly connection: number; readonly atMs: number } & (
  | { readonly type: 'open'; readonly clientPort: number }
  | { readonly type: 'bytes'; readonly from: Side; readonly bytes: Uint8Array }
  | { readonly type: 'close'; readonly from: Side; readonly how: 'fin' | 'reset' }
  /** Somebody noted what a person does now. */
  | { readonly type: 'note'; readonly text: string }
);

export type RecordedEvent =
  | { readonly type: 'open'; readonly connection: number }
  | { readonly type: 'frame'; readonly connection: number; readonly from: Side; readonly frame: FlapFrame }
  | { readonly type: 'close'; readonly connection: number; readonly from: Side }
  | { readonly type: 'note'; readonly text: string };

export interface Recording {
  /** Headers in their order; a name may come several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly events: readonly RecordedEvent[];
}

/** Cuts the bytes into frames. @throws WireError when a side did not speak FLAP */
export function framesOf(events: readonly WireEvent[]): RecordedEvent[] {
  const decoders = new Map<string, FlapDecoder>();
  return events.flatMap((event): RecordedEvent[] => {
    if (event.type === 'open') return [{ type: 'open', connection: event.connection }];
    if (event.type === 'close') return [{ type: 'close', connection: event.connection, from: event.from }];
    if (event.type === 'note') return [{ type: 'note', text: event.text }];
    const { connection, from, bytes } = event;
    const key = `${connection} ${from}`;
    const decoder = decoders.get(key) ?? new FlapDecoder();
    decoders.set(key, decoder);
    return decoder.push(bytes).map((frame) => ({ type: 'frame', connection, from, frame }));
  });
}

/** One line that says what a frame is. */
export function titleOf(frame: FlapFrame, from: Side): string {
  const [flap = '', snac = ''] = dissectFrame(frame, from).split('\n');
  return frame.channel === FlapChannel.snac ? snac : flap;
}

const BYTES_PER_LINE = 40;

export function hexLines(bytes: Uint8Array): string[] {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  return Array.from({ length: Math.ceil(digits.length / BYTES_PER_LINE) }, (_, i) => digits.slice(i * BYTES_PER_LINE, (i + 1) * BYTES_PER_LINE).join(' '));
}

export function formatRecording({ headers, events }: Recording): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  lines.push('');
  for (const event of events) {
    if (event.type === 'note') lines.push('', `# ${event.text}`);
    else if (event.type === 'open') lines.push(`${event.connection} open`);
    else if (event.type === 'close') lines.push(`${event.connection} close ${event.from}`);
    else {
      const { connection, from, frame } = event;
      lines.push(`${connection} ${from === 'client' ? '>' : '<'} ${titleOf(frame, from)}`);
      lines.push(...hexLines(encodeFlap(frame.channel, frame.sequence, frame.payload)).map((line) => `  ${line}`));
    }
  }
  return `${lines.join('\n')}\n`;
}

const HEADER = /^([a-z-]+): (.*)$/;
const LINE = /^(\d+) (?:(open)|close (client|server)|([<>]) .*)$/;

/** @throws Error with the number of the line that cannot be read */
export function parseRecording(text: string, file: string): Recording {
  const headers: [string, string][] = [];
  const events: RecordedEvent[] = [];
  let open: { readonly connection: number; readonly from: Side; readonly bytes: number[]; readonly line: number } | undefined;
  const finish = (): void => {
    if (open === undefined) return;
    const frames = new FlapDecoder().push(Uint8Array.from(open.bytes));
    const [frame] = frames;
    if (frame === undefined || frames.length > 1) throw new Error(`${file}:${open.line}: not exactly one frame`);
    events.push({ type: 'frame', connection: open.connection, from: open.from, frame });
    open = undefined;
  };
  for (const [i, line] of text.split('\n').entries()) {
    if (line.startsWith('  ') && open !== undefined) {
      open.bytes.push(
        ...line
          .trim()
          .split(' ')
          .map((pair) => Number.parseInt(pair, 16)),
      );
      continue;
    }
    finish();
    const header = events.length === 0 ? HEADER.exec(line) : null;
    const match = LINE.exec(line);
    if (line === '') continue;
    if (line.startsWith('# ')) events.push({ type: 'note', text: line.slice(2) });
    else if (header !== null) headers.push([header[1] as string, header[2] as string]);
    else if (match === null) throw new Error(`${file}:${i + 1}: not a line of a recording: ${line}`);
    else if (match[2] !== undefined) events.push({ type: 'open', connection: Number(match[1]) });
    else if (match[3] !== undefined) events.push({ type: 'close', connection: Number(match[1]), from: match[3] as Side });
    else open = { connection: Number(match[1]), from: match[4] === '>' ? 'client' : 'server', bytes: [], line: i + 1 };
  }
  finish();
  return { headers, events };
}
