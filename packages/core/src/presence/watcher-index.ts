import type { Uin } from '../words.ts';

/**
 * Who watches whom, among those who are on line: what a change of presence costs is the number of its watchers, whatever
 * else there is. Most people are watched by one or two, who stand in the map themselves; a set costs ten times as much.
 */
export class WatcherIndex<W extends object> {
  private readonly bySubject = new Map<Uin, W | Set<W>>();

  add(subject: Uin, watcher: W): void {
    const there = this.bySubject.get(subject);
    if (there === undefined) this.bySubject.set(subject, watcher);
    else if (there instanceof Set) there.add(watcher);
    else if (there !== watcher) this.bySubject.set(subject, new Set([there, watcher]));
  }

  delete(subject: Uin, watcher: W): void {
    const there = this.bySubject.get(subject);
    if (there === watcher) this.bySubject.delete(subject);
    else if (there instanceof Set && there.delete(watcher) && there.size === 0) this.bySubject.delete(subject);
  }

  /** May be changed while it is read. */
  of(subject: Uin): Iterable<W> {
    const there = this.bySubject.get(subject);
    return there === undefined ? [] : there instanceof Set ? there : [there];
  }

  entries(): Iterable<readonly [Uin, W]> {
    return this.bySubject.keys().flatMap((subject) => Iterator.from(this.of(subject)).map((watcher) => [subject, watcher] as const));
  }
}
