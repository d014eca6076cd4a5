/** What the handlers of ICQ's own requests share: answers that echo the right numbers, and texts. @see oscar.md §9.1 */
import { type ClientProfile, type Refused } from '@seekyou/core';
import { encode } from '@seekyou/wire';
import { icqMeta } from '@seekyou/wire/oscar';
import { decodeUtf8Or, encodeText, UTF8 } from '@seekyou/wire/text';
import { type OscarContext, type OscarEffect, reply, type Request } from './state.ts';

const { IcqType, MetaResult } = icqMeta;

/** A request with the numbers its answer echoes. */
export interface Asked {
  readonly context: OscarContext;
  readonly request: Request;
  readonly block: icqMeta.IcqBlock;
}

/** A kind of meta request and what answers it. */
export interface MetaRoute {
  readonly declaration: icqMeta.MetaRequest<any>;
  /** Subtype of the answer that is a failure and nothing more. */
  readonly fails: number;
  readonly handle: (asked: Asked, value: any) => readonly OscarEffect[];
}

export function onMeta<T>(
  declaration: icqMeta.MetaRequest<T>,
  handle: (asked: Asked, value: T) => readonly OscarEffect[],
  fails = declaration.reply as number,
): MetaRoute {
  return { declaration, handle, fails };
}

export function refused(request: Request, code: number, block?: icqMeta.IcqBlock): OscarEffect {
  const tlvs = block === undefined ? {} : { request: encode(icqMeta.icqBlock, block) };
  return reply(request, icqMeta.error, { code, tlvs });
}

export function answer({ context, request, block }: Asked, type: number, data: Uint8Array, flags = 0): OscarEffect & { readonly do: 'send' } {
  return reply(request, icqMeta.reply, { block: { owner: context.session.uin, type, sequence: block.sequence, data } }, flags);
}

/** What was asked for. `flags`: more follows. */
export function metaAnswer<T>(asked: Asked, declaration: icqMeta.MetaReply<T>, value: T, flags = 0): OscarEffect {
  return answer(asked, IcqType.metaReply, icqMeta.encodeMetaReply(declaration, value), flags);
}

/** An answer that is a result alone: libicq2000 cannot read one with anything behind it. */
export function metaResult(asked: Asked, subtype: number, result: number = MetaResult.success): OscarEffect {
  return answer(asked, IcqType.metaReply, icqMeta.encodeMetaResult(subtype, result));
}

/** There is nobody, and nothing of the kind: no data. All else: it failed. */
export function metaRefusal(asked: Asked, subtype: number): (refused: Refused) => readonly OscarEffect[] {
  return ({ refusal }) => [metaResult(asked, subtype, refusal === 'no-such-user' || refusal === 'off-line' ? MetaResult.noData : MetaResult.failed)];
}

// ---------------------------------------------------------------- texts

/** Ours say and read everything in UTF-8. */
function codepageOf({ protocol, codepage }: ClientProfile): number {
  return protocol === 'own' ? UTF8 : codepage;
}

/** Bytes of a client as text: UTF-8 if they are that, else its code page. */
export function textOf({ context }: Asked, bytes: Uint8Array): string {
  return decodeUtf8Or(bytes, codepageOf(context.session.profile));
}

export function bytesOf({ context }: Asked, text: string): Uint8Array {
  return encodeText(text, codepageOf(context.session.profile)).bytes;
}

/** Of each field that is bytes a text, of each that is a number the number. */
export type Said<T> = { -readonly [K in keyof T]: [Extract<T[K], Uint8Array>] extends [never] ? T[K] : string | Exclude<T[K], Uint8Array> };

/** A block of texts and numbers as a client wrote it, in Unicode. */
export function said<T extends object>(asked: Asked, block: T): Said<T> {
  const entries = Object.entries(block).map(([name, value]) => [name, value instanceof Uint8Array ? textOf(asked, value) : (value as unknown)]);
  return Object.fromEntries(entries) as Said<T>;
}

/** The same back, in the client's code page. */
export function written<T extends object>(asked: Asked, block: T): { readonly [K in keyof T]: T[K] extends string ? Uint8Array : T[K] } {
  const entries = Object.entries(block).map(([name, value]) => [name, typeof value === 'string' ? bytesOf(asked, value) : (value as unknown)]);
  return Object.fromEntries(entries) as { readonly [K in keyof T]: T[K] extends string ? Uint8Array : T[K] };
}
