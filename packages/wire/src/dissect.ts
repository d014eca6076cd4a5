/**
 * Dissections: a packet as lines of offset, field and value, for logs of our own mistakes and for golden packets.
 * The text is stable: the same bytes give the same lines.
 */
import { WireError } from './errors.ts';
import { FlapChannel, type FlapFrame } from './oscar/flap.ts';
import { findPacket, findSnacs, type Registered } from './oscar/registry.ts';
import { decodeSnac, type Snac, SNAC_HEADER_BYTES, snacName } from './oscar/snac.ts';
import { Reader, type Trace } from './reader.ts';
import type { Layout } from './schema.ts';

export interface DissectOptions {
  /**
   * Says of text and bytes only how long they are, so that no password, cookie or message gets into a log.
   * Numbers, screen names and capabilities stay. Default: false.
   */
  readonly redact?: boolean;
}

/** Which side sent it; decides between packets with the same number. */
export type Side = 'client' | 'server';

/** Fields whose text is shown even when redacted. */
const OPEN_FIELDS: ReadonlySet<string> = new Set(['screenName', 'recipient', 'capability', 'capabilities']);

/** Fields whose number is a secret. */
const SECRET_NUMBERS: ReadonlySet<string> = new Set(['cookie', 'session']);

/** Bytes shown of one value. */
const SHOWN_MAX = 32;

/** A frame: its header, then what its channel carries. Never throws: what cannot be read is said in the last line. */
export function dissectFrame(frame: FlapFrame, from: Side, options: DissectOptions = {}): string {
  const title = `FLAP channel ${frame.channel}, sequence ${frame.sequence}, ${frame.payload.length} bytes from the ${from}`;
  return [title, ...payloadLines(frame, from, options)].join('\n');
}

/** A SNAC with its header. Never throws. */
export function dissectSnac(payload: Uint8Array, from: Side, options: DissectOptions = {}): string {
  return snacLines(payload, from, options).join('\n');
}

/** A packet's body or a block inside one. Never throws; offsets count from the start of `data`. */
export function dissectLayout(layout: Layout<unknown>, data: Uint8Array, options: DissectOptions = {}): string {
  return bodyLines(layout, data, options).join('\n');
}

function payloadLines(frame: FlapFrame, from: Side, options: DissectOptions): string[] {
  if (frame.channel === FlapChannel.snac) return snacLines(frame.payload, from, options);
  const layout = channelLayout(frame, from);
  return layout === undefined ? [shown(frame.payload, '', options)] : [`${layout.module} ${layout.name}`, ...bodyLines(layout.layout, frame.payload, options)];
}

/** Channels 1 and 4 say nothing of their kind: a sign-on's answer is known by the TLV 01 it begins with. */
function channelLayout(frame: FlapFrame, from: Side): Registered | undefined {
  if (frame.channel === FlapChannel.hello) return findPacket('login', 'flapHello');
  if (frame.channel !== FlapChannel.close) return undefined;
  const isAnswer = from === 'server' && frame.payload[0] === 0 && frame.payload[1] === 1;
  return findPacket('login', isAnswer ? 'loginAnswer' : 'signOffNotice');
}

function snacLines(payload: Uint8Array, from: Side, options: DissectOptions): string[] {
  let snac: Snac;
  try {
    snac = decodeSnac(payload);
  } catch (error) {
    return [`not a SNAC: ${messageOf(error)}`, shown(payload, '', options)];
  }
  const kinds = findSnacs(snac.family, snac.subtype, from);
  const kind = kinds.find((one) => readable(one.layout, snac.data)) ?? kinds[0];
  const name = kind === undefined ? 'not declared' : `${kind.module} ${kind.name}`;
  const title = `SNAC ${snacName(snac)} ${name}, flags ${hex(snac.flags, 4)}, request ${hex(snac.requestId, 8)}`;
  const block = payload.length - snac.data.length - SNAC_HEADER_BYTES;
  const body = kind === undefined ? [shown(snac.data, '', options)] : bodyLines(kind.layout, snac.data, options);
  return [title, ...(block > 0 ? [`version block of ${block} bytes`] : []), ...body];
}

/** Whether a layout fits to the last byte: tells the two forms of rate classes apart. */
function readable(layout: Layout<unknown>, data: Uint8Array): boolean {
  try {
    const reader = new Reader(data);
    layout.read(reader);
    return reader.left === 0;
  } catch {
    return false;
  }
}

function bodyLines(layout: Layout<unknown>, data: Uint8Array, options: DissectOptions): string[] {
  const lines = new Lines(options);
  const reader = new Reader(data, 0, data.length, lines);
  try {
    const value = layout.read(reader);
    if (lines.texts.length === 0 && data.length > 0) lines.add(0, 'value', value);
  } catch (error) {
    return [...lines.texts, `cannot be read: ${messageOf(error)}`];
  }
  if (reader.left > 0) lines.add(reader.at, 'left over', data.subarray(reader.at));
  return lines.texts;
}

interface Open {
  readonly field: string;
  readonly at: number;
  readonly depth: number;
  readonly index: number;
}

/** Hears a decoder and keeps a line for each field, outer ones before what they hold. */
class Lines implements Trace {
  readonly texts: string[] = [];
  private readonly open: Open[] = [];
  private readonly options: DissectOptions;

  constructor(options: DissectOptions) {
    this.options = options;
  }

  enter(field: string, at: number): void {
    this.open.push({ field, at, depth: this.open.length, index: this.texts.length });
    this.texts.push(line(at, this.open.length - 1, field, ''));
  }

  leave(_at: number, value: unknown): void {
    const field = this.open.pop();
    if (field === undefined) return;
    const hasParts = this.texts.length > field.index + 1;
    // An absent optional field has no line of its own.
    if (value === undefined && !hasParts) this.texts.pop();
    else if (!hasParts) this.texts[field.index] = line(field.at, field.depth, field.field, shown(value, field.field, this.options));
  }

  add(at: number, field: string, value: unknown): void {
    this.texts.push(line(at, 0, field, shown(value, field, this.options)));
  }
}

function line(at: number, depth: number, field: string, value: string): string {
  const name = `${'  '.repeat(depth)}${field}`;
  return `${String(at).padStart(5)}  ${value === '' ? name : `${name.padEnd(26)} ${value}`}`;
}

function shown(value: unknown, field: string, options: DissectOptions): string {
  const hidden = options.redact === true && !OPEN_FIELDS.has(field);
  if (value instanceof Uint8Array) return hidden ? length(value.length) : shownBytes(value);
  if (typeof value === 'string') return hidden ? length(value.length) : JSON.stringify(value);
  if (typeof value === 'number' && hidden && SECRET_NUMBERS.has(field)) return 'a number';
  if (typeof value === 'number') return value > 9 ? `${value} (0x${value.toString(16)})` : String(value);
  if (value === true) return 'yes';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => shown(one, field, options)).join(', ');
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) return 'nothing';
  return hidden ? 'an object' : JSON.stringify(value);
}

function shownBytes(data: Uint8Array): string {
  const part = data.subarray(0, SHOWN_MAX);
  const digits = Array.from(part, (byte) => hex(byte, 2)).join(' ');
  const isText = data.length > 1 && data.every((byte) => byte >= 0x20 && byte < 0x7f);
  const text = isText ? ` ${JSON.stringify(String.fromCharCode(...part))}` : '';
  return `${length(data.length)}${data.length === 0 ? '' : ': '}${digits}${data.length > SHOWN_MAX ? ' …' : ''}${text}`;
}

function length(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** Anything but a WireError here is a mistake of a layout; the log wants to see that too. */
function messageOf(error: unknown): string {
  return error instanceof WireError ? error.message : String(error);
}
