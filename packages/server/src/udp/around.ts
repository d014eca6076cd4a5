/** What all parts of the front end share. */
import type { Chance, Clock, Core, Limits } from '@seekyou/core';
import type { Counters } from '../runtime/counters.ts';
import type { Encodings } from './encodings.ts';
import type { RateMemory } from '../runtime/rate-memory.ts';
import type { RateMeter } from './rates.ts';

export interface UdpSettings {
  /** UDP has no sign-on but with a password in clear: anything but `all` refuses it. */
  readonly clearSignOn: 'off' | 'challenge' | 'all';
  /** Whose password a client registers: the account's (`same`), or one for old clients alone (`own`). */
  readonly oldClients: 'same' | 'own' | 'off';
  readonly registration: 'open' | 'closed';
  readonly defaultCodepage: number;
  /** Nobody sends too fast: for measuring. */
  readonly liftRates?: boolean;
  /** Whether a relay at this address hides its clients. */
  readonly hidesClients?: (address: string) => boolean;
}

/** The part of a logger this front end uses; pino's fits. */
export interface UdpLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Surroundings {
  readonly core: Core;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly limits: Limits;
  readonly settings: UdpSettings;
  readonly log: UdpLog;
  readonly counters: Counters;
  readonly encodings: Encodings;
  readonly rates: RateMemory<RateMeter>;
}
