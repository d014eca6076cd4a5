/**
 * People who would talk to anybody. They are so while they are on line, in one group of ICQ's
 * (docs/protocol/icq-tables.json, `randomChatGroups`); who finds one learns a number and nothing else.
 */
import type { LiveSession, SessionDirectory } from '../inside.ts';
import type { Chance } from '../ports.ts';
import type { Uin } from '../words.ts';

const GROUP_MAX = 0xffff;
/** Of a random start, so many are looked at: in a group that wants nothing of the one who asks, nobody is found. */
const LOOKED_AT_MAX = 100;

export class RandomChat {
  private readonly sessions: SessionDirectory;
  private readonly chance: Chance;
  private readonly groupOf = new Map<LiveSession, number>();
  private readonly groups = new Map<number, LiveSession[]>();

  constructor(sessions: SessionDirectory, chance: Chance) {
    this.sessions = sessions;
    this.chance = chance;
  }

  /** False when there can be no such group; 0 is none of them. */
  join(session: LiveSession, group: number): boolean {
    if (!Number.isInteger(group) || group < 1 || group > GROUP_MAX) return false;
    this.leave(session);
    this.groupOf.set(session, group);
    const members = this.groups.get(group);
    if (members === undefined) this.groups.set(group, [session]);
    else members.push(session);
    return true;
  }

  /** Also when the session is over. */
  leave(session: LiveSession): void {
    const group = this.groupOf.get(session);
    const members = group === undefined ? undefined : this.groups.get(group);
    if (group === undefined || members === undefined) return;
    this.groupOf.delete(session);
    members.splice(members.indexOf(session), 1);
    if (members.length === 0) this.groups.delete(group);
  }

  /** Somebody of the group for whom `wanted` holds, and who is not the one who asks. */
  find(asker: Uin, group: number, wanted: (other: Uin) => boolean): Uin | undefined {
    const members = this.groups.get(group) ?? [];
    const start = this.random(members.length);
    for (let step = 0; step < Math.min(members.length, LOOKED_AT_MAX); step++) {
      const session = members[(start + step) % members.length];
      if (session === undefined || session.ended || session.uin === asker || this.sessions.of(session.uin).length === 0) continue;
      if (wanted(session.uin)) return session.uin;
    }
    return undefined;
  }

  private random(below: number): number {
    const [a = 0, b = 0, c = 0] = this.chance.bytes(3);
    return below === 0 ? 0 : ((a << 16) | (b << 8) | c) % below;
  }
}
