/** Profiles, searches and random chat, as commands. Who is shown as on line is decided where all of presence is. */
import type { CommandInput, CommandOutput } from '../commands.ts';
import type { CommandTable, LiveSession, People, SessionDirectory } from '../inside.ts';
import type { Account } from '../ports.ts';
import { type Refused, refuse } from '../refusals.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { Uin } from '../words.ts';
import { changedProfile, DIRECT_NOBODY, EMPTY_PROFILE, faultOf, type Profile, shownToOthers, type StoredProfile } from './profile.ts';
import { RandomChat } from './random-chat.ts';
import { type DirectoryQuery, entryOf, FOUND_MAX, type FoundPerson, foundPersonOf, queryOf, type SearchResult } from './search.ts';
import type { FoundRecord } from './store.ts';

export interface DirectoryAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  readonly people: Pick<People, 'ignores' | 'shownOnLine'>;
  readonly sessions: SessionDirectory;
}

/** What a profile holds and what its owner permits others. */
type AnyChanges = CommandInput<'profile.change'>['changes'] & Partial<Pick<Profile, 'webAware' | 'directPermissions'>>;

type Names = 'profile.load' | 'profile.change' | 'directory.search' | 'random.join' | 'random.leave' | 'random.find';

export class Directory {
  private readonly around: DirectoryAround;
  private readonly chats: RandomChat;
  /** The last change of a profile that has not been stored yet: the next one begins with what it leaves. */
  private readonly changing = new Map<Uin, Promise<unknown>>();
  readonly commands: CommandTable<Names>;

  constructor(around: DirectoryAround) {
    this.around = around;
    this.chats = new RandomChat(around.sessions, around.ports.chance);
    this.commands = {
      'profile.load': (session, { uin }) => this.load(session, uin),
      'profile.change': (session, { changes }) => this.change(session.uin, changes),
      'directory.search': (session, input) => this.search(session, input),
      'random.join': (session, { group }) => (this.chats.join(session, group) ? undefined : refuse('bad-input')),
      'random.leave': (session) => this.chats.leave(session),
      'random.find': (session, { group }) => this.findAnybody(session, group),
    };
  }

  /** The session is over. */
  leave(session: LiveSession): void {
    this.chats.leave(session);
  }

  private async load(session: LiveSession, uin: Uin): Promise<Profile | Refused> {
    const found = await this.profileOf(uin);
    if (found === undefined) return refuse('no-such-user');
    const { account, profile } = found;
    const told = account.hideAddress ? { ...profile, directPermissions: DIRECT_NOBODY } : profile;
    return uin === session.uin ? told : shownToOthers(told);
  }

  private async profileOf(uin: Uin): Promise<{ readonly account: Account; readonly profile: Profile } | undefined> {
    const { store } = this.around.ports;
    const [account, stored] = await Promise.all([store.accounts.find(uin), store.profiles.load(uin)]);
    return account?.state === 'active' ? { account, profile: profileFrom(account, stored) } : undefined;
  }

  /** One after the other: clients send what a form holds as five changes at once. */
  change(uin: Uin, changes: AnyChanges): Promise<void | Refused> {
    const before = this.changing.get(uin) ?? Promise.resolve();
    const turn = before.then(() => this.changeNow(uin, changes));
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        if (this.changing.get(uin) === settled) this.changing.delete(uin);
      });
    this.changing.set(uin, settled);
    return turn;
  }

  private async changeNow(uin: Uin, changes: AnyChanges): Promise<void | Refused> {
    const { ports, settings, sessions } = this.around;
    const fault = faultOf(changes, settings.limits, ports.clock.now());
    if (fault !== undefined) return refuse(fault);
    const before = await this.profileOf(uin);
    if (before === undefined) return refuse('no-such-user');
    const { nickname, authorisationRequired: _, ...profile } = changedProfile(before.profile, changes);
    if (!(await ports.store.profiles.save(uin, { nickname, profile, entry: entryOf(nickname, profile) }))) return refuse('no-such-user');
    for (const session of sessions.of(uin)) session.account = { ...session.account, nickname };
    return undefined;
  }

  private async search(session: LiveSession, { criteria, limit = FOUND_MAX }: CommandInput<'directory.search'>): Promise<SearchResult | Refused> {
    const { ports, settings } = this.around;
    const query = queryOf(criteria, settings.limits, ports.clock.now());
    if (query === 'too-large') return refuse('too-large');
    if (query === undefined) return refuse('bad-input');
    const wanted = Math.max(1, Math.min(limit, FOUND_MAX));
    const asked: DirectoryQuery = criteria.onlineOnly === true ? { ...query, among: this.whoIsShownTo(session.uin) } : query;
    const records = await ports.store.directory.search(asked, wanted + 1);
    return { found: records.slice(0, wanted).map((record) => this.found(session.uin, record)), more: records.length > wanted };
  }

  private found(observer: Uin, record: FoundRecord): FoundPerson {
    const { ports, people } = this.around;
    const profile = profileFrom(record, record.profile);
    const shown = observer === record.uin ? profile : shownToOthers(profile);
    return foundPersonOf(record.uin, shown, people.shownOnLine(observer, record.uin, profile.webAware), ports.clock.now());
  }

  /** Both kinds of people on line: those he sees in any case, and those only if they let everybody see them. */
  private whoIsShownTo(observer: Uin): NonNullable<DirectoryQuery['among']> {
    const { people, sessions, settings } = this.around;
    const uins = new Set<Uin>();
    const webAware = new Set<Uin>();
    for (const { uin } of sessions.all()) {
      if (uins.size + webAware.size >= settings.limits.searchedOnlineMax) break;
      if (people.shownOnLine(observer, uin, false) === 'online') uins.add(uin);
      else if (people.shownOnLine(observer, uin, true) === 'online') webAware.add(uin);
    }
    return { uins: [...uins], webAware: [...webAware] };
  }

  private findAnybody(session: LiveSession, group: number): CommandOutput<'random.find'> | Refused {
    const { people } = this.around;
    // Who joined a group wants to be found, unless he is invisible or one of the two ignores the other.
    const uin = this.chats.find(session.uin, group, (other) => people.shownOnLine(session.uin, other, true) === 'online');
    return uin === undefined ? refuse('off-line') : { uin, group };
  }
}

function profileFrom({ nickname, authorisationRequired }: Pick<Account, 'nickname' | 'authorisationRequired'>, stored: StoredProfile = EMPTY_PROFILE): Profile {
  return { nickname, authorisationRequired, ...stored };
}
