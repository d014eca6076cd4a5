/** Family 15: stored messages in the form ICQ had before OSCAR, and the directory. @see oscar.md §9 */
import type { Message, Uin } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { ErrorCode, icqMeta, SnacFlag } from '@seekyou/wire/oscar';
import { hasOwnPacket } from './authorisation.ts';
import { type OfflineForm, offlineForms } from './bodies.ts';
import { readerOf, renderStored } from './icbm.ts';
import { readable } from '../runtime/readable.ts';
import { accountRoutes } from './icq-account.ts';
import { directoryRoutes } from './icq-directory.ts';
import { infoRoutes } from './icq-info.ts';
import { searchRoutes } from './icq-search.ts';
import { answer, type Asked, metaResult, type MetaRoute, refused } from './icq-talk.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, counted, FETCH_GIVEN, type Handler, on, type OscarEffect, type OutgoingSnac, type Route } from './state.ts';

const { IcqType, MetaResult } = icqMeta;

const onRequest: Handler<icqMeta.Request> = (context, { block }, request) => {
  if (block === undefined) return [refused(request, ErrorCode.incorrectFormat)];
  const asked: Asked = { context, request, block };
  // Nobody asks for another: what follows is done for the session's own account.
  if (block.owner !== context.session.uin) return [counted('oscar_snacs_forged'), refused(request, ErrorCode.insufficientRights, block)];
  switch (block.type) {
    case IcqType.offlineRequest:
      return fetchOffline(asked);
    case IcqType.offlineDelete:
      return [
        ask(
          'messages.fetched',
          undefined,
          () => [],
          ({ refusal }) => [refused(request, REFUSAL_CODES[refusal], block)],
        ),
      ];
    case IcqType.metaRequest:
      return answerMeta(asked);
    default:
      return unknown(asked);
  }
};

function unknown({ request, block }: Asked): readonly OscarEffect[] {
  return [counted('oscar_meta_unknown'), refused(request, ErrorCode.invalidSnac, block)];
}

export const routes: readonly Route[] = [on(icqMeta.request, onRequest)];

// ---------------------------------------------------------------- stored messages

function fetchOffline(asked: Asked): readonly OscarEffect[] {
  return [
    ask(
      'messages.fetch',
      undefined,
      (messages) => [
        ...messages.flatMap((message) => offlineMessage(asked, message)),
        answer(asked, IcqType.offlineEnd, encode(icqMeta.offlineEnd.body, { dropped: 0 })),
        FETCH_GIVEN,
      ],
      ({ refusal }) => [refused(asked.request, REFUSAL_CODES[refusal], asked.block)],
    ),
  ];
}

/**
 * 0041, but for what it cannot say: texts beyond the code page of a client that knows better, and authorisation for
 * clients that have packets for it. Those come in their own form, with the time in it.
 */
function offlineMessage(asked: Asked, message: Message): readonly OscarEffect[] {
  const { session, limits } = asked.context;
  if (hasOwnPacket(message.body, session.profile)) return renderStored(asked.context, message);
  const forms = offlineForms(message, readerOf(asked.context), limits.messageBytesMax);
  if (forms === undefined) return renderStored(asked.context, message);
  const written = (): void => session.written(message.id);
  if (forms.length === 0) written();
  return forms.map((form, index) => {
    const { packet } = answer(asked, IcqType.offlineMessage, encode(icqMeta.offlineMessage.body, dated(message, form)), SnacFlag.more);
    const last: Partial<OutgoingSnac> = index === forms.length - 1 ? { written } : {};
    return { do: 'send', packet: { ...packet, ...last } };
  });
}

function dated({ from, sentAt }: Message, form: OfflineForm): icqMeta.OfflineMessage {
  const at = new Date(sentAt);
  return {
    sender: from satisfies Uin,
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    ...form,
  };
}

// ---------------------------------------------------------------- the directory

const META_ROUTES: ReadonlyMap<number, MetaRoute> = new Map(
  [...infoRoutes, ...searchRoutes, ...directoryRoutes, ...accountRoutes].map((route) => [route.declaration.subtype, route]),
);

/** Whatever is asked is answered, because silence costs the user a time-out. */
function answerMeta(asked: Asked): readonly OscarEffect[] {
  const { request, block } = asked;
  const meta = readable(() => decode(icqMeta.metaRequestData, block.data));
  if (meta === undefined) return [refused(request, ErrorCode.incorrectFormat, block)];
  if (icqMeta.META_UNANSWERED.has(meta.subtype)) return [];
  const route = META_ROUTES.get(meta.subtype);
  if (route === undefined) return unknown(asked);
  const value: unknown = readable(() => decode(route.declaration.body, meta.data) as unknown);
  return value === undefined ? [metaResult(asked, route.fails, MetaResult.failed)] : route.handle(asked, value);
}
