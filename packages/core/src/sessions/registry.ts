/** The sessions of this node, by account. */
import type { SessionDirectory } from '../inside.ts';
import type { Uin } from '../words.ts';
import type { CoreSession } from './core-session.ts';

interface Household {
  /** In order of sign-on. Replaced, never changed: whoever reads it may end sessions meanwhile. */
  sessions: readonly CoreSession[];
  /** Ends what was begun with the first session. */
  readonly vacate: () => void;
}

const NOBODY: readonly CoreSession[] = [];

export class Registry implements SessionDirectory {
  private readonly households = new Map<Uin, Household>();
  private readonly settle: (uin: Uin) => () => void;
  private count = 0;

  /** @param settle called when an account gets its first session; its result when the last one is gone */
  constructor(settle: (uin: Uin) => () => void) {
    this.settle = settle;
  }

  of(uin: Uin): readonly CoreSession[] {
    return this.households.get(uin)?.sessions ?? NOBODY;
  }

  *all(): Iterable<CoreSession> {
    for (const { sessions } of this.households.values()) yield* sessions;
  }

  get sessions(): number {
    return this.count;
  }

  get users(): number {
    return this.households.size;
  }

  /** The lowest instance number no session of the account has. */
  freeInstance(uin: Uin): number {
    const sessions = this.of(uin);
    let instance = 1;
    while (sessions.some((session) => session.instance === instance)) instance++;
    return instance;
  }

  add(session: CoreSession): void {
    this.count++;
    const household = this.households.get(session.uin);
    if (household === undefined) this.households.set(session.uin, { sessions: [session], vacate: this.settle(session.uin) });
    else household.sessions = [...household.sessions, session];
  }

  /** False when it was gone already. */
  remove(session: CoreSession): boolean {
    const household = this.households.get(session.uin);
    if (household === undefined || !household.sessions.includes(session)) return false;
    this.count--;
    household.sessions = household.sessions.filter((other) => other !== session);
    if (household.sessions.length === 0) {
      this.households.delete(session.uin);
      household.vacate();
    }
    return true;
  }
}
