/** The roster the server keeps for us. @see oscar.md §7 */
import { decodeSnacBody, feedbag, type Snac } from '@seekyou/wire/oscar';

const { ItemType } = feedbag;
type Item = feedbag.FeedbagItem;

/** A contact as a person sees it. */
export interface Contact {
  readonly uin: number;
  readonly nickname: string;
  readonly group: string;
  /** Added, but not yet allowed to see. */
  readonly awaiting: boolean;
}

const key = (item: Pick<Item, 'groupId' | 'itemId'>): string => `${item.groupId}/${item.itemId}`;
const nicknameBytes = new TextEncoder();

/** A copy of the roster, kept in step with the server's. */
export class Roster {
  private readonly items = new Map<string, Item>();
  /** Item ids the server says are taken, by what we have not heard of yet. */
  private readonly taken = new Set<number>();

  /** All parts of 13/06. */
  load(parts: readonly Snac[]): void {
    this.items.clear();
    this.taken.clear();
    for (const part of parts) {
      if (part.subtype !== feedbag.reply.subtype) continue;
      this.put(decodeSnacBody(feedbag.reply, part.data).items);
    }
  }

  put(items: readonly Item[]): void {
    for (const item of items) this.items.set(key(item), item);
  }

  remove(items: readonly Item[]): void {
    for (const item of items) this.items.delete(key(item));
  }

  /** The server has another item under this id. */
  noteTaken({ itemId }: Item): void {
    this.taken.add(itemId);
  }

  contacts(): Contact[] {
    return [...this.items.values()]
      .filter((item) => item.type === ItemType.buddy)
      .map((item) => {
        const attributes = feedbag.attributesOf(item);
        return {
          uin: Number(feedbag.itemName(item)),
          nickname: attributes.nickname ?? feedbag.itemName(item),
          group: this.groupName(item.groupId),
          awaiting: attributes.awaitingAuthorization !== undefined,
        };
      });
  }

  /** An entry of a list: contact, visible, invisible, ignore. */
  find(type: number, uin: number): Item | undefined {
    return [...this.items.values()].find((item) => item.type === type && feedbag.itemName(item) === String(uin));
  }

  findNamed(type: number, name: string): Item | undefined {
    return [...this.items.values()].find((item) => item.type === type && feedbag.itemName(item) === name);
  }

  /** Our own picture of a kind, to be added or changed. */
  ownPicture(name: string, bart: { readonly flags: number; readonly hash: Uint8Array }): { readonly item: Item; readonly isNew: boolean } {
    const found = this.findNamed(ItemType.ownAvatar, name);
    const made = feedbag.makeItem(ItemType.ownAvatar, 0, found?.itemId ?? this.freeId(), name, { bart });
    return { item: made, isNew: found === undefined };
  }

  /** The first group, or one to be added first. */
  group(): { readonly item: Item; readonly isNew: boolean } {
    const found = [...this.items.values()].find((item) => item.type === ItemType.group && item.groupId !== 0);
    return found === undefined ? { item: feedbag.makeItem(ItemType.group, 1, 0, 'General'), isNew: true } : { item: found, isNew: false };
  }

  newContact(groupId: number, uin: number, nickname: string | undefined, awaiting: boolean): Item {
    return feedbag.makeItem(ItemType.buddy, groupId, this.freeId(), String(uin), {
      ...(awaiting ? { awaitingAuthorization: true as const } : {}),
      ...(nickname === undefined ? {} : { nickname }),
    });
  }

  /** The item that says who sees us, where it says the contrary of what we want. ICQ writes 3 when invisible and 4 when visible. */
  visibilityToChange(invisible: boolean): Item | undefined {
    const item = [...this.items.values()].find(({ type }) => type === ItemType.visibility);
    const mode = item === undefined ? undefined : feedbag.attributesOf(item).visibilityMode;
    const { nobody, permitted, exceptDenied } = feedbag.VisibilityMode;
    const isWrong = invisible ? mode === exceptDenied : mode === nobody || mode === permitted;
    if (item === undefined || !isWrong) return undefined;
    const wanted = Uint8Array.of(invisible ? permitted : exceptDenied);
    return { ...item, attributes: feedbag.withAttribute(item.attributes, feedbag.ItemAttribute.visibilityMode, wanted) };
  }

  newListEntry(type: number, uin: number): Item {
    return feedbag.makeItem(type, 0, this.freeId(), String(uin));
  }

  static renamed(item: Item, nickname: string): Item {
    return { ...item, attributes: feedbag.withAttribute(item.attributes, feedbag.ItemAttribute.nickname, nicknameBytes.encode(nickname)) };
  }

  static allowed(item: Item): Item {
    return { ...item, attributes: feedbag.withAttribute(item.attributes, feedbag.ItemAttribute.awaitingAuthorization, undefined) };
  }

  private groupName(groupId: number): string {
    const group = this.items.get(key({ groupId, itemId: 0 }));
    return group === undefined ? '' : feedbag.itemName(group);
  }

  /** An item id nobody uses: 1 to 0x7FFF. */
  private freeId(): number {
    const used = new Set([...this.items.values()].map((item) => item.itemId)).union(this.taken);
    for (let id = 1; id <= 0x7fff; id++) if (!used.has(id)) return id;
    throw new RangeError('the roster has no free item id');
  }
}
