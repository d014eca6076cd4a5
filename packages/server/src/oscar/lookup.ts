/** Family 0A: who has this mail address? Found is who tells his to everybody. @see oscar.md §8.2 */
import type { Refusal } from '@seekyou/core';
import { ErrorCode, lookup } from '@seekyou/wire/oscar';
import { decodeUtf8Or } from '@seekyou/wire/text';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, type OscarEffect, reply, type Request, type Route } from './state.ts';

const onFind: Handler<lookup.FindByEmail> = ({ session }, { email }, request) => {
  const address = decodeUtf8Or(email, session.profile.codepage).replaceAll('\0', '').trim();
  if (address === '') return [failed(request, ErrorCode.noMatch)];
  return [
    ask(
      'directory.search',
      { criteria: { email: address } },
      ({ found }) =>
        found.length === 0
          ? [failed(request, ErrorCode.noMatch)]
          : [reply(request, lookup.findReply, { tlvs: { screenNames: found.map(({ uin }) => String(uin)) } })],
      ({ refusal }) => [failed(request, codeOf(refusal))],
    ),
  ];
};

/** What cannot be looked for is nobody's. */
function codeOf(refusal: Refusal): number {
  return refusal === 'bad-input' ? ErrorCode.noMatch : REFUSAL_CODES[refusal];
}

function failed(request: Request, code: number): OscarEffect {
  return reply(request, lookup.error, { code, tlvs: {} });
}

export const routes: readonly Route[] = [on(lookup.findByEmail, onFind)];
