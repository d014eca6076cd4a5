/** Family 0F: AIM's way of finding people in the directory. @see oscar.md §8.2 */
import type { CommandInput, FoundPerson } from '@seekyou/core';
import { encode } from '@seekyou/wire';
import { directory, FLAP_PAYLOAD_MAX, SNAC_HEADER_BYTES } from '@seekyou/wire/oscar';
import { decodeUtf8Or, encodeText } from '@seekyou/wire/text';
import { chatTextFrom } from './chat-text.ts';
import { INTERESTS, topicOf } from './interests.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, reply, type Route } from './state.ts';

type Criteria = CommandInput<'directory.search'>['criteria'];

const TEXTS = { first: 'firstName', last: 'lastName', nickname: 'nickname', email: 'email', city: 'city', state: 'state' } as const;

/** Countries are two letters here and numbers in the directory; they do not narrow the search. */
function criteriaFrom(tlvs: directory.InfoQuery['tlvs'], codepage: number): Criteria {
  const say = (bytes: Uint8Array): string => (tlvs.charset === undefined ? decodeUtf8Or(bytes, codepage) : chatTextFrom(bytes, tlvs.charset, codepage)).trim();
  const texts = Object.entries(TEXTS).flatMap(([name, field]) => {
    const bytes = tlvs[field];
    return bytes === undefined || bytes.length === 0 ? [] : [[name, say(bytes)] as const];
  });
  const interest = tlvs.interest === undefined ? '' : say(tlvs.interest);
  return { ...Object.fromEntries(texts), ...(interest === '' ? {} : { interest: topicOf(interest) }) };
}

const onQuery: Handler<directory.InfoQuery> = ({ session }, { tlvs }, request) => {
  const { codepage } = session.profile;
  return [
    ask(
      'directory.search',
      { criteria: criteriaFrom(tlvs, codepage) },
      ({ found }) => [reply(request, directory.infoReply, answerOf(found.map((person) => told(person, codepage))))],
      ({ refusal }) => [reply(request, directory.error, { code: REFUSAL_CODES[refusal], tlvs: {} })],
    ),
  ];
};

function told({ uin, nickname, first, last, email }: FoundPerson, codepage: number): directory.InfoReply['found'][number] {
  const texts = { firstName: first, lastName: last, nickname, email };
  const said = Object.entries(texts).flatMap(([name, text]) => (text === '' ? [] : [[name, encodeText(text, codepage).bytes] as const]));
  return { ...Object.fromEntries(said), screenName: String(uin) };
}

const bytesOf = (answer: directory.InfoReply): number => encode(directory.infoReply.body, answer).length;

/** As many people as one frame holds: some have long names. */
function answerOf(people: directory.InfoReply['found']): directory.InfoReply {
  const nobody: directory.InfoReply = { status: directory.SearchStatus.ok, found: [] };
  const empty = bytesOf(nobody);
  let room = FLAP_PAYLOAD_MAX - SNAC_HEADER_BYTES - empty;
  const found = people.filter((person) => (room -= bytesOf({ ...nobody, found: [person] }) - empty) >= 0);
  return { ...nobody, found };
}

const KEYWORDS: directory.KeywordListReply = {
  status: 1,
  keywords: INTERESTS.values()
    .map((name) => ({ kind: directory.KeywordKind.interest, id: 0, name: new TextEncoder().encode(name) }))
    .toArray(),
};

const onKeywords: Handler<unknown> = (_context, _message, request) => [reply(request, directory.keywordListReply, KEYWORDS)];

export const routes: readonly Route[] = [on(directory.infoQuery, onQuery), on(directory.keywordListQuery, onKeywords)];
