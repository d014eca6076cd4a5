/** Family 0F, AIM's directory: people by name, mail address or interest. On a connection of its own. @see oscar.md §8.2 */
import { ascii, be, bytes, list, rest, struct, tlvs, u8, type Value } from '../schema.ts';
import { Family, familyError } from './family.ts';
import { snac } from './snac.ts';
import { str16 } from './strings.ts';

const DIRECTORY = Family.directory;

/** Server → client: a request was refused. */
export const error = familyError(DIRECTORY);

/** `type` of a search. */
export const SearchType = { name: 0, email: 1 } as const;

const personTlvs = {
  firstName: [0x01, bytes(rest)],
  lastName: [0x02, bytes(rest)],
  middleName: [0x03, bytes(rest)],
  maidenName: [0x04, bytes(rest)],
  email: [0x05, bytes(rest)],
  country: [0x06, bytes(rest)],
  state: [0x07, bytes(rest)],
  city: [0x08, bytes(rest)],
  screenName: [0x09, ascii(rest)],
  interest: [0x0b, bytes(rest)],
  nickname: [0x0c, bytes(rest)],
  zip: [0x0d, bytes(rest)],
  street: [0x21, bytes(rest)],
} as const;

/** Client → server: who fits? */
export const infoQuery = snac({
  family: DIRECTORY,
  subtype: 0x02,
  from: 'client',
  ref: 'oscar.md §8.2',
  body: struct({
    tlvs: tlvs({
      charset: [0x1c, ascii(rest)],
      /** One of {@link SearchType}. */
      type: [0x0a, be.u16],
      ...personTlvs,
    }),
  }),
});
export type InfoQuery = Value<typeof infoQuery>;

/** `status` of 0F/03. */
export const SearchStatus = { ok: 5 } as const;

/** Server → client: those who do. */
export const infoReply = snac({
  family: DIRECTORY,
  subtype: 0x03,
  from: 'server',
  ref: 'oscar.md §8.2',
  body: struct({
    /** One of {@link SearchStatus}. */
    status: be.u16,
    found: list(tlvs(personTlvs, { count: be.u16 }), be.u16),
  }),
});
export type InfoReply = Value<typeof infoReply>;

/** Client → server: which interests are there to choose from? */
export const keywordListQuery = snac({ family: DIRECTORY, subtype: 0x04, from: 'client', ref: 'oscar.md §8.2', body: struct({}) });

/** `kind` of an interest. */
export const KeywordKind = { category: 1, interest: 2 } as const;

/** Server → client: these. */
export const keywordListReply = snac({
  family: DIRECTORY,
  subtype: 0x05,
  from: 'server',
  ref: 'oscar.md §8.2',
  body: struct({
    /** 1. */
    status: be.u16,
    keywords: list(
      struct({
        /** One of {@link KeywordKind}. */
        kind: u8,
        /** Of the category. */
        id: u8,
        name: str16,
      }),
      be.u16,
    ),
  }),
});
export type KeywordListReply = Value<typeof keywordListReply>;
