/** Family 0A: who has this mail address? @see oscar.md §8.2 */
import { ErrorCode, lookup } from '@seekyou/wire/oscar';
import { type Handler, on, reply, type Route } from './state.ts';

/** Nobody tells his. */
const onFind: Handler<lookup.FindByEmail> = (_context, _message, request) => [reply(request, lookup.error, { code: ErrorCode.noMatch, tlvs: {} })];

export const routes: readonly Route[] = [on(lookup.findByEmail, onFind)];
