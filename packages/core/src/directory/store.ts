/** What the directory asks of the store. */
import type { Uin } from '../words.ts';
import type { StoredProfile } from './profile.ts';
import type { DirectoryEntry, DirectoryQuery } from './search.ts';

/** Somebody who fits, as he is remembered: what he hides is in it. */
export interface FoundRecord {
  readonly uin: Uin;
  readonly nickname: string;
  readonly authorisationRequired: boolean;
  /** Absent: he has told nothing. */
  readonly profile?: StoredProfile;
}

export interface ProfileStore {
  /** `undefined`: nothing was told, or there is no such account. */
  load(uin: Uin): Promise<StoredProfile | undefined>;
  /** Profile, the account's nickname and what is searched, all or nothing. False when there is no such account. */
  save(uin: Uin, saved: { readonly nickname: string; readonly profile: StoredProfile; readonly entry: DirectoryEntry }): Promise<boolean>;
}

export interface DirectoryStore {
  /**
   * Active accounts who fit, by the rules of `fits`, in order of UIN; of more than `limit` any so many. A question that many
   * thousands nearly fit is given up after a bounded piece of work: what is found then is not all there is.
   */
  search(query: DirectoryQuery, limit: number): Promise<readonly FoundRecord[]>;
}
