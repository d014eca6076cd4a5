/** Family 10: pictures of people, and what the roster and the presence say of them. @see oscar.md §8.4 */
import { hash as digest } from 'node:crypto';
import { parseUin, type Picture, type PictureHash, type PictureKind, type PresenceView, type Refusal } from '@seekyou/core';
import { decode, encode } from '@seekyou/wire';
import { bart, BartFlag, type BartItem, bartItems, BartType, feedbag, oservice } from '@seekyou/wire/oscar';
import { readable } from '../runtime/readable.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, type OscarEffect, type OutgoingSnac, reply, type Request, type Route } from './state.ts';

const { BartCode } = bart;

const KINDS: ReadonlyMap<number, PictureKind> = new Map<number, PictureKind>([
  [BartType.smallIcon, 'small'],
  [BartType.icon, 'icon'],
  [BartType.flashAvatar, 'flash'],
  [BartType.bigIcon, 'big'],
]);
const TYPES = {
  small: BartType.smallIcon,
  icon: BartType.icon,
  flash: BartType.flashAvatar,
  big: BartType.bigIcon,
} satisfies Record<PictureKind, number>;

const HASH_BYTES = 16;

/** `undefined` when a client says by it that there is no picture. */
function hashFrom(data: Uint8Array): PictureHash | undefined {
  return data.length === HASH_BYTES ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex') : undefined;
}

function itemOf({ kind, hash }: Picture, flags: number = BartFlag.custom): BartItem {
  return { type: TYPES[kind], flags, data: Uint8Array.from(Buffer.from(hash, 'hex')) };
}

// ---------------------------------------------------------------- giving and taking

const onUpload: Handler<bart.Upload> = (_context, { type, data }, request) => {
  const hash = digest('md5', data);
  const kind = KINDS.get(type);
  const answer = (code: number): OscarEffect =>
    reply(request, bart.uploadReply, { code, id: { type, flags: BartFlag.custom, data: Uint8Array.from(Buffer.from(hash, 'hex')) } });
  if (kind === undefined) return [answer(BartCode.invalidType)];
  if (data.length === 0) return [answer(BartCode.tooSmall)];
  return [
    ask(
      'pictures.put',
      { kind, hash, bytes: data },
      (picture) => [answer(BartCode.ok), ask('session.say', told(picture, BartFlag.custom), nothing, nothing)],
      ({ refusal }) => [answer(refusal === 'too-large' ? BartCode.tooBig : BartCode.invalid)],
    ),
  ];
};

const nothing = (): readonly OscarEffect[] => [];

/** 01/21: what became of a picture of the user's own. */
function told(picture: Picture, flags: number): OutgoingSnac {
  return { declaration: oservice.bartReply, value: { items: [itemOf(picture, flags)] } };
}

const NO_DATA = new Uint8Array(0);

const onDownload: Handler<bart.Download> = (_context, { screenName, id }, request) => {
  const answer = (data: Uint8Array): OscarEffect => reply(request, bart.downloadReply, { screenName, id, data });
  return [
    fetched(
      screenName,
      id,
      ({ bytes }) => [answer(bytes)],
      () => [answer(NO_DATA)],
    ),
  ];
};

/** One answer for each: more than there are kinds of pictures nobody has. */
const IDS_MAX = 8;

const onDownload2: Handler<bart.Download2> = (_context, { screenName, ids }, request) =>
  ids.length > IDS_MAX
    ? [failed(request, 'too-large')]
    : ids.map((id) => {
        const answer = (code: number, data: Uint8Array): readonly OscarEffect[] => [
          reply(request, bart.download2Reply, { screenName, queried: id, code, id, data }),
        ];
        return fetched(
          screenName,
          id,
          ({ bytes }) => answer(BartCode.ok, bytes),
          () => answer(BartCode.notFound, NO_DATA),
        );
      });

function fetched(
  screenName: string,
  id: BartItem,
  found: (picture: { readonly bytes: Uint8Array }) => readonly OscarEffect[],
  missing: () => readonly OscarEffect[],
): OscarEffect {
  const uin = parseUin(screenName);
  // A hash that is none, and a name that is none, lead to what is not there.
  return ask('pictures.get', { uin: uin ?? NOBODY, hash: hashFrom(id.data) ?? '' }, found, missing);
}

/** A number no account has. */
const NOBODY = 0 as NonNullable<ReturnType<typeof parseUin>>;

function failed(request: Request, refusal: Refusal): OscarEffect {
  return reply(request, bart.error, { code: REFUSAL_CODES[refusal], tlvs: {} });
}

export const routes: readonly Route[] = [on(bart.upload, onUpload), on(bart.download, onDownload), on(bart.download2, onDownload2)];

// ---------------------------------------------------------------- the roster's word for them

/** The user's own pictures among roster items: a name that is the type's number, and the hash. */
function claimsIn(
  items: readonly Pick<feedbag.FeedbagItem, 'type' | 'name' | 'attributes'>[],
): readonly { readonly kind: PictureKind; readonly hash?: PictureHash }[] {
  return items.flatMap((item) => {
    const kind = item.type === feedbag.ItemType.ownAvatar ? KINDS.get(Number(feedbag.itemName(item))) : undefined;
    if (kind === undefined) return [];
    const hash = readable(() => feedbag.attributesOf(item))?.bart?.hash;
    const known = hash && hashFrom(hash);
    return known === undefined ? [{ kind }] : [{ kind, hash: known }];
  });
}

/** Items were written: what is not here is asked for by 01/21. */
export function claimPictures(items: readonly feedbag.FeedbagItem[]): readonly OscarEffect[] {
  return claimsIn(items).map(({ kind, hash }) =>
    ask(
      'pictures.claim',
      { kind, ...(hash === undefined ? {} : { hash }) },
      ({ state }) => {
        if (hash === undefined || state === 'none') return [];
        const flags = state === 'wanted' ? BartFlag.custom | BartFlag.unknown : BartFlag.custom;
        return [{ do: 'send', packet: told({ kind, hash }, flags) }];
      },
      nothing,
    ),
  );
}

/** Items were removed: so are the pictures. */
export function dropPictures(items: readonly feedbag.FeedbagItem[]): readonly OscarEffect[] {
  return claimsIn(items).map(({ kind }) => drop(kind));
}

/** All items of a roster, at sign-on: a picture without one is shown no more. */
export function claimAllPictures(items: readonly feedbag.FeedbagItem[]): readonly OscarEffect[] {
  const claimed = new Set(claimsIn(items).map(({ kind }) => kind));
  return [
    ...claimPictures(items),
    ...KINDS.values()
      .filter((kind) => !claimed.has(kind))
      .map(drop),
  ];
}

function drop(kind: PictureKind): OscarEffect {
  return ask('pictures.claim', { kind }, nothing, nothing);
}

// ---------------------------------------------------------------- the presence's word for them

const made = new WeakMap<PresenceView, Uint8Array>();

/** TLV 1D: what the client says about itself, with the pictures the server has of it and no others. */
export function itemsOf(view: PresenceView): Uint8Array | undefined {
  if (view.items === undefined && view.pictures === undefined) return undefined;
  let items = made.get(view);
  if (items === undefined) {
    items = withPictures(view.items, view.pictures ?? []);
    made.set(view, items);
  }
  return items.length === 0 ? undefined : items;
}

/** What nobody can read may claim pictures, too: clients read more than we do. */
function withPictures(items: Uint8Array | undefined, pictures: readonly Picture[]): Uint8Array {
  const said = (items && readable(() => decode(bartItems, items))) ?? [];
  return encode(bartItems, [...said.filter(({ type }) => !KINDS.has(type)), ...pictures.map((picture) => itemOf(picture))]);
}
