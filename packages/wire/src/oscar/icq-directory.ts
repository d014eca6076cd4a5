/** The directory of ICQ6, a packet inside meta requests 0FA0 and 0FD2; big-endian, texts in UTF-8. @see oscar.md §9.9 */
import { ascii, be, bytes, bytesOf, fixed, type Layout, le, list, rest, struct, tlvs, u8, utf8, type Value, within } from '../schema.ts';
import { str16 } from './strings.ts';

export const DirectorySubtype = { query: 0x0002, update: 0x0003, multiQuery: 0x0006, queryReply: 0x0009, updateReply: 0x000a } as const;

/** Family number of the packet inside. */
export const DIRECTORY_FAMILY = 0x05b9;

export const DirectoryKind = { short: 2, withInterests: 3 } as const;

/** What the meta request or answer holds. */
export const directoryPacket = within(
  bytesOf(le.u16),
  struct({
    family: be.u16, // DIRECTORY_FAMILY
    subtype: be.u16, // DirectorySubtype
    flags: be.u16,
    requestId: be.u32,
    zero: be.u16,
    codepage: be.u16,
    two: be.u32,
    body: bytes(rest), // one of the layouts below
  }),
);
export type DirectoryPacket = Value<typeof directoryPacket>;

/** A list as the directory writes it: TLVs in their length, counted. */
function tlvLists<T>(fields: Layout<T>): Layout<readonly T[]> {
  return list(within(bytesOf(be.u16), fields), be.u16);
}

const address = tlvs({
  street: [0x64, utf8(rest)],
  city: [0x6e, utf8(rest)],
  state: [0x78, utf8(rest)],
  zip: [0x82, utf8(rest)],
  country: [0x8c, be.u32],
});

/** Days since 30 December 1899, a 64-bit float. */
const oleDays: Layout<number> = {
  doc: { type: 'f64, days since 1899-12-30' },
  min: 8,
  read(r) {
    const data = r.bytes(8);
    return new DataView(data.buffer, data.byteOffset, 8).getFloat64(0);
  },
  write(w, value) {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setFloat64(0, value);
    w.bytes(data);
  },
  sample: (chance) => Math.floor(chance() * 60_000),
};

/** What is known of a person. */
export const directoryFields = tlvs({
  uin: [0x32, ascii(rest)],
  token: [0x3c, bytes(rest)],
  email: [0x50, utf8(rest)], // verified
  pendingEmail: [0x55, utf8(rest)],
  first: [0x64, utf8(rest)],
  last: [0x6e, utf8(rest)],
  nick: [0x78, utf8(rest)],
  gender: [0x82, u8], // 1 female, 2 male
  emails: [0x8c, bytes(rest)],
  home: [0x96, tlvLists(address)],
  origin: [0xa0, tlvLists(address)],
  language1: [0xaa, be.u16],
  language2: [0xb4, be.u16],
  language3: [0xbe, be.u16],
  phones: [0xc8, tlvLists(tlvs({ number: [0x64, utf8(rest)], kind: [0x6e, be.u16] }))], // 1 home, 2 work, 3 mobile, 4 fax, 5 work fax
  homepage: [0xfa, utf8(rest)],
  education: [0x10e, bytes(rest)],
  work: [
    0x118,
    tlvLists(
      tlvs({
        position: [0x64, utf8(rest)],
        company: [0x6e, utf8(rest)],
        department: [0x7d, utf8(rest)],
        webPage: [0x78, utf8(rest)],
        industry: [0x82, be.u16],
      }),
    ),
  ],
  interests: [0x122, tlvLists(tlvs({ text: [0x64, utf8(rest)], category: [0x6e, be.u16] }))],
  marital: [0x12c, be.u16],
  gmtOffset: [0x17c, bytes(rest)], // as elsewhere: half hours west of Greenwich
  about: [0x186, utf8(rest)],
  authorization: [0x19a, be.u16],
  birthday: [0x1a4, oleDays],
  codepage: [0x1c2, be.u16],
  changed: [0x1cc, bytes(rest)],
  allowSpam: [0x1ea, be.u16],
  privacy: [0x1f9, be.u16],
  webAware: [0x212, be.u16],
  statusNote: [0x226, utf8(rest)],
});
export type DirectoryFields = Value<typeof directoryFields>;

export const directoryQueryBody = struct({
  kind: be.u16, // DirectoryKind
  count: be.u32,
  who: within(bytesOf(be.u16), directoryFields), // a number or a token; names and the like in searches
});
export type DirectoryQuery = Value<typeof directoryQueryBody>;

export const directoryUpdateBody = struct({ kind: be.u16, fields: within(bytesOf(be.u16), directoryFields) });
export type DirectoryUpdate = Value<typeof directoryUpdateBody>;

export const directoryReplyBody = struct({
  result: u8, // 1 or 4: well
  error: str16,
  unknown: bytes(fixed(16)),
  count: be.u32,
  pages: be.u16,
  items: list(within(bytesOf(be.u16), directoryFields), be.u16),
});
export type DirectoryReply = Value<typeof directoryReplyBody>;
