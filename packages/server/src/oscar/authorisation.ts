/** Who may see whom, asked and answered: the second half of family 13. Old clients say the same in channel 4. @see oscar.md §7.3 */
import { type Body, type ClientProfile, type CommandInput, type Message, parseUin, type Refusal, type Uin } from '@seekyou/core';
import { Family, feedbag } from '@seekyou/wire/oscar';
import { decodeUtf8Or, encodeText, UTF8 } from '@seekyou/wire/text';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, type OscarContext, type OscarEffect, type OutgoingSnac, reply, type Request, type Route } from './state.ts';

type Command = 'authorisation.request' | 'authorisation.answer' | 'authorisation.grant' | 'authorisation.withdraw';

const onPreAuthorize: Handler<feedbag.AuthorizationText> = ({ session }, message, request) =>
  toOther(request, message.screenName, 'authorisation.grant', (to) => ({ to, reason: reasonIn(message, session.profile) }));

const onRemoveMe: Handler<feedbag.RemoveMe> = (_context, { screenName }, request) =>
  toOther(request, screenName, 'authorisation.withdraw', (from) => ({ from }));

const onRequest: Handler<feedbag.AuthorizationText> = ({ session }, message, request) =>
  toOther(request, message.screenName, 'authorisation.request', (to) => ({ to, reason: reasonIn(message, session.profile) }));

const onAnswer: Handler<feedbag.AuthorizationAnswer> = ({ session }, message, request) =>
  toOther(request, message.screenName, 'authorisation.answer', (to) => ({
    to,
    granted: message.granted !== 0,
    reason: reasonIn(message, session.profile),
  }));

/** None of these has an answer; only a refusal is told. */
function toOther<C extends Command>(request: Request, screenName: string, command: C, input: (uin: Uin) => CommandInput<C>): readonly OscarEffect[] {
  const uin = parseUin(screenName);
  if (uin === undefined) return [failed(request, 'no-such-user')];
  return [
    ask(
      command,
      input(uin),
      () => [],
      ({ refusal }) => [failed(request, refusal)],
    ),
  ];
}

function failed(request: Request, refusal: Refusal): OscarEffect {
  return reply(request, feedbag.error, { code: REFUSAL_CODES[refusal], tlvs: {} });
}

// COMPAT: libpurple and other clients made of libfaim end the reason of 13/1A with a NUL, and count it.
function reasonIn({ reason }: { readonly reason: Uint8Array }, { codepage }: ClientProfile): string {
  const end = reason.indexOf(0);
  return decodeUtf8Or(end < 0 ? reason : reason.subarray(0, end), codepage);
}

export const routes: readonly Route[] = [
  on(feedbag.preAuthorize, onPreAuthorize),
  on(feedbag.removeMe, onRemoveMe),
  on(feedbag.requestAuthorize, onRequest),
  on(feedbag.respondAuthorize, onAnswer),
];

// ---------------------------------------------------------------- what others say

/** Bodies that clients with a roster on the server get in packets of their own. */
export type AuthorisationBody = Extract<Body, { readonly kind: 'auth-request' | 'auth-granted' | 'auth-denied' | 'pre-authorised' | 'added' }>;

function isAuthorisation(body: Body): body is AuthorisationBody {
  switch (body.kind) {
    case 'auth-request':
    case 'auth-granted':
    case 'auth-denied':
    case 'pre-authorised':
    case 'added':
      return true;
    case 'text':
    case 'url':
    case 'contacts':
    case 'opaque':
      return false;
    default:
      return body satisfies never;
  }
}

// COMPAT: bitlbee 3.5.1 keeps its roster on the server and passes over 13/19 and 13/1B, as a client of the time before them would.
export function hasOwnPacket(body: Body, { serverRoster, quirks }: ClientProfile): body is AuthorisationBody {
  return serverRoster && !quirks.has('authorisation-in-messages') && isAuthorisation(body);
}

/** 13/19, 13/1B, 13/15 or 13/1C. */
export function authorisationPacket({ session, state }: OscarContext, { id, from }: Pick<Message, 'id' | 'from'>, body: AuthorisationBody): OutgoingSnac {
  const screenName = String(from);
  const isOwn = session.profile.protocol === 'own';
  // By the id our own clients know a message again. It stands behind a charset.
  const tlvs = isOwn ? { messageId: id } : {};
  const charset = isOwn ? { charsets: 1, charset: 'utf-8' } : { charsets: 0 };
  const version = (number: number): Partial<OutgoingSnac> => ((state.versions.get(Family.feedbag) ?? 0) >= 2 ? { versionBlock: number } : {});
  switch (body.kind) {
    case 'auth-request': {
      const reason = session.profile.quirks.has('one-full-stop') ? withOneFullStop(body.reason) : body.reason;
      return { declaration: feedbag.authorizeRequested, value: { screenName, reason: reasonFor(reason, session.profile), ...charset, tlvs }, ...version(2) };
    }
    case 'auth-granted':
    case 'auth-denied': {
      const answer = { screenName, granted: body.kind === 'auth-granted' ? 1 : 0, reason: reasonFor(body.reason, session.profile) };
      return { declaration: feedbag.authorizeResponded, value: { ...answer, ...(isOwn && charset), tlvs }, ...version(2) };
    }
    case 'pre-authorised':
      return { declaration: feedbag.preAuthorized, value: { screenName, reason: reasonFor(body.reason, session.profile), ...charset, tlvs } };
    case 'added':
      return { declaration: feedbag.youWereAdded, value: { screenName, ...(isOwn && { charsets: 0 }), tlvs }, ...version(4) };
    default:
      return body satisfies never;
  }
}

function reasonFor(reason: string, { codepage, quirks }: ClientProfile): Uint8Array {
  return encodeText(reason, quirks.has('ansi-reasons') ? codepage : UTF8).bytes;
}

// COMPAT: ICQ5 drops a request whose reason has a second full stop.
function withOneFullStop(reason: string): string {
  const first = reason.indexOf('.') + 1;
  return first === 0 ? reason : reason.slice(0, first) + reason.slice(first).replaceAll('.', '');
}
