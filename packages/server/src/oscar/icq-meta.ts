/** Family 15: stored messages in the form ICQ had before OSCAR, and the directory. @see oscar.md §9 */
import type { Message, Uin } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { ErrorCode, icqMeta, SnacFlag } from '@seekyou/wire/oscar';
import { hasOwnPacket } from './authorisation.ts';
import { type OfflineForm, offlineForms } from './bodies.ts';
import { readerOf, renderStored } from './icbm.ts';
import { readable } from '../runtime/readable.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, type OscarContext, type OscarEffect, type OutgoingSnac, reply, type Request, type Route } from './state.ts';

const { IcqType, MetaResult } = icqMeta;

/** A request with the numbers its answer echoes. */
interface Asked {
  readonly context: OscarContext;
  readonly request: Request;
  readonly block: icqMeta.IcqBlock;
}

const onRequest: Handler<icqMeta.Request> = (context, { block }, request) => {
  if (block === undefined) return [refused(request, ErrorCode.incorrectFormat)];
  const asked: Asked = { context, request, block };
  // Nobody asks for another: what follows is done for the session's own account.
  if (block.owner !== context.session.uin) return [refused(request, ErrorCode.insufficientRights, block)];
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
      return [refused(request, ErrorCode.invalidSnac, block)];
  }
};

function refused(request: Request, code: number, block?: icqMeta.IcqBlock): OscarEffect {
  const tlvs = block === undefined ? {} : { request: encode(icqMeta.icqBlock, block) };
  return reply(request, icqMeta.error, { code, tlvs });
}

function answer({ context, request, block }: Asked, type: number, data: Uint8Array, flags = 0): OscarEffect & { readonly do: 'send' } {
  return reply(request, icqMeta.reply, { block: { owner: context.session.uin, type, sequence: block.sequence, data } }, flags);
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

/**
 * There is no directory yet: every question is answered with the failure its client waits for, because silence costs the
 * user a time-out.
 */
function answerMeta(asked: Asked): readonly OscarEffect[] {
  const { request, block } = asked;
  const meta = readable(() => decode(icqMeta.metaRequestData, block.data));
  if (meta === undefined) return [refused(request, ErrorCode.incorrectFormat, block)];
  if (UNANSWERED.has(meta.subtype)) return [];
  const failure = FAILURES.get(meta.subtype);
  if (failure === undefined) return [refused(request, ErrorCode.invalidSnac, block)];
  return [answer(asked, IcqType.metaReply, icqMeta.encodeMetaResult(failure.reply, failure.result))];
}

/** Statistics and the like, which have no answer by protocol. */
const UNANSWERED: ReadonlySet<number> = new Set([0x0a8c, 0x0a96, 0x0aaa, 0x0aaf, 0x0ab4, 0x0ab9, 0x0abe, 0x0ac8, 0x0acd, 0x0ad2, 0x0ad7]);

/** Subtype of a request → its answer's; oscar.md §9.3. A search that found nobody ends in 01AE without data, which is the truth. */
const FAILURES: ReadonlyMap<number, { readonly reply: number; readonly result: number }> = new Map(
  (
    [
      [0x0064, 0x03ea],
      [0x006e, 0x03f3],
      [0x0078, 0x03fd],
      [0x0082, 0x0406],
      [0x0087, 0x040b],
      [0x008c, 0x0410],
      [0x0096, 0x041a],
      [0x00a0, 0x0424],
      [0x00aa, 0x042e],
      [0x00b4, 0x04c4],
      [0x00be, 0x0442],
      [0x00c8, 0x04b2, 0x04cf, 0x04d0],
      [0x0104, 0x04ba],
      [0x01ae, 0x0515, 0x051f, 0x0529, 0x0533, 0x053d, 0x0547, 0x0551, 0x055f, 0x0569, 0x0573],
      [0x0302, 0x0aa5],
      [0x031e, 0x0654],
      [0x0366, 0x074e],
      [0x0370, 0x0758],
      [0x08a2, 0x0898],
      [0x0c3f, 0x0c3a],
      [0x0fb4, 0x0fa0],
      [0x0fdc, 0x0fd2],
      [0x2012, 0x2008],
    ] as const
  ).flatMap(([answered, ...requests]) => requests.map((subtype) => [subtype, { reply: answered, result: failureOf(answered) }] as const)),
);

/** XML variables and ICQ6's directory fail by 14, all else by 32. */
function failureOf(answered: number): number {
  return answered === 0x08a2 || answered === 0x0fb4 || answered === 0x0fdc ? MetaResult.failed : MetaResult.noData;
}
