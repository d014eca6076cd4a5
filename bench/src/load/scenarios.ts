/** What the generator's process can be asked to do, by name. */
import { Crowd, type Target, type Tell } from './crowd.ts';
import { floods } from './flood.ts';
import { fetchStored, stores } from './mailboxes.ts';
import { latency, pairs } from './messages.ts';
import { roomLines } from './rooms.ts';
import { signOns } from './sign-ons.ts';
import { statusChanges } from './status.ts';
import { udpHold, udpKeepAlives, udpRelease } from './udp.ts';

const held = new Crowd();

/** Signs people on who stay until `release`. */
async function hold(options: { readonly target: Target; readonly uins: readonly number[] }, tell: Tell): Promise<{ readonly count: number }> {
  await held.signOn({ ...options, tell });
  return { count: held.sessions.length };
}

async function release(): Promise<void> {
  await held.signOff();
}

export const scenarios = { signOns, pairs, latency, stores, fetchStored, statusChanges, roomLines, hold, release, floods, udpHold, udpKeepAlives, udpRelease };

export type ScenarioName = keyof typeof scenarios;
export type ScenarioOptions<N extends ScenarioName> = Parameters<(typeof scenarios)[N]> extends [infer O, ...unknown[]] ? O : undefined;
export type ScenarioResult<N extends ScenarioName> = Awaited<ReturnType<(typeof scenarios)[N]>>;

export interface Order {
  readonly name: ScenarioName;
  readonly options: unknown;
}

export type Report = { readonly progress: string } | { readonly result: unknown } | { readonly failed: string };
