/** What pictures need to be remembered: their bytes once, however many accounts show them. */
import type { Uin } from '../words.ts';
import type { Picture, PictureHash } from './picture.ts';

export interface PictureStore {
  /**
   * Makes these the pictures of an account, `Account.pictures`, and keeps `added`. Bytes nobody shows any more are forgotten.
   * False when there is no such account, or one of the hashes has no bytes.
   */
  save(uin: Uin, pictures: readonly Picture[], added?: { readonly hash: PictureHash; readonly bytes: Uint8Array }): Promise<boolean>;
  find(hash: PictureHash): Promise<Uint8Array | undefined>;
}
