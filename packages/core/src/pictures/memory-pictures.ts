/** The pictures' part of the store in memory. */
import type { Uin } from '../words.ts';
import type { Picture, PictureHash } from './picture.ts';

export class MemoryPictures {
  private readonly bytes = new Map<PictureHash, Uint8Array>();
  private readonly shown = new Map<Uin, readonly Picture[]>();

  save(uin: Uin, pictures: readonly Picture[], added?: { readonly hash: PictureHash; readonly bytes: Uint8Array }): boolean {
    if (pictures.some(({ hash }) => hash !== added?.hash && !this.bytes.has(hash))) return false;
    if (added !== undefined) this.bytes.set(added.hash, added.bytes.slice());
    if (pictures.length === 0) this.shown.delete(uin);
    else this.shown.set(uin, pictures);
    this.forgetUnshown();
    return true;
  }

  find(hash: PictureHash): Uint8Array | undefined {
    return this.bytes.get(hash);
  }

  removeAccount(uin: Uin): void {
    if (this.shown.delete(uin)) this.forgetUnshown();
  }

  private forgetUnshown(): void {
    const shown = new Set([...this.shown.values()].flatMap((pictures) => pictures.map(({ hash }) => hash)));
    for (const hash of this.bytes.keys()) if (!shown.has(hash)) this.bytes.delete(hash);
  }
}
