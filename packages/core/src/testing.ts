/** Time, chance and the other ports for tests: nothing here waits, and a seed repeats a run. */
import type { Account, Bus, Chance, Clock, ScramVerifier, Secrets, Store } from './ports.ts';
import { NoResponders } from './ports.ts';
import { PEOPLE } from './limits.ts';
import type { CoreSettings } from './service.ts';
import type { Time, Uin } from './words.ts';

export { busContract, liveMailboxContract, storeContract } from './contracts/index.ts';
export { memoryStore } from './memory-store.ts';

// ---------------------------------------------------------------- time

export interface TestClock extends Clock {
  /** Moves time on and runs, in order and at their own times, the timers that fall due. */
  advance(ms: number): void;
  /** How many timers are running. */
  readonly timers: number;
}

/** A clock that stands until it is moved. Starts at 2001-02-03 04:05:06 UTC. */
export function testClock(start: Time = Date.UTC(2001, 1, 3, 4, 5, 6)): TestClock {
  const timers = new Set<{ readonly at: Time; readonly run: () => void }>();
  let now = start;

  function nextDue(until: Time): { readonly at: Time; readonly run: () => void } | undefined {
    let next: { readonly at: Time; readonly run: () => void } | undefined;
    // Timers of the same moment run in the order they were set.
    for (const timer of timers) if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  }

  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const until = now + ms;
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        timers.delete(timer);
        now = Math.max(now, timer.at);
        timer.run();
      }
      now = until;
    },
    get timers() {
      return timers.size;
    },
  };
}

/** Lets everything that waits for promises alone come to rest. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

// ---------------------------------------------------------------- chance

/** Repeatable bytes (xorshift32): for tests only. */
export function testChance(seed: number): Chance {
  let state = seed | 0 || 0x2545f491;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at++) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        bytes[at] = state >>> 11;
      }
      return bytes;
    },
  };
}

// ---------------------------------------------------------------- secrets

export interface TestSecrets extends Secrets {
  /** How often `open` was called. */
  readonly opened: number;
  /** How often each of `decoy`, `sha256` and `hmac` was called. */
  readonly worked: Readonly<Record<'decoy' | 'sha256' | 'hmac', number>>;
  /** What a client computes of its password (RFC 5802 `SaltedPassword`). */
  salted(password: string, salt: Uint8Array): Uint8Array;
}

/** 32 bytes that are others for other input, and no secret from anybody. */
function toyHash(...parts: readonly Uint8Array[]): Uint8Array {
  const words = Uint32Array.from({ length: 8 }, (_, at) => 0x811c9dc5 + at);
  for (const part of parts) {
    for (const byte of [part.length & 0xff, ...part]) {
      for (let at = 0; at < words.length; at++) words[at] = Math.imul((words[at] as number) ^ byte ^ at, 0x01000193) + (words[(at + 1) & 7] as number);
    }
  }
  return new Uint8Array(words.buffer);
}

/** Keeps nothing secret, but keeps the shape: a sealed password opens for its own UIN only. */
export function testSecrets(): TestSecrets {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let opened = 0;
  let salts = 0;
  const worked = { decoy: 0, sha256: 0, hmac: 0 };
  const salted = (password: string, salt: Uint8Array): Uint8Array => toyHash(salt, encoder.encode(password));
  const verifierOf = (password: string, salt: Uint8Array): ScramVerifier => ({
    salt,
    iterations: 1,
    storedKey: toyHash(toyHash(salted(password, salt), encoder.encode('Client Key'))),
    serverKey: toyHash(salted(password, salt), encoder.encode('Server Key')),
  });
  return {
    verifier: (password) => Promise.resolve(verifierOf(password, encoder.encode(`salt ${++salts}`.padEnd(16)))),
    proves: (password, { salt, storedKey }) => Promise.resolve(verifierOf(password, salt).storedKey.every((byte, at) => byte === storedKey[at])),
    decoy(uin) {
      worked.decoy++;
      return verifierOf('nobody knows this', encoder.encode(`salt of ${uin}`.padEnd(16).slice(-16)));
    },
    sha256(data) {
      worked.sha256++;
      return toyHash(data);
    },
    hmac(key, data) {
      worked.hmac++;
      return toyHash(key, data);
    },
    salted,
    worked,
    seal: (uin, password) => encoder.encode(`${uin} ${password}`).map((byte) => byte ^ 0x5a),
    open(uin, sealed) {
      opened++;
      const text = decoder.decode(sealed.map((byte) => byte ^ 0x5a));
      return text.startsWith(`${uin} `) ? text.slice(`${uin} `.length) : undefined;
    },
    mark: (uin, text) =>
      Array.from(encoder.encode(`${uin} ${text}`), (byte) => byte.toString(16))
        .join('')
        .padEnd(32, '0')
        .slice(-32),
    get opened() {
      return opened;
    },
  };
}

// ---------------------------------------------------------------- bus

/** A bus for cores of one process that hands everything on at once. */
export function testBus(): Bus {
  const subscribers = new Map<string, Set<(payload: unknown) => void>>();
  const responders = new Map<string, (payload: unknown) => unknown>();
  return {
    alone: false,
    publish(subject, payload) {
      for (const handle of Array.from(subscribers.get(subject) ?? [])) handle(payload);
    },
    subscribe(subject, handle) {
      const handlers = subscribers.get(subject) ?? new Set();
      subscribers.set(subject, handlers.add(handle));
      return () => {
        handlers.delete(handle);
        if (handlers.size === 0) subscribers.delete(subject);
      };
    },
    request(subject, payload) {
      const answer = responders.get(subject);
      return answer === undefined ? Promise.reject(new NoResponders(subject)) : Promise.resolve(answer(payload));
    },
    respond(subject, answer) {
      responders.set(subject, answer);
      return () => void responders.delete(subject);
    },
    close: () => Promise.resolve(),
  };
}

// ---------------------------------------------------------------- store

/** A store that counts its operations by name, `accounts.find`. */
export interface CountingStore extends Store {
  readonly counts: ReadonlyMap<string, number>;
  readonly total: number;
  reset(): void;
}

/** Wraps any store; what an operation costs must not depend on the size of the database. */
export function countingStore(store: Store): CountingStore {
  const counts = new Map<string, number>();
  const rooms = {
    accounts: counted('accounts', store.accounts),
    rosters: counted('rosters', store.rosters),
    mailboxes: counted('mailboxes', store.mailboxes),
    bans: counted('bans', store.bans),
    places: counted('places', store.places),
    rooms: counted('rooms', store.rooms),
    pictures: counted('pictures', store.pictures),
    profiles: counted('profiles', store.profiles),
    directory: counted('directory', store.directory),
  };
  return {
    ...rooms,
    close: () => store.close(),
    counts,
    get total() {
      return counts.values().reduce((sum, count) => sum + count, 0);
    },
    reset: () => counts.clear(),
  };

  function counted<Room extends object>(name: string, room: Room): Room {
    return new Proxy(room, {
      get(target, property, receiver) {
        const operation: unknown = Reflect.get(target, property, receiver);
        if (typeof operation !== 'function' || typeof property === 'symbol') return operation;
        return (...parameters: unknown[]): unknown => {
          const key = `${name}.${property}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
          return Reflect.apply(operation, target, parameters);
        };
      },
    });
  }
}

// ---------------------------------------------------------------- words

/** A number that is known to be a UIN. */
export const uin = (value: number): Uin => value as Uin;

/** What the service does unless a test wants something else. */
export const testSettings: CoreSettings = {
  limits: PEOPLE,
  registration: 'open',
  oldClients: 'same',
  direct: 'contacts',
  defaultCodepage: 1252,
};

/** An account as a store keeps it, with nothing special about it. */
export function testAccount(number: Uin, more: Partial<Account> = {}): Account {
  const none = new Uint8Array(0);
  return {
    uin: number,
    state: 'active',
    createdAt: Date.UTC(2000, 0, 1),
    main: { salt: none, iterations: 1, storedKey: none, serverKey: none },
    nickname: '',
    authorisationRequired: false,
    hideAddress: false,
    ...more,
  };
}
