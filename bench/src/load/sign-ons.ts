/** Sign-ons per second: whole ones, to the answer after 01/02. */
import { measureFor, type Target, type Tell, within } from './crowd.ts';
import { Samples } from './samples.ts';
import { Session } from './session.ts';

export interface SignOnsOptions {
  readonly target: Target;
  /** Accounts that take turns. */
  readonly uins: readonly number[];
  readonly atOnce: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface SignOnsResult {
  readonly perSecond: number;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Arrivals of contacts (03/0B) per sign-on. */
  readonly noticesEach: number;
}

interface Run {
  phase: 'warm-up' | 'measure' | 'over';
  turn: number;
  count: number;
  notices: number;
  failure: Error | undefined;
}

/** Every second sign-on waits for the server's hello, on both connections. @throws Error when one fails */
export async function signOns(options: SignOnsOptions, tell: Tell): Promise<SignOnsResult> {
  const password = Buffer.from(options.target.password, 'latin1');
  const samples = new Samples();
  const run: Run = { phase: 'warm-up', turn: 0, count: 0, notices: 0, failure: undefined };

  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const number = run.turn++;
      const started = performance.now();
      const made = new Session(
        {
          address: options.target.address,
          password,
          uin: options.uins[number % options.uins.length] as number,
          waitsForHello: number % 2 === 1,
          hear: (_session, { family, subtype }) => {
            if (run.phase === 'measure' && family === 0x03 && subtype === 0x0b) run.notices++;
          },
        },
        (error, session) => {
          if (error !== undefined) run.failure ??= error;
          else if (run.phase === 'measure') {
            run.count++;
            samples.add(performance.now() - started);
          }
          void session.signOff();
          resolve();
        },
      );
      void made;
    });
  const work = async (): Promise<void> => {
    while (run.phase !== 'over' && run.failure === undefined) await one();
  };

  const workers = Promise.all(Array.from({ length: options.atOnce }, work));
  await within(workers, options.warmUpSeconds);
  run.phase = 'measure';
  const elapsed = await measureFor(
    options.seconds,
    (pause) => within(workers, pause),
    (ms) => tell(`${Math.round((run.count * 1000) / ms)} sign-ons/s`),
  );
  run.phase = 'over';
  await workers;
  if (run.failure !== undefined) throw run.failure;
  const [p50Ms, p99Ms] = samples.percentiles([0.5, 0.99]);
  return { perSecond: (run.count * 1000) / elapsed, count: run.count, p50Ms, p99Ms, noticesEach: run.notices / Math.max(1, run.count) };
}
