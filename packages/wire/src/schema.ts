/**
 * Layouts: one declaration of a packet gives its decoder, encoder, type, field table and generator.
 *
 * A layout is a value; composing layouts composes everything at once. Lengths count bytes unless a name says otherwise.
 * Text without a stated charset is bytes here: the front end knows its user's code page.
 */
import { inField, WireError } from './errors.ts';
import { Reader, type Trace } from './reader.ts';
import { Writer } from './writer.ts';

/** Chance from outside: a number from 0 up to, not including, 1. */
export type Chance = () => number;

/** What a layout looks like, for field tables. */
export interface LayoutDoc {
  readonly type: string;
  readonly fields?: readonly { readonly name: string; readonly doc: LayoutDoc }[];
}

export interface Layout<T> {
  readonly doc: LayoutDoc;
  /** Fewest bytes it can be read from; absent when any number may do. */
  readonly min?: number;
  /** @throws WireError */
  read(this: void, r: Reader): T;
  /** @throws WireError `out-of-range`, `too-long`, `bad-value` */
  write(this: void, w: Writer, value: T): void;
  /** A value this layout can carry, for generated tests. */
  sample(this: void, chance: Chance): T;
}

/** The type of the values a layout, or a declaration with a `body`, carries. */
export type Value<L> = L extends Layout<infer T> ? T : L extends { readonly body: Layout<infer T> } ? T : never;

const upTo = (chance: Chance, max: number): number => Math.floor(chance() * (max + 1));

// ---------------------------------------------------------------- numbers

function number(type: string, max: number, read: (r: Reader) => number, write: (w: Writer, v: number) => void): Layout<number> {
  return { doc: { type }, min: max > 0xffff ? 4 : max > 0xff ? 2 : 1, read, write, sample: (chance) => upTo(chance, max) };
}

export const u8 = number(
  'u8',
  0xff,
  (r) => r.u8(),
  (w, v) => w.u8(v),
);

/** −128 to 127. */
export const i8: Layout<number> = {
  doc: { type: 'i8' },
  min: 1,
  read: (r) => (r.u8() << 24) >> 24,
  write: (w, v) => {
    if (!Number.isInteger(v) || v < -128 || v > 127) throw new WireError('out-of-range', -1, `${v} is not a whole number from -128 to 127`);
    w.u8(v & 0xff);
  },
  sample: (chance) => upTo(chance, 0xff) - 128,
};

/** Network byte order: OSCAR. */
export const be = {
  u16: number(
    'u16',
    0xffff,
    (r) => r.u16be(),
    (w, v) => w.u16be(v),
  ),
  u32: number(
    'u32',
    0xffffffff,
    (r) => r.u32be(),
    (w, v) => w.u32be(v),
  ),
};

/** Little-endian: the UDP protocols and ICQ meta. */
export const le = {
  u16: number(
    'u16 LE',
    0xffff,
    (r) => r.u16le(),
    (w, v) => w.u16le(v),
  ),
  u32: number(
    'u32 LE',
    0xffffffff,
    (r) => r.u32le(),
    (w, v) => w.u32le(v),
  ),
};

// ---------------------------------------------------------------- lengths

/** How far a run of bytes goes. */
export interface Extent {
  readonly doc: string;
  /** Fewest bytes it takes, with what frames it. */
  readonly min: number;
  /** Longest run it can express. */
  readonly max: number;
  /** Reads what frames the run: how many bytes follow. */
  measure(this: void, r: Reader): number;
  /** Begins a run; `end` wants the result. */
  begin(this: void, w: Writer): number;
  /** Ends it: fills in what frames it, or refuses its length. */
  end(this: void, w: Writer, begun: number): void;
  /** Instead of both, where the length is known: writes what frames a run of `size` bytes, or refuses it. */
  announce(this: void, w: Writer, size: number): void;
}

/** Exactly `length` bytes. */
export function fixed(length: number): Extent {
  const announce = (_w: Writer, size: number): void => {
    if (size !== length) throw new WireError('bad-value', -1, `need exactly ${length} bytes, got ${size}`);
  };
  return {
    doc: `${length} bytes`,
    min: length,
    max: length,
    measure: () => length,
    begin: (w) => w.length,
    end: (w, begun) => announce(w, w.length - begun),
    announce,
  };
}

/** As many bytes as a number before them says. */
export function bytesOf(length: Layout<number>): Extent {
  const { read, write } = length;
  const width = widthOf(length);
  const max = width === 1 ? 0xff : width === 2 ? 0xffff : 0xffffffff;
  const announce = (w: Writer, size: number): void => {
    if (size > max) throw new WireError('too-long', -1, `${size} bytes do not fit a ${length.doc.type} length`);
    write(w, size);
  };
  const checked = { write: announce };
  return {
    doc: `${length.doc.type} length, bytes`,
    min: width,
    max,
    measure: read,
    begin: (w) => w.reserve(width),
    end: (w, begun) => w.patch(begun, checked, w.length - begun - width),
    announce,
  };
}

/** Bytes of a number's layout. */
function widthOf(number: Layout<number>): 1 | 2 | 4 {
  return number.min === 1 ? 1 : number.min === 2 ? 2 : 4;
}

/** Everything to the end of what encloses it. */
export const rest: Extent = {
  doc: 'to the end',
  min: 0,
  max: 0xffff,
  measure: (r) => r.left,
  begin: () => 0,
  end: () => {},
  announce: () => {},
};

// ---------------------------------------------------------------- bytes and text

/** Raw bytes. Decoded values are views of the packet. */
export function bytes(extent: Extent): Layout<Uint8Array> {
  const { measure, announce } = extent;
  return {
    doc: { type: `bytes (${extent.doc})` },
    min: extent.min,
    read: (r) => r.bytes(measure(r)),
    write: (w, value) => {
      announce(w, value.length);
      w.bytes(value);
    },
    sample: (chance) => {
      const exact = /^(\d+) bytes$/.exec(extent.doc);
      return Uint8Array.from({ length: exact ? Number(exact[1]) : upTo(chance, 20) }, () => upTo(chance, 0xff));
    },
  };
}

/** ASCII on the wire; bytes above 0x7F arrive as U+0080–U+00FF and go back unchanged. */
export function ascii(extent: Extent): Layout<string> {
  const raw = bytes(extent);
  const { measure, announce } = extent;
  return {
    doc: { type: `ascii (${extent.doc})` },
    min: extent.min,
    read: (r) => r.latin1(measure(r)),
    write: (w, value) => {
      announce(w, value.length);
      w.latin1(value);
    },
    sample: (chance) => latin1(raw.sample(chance).map((b) => 0x20 + (b % 95))),
  };
}

/** UTF-8 on the wire; broken sequences arrive as U+FFFD. */
export function utf8(extent: Extent): Layout<string> {
  const raw = bytes(extent);
  return {
    doc: { type: `utf-8 (${extent.doc})` },
    min: extent.min,
    read: (r) => utf8Decoder.decode(raw.read(r)),
    write: (w, value) => raw.write(w, utf8Encoder.encode(value)),
    sample: (chance) => latin1(raw.sample(chance).map((b) => 0x20 + (b % 95))),
  };
}

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const utf8Encoder = new TextEncoder();

function latin1(data: Uint8Array): string {
  let text = '';
  for (const byte of data) text += String.fromCharCode(byte);
  return text;
}

// ---------------------------------------------------------------- structure

/** No bytes: the presence of what encloses it is the message. */
export const empty: Layout<true> = { doc: { type: 'empty' }, read: () => true, write: () => {}, sample: () => true };

/** A fixed value that must be there, such as padding or a version. Decoding accepts any. */
export function constant<T>(layout: Layout<T>, value: T): Layout<T> {
  return {
    ...layout,
    doc: { type: `${layout.doc.type} = ${String(value)}` },
    read: (r) => layout.read(r),
    write: (w, v) => layout.write(w, v),
    sample: () => value,
  };
}

declare const OPTIONAL: unique symbol;
/** A layout whose field may be absent from a `struct`. */
export interface OptionalLayout<T> extends Layout<T | undefined> {
  readonly [OPTIONAL]: true;
}

/** There if bytes remain: old clients stop early, newer ones go on. */
export function optional<T>(layout: Layout<T>): OptionalLayout<T> {
  return {
    doc: { type: `${layout.doc.type}, optional`, ...(layout.doc.fields ? { fields: layout.doc.fields } : {}) },
    read: (r: Reader) => (r.left > 0 ? layout.read(r) : undefined),
    write: (w: Writer, value: T | undefined) => {
      if (value !== undefined) layout.write(w, value);
    },
    sample: (chance: Chance) => layout.sample(chance),
  } as OptionalLayout<T>;
}

type Fields = Readonly<Record<string, Layout<never> | Layout<any>>>;
type StructValue<F extends Fields> = {
  readonly [K in keyof F as F[K] extends OptionalLayout<unknown> ? never : K]: Value<F[K]>;
} & { readonly [K in keyof F as F[K] extends OptionalLayout<unknown> ? K : never]?: Exclude<Value<F[K]>, undefined> };
/** Flattens an intersection so that editors show one object. */
type Flat<T> = { [K in keyof T]: T[K] };

/** A field with its layout's functions, taken out once: layouts come in many shapes, and to look into one costs more than the call. */
interface Step extends Required<Layout<unknown>> {
  readonly name: string;
}

function stepOf(name: string, { doc, min = 0, read, write, sample }: Layout<unknown>): Step {
  return { name, doc, min, read, write, sample };
}

/** Fields one after another. */
export function struct<const F extends Fields>(fields: F): Layout<Flat<StructValue<F>>> {
  const steps = Object.entries<Layout<unknown>>(fields).map(([name, layout]) => stepOf(name, layout));
  return {
    doc: { type: 'struct', fields: steps.map(({ name, doc }) => ({ name, doc })) },
    min: steps.reduce((sum, { min }) => sum + min, 0),
    read(r) {
      const value: Record<string, unknown> = {};
      let i = 0;
      try {
        for (; i < steps.length; i++) {
          const { name, read } = steps[i] as Step;
          r.trace?.enter(name, r.at);
          const part = read(r);
          r.trace?.leave(r.at, part);
          if (part !== undefined) value[name] = part;
        }
      } catch (error) {
        throw inField(error, (steps[i] as Step).name);
      }
      return value as Flat<StructValue<F>>;
    },
    write(w, value) {
      let i = 0;
      try {
        for (; i < steps.length; i++) {
          const { name, write } = steps[i] as Step;
          write(w, (value as Record<string, unknown>)[name]);
        }
      } catch (error) {
        throw inField(error, (steps[i] as Step).name);
      }
    },
    sample(chance) {
      const value: Record<string, unknown> = {};
      for (const { name, sample } of steps) value[name] = sample(chance);
      return value as Flat<StructValue<F>>;
    },
  };
}

/** A layout inside its own length: nothing in it can reach beyond. Bytes left over are skipped. */
export function within<T>(extent: Extent, layout: Layout<T>): Layout<T> {
  return {
    doc: { type: `${layout.doc.type} (${extent.doc})`, ...(layout.doc.fields ? { fields: layout.doc.fields } : {}) },
    read: (r) => {
      const outer = r.narrow(extent.measure(r));
      const value = layout.read(r);
      r.widen(outer);
      return value;
    },
    write: (w, value) => {
      const begun = extent.begin(w);
      layout.write(w, value);
      extent.end(w, begun);
    },
    sample: (chance) => layout.sample(chance),
  };
}

/** How many items a list has: a number before them, or as many as bytes allow. */
export type Count = Layout<number> | typeof rest;

const ITEMS_MAX = 4096;

/** Items of one kind. At most 4,096: a longer list is an attack, no client sends one. */
export function list<T>(item: Layout<T>, count: Count = rest): Layout<readonly T[]> {
  const counted = 'read' in count ? count : undefined;
  return {
    doc: {
      type: `list of ${item.doc.type} (${counted ? `${counted.doc.type} count` : 'to the end'})`,
      ...(item.doc.fields ? { fields: item.doc.fields } : {}),
    },
    read(r) {
      const values: T[] = [];
      const want = counted?.read(r);
      try {
        while (want === undefined ? r.left > 0 : values.length < want) {
          if (values.length === ITEMS_MAX) throw new WireError('too-long', r.at, `more than ${ITEMS_MAX} items`);
          const from = r.at;
          r.trace?.enter(`[${values.length}]`, r.at);
          const value = item.read(r);
          r.trace?.leave(r.at, value);
          values.push(value);
          if (r.at === from && want === undefined) throw new WireError('bad-value', r.at, 'an item of no bytes in an open list');
        }
      } catch (error) {
        throw inField(error, `[${values.length}]`);
      }
      return values;
    },
    write(w, values) {
      counted?.write(w, values.length);
      let i = 0;
      try {
        for (; i < values.length; i++) item.write(w, values[i] as T);
      } catch (error) {
        throw inField(error, `[${i}]`);
      }
    },
    sample: (chance) => Array.from({ length: upTo(chance, 3) }, () => item.sample(chance)),
  };
}

/** The same bytes seen as another type. `toValue` may throw WireError `bad-value`. */
export function mapped<A, B>(layout: Layout<A>, toValue: (a: A) => B, toWire: (b: B) => A, type = layout.doc.type): Layout<B> {
  return {
    doc: { ...layout.doc, type },
    ...(layout.min === undefined ? {} : { min: layout.min }),
    read: (r) => toValue(layout.read(r)),
    write: (w, value) => layout.write(w, toWire(value)),
    sample: (chance) => toValue(layout.sample(chance)),
  };
}

// ---------------------------------------------------------------- TLVs

/** A TLV nobody declared, a repetition of one that should stand once, or one too short for its value; kept in order. */
export interface RawTlv {
  readonly type: number;
  readonly data: Uint8Array;
}

/** Marks a TLV that may be repeated; its value is then an array. */
export const many = Symbol('many');

type TlvField = readonly [type: number, layout: Layout<any>] | readonly [type: number, layout: Layout<any>, many: typeof many];
type TlvFields = Readonly<Record<string, TlvField>>;
type TlvValue<F extends TlvField> = F extends readonly [number, infer L, typeof many]
  ? readonly Value<L>[]
  : F extends readonly [number, infer L]
    ? Value<L>
    : never;
type TlvsValue<F extends TlvFields> = Flat<{ readonly [K in keyof F]?: TlvValue<F[K]> } & { readonly extra?: readonly RawTlv[] }>;

/** How a TLV block ends: `rest`, a count of TLVs, or a length in bytes. */
export type TlvFraming = typeof rest | { readonly count: Layout<number> } | { readonly size: Layout<number> };

const TLVS_MAX = 500;
const TLV_HEADER_BYTES = 4;

/** Big-endian TLVs. Every one may be absent; `extra` holds those we do not know, in order. */
export function tlvs<const F extends TlvFields>(fields: F, framing: TlvFraming = rest): Layout<TlvsValue<F>> {
  return tlvBlock(fields, framing, true);
}

/** TLVs with little-endian type and length: inside family 0x15 only. */
export function tlvsLe<const F extends TlvFields>(fields: F, framing: TlvFraming = rest): Layout<TlvsValue<F>> {
  return tlvBlock(fields, framing, false);
}

function tlvBlock<const F extends TlvFields>(fields: F, framing: TlvFraming, isBig: boolean): Layout<TlvsValue<F>> {
  const known = Object.entries(fields).map(([name, [type, layout, repeated]], i) => {
    return { ...stepOf(name, layout), type, bit: 1 << i, many: repeated === many };
  });
  type Known = (typeof known)[number];
  const byType = new Map(known.map((field) => [field.type, field]));
  const word = isBig ? be.u16 : le.u16;
  const rawData = bytes(bytesOf(word));
  const counted = 'count' in framing ? framing.count : undefined;
  const sized = 'size' in framing ? bytesOf(framing.size) : undefined;
  const framed = counted ? `${counted.doc.type} count` : sized ? sized.doc : 'to the end';

  /** Reads one TLV; returns `seen` with its bit. */
  function readOne(r: Reader, value: Record<string, unknown>, seen: number): number {
    const type = isBig ? r.u16be() : r.u16le();
    const claimed = isBig ? r.u16be() : r.u16le();
    // A length past the container is cut, not refused: Jimm sends such a TLV 5 in 02/04 (oscar.md §1.3).
    const outer = r.narrow(claimed > r.left ? r.cut() : claimed);
    const field = byType.get(type);
    if (field === undefined || r.left < field.min || isRepeated(field, value, seen)) readExtra(r, type, value);
    else readField(r, field, value);
    r.widen(outer);
    return field === undefined ? seen : seen | field.bit;
  }

  /** @param seen has the bit of every field that was met; asking the value itself costs more, and is for when it may be so */
  function isRepeated(field: Known, value: Record<string, unknown>, seen: number): boolean {
    return (seen & field.bit) !== 0 && !field.many && value[field.name] !== undefined;
  }

  function readExtra(r: Reader, type: number, value: Record<string, unknown>): void {
    r.trace?.enter(`extra 0x${type.toString(16).padStart(4, '0')}`, r.at);
    const data = r.bytes(r.left);
    r.trace?.leave(r.at, data);
    ((value['extra'] ??= []) as RawTlv[]).push({ type, data });
  }

  function readField(r: Reader, { name, read, many: isMany }: Known, value: Record<string, unknown>): void {
    try {
      r.trace?.enter(name, r.at);
      const decoded = read(r);
      r.trace?.leave(r.at, decoded);
      if (isMany) ((value[name] ??= []) as unknown[]).push(decoded);
      else value[name] = decoded;
    } catch (error) {
      throw inField(error, name);
    }
  }

  function writeOne(w: Writer, { type, write }: Known, value: unknown): void {
    const begun = w.reserve(TLV_HEADER_BYTES);
    write(w, value);
    const size = w.length - begun - TLV_HEADER_BYTES;
    if (size > 0xffff) throw new WireError('too-long', -1, `${size} bytes do not fit a ${word.doc.type} length`);
    w.patchTlv(begun, type, size, isBig);
  }

  function writeField(w: Writer, field: Known, value: unknown): number {
    if (value === undefined) return 0;
    try {
      if (!field.many) {
        writeOne(w, field, value);
        return 1;
      }
      for (const one of value as readonly unknown[]) writeOne(w, field, one);
      return (value as readonly unknown[]).length;
    } catch (error) {
      throw inField(error, field.name);
    }
  }

  /** Returns how many TLVs were written, as its parts do. */
  function writeAll(w: Writer, value: Record<string, unknown>): number {
    return writeAsNamed(w, value) ?? writeInOrder(w, value);
  }

  /** Looks only at what a value has, a few of many; `undefined` when that does not stand in the order of the declaration. */
  function writeAsNamed(w: Writer, value: Record<string, unknown>): number | undefined {
    if (typeof value !== 'object' || value === null) throw new TypeError(`${String(value)} is no object of TLVs`);
    const from = w.length;
    let written = 0;
    let extra: unknown;
    let i = 0;
    for (const name in value) {
      if (name === 'extra') {
        extra = value[name];
        continue;
      }
      while (i < known.length && (known[i] as Known).name !== name) i++;
      const field = known[i++];
      if (field === undefined) {
        w.length = from;
        return undefined;
      }
      written += writeField(w, field, value[name]);
    }
    return written + writeExtra(w, extra);
  }

  function writeInOrder(w: Writer, value: Record<string, unknown>): number {
    let written = 0;
    for (const field of known) written += writeField(w, field, value[field.name]);
    return written + writeExtra(w, value['extra']);
  }

  function writeExtra(w: Writer, extra: unknown): number {
    if (extra === undefined) return 0;
    for (const raw of extra as readonly RawTlv[]) {
      word.write(w, raw.type);
      rawData.write(w, raw.data);
    }
    return (extra as readonly RawTlv[]).length;
  }

  return {
    doc: {
      type: `TLVs (${framed})`,
      fields: known.map((field) => ({ name: `${field.name} 0x${field.type.toString(16).padStart(4, '0')}`, doc: field.doc })),
    },
    read(r) {
      const value: Record<string, unknown> = {};
      const want = counted?.read(r);
      const outer = sized ? r.narrow(sized.measure(r)) : r.end;
      let seen = 0;
      // Fewer bytes than a header cannot hold another TLV: padding some clients leave behind.
      for (let got = 0; want === undefined ? r.left >= TLV_HEADER_BYTES : got < want; got++) {
        if (got === TLVS_MAX) throw new WireError('too-long', r.at, `more than ${TLVS_MAX} TLVs`);
        seen = readOne(r, value, seen);
      }
      if (sized) r.widen(outer);
      return value as TlvsValue<F>;
    },
    write(w, value) {
      const fieldsOf = value as Record<string, unknown>;
      const begun = counted ? w.reserve(widthOf(counted)) : sized ? sized.begin(w) : 0;
      const written = writeAll(w, fieldsOf);
      if (counted) w.patch(begun, counted, written);
      else sized?.end(w, begun);
    },
    sample(chance) {
      const value: Record<string, unknown> = {};
      for (const field of known) {
        if (chance() < 0.5) continue;
        value[field.name] = field.many ? [field.sample(chance)] : field.sample(chance);
      }
      const unknown = 0xf000 + upTo(chance, 0xff);
      if (chance() < 0.3 && !byType.has(unknown)) value['extra'] = [{ type: unknown, data: Uint8Array.of(upTo(chance, 0xff)) }];
      return value as TlvsValue<F>;
    },
  };
}

// ---------------------------------------------------------------- doors

/**
 * Decodes a whole packet. Bytes after the declared fields are ignored: newer clients append.
 *
 * @throws WireError with the field path and byte offset
 */
export function decode<T>(layout: Layout<T>, data: Uint8Array, trace?: Trace): T {
  return layout.read(new Reader(data, 0, data.length, trace));
}

/** @throws WireError when the value does not fit its layout */
export function encode<T>(layout: Layout<T>, value: T): Uint8Array {
  const w = spare ?? new Writer();
  // A layout may encode what stands inside it.
  spare = undefined;
  try {
    w.reset();
    layout.write(w, value);
    return w.take();
  } finally {
    spare = w;
  }
}

/** The writer for the next packet, when nobody is writing: the memory of a new one costs more than most packets. */
let spare: Writer | undefined;
