/** Pictures: showing one, and seeing those of others. @see oscar.md §8.4 */
import { decode, WireError } from '@seekyou/wire';
import { bart, BartFlag, type BartItem, bartItems, BartType, feedbag, Family, type Md5, type oservice } from '@seekyou/wire/oscar';
import { ClientError, RequestRefused } from './errors.ts';
import type { Timers } from './connection.ts';
import type { Roster } from './feedbag.ts';
import { type Beside, openService } from './services.ts';

/** What a server takes; clients show pictures of 8 KB or less. */
export const PICTURE_BYTES_MAX = 32 * 1024;

export interface AvatarsPlatform {
  readonly md5: Md5;
  readonly timers: Timers;
}

/** Longest wait for the server's word about a picture. */
const WORD_MS_MAX = 30_000;

export class Avatars {
  private readonly session: Beside;
  private readonly roster: Roster;
  private readonly platform: AvatarsPlatform;
  /** Of people on line. */
  private readonly shown = new Map<number, BartItem>();
  private waiting: ((item: BartItem) => void) | undefined;

  constructor(session: Beside, roster: Roster, platform: AvatarsPlatform) {
    this.session = session;
    this.roster = roster;
    this.platform = platform;
  }

  /** Shows this picture to everybody who sees us, from now on. @throws RequestRefused with what is wrong with it */
  async show(data: Uint8Array): Promise<void> {
    const what = 'the picture';
    if (data.length > PICTURE_BYTES_MAX) throw new RequestRefused(what, 0x0a);
    const hash = this.platform.md5(data);
    const word = this.word(hash);
    // Nobody waits for it when the roster cannot be changed.
    word.catch(() => undefined);
    await this.session.editRoster(what, () => {
      const { item, isNew } = this.roster.ownPicture(ICON_NAME, { flags: BartFlag.custom, hash });
      return [isNew ? feedbag.insertItems : feedbag.updateItems, item];
    });
    const { flags } = await word;
    if ((flags & BartFlag.unknown) === 0) return;
    const connection = await openService(this.session, Family.bart, what);
    connection.onClosed = () => {};
    try {
      const { code } = await connection.request(bart.upload, { type: BartType.icon, data }, bart.uploadReply, what);
      if (code !== bart.BartCode.ok) throw new RequestRefused(what, code === bart.BartCode.tooBig ? 0x0a : 0x0e);
    } finally {
      connection.close();
    }
  }

  /** Shows none. */
  async clear(): Promise<void> {
    await this.session.editRoster('the picture', () => {
      const item = this.roster.findNamed(feedbag.ItemType.ownAvatar, ICON_NAME);
      return item === undefined ? undefined : [feedbag.deleteItems, item];
    });
  }

  /** Whether somebody on line shows a picture. */
  has(uin: number): boolean {
    return this.shown.has(uin);
  }

  /** The picture somebody on line shows; `undefined` when there is none. @throws RequestRefused, ClientError */
  async of(uin: number): Promise<Uint8Array | undefined> {
    const id = this.shown.get(uin);
    if (id === undefined) return undefined;
    const connection = await openService(this.session, Family.bart, `the picture of ${uin}`);
    connection.onClosed = () => {};
    try {
      const answer = await connection.request(bart.download2, { screenName: String(uin), ids: [id] }, bart.download2Reply, `the picture of ${uin}`);
      return answer.code === bart.BartCode.ok && answer.data.length > 0 ? answer.data.slice() : undefined;
    } finally {
      connection.close();
    }
  }

  /** @internal TLV 1D of somebody's presence. */
  seen(uin: number, items: Uint8Array | undefined): void {
    const pictures = items === undefined ? [] : readItems(items);
    const icon = pictures.find(({ type, data }) => type === BartType.icon && data.length === HASH_BYTES);
    if (icon === undefined) this.shown.delete(uin);
    else this.shown.set(uin, { ...icon, data: icon.data.slice() });
  }

  /** @internal Somebody went off line. */
  gone(uin: number): void {
    this.shown.delete(uin);
  }

  /** @internal 01/21. */
  told({ items }: oservice.BartReply): void {
    for (const item of items) if (item.type === BartType.icon) this.waiting?.(item);
  }

  /** The server's word about the picture of this hash. */
  private word(hash: Uint8Array): Promise<BartItem> {
    return new Promise((resolve, reject) => {
      const cancel = this.platform.timers.after(WORD_MS_MAX, () =>
        reject(new ClientError('timeout', 'the server says nothing of the picture; perhaps it takes none')),
      );
      this.waiting = (item) => {
        if (item.data.length !== hash.length || item.data.some((byte, at) => byte !== hash[at])) return;
        cancel();
        this.waiting = undefined;
        resolve(item);
      };
    });
  }
}

const HASH_BYTES = 16;
/** Roster items of pictures are named by the number of their kind. */
const ICON_NAME = String(BartType.icon);

function readItems(items: Uint8Array): readonly BartItem[] {
  try {
    return decode(bartItems, items);
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}
