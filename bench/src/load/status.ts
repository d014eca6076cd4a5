/** One person changes status while thousands watch. */
import { statusFrame } from './frames.ts';
import { Crowd, seconds, type Target, type Tell, within } from './crowd.ts';
import { Samples } from './samples.ts';
import type { HeardSnac, Session } from './session.ts';

export interface StatusOptions {
  readonly target: Target;
  readonly subject: number;
  /** Each has the subject on a list of its own. */
  readonly watchers: readonly number[];
  readonly changes: number;
}

export interface StatusResult {
  /** From the change to the notice that came last: median and worst of the changes. */
  readonly lastP50Ms: number;
  readonly lastMaxMs: number;
  /** The median watcher of the median change. */
  readonly watcherP50Ms: number;
  /** Notices beyond one for each watcher and change. */
  readonly extra: number;
}

const AWAY = 0x0001;
const TIMEOUT_SECONDS = 30;

/** The low word of the status in a 03/0B of `subject`; -1 in another's. */
function statusOf(subject: Buffer, { data, from }: HeardSnac): number {
  const length = data[from] as number;
  if (length !== subject.length || subject.compare(data, from + 1, from + 1 + length) !== 0) return -1;
  let at = from + 1 + length + 2;
  let left = data.readUInt16BE(at);
  for (at += 2; left > 0; left--) {
    if (data.readUInt16BE(at) === 0x0006) return data.readUInt16BE(at + 6);
    at += 4 + data.readUInt16BE(at + 2);
  }
  return 0;
}

/** @throws Error when a watcher is not told */
export async function statusChanges(options: StatusOptions, tell: Tell): Promise<StatusResult> {
  const { target, subject, watchers, changes } = options;
  const crowd = new Crowd();
  const name = Buffer.from(String(subject), 'latin1');
  const last = new Samples();
  const each = new Samples(1 << 16);
  let wanted = -1;
  let startedAt = 0;
  let lastAt = 0;
  let extra = 0;
  let all = Promise.withResolvers<true>();
  let told = new Set<number>();

  const hear = (session: Session, snac: HeardSnac): void => {
    if (snac.family !== 0x03 || snac.subtype !== 0x0b || wanted < 0) return;
    if (statusOf(name, snac) !== wanted || told.has(session.uin)) {
      extra++;
      return;
    }
    told.add(session.uin);
    lastAt = performance.now();
    each.add(lastAt - startedAt);
    if (told.size === watchers.length) all.resolve(true);
  };
  const [who] = await crowd.signOn({ target, uins: [subject], tell });
  await crowd.signOn({ target, uins: watchers, contacts: [subject], hear, tell });
  await crowd.or(seconds(2));
  for (let change = 1; change <= changes; change++) {
    all = Promise.withResolvers();
    told = new Set();
    wanted = change % 2 === 1 ? AWAY : 0;
    startedAt = performance.now();
    (who as Session).line.send(statusFrame(wanted));
    if ((await crowd.or(within(all.promise, TIMEOUT_SECONDS))) === undefined) {
      throw new Error(`${watchers.length - told.size} of ${watchers.length} watchers were not told of a change within ${TIMEOUT_SECONDS} s`);
    }
    last.add(lastAt - startedAt);
    tell(`change ${change} of ${changes}: ${(lastAt - startedAt).toFixed(1)} ms`);
    await crowd.or(seconds(1));
  }
  await crowd.signOff();
  return { lastP50Ms: last.percentiles([0.5])[0], lastMaxMs: last.max(), watcherP50Ms: each.percentiles([0.5])[0], extra };
}
