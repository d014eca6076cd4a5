/** Many sessions at once. */
import type { Address } from './line.ts';
import { type Hear, type Session, signOn } from './session.ts';

/** Whom a scenario talks to, and as whom. */
export interface Target {
  readonly address: Address;
  /** Of every account. */
  readonly password: string;
}

/** Tells the person waiting what is going on. */
export type Tell = (progress: string) => void;

export interface CrowdOptions {
  readonly target: Target;
  readonly uins: readonly number[];
  readonly contacts?: readonly number[];
  readonly hear?: Hear;
  readonly tell: Tell;
}

/** How many sign on at the same time. */
const AT_ONCE = 50;

/** Signed-on sessions that fail together: the first loss is the scenario's failure. */
export class Crowd {
  readonly sessions: Session[] = [];
  private readonly failure = Promise.withResolvers<never>();

  constructor() {
    // Losses are seen by whoever waits; between two waits nobody does.
    this.failure.promise.catch(() => {});
  }

  /** Signs on everybody, every second one waiting for the server's hello unless it is over TLS. In the order of `uins`. @throws Error */
  async signOn(options: CrowdOptions): Promise<Session[]> {
    const { target, uins, tell } = options;
    const signedOn: Session[] = [];
    let next = 0;
    let complete = 0;
    const work = async (): Promise<void> => {
      while (next < uins.length) {
        const index = next++;
        signedOn[index] = await this.one(options, target, index);
        if (++complete % 500 === 0) tell(`${complete} of ${uins.length} signed on`);
      }
    };
    await this.or(Promise.all(Array.from({ length: Math.min(AT_ONCE, uins.length) }, work)));
    return signedOn;
  }

  /** Waits for something, or for a loss. @throws Error */
  or<T>(wanted: Promise<T>): Promise<T> {
    return Promise.race([wanted, this.failure.promise]);
  }

  fail(error: Error): void {
    this.failure.reject(error);
  }

  async signOff(): Promise<void> {
    await Promise.all(this.sessions.splice(0).map((session) => session.signOff()));
  }

  private async one({ uins, contacts, hear }: CrowdOptions, target: Target, index: number): Promise<Session> {
    const session = await signOn({
      address: target.address,
      password: Buffer.from(target.password, 'latin1'),
      uin: uins[index] as number,
      // Whoever speaks TLS speaks first.
      waitsForHello: target.address.secure !== true && index % 2 === 1,
      ...(contacts === undefined ? {} : { contacts }),
      ...(hear === undefined ? {} : { hear }),
      lost: (_session, why) => this.fail(why),
    });
    this.sessions.push(session);
    return session;
  }
}

/** `count` numbers from `first`. */
export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

export const seconds = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 1000));

/** Waits for something, but not for ever. `undefined` when it was too late. */
export async function within<T>(wanted: Promise<T>, limitSeconds: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), limitSeconds * 1000);
  try {
    return await Promise.race([wanted, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets a measurement run, telling how it goes every second. @returns milliseconds it really took */
export async function measureFor(total: number, pause: (pauseSeconds: number) => Promise<unknown>, tellSoFar: (elapsedMs: number) => void): Promise<number> {
  const started = performance.now();
  for (let left = total; left > 0; left -= 1) {
    await pause(Math.min(1, left));
    tellSoFar(performance.now() - started);
  }
  return performance.now() - started;
}
