/**
 * Golden packets and generated values: what proves the declarations.
 *
 * A golden packet is a file of headers, commented bytes, and two sections that `scripts/golden.ts` writes:
 *
 *     packet: oscar/icbm channelMsgToHost
 *     origin: captured in our lab, climm 0.7, scenario plain-text
 *     form: body
 *     31 41 59 26 53 58 97 93         cookie
 *     00 01                           channel 1
 *
 *     value:
 *     { "cookie": { "$hex": "3141592653589793" }, "channel": 1 }
 *
 *     dissection:
 *         0  cookie                     8 bytes: 31 41 59 26 53 58 97 93
 *
 * Headers: `packet` is the module and the export; `origin` who made the bytes; `form` is `body` (default), `snac` (with its
 * header) or `frame` (with FLAP's too); `from` is `client` or `server` where the declaration does not say it;
 * `encodes` is `same` (default), `reordered` (its TLVs stand in another order than ours) or `differently, because …`.
 *
 * `packet: udp/commands login` is a whole datagram. `check` has what its sender chose, `28 65` or for version 4 `28 65 2b67`;
 * `client` is the client's version where the header does not say it; `meta` is `old` for the old forms of META.
 *
 * Bytes are pairs of hexadecimal digits with one space between them. They end at two spaces or at the first word that is not
 * such a pair; the rest of the line is comment. A line without bytes begins with `#` or is empty.
 */
import { dissectFrame, dissectLayout, dissectSnac, type Side } from './dissect.ts';
import { WireError } from './errors.ts';
import { encodeFlap, FLAP_HEADER_BYTES, FlapDecoder } from './oscar/flap.ts';
import { findPacket, type Registered } from './oscar/registry.ts';
import { decodeSnac, encodeSnac, SnacFlag } from './oscar/snac.ts';
import { type Chance, decode, encode, type Layout } from './schema.ts';
import { type GoldenDatagram, goldenDatagram } from './udp/golden.ts';
import type { Version } from './udp/packet.ts';

// ---------------------------------------------------------------- golden packets

export type GoldenForm = 'body' | 'snac' | 'frame';

export interface Golden {
  /** Only for messages. */
  readonly file: string;
  /** Headers and bytes as they were written. */
  readonly head: string;
  readonly packet: Registered;
  readonly form: GoldenForm;
  readonly from: Side;
  readonly encodes: 'same' | 'reordered' | 'differently';
  readonly bytes: Uint8Array;
  /** Of a datagram. */
  readonly dissect?: (bytes: Uint8Array) => string;
  /** Absent until written. */
  readonly value?: unknown;
  readonly dissection?: string;
}

const HEADER = /^(packet|origin|form|from|encodes|check|client|meta): +(.+)$/;
const SECTION = /^(value|dissection):$/m;

/** @throws Error naming the file and what is wrong with it */
export function parseGolden(text: string, file: string): Golden {
  const wrong = (what: string): Error => new Error(`${file}: ${what}`);
  const at = SECTION.exec(text)?.index ?? text.length;
  const head = text.slice(0, at).trimEnd();
  const headers = new Map<string, string>();
  const bytes: number[] = [];
  for (const [i, line] of head.split('\n').entries()) {
    const header = bytes.length === 0 ? HEADER.exec(line) : null;
    if (header !== null) headers.set(header[1] as string, header[2] as string);
    else bytes.push(...bytesOfLine(line, () => wrong(`line ${i + 1} has no bytes and is no comment (begin it with #): ${line}`)));
  }
  if (headers.get('origin') === undefined) throw wrong('no "origin:" says who made these bytes');
  const sections = sectionsOf(text.slice(at));
  const datagram = datagramNamed(headers);
  const packet = datagram?.packet ?? packetNamed(headers.get('packet') ?? '', wrong);
  return {
    file,
    head,
    packet,
    ...(datagram === undefined ? {} : { dissect: datagram.dissect }),
    form: oneOf(headers.get('form') ?? 'body', ['body', 'snac', 'frame'], wrong),
    from: oneOf(headers.get('from') ?? datagram?.from ?? sideOf(packet), ['client', 'server'], wrong),
    encodes: oneOf((headers.get('encodes') ?? 'same').split(',')[0] as string, ['same', 'reordered', 'differently'], wrong),
    bytes: Uint8Array.from(bytes),
    ...(sections.value === undefined ? {} : { value: fromJson(sections.value) }),
    ...(sections.dissection === undefined ? {} : { dissection: sections.dissection }),
  };
}

function bytesOfLine(line: string, wrong: () => Error): number[] {
  const bytes: number[] = [];
  for (const word of line.trim().split(' ')) {
    if (!/^[0-9a-fA-F]{2}$/.test(word)) break;
    bytes.push(Number.parseInt(word, 16));
  }
  if (bytes.length === 0 && line.trim() !== '' && !line.trimStart().startsWith('#')) throw wrong();
  return bytes;
}

function sectionsOf(text: string): { value?: string; dissection?: string } {
  const parts = text.split(SECTION);
  const sections: Record<string, string> = {};
  for (let i = 1; i < parts.length; i += 2) sections[parts[i] as string] = (parts[i + 1] as string).replace(/^\n/, '').trimEnd();
  return sections;
}

function packetNamed(text: string, wrong: (what: string) => Error): Registered {
  const match = /^oscar\/(\S+) (\S+)$/.exec(text);
  const packet = match === null ? undefined : findPacket(match[1] as string, match[2] as string);
  if (packet === undefined) throw wrong(`"packet: ${text}" is not a module and an export of it, as in "oscar/icbm channelMsgToHost"`);
  return packet;
}

function datagramNamed(headers: ReadonlyMap<string, string>): (GoldenDatagram & { readonly packet: Registered }) | undefined {
  const [, module, name] = /^udp\/(\S+) (\S+)$/.exec(headers.get('packet') ?? '') ?? [];
  if (module === undefined || name === undefined) return undefined;
  const [r1, r2, random] = (headers.get('check') ?? '').split(' ');
  const datagram = goldenDatagram(module, name, {
    check: r2 === undefined ? 'zero' : { r1: Number(r1), r2: Number(r2), ...(random === undefined ? {} : { random: Number.parseInt(random, 16) }) },
    ...(headers.has('client') ? { client: Number(headers.get('client')) as Version } : {}),
    ...(headers.get('meta') === 'old' ? { metaForm: 'old' } : {}),
  });
  return datagram && { ...datagram, packet: { module, name, layout: datagram.layout } };
}

function sideOf(packet: Registered): Side {
  return packet.snac?.from === 'client' ? 'client' : 'server';
}

function oneOf<const T extends string>(text: string, known: readonly T[], wrong: (what: string) => Error): T {
  const found = known.find((one) => one === text);
  if (found === undefined) throw wrong(`"${text}" is none of ${known.join(', ')}`);
  return found;
}

/** The whole file with both sections computed from its bytes. @throws Error when the bytes cannot be decoded */
export function renderGolden(golden: Golden): string {
  const sections = [golden.head, '', 'value:', toJson(valueOf(golden)), '', 'dissection:', dissectionOf(golden)];
  return `${sections.join('\n').trimEnd()}\n`;
}

/**
 * The four checks: the bytes decode to the value beside them; the value encodes to these bytes; every shorter prefix is a value
 * or a WireError; the dissection is the one beside them.
 *
 * @throws Error naming the file and the difference
 */
export function checkGolden(golden: Golden): void {
  if (golden.value === undefined || golden.dissection === undefined) throw new Error(`${golden.file}: no value yet, run "npm run golden"`);
  same(golden, 'the bytes decode to', toJson(sorted(valueOf(golden))), toJson(sorted(golden.value)));
  checkEncoding(golden, golden.value);
  checkPrefixes(golden);
  same(golden, 'the dissection is', dissectionOf(golden), golden.dissection);
}

function checkEncoding(golden: Golden, value: unknown): void {
  const body = encode(golden.packet.layout, value);
  const original = bodyOf(golden);
  if (golden.encodes === 'same') same(golden, 'the value encodes to', hexOf(body), hexOf(original));
  else same(golden, 'what the value encodes to decodes to', toJson(sorted(decode(golden.packet.layout, body))), toJson(sorted(value)));
  if (golden.encodes === 'reordered') same(golden, 'the length of what the value encodes to is', String(body.length), String(original.length));
  checkEnvelope(golden);
}

/** Our headers around the very same body give the very same bytes. */
function checkEnvelope(golden: Golden): void {
  if (golden.form === 'body') return;
  const payload = payloadOf(golden);
  if (golden.packet.snac !== undefined) {
    const { flags, requestId, data } = decodeSnac(payload);
    const block = payload.length - data.length;
    const version = (flags & SnacFlag.versionBlock) === 0 ? undefined : ((payload[block - 2] as number) << 8) | (payload[block - 1] as number);
    const rebuilt = encodeSnac({ ...golden.packet.snac, body: RAW }, data, requestId, flags, version);
    same(golden, 'our SNAC header makes it', hexOf(rebuilt), hexOf(payload));
  }
  if (golden.form !== 'frame') return;
  const [frame] = new FlapDecoder().push(golden.bytes);
  if (frame !== undefined) same(golden, 'our FLAP header makes it', hexOf(encodeFlap(frame.channel, frame.sequence, frame.payload)), hexOf(golden.bytes));
}

const RAW: Layout<unknown> = {
  doc: { type: 'raw' },
  read: (r) => r.bytes(r.left),
  write: (w, value) => w.bytes(value as Uint8Array),
  sample: () => new Uint8Array(0),
};

function checkPrefixes(golden: Golden): void {
  const body = bodyOf(golden);
  for (let end = 0; end < body.length; end++) attempt(golden, end, () => decode(golden.packet.layout, body.subarray(0, end)));
  const payload = golden.form === 'body' ? body : payloadOf(golden);
  for (let end = 0; golden.packet.snac !== undefined && end < payload.length; end++) attempt(golden, end, () => decodeSnac(payload.subarray(0, end)));
  for (let end = 0; golden.form === 'frame' && end < golden.bytes.length; end++) {
    const frames = new FlapDecoder().push(golden.bytes.subarray(0, end));
    if (frames.length > 0) throw new Error(`${golden.file}: the first ${end} bytes already make a frame`);
  }
}

function attempt(golden: Golden, end: number, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof WireError)) throw new Error(`${golden.file}: the first ${end} bytes make a ${String(error)}`, { cause: error });
  }
}

function same(golden: Golden, what: string, got: string, want: string): void {
  if (got === want) return;
  const [a, b] = [got.split('\n'), want.split('\n')];
  const line = a.findIndex((text, i) => text !== b[i]);
  const at = line < 0 ? a.length : line;
  throw new Error(`${golden.file}: ${what}, line ${at + 1},\n  ${a[at] ?? '(nothing)'}\nand not\n  ${b[at] ?? '(nothing)'}`);
}

function valueOf(golden: Golden): unknown {
  return decode(golden.packet.layout, bodyOf(golden));
}

function dissectionOf(golden: Golden): string {
  if (golden.dissect !== undefined) return golden.dissect(golden.bytes);
  if (golden.form === 'body') return dissectLayout(golden.packet.layout, golden.bytes);
  if (golden.form === 'snac') return dissectSnac(golden.bytes, golden.from);
  const [frame] = new FlapDecoder().push(golden.bytes);
  return frame === undefined ? 'an incomplete frame' : dissectFrame(frame, golden.from);
}

function payloadOf(golden: Golden): Uint8Array {
  if (golden.form === 'snac') return golden.bytes;
  const frames = new FlapDecoder().push(golden.bytes);
  const [frame] = frames;
  if (frame === undefined || frames.length > 1 || golden.bytes.length !== FLAP_HEADER_BYTES + frame.payload.length) {
    throw new Error(`${golden.file}: not exactly one FLAP frame`);
  }
  return frame.payload;
}

function bodyOf(golden: Golden): Uint8Array {
  if (golden.form === 'body') return golden.bytes;
  const payload = payloadOf(golden);
  const declared = golden.packet.snac;
  if (declared === undefined) return payload;
  const got = decodeSnac(payload);
  if (got.family !== declared.family || got.subtype !== declared.subtype) throw new Error(`${golden.file}: the SNAC is another one than "packet:" says`);
  return got.data;
}

// ---------------------------------------------------------------- values as text

/** A value as JSON; bytes are `{"$hex": "…"}`. Short objects and lists stand on one line. */
export function toJson(value: unknown): string {
  return pretty(plain(value), '');
}

/** @throws SyntaxError when it is not JSON */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    const hex = typeof value === 'object' && value !== null && '$hex' in value ? value.$hex : undefined;
    return typeof hex === 'string' ? Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : value;
  });
}

const LINE_MAX = 120;

function pretty(value: unknown, indent: string): string {
  const line = JSON.stringify(value, null, 1)?.replaceAll(/\n\s*/g, ' ') ?? 'null';
  if (line.length + indent.length <= LINE_MAX || typeof value !== 'object' || value === null) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((one) => inner + pretty(one, inner)).join(',\n')}\n${indent}]`;
  const fields = Object.entries(value).map(([name, part]) => `${inner}${JSON.stringify(name)}: ${pretty(part, inner)}`);
  return `{\n${fields.join(',\n')}\n${indent}}`;
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $hex: hexOf(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .map(([name, part]) => [name, plain(part)]),
  );
}

/** With names in alphabetical order: a value is the same in whatever order its TLVs came. */
function sorted(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}

/** Lower-case hexadecimal digits. */
export function hexOf(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// ---------------------------------------------------------------- generated values

/** Chance from a seed: the same seed gives the same numbers (mulberry32). */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

/** A few changes to bytes: turned bits, other values, lengths that lie, parts lost, doubled or inserted. */
export function mutate(data: Uint8Array, chance: Chance): Uint8Array {
  let bytes = Array.from(data);
  const upTo = (max: number): number => Math.floor(chance() * (max + 1));
  for (let changes = 1 + upTo(3); changes > 0; changes--) {
    const at = upTo(bytes.length);
    const kind = upTo(5);
    if (kind === 0 && at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << upTo(7));
    else if (kind === 1 && at < bytes.length) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][upTo(4)] as number;
    else if (kind === 2) bytes = bytes.slice(0, at);
    else if (kind === 3) bytes.splice(at, 1 + upTo(3));
    else if (kind === 4) bytes.splice(at, 0, ...Array.from({ length: 1 + upTo(7) }, () => upTo(0xff)));
    else bytes.push(...bytes.slice(at));
  }
  return Uint8Array.from(bytes);
}

/**
 * A generated value survives its own bytes.
 *
 * @returns the bytes
 * @throws Error with both values when it does not
 */
export function checkRoundTrip(name: string, layout: Layout<unknown>, chance: Chance): Uint8Array {
  const value = layout.sample(chance);
  const data = encode(layout, value);
  const got = toJson(sorted(decode(layout, data)));
  const want = toJson(sorted(value));
  if (got !== want) throw new Error(`${name}: encoded as ${hexOf(data)}\n${want}\ncame back as\n${got}`);
  return data;
}

/**
 * Any bytes are a value or a WireError; and a value read from them can be written again, to be read as the same value,
 * unless a WireError says that it has no bytes.
 *
 * @throws Error with the bytes when something else happens
 */
export function checkAnyBytes(name: string, layout: Layout<unknown>, data: Uint8Array): void {
  try {
    const value = decode(layout, data);
    const again = decode(layout, encode(layout, value));
    const [got, want] = [toJson(sorted(again)), toJson(sorted(value))];
    if (got !== want) throw new Error(`read as\n${want}\nand, written and read again, as\n${got}`);
  } catch (error) {
    if (!(error instanceof WireError)) throw new Error(`${name}: ${hexOf(data)} makes a ${String(error)}`, { cause: error });
  }
}
