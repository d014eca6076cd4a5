/** Layouts that only the UDP protocols have. */
import { WireError } from '../errors.ts';
import type { Reader } from '../reader.ts';
import { bytes, type Chance, type Layout, le, list, mapped, type OptionalLayout, rest, struct, u8 } from '../schema.ts';
import type { Writer } from '../writer.ts';

/** Always on the wire; written as `value` where nothing is given. */
export function usual<T>(layout: Layout<T>, value: T): OptionalLayout<T> {
  return {
    ...layout,
    doc: {
      ...layout.doc,
      type: `${layout.doc.type}, usually ${value instanceof Uint8Array ? Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(' ') : String(value)}`,
    },
    read: (r: Reader) => layout.read(r),
    write: (w: Writer, given: T | undefined) => layout.write(w, given ?? value),
    sample: (chance: Chance) => layout.sample(chance),
  } as OptionalLayout<T>;
}

/** Nothing that means anything: version 5 clients send random bytes, so that the check code has something to cover. */
export const padding = struct({ padding: bytes(rest) });
export type Padding = { readonly padding: Uint8Array };

/** No parameters; whatever follows is ignored. */
export const nothing: Layout<{}> = struct({});

/** Two bytes where a program sends no more. */
export const u32orU16: Layout<number> = {
  ...le.u32,
  doc: { type: 'u32 LE, or u16' },
  min: 2,
  read: (r) => (r.left >= 4 ? r.u32le() : r.u16le()),
};

/** One byte where a program sends no more. */
export const u32orU8: Layout<number> = {
  ...le.u32,
  doc: { type: 'u32 LE, or u8' },
  min: 1,
  read: (r) => (r.left >= 4 ? r.u32le() : r.u8()),
};

const manyUins = list(le.u32, u8);

/** At most 255 UINs. A count that promises more than there is means those that are there. */
export const uins: Layout<readonly number[]> = {
  doc: { ...manyUins.doc, type: 'list of u32 LE (u8 count, or fewer)' },
  min: 1,
  read(r) {
    const claimed = r.u8();
    return list(le.u32).read(r.sub(4 * Math.min(claimed, Math.floor(r.left / 4))));
  },
  write: (w, value) => manyUins.write(w, value),
  sample: (chance) => manyUins.sample(chance),
};

const MINUTE_SECONDS = 60;

/**
 * Year, month, day, hour and minute in UTC; the value is Unix time in seconds.
 *
 * Written cut to the minute. Read strictly: the 31st of a short month is `bad-value`.
 */
export const date: Layout<number> = {
  doc: { type: 'u16 LE year, u8 month, day, hour, minute' },
  min: 6,
  read(r) {
    const at = r.at;
    const [year, month, day, hour, minute] = [r.u16le(), r.u8(), r.u8(), r.u8(), r.u8()] as const;
    const time = unixTime(year, month, day, hour, minute);
    if (time === undefined) throw new WireError('bad-value', at, `${year}-${month}-${day} ${hour}:${minute} is no time`);
    return time;
  },
  write(w, time) {
    const when = new Date(time * 1000);
    w.u16le(when.getUTCFullYear());
    w.u8(when.getUTCMonth() + 1);
    w.u8(when.getUTCDate());
    w.u8(when.getUTCHours());
    w.u8(when.getUTCMinutes());
  },
  sample: (chance) => Math.floor(chance() * 0x4000000) * MINUTE_SECONDS,
};

function unixTime(year: number, month: number, day: number, hour: number, minute: number): number | undefined {
  if (year < 100) return undefined; // Date.UTC takes these for years of the 20th century
  const when = new Date(Date.UTC(year, month - 1, day, hour, minute));
  const isSame = when.getUTCFullYear() === year && when.getUTCMonth() === month - 1 && when.getUTCDate() === day;
  return isSame && hour < 24 && minute < 60 ? when.getTime() / 1000 : undefined;
}

/** A number; the value is its decimal digits as bytes, none for 0. What is no number, or too large a one, is written as 0. */
export const zipNumber: Layout<Uint8Array> = mapped(
  le.u32,
  (zip) => Uint8Array.from(zip === 0 ? '' : String(zip), (digit) => digit.charCodeAt(0)),
  (digits) => {
    const text = String.fromCharCode(...digits.subarray(0, 10));
    const zip = /^\d{1,10}$/.test(text) && digits.length <= 10 ? Number(text) : 0;
    return zip > 0xffffffff ? 0 : zip;
  },
  'u32 LE zip',
);

/** Years since 1900; the value is the year, 0 for an unknown one and when written for one that cannot be said. */
export const yearOf1900: Layout<number> = mapped(
  u8,
  (years) => (years === 0 ? 0 : 1900 + years),
  (year) => (year > 1900 && year <= 1900 + 0xff ? year - 1900 : 0),
  'u8 years since 1900',
);
