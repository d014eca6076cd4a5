/** The directory's part of the store in memory. */
import type { Account } from '../ports.ts';
import type { Uin } from '../words.ts';
import { EMPTY_PROFILE, type StoredProfile } from './profile.ts';
import { type DirectoryEntry, type DirectoryQuery, entryOf, fits, folded } from './search.ts';
import type { FoundRecord, ProfileStore } from './store.ts';

const NOTHING = entryOf('', EMPTY_PROFILE);

export class MemoryProfiles {
  private readonly accountOf: (uin: Uin) => Account | undefined;
  private readonly profiles = new Map<Uin, StoredProfile>();
  private readonly entries = new Map<Uin, DirectoryEntry>();

  constructor(accountOf: (uin: Uin) => Account | undefined) {
    this.accountOf = accountOf;
  }

  load(uin: Uin): StoredProfile | undefined {
    return this.profiles.get(uin);
  }

  save(uin: Uin, { profile, entry }: Parameters<ProfileStore['save']>[1]): true {
    this.profiles.set(uin, profile);
    this.entries.set(uin, entry);
    return true;
  }

  /** The account is called so from now on. */
  renamed(uin: Uin, nickname: string): void {
    const entry = this.entries.get(uin);
    if (entry === undefined && nickname === '') return;
    const { texts, ...others } = entry ?? NOTHING;
    this.entries.set(uin, { ...others, texts: { ...texts, nickname: folded(nickname) } });
  }

  removeAccount(uin: Uin): void {
    this.profiles.delete(uin);
    this.entries.delete(uin);
  }

  search(query: DirectoryQuery, limit: number): FoundRecord[] {
    const { uin } = query;
    const candidates = uin === undefined ? [...this.entries.keys()].sort((a, b) => a - b) : [uin];
    const found: FoundRecord[] = [];
    for (const candidate of candidates) {
      if (found.length >= limit) break;
      const account = this.accountOf(candidate);
      const entry = this.entries.get(candidate) ?? NOTHING;
      if (account?.state !== 'active' || !isAmong(candidate, entry, query) || !fits(entry, query)) continue;
      const { nickname, authorisationRequired } = account;
      const profile = this.profiles.get(candidate);
      found.push({ uin: candidate, nickname, authorisationRequired, ...(profile === undefined ? {} : { profile }) });
    }
    return found;
  }
}

function isAmong(uin: Uin, { webAware }: DirectoryEntry, { among }: DirectoryQuery): boolean {
  return among === undefined || among.uins.includes(uin) || (webAware && among.webAware.includes(uin));
}
