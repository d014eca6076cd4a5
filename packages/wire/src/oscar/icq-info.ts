/**
 * What the directory keeps about a person, as ICQ wrote it: blocks that 07D0 requests set and 07DA answers carry.
 *
 * All texts are in the client's code page. @see oscar.md §9.3–§9.7
 */
import { Reader } from '../reader.ts';
import { be, bytes, bytesOf, fixed, i8, type Layout, le, list, many, optional, rest, struct, tlvsLe, u8, type Value, within } from '../schema.ts';
import type { Writer } from '../writer.ts';
import { lnts } from './strings.ts';

/** Directory flag `authorization` of all these blocks: whether others must ask before adding. */
export const Authorization = { required: 0, notRequired: 1 } as const;

export const Gender = { unknown: 0, female: 1, male: 2 } as const;

/** `online` of a {@link foundPerson}. */
export const FoundOnline = { offline: 0, online: 1, unknown: 2 } as const;

// ---------------------------------------------------------------- blocks

const home = {
  nick: lnts,
  first: lnts,
  last: lnts,
  email: lnts,
  city: lnts,
  state: lnts,
  phone: lnts,
  fax: lnts,
  street: lnts,
  cellular: lnts,
  zip: lnts,
  country: le.u16,
  gmtOffset: i8, // half hours west of Greenwich, −100 not told
};

/** 03EA. */
export const basicInfoSet = struct({
  ...home,
  hideEmail: optional(u8),
});

/** 00C8. */
export const basicInfo = struct({
  ...home,
  authorization: u8, // Authorization
  webAware: u8,
  directPermissions: optional(u8), // 0 anybody, 1 contacts, 2 after asking
  hideEmail: optional(u8),
});

/** 03F3 and 00D2. */
export const workInfo = struct({
  city: lnts,
  state: lnts,
  phone: lnts,
  fax: lnts,
  street: lnts,
  zip: lnts,
  country: le.u16,
  company: lnts,
  department: lnts,
  position: lnts,
  occupation: le.u16,
  webPage: lnts,
});

const more = {
  age: le.u16,
  gender: u8, // Gender
  homepage: lnts,
  birthYear: le.u16,
  birthMonth: u8,
  birthDay: u8,
  language1: u8,
  language2: u8,
  language3: u8,
};

/** 03FD. */
export const moreInfoSet = struct(more);

/** 00DC. */
export const moreInfo = struct({
  ...more,
  zero: le.u16,
  originCity: lnts,
  originState: lnts,
  originCountry: le.u16,
  marital: u8, // or a time zone: send 0
  padding: bytes(rest), // four zeros for ICQ5, which shows an error without them
});

export const aboutInfo = struct({ about: lnts });

/** 040B and 00EB. licq and libicq2000 expect no flag, libpurple a u16 count: only official clients get entries. */
export const emailsInfo = struct({ emails: list(struct({ hidden: u8, email: lnts }), u8) });

const categories = list(struct({ category: le.u16, keywords: lnts }), u8);

/** 0410 and 00F0. */
export const interestsInfo = struct({ interests: categories });

/** 041A and 00FA: both lists are always there. */
export const backgroundInfo = struct({ past: categories, affiliations: categories });

/** 0442. */
export const homepageCategorySet = struct({ enabled: u8, category: le.u16, text: lnts, last: optional(u8) });

export interface HomepageCategory {
  readonly category: number;
  readonly text: Uint8Array;
}

const enabledHomepage = struct({ category: le.u16, text: lnts });

/** 010E: two zeros, or the page between 1 and 0. */
export const homepageCategory: Layout<{ readonly homepage?: HomepageCategory }> = {
  doc: { type: 'u8 enabled, then u16 LE category and text if so, u8 0', ...(enabledHomepage.doc.fields ? { fields: enabledHomepage.doc.fields } : {}) },
  min: 1,
  read: (r) => (r.u8() === 0 ? {} : { homepage: enabledHomepage.read(r) }),
  write(w, { homepage }) {
    w.u8(homepage === undefined ? 0 : 1);
    if (homepage !== undefined) enabledHomepage.write(w, homepage);
    w.u8(0);
  },
  sample: (chance) => (chance() < 0.5 ? {} : { homepage: enabledHomepage.sample(chance) }),
};

/** 0424. */
export const permissions = struct({
  authorization: u8, // Authorization
  webAware: u8,
  directPermissions: u8, // 0 anybody, 1 contacts, 2 after asking
  last: optional(u8),
});

/** 0104. */
export const shortInfo = struct({ nick: lnts, first: lnts, last: lnts, email: lnts, authorization: u8, zero: u8, gender: optional(u8) });

/** A search result inside its own length. */
export const foundPerson = within(
  bytesOf(le.u16),
  struct({
    uin: le.u32,
    nick: lnts,
    first: lnts,
    last: lnts,
    email: lnts,
    authorization: u8, // Authorization
    online: le.u16, // FoundOnline
    gender: optional(u8),
    age: optional(le.u16),
  }),
);
export type FoundPerson = Value<typeof foundPerson>;

/** 0533 and 0551. Zero and empty: whoever. */
export const whitePages = struct({
  first: lnts,
  last: lnts,
  nick: lnts,
  email: lnts,
  ageFrom: le.u16,
  ageTo: le.u16,
  gender: u8,
  language: u8,
  city: lnts,
  state: lnts,
  country: le.u16,
  company: lnts,
  department: lnts,
  position: lnts,
  occupation: le.u16,
  past: le.u16,
  pastKeywords: lnts,
  interest: le.u16,
  interestKeywords: lnts,
  affiliation: le.u16,
  affiliationKeywords: lnts,
  homepage: le.u16,
  homepageKeywords: lnts,
  onlineOnly: optional(u8),
});

/** 1482; big-endian, unlike everything around it. */
export const sms = struct({
  one: be.u16,
  twentyTwo: be.u16,
  zeros: bytes(fixed(16)),
  zero: be.u16,
  xml: bytes(bytesOf(be.u16)), // with its NUL
});

// ---------------------------------------------------------------- TLVs

/** A number of as many bytes as its TLV has, written as wide as `wide`: clients disagree about widths. */
function anyWidth(wide: Layout<number>): Layout<number> {
  return {
    ...wide,
    min: 1,
    read(r) {
      let value = 0;
      for (let unit = 1; r.left > 0 && unit <= 0x1000000; unit *= 0x100) value += r.u8() * unit;
      return value;
    },
  };
}

const number8 = anyWidth(u8);
const number16 = anyWidth(le.u16);
const number32 = anyWidth(le.u32);
const category = struct({ category: le.u16, keywords: lnts });

const plainInfoTlvs = tlvsLe({
  uin: [0x0136, number32],
  first: [0x0140, lnts],
  last: [0x014a, lnts],
  nick: [0x0154, lnts],
  emails: [0x015e, struct({ email: lnts, hidden: optional(u8) }), many], // the first is the primary one
  ages: [0x0168, struct({ from: le.u16, to: le.u16 })],
  age: [0x0172, number16],
  gender: [0x017c, number8], // Gender
  languages: [0x0186, number16, many],
  city: [0x0190, lnts],
  state: [0x019a, lnts],
  country: [0x01a4, number16],
  company: [0x01ae, lnts],
  department: [0x01b8, lnts],
  position: [0x01c2, lnts],
  occupation: [0x01cc, number16],
  past: [0x01d6, category, many],
  interests: [0x01ea, category, many],
  affiliations: [0x01fe, category, many],
  homepageCategory: [0x0212, category],
  homepage: [0x0213, lnts],
  keywords: [0x0226, lnts],
  onlineOnly: [0x0230, number8],
  birthday: [0x023a, struct({ year: le.u16, month: le.u16, day: le.u16 })],
  about: [0x0258, lnts],
  street: [0x0262, lnts],
  zipNumber: [0x026c, number32],
  zip: [0x026d, lnts],
  phone: [0x0276, lnts],
  fax: [0x0280, lnts],
  cellular: [0x028a, lnts],
  workStreet: [0x0294, lnts],
  workCity: [0x029e, lnts],
  workState: [0x02a8, lnts],
  workCountry: [0x02b2, number16],
  workZipNumber: [0x02bc, number32],
  workZip: [0x02bd, lnts],
  workPhone: [0x02c6, lnts],
  workFax: [0x02d0, lnts],
  workWebPage: [0x02da, lnts],
  authorization: [0x02f8, number8], // Authorization
  webAware: [0x030c, number8],
  gmtOffset: [0x0316, i8],
  originCity: [0x0320, lnts],
  originState: [0x032a, lnts],
  originCountry: [0x0334, number16],
  marital: [0x033e, number16],
  allowSpam: [0x0348, number8],
  codepage: [0x0352, number16],
});
export type InfoTlvs = Value<typeof plainInfoTlvs>;

/** 055F, 0569, 0573 and 0C3A: what is asked for, or what is set. Absent: unchanged, or whatever. */
export const infoTlvs: Layout<InfoTlvs> = {
  ...plainInfoTlvs,
  read: (r) => plainInfoTlvs.read(withEmailRepaired(r)),
  write: (w: Writer, value) => plainInfoTlvs.write(w, value),
};

const EMAIL = 0x015e;

/** COMPAT: ICQ 2003b says 3 for the length of TLV 015E when 4 bytes follow: an empty text and the flag. */
function withEmailRepaired(r: Reader): Reader {
  const data = r.data.subarray(r.at, r.end);
  if (isWhole(data)) return r;
  const repaired = data.slice();
  for (let at = 0; at + 4 <= repaired.length; at = endOf(repaired, at)) {
    if (typeAt(repaired, at) === EMAIL && endOf(repaired, at) === at + 7) repaired[at + 2] = 4;
  }
  if (!isWhole(repaired)) return r;
  r.bytes(r.left);
  return new Reader(repaired, 0, repaired.length, r.trace);
}

/** Whether the TLVs' own lengths end where the data does. */
function isWhole(data: Uint8Array): boolean {
  let at = 0;
  while (at + 4 <= data.length) at = endOf(data, at);
  return at === data.length;
}

function typeAt(data: Uint8Array, at: number): number {
  return (data[at] as number) | ((data[at + 1] as number) << 8);
}

function endOf(data: Uint8Array, at: number): number {
  return at + 4 + ((data[at + 2] as number) | ((data[at + 3] as number) << 8));
}
