/** The OSCAR front end: takes connections and lets them talk to the core. */
import { randomBytes } from 'node:crypto';
import type { Chance, Clock, Core, Limits, Peer } from '@seekyou/core';
import type { Transport } from '@seekyou/net';
import { encode } from '@seekyou/wire';
import { encodeFlap, FlapChannel, login } from '@seekyou/wire/oscar';
import type { Advertised } from '../runtime/config.ts';
import { OneAddressHint } from '../runtime/hints.ts';
import { ConnectionCaps, GOODBYES_MS, type Place } from '../runtime/limits.ts';
import { turns } from '../runtime/turns.ts';
import { addressesFrom } from './advertise.ts';
import { Connection, type FrontEndLog, type Surroundings } from './connection.ts';
import { createCookieJar } from './cookies.ts';
import type { Counters } from '../runtime/counters.ts';
import { count, startCounters } from './counters.ts';
import { Encodings } from './encodings.ts';
import { ExpectedClients } from './expected.ts';
import type { ClearSignOn } from './login.ts';
import { RateMemory } from '../runtime/rate-memory.ts';
import { BENCH_RATES, PEOPLE_RATES, type RateRule } from './rates.ts';

export interface OscarSettings {
  readonly clearSignOn: ClearSignOn;
  readonly advertise: readonly Advertised[];
  readonly defaultCodepage: number;
  /** Whose password an old client registers: the account's (`same`, unless said otherwise), or one for old clients alone (`own`); with `off`, none. */
  readonly oldClients?: 'same' | 'own' | 'off';
  /** No limits on how fast clients send: for measuring. */
  readonly liftRates?: boolean;
  readonly rates?: readonly RateRule[];
  /** Whether a relay at this address hides its clients. */
  readonly hidesClients?: (address: string) => boolean;
  /** A page told to people whose sign-on was refused or whose session was ended. */
  readonly helpUrl?: string;
}

export interface OscarFrontEndParts {
  readonly core: Core;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly limits: Limits;
  readonly settings: OscarSettings;
  readonly log: FrontEndLog;
  /** Counted into; see counters.ts for the names. */
  readonly counters: Counters;
  /** Key of the cookies, shared by the nodes of a service. Absent: one of our own. */
  readonly nodeKey?: Uint8Array;
}

export interface OscarFrontEnd {
  accept(transport: Transport): void;
  /** Whether a silent connection from there is surely a client that waits for our hello. Asked once a connection. */
  greetsAtOnce(address: string): boolean;
  /** Whether TLS was spoken from there within the hour. */
  encryptsLately(address: string): boolean;
  /** TLS was spoken from this address. */
  encrypts(address: string): void;
  /** Open connections, signed on or not. */
  readonly connections: number;
  /** Tells every client, gives them a moment to read it, and closes. New connections are turned away meanwhile. */
  stop(): Promise<void>;
}

/** All deadlines are looked at so often; they are in tens of seconds. */
const TICK_MS = 1_000;
/** 64 characters, none of them special to anybody. */
const KEY_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** 132 bits; Miranda has room for 64 characters. */
const KEY_LENGTH = 22;

export function createOscarFrontEnd(parts: OscarFrontEndParts): OscarFrontEnd {
  const { core, clock, chance, limits, settings, log, counters } = parts;
  startCounters(counters);
  const connections = new Set<Connection>();
  const caps = new ConnectionCaps(limits);
  const addressFrom = addressesFrom(settings.advertise);
  const expected = new ExpectedClients(clock);
  const oneAddress = new OneAddressHint((fields, message) => log.warn(fields, message));
  let cancelTick: (() => void) | undefined;
  let stopping = false;
  let whenEmpty: (() => void) | undefined;

  const around: Surroundings = {
    core,
    clock,
    limits,
    login: { clearSignOn: settings.clearSignOn, keyMs: limits.cookieMs, ...(settings.helpUrl === undefined ? {} : { helpUrl: settings.helpUrl }) },
    defaultCodepage: settings.defaultCodepage,
    oldClients: settings.oldClients ?? 'same',
    rateMemory: new RateMemory(limits.brakeEntriesMax),
    rates: settings.rates ?? (settings.liftRates === true ? BENCH_RATES : PEOPLE_RATES),
    log,
    counters,
    encodings: new Encodings(counters),
    expected,
    signedOn: (uin, peer, transport) => oneAddress.signedOn(uin, peer, transport.destination !== undefined),
    cookies: createCookieJar({ clock, chance, key: parts.nodeKey ?? randomBytes(32), node: chance.bytes(8), limits }),
    loginKey: () => Array.from(chance.bytes(KEY_LENGTH), (byte) => KEY_CHARACTERS.charAt(byte & 63)).join(''),
    addressFor,
    left,
  };

  function addressFor(transport: Transport, peer: Peer): string | undefined {
    const client = peer.known ? peer.address : undefined;
    const address = addressFrom({ client, destination: transport.destination, local: transport.local });
    if (address === undefined) {
      log.warn(
        { peer: client ?? 'behind a relay', local: transport.local.address },
        `a sign-on was refused: ${transport.local.address} is no address for that client, and no other is known. Add the one it connects to, to seekyou.toml: ` +
          `advertise = ["HOST:${transport.local.port}"]`,
      );
    }
    return address;
  }

  function accept(transport: Transport): void {
    turns.begin('input');
    const hidden = transport.peer.known && settings.hidesClients?.(transport.peer.address) === true;
    const peer: Peer = hidden ? { ...transport.peer, known: false } : transport.peer;
    if (!core.admits(peer)) {
      count(counters, 'oscar_connections_refused_banned');
      transport.destroy();
      return;
    }
    const place = stopping ? 'full' : caps.enter(peer);
    if (typeof place === 'string') turnAway(transport, place);
    else begin(transport, peer, place);
  }

  function begin(transport: Transport, peer: Peer, place: Place): void {
    const [high = 0, low = 0] = chance.bytes(2);
    const connection = new Connection(around, transport, peer, place, high * 256 + low);
    connections.add(connection);
    cancelTick ??= clock.after(TICK_MS, tick);
    connection.begin();
  }

  /** Says why in the two frames every client reads, and keeps nothing of it. */
  function turnAway(transport: Transport, why: 'full' | 'network-full'): void {
    count(counters, why === 'full' ? 'oscar_connections_refused_full' : 'oscar_connections_refused_network');
    const error = why === 'full' ? login.AuthError.unavailable : login.AuthError.tooManyFromAddress;
    transport.write(encodeFlap(FlapChannel.hello, 0, Uint8Array.of(0, 0, 0, login.FLAP_VERSION)));
    transport.end(encodeFlap(FlapChannel.close, 1, encode(login.loginAnswer, { error, debug: 1 })));
    transport.destroy();
  }

  /** No last words: whoever is banned is not here to listen. */
  function closeBanned(): void {
    for (const connection of connections) if (!core.admits(connection.peer)) connection.transport.destroy();
  }

  function tick(): void {
    cancelTick = connections.size === 0 ? undefined : clock.after(TICK_MS, tick);
    const now = clock.now();
    for (const connection of connections) connection.tick(now);
  }

  function left(connection: Connection): void {
    connections.delete(connection);
    if (connections.size > 0) return;
    cancelTick?.();
    cancelTick = undefined;
    whenEmpty?.();
  }

  async function stop(): Promise<void> {
    stopping = true;
    stopWatchingBans();
    if (connections.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      whenEmpty = resolve;
    });
    for (const connection of connections) connection.stop();
    const cancel = clock.after(GOODBYES_MS, () => {
      for (const connection of connections) connection.drop();
    });
    await empty;
    cancel();
  }

  const stopWatchingBans = core.whenBanned(closeBanned);

  return {
    accept,
    greetsAtOnce: (address) => expected.takes(address),
    encryptsLately: (address) => expected.encryptsLately(address),
    encrypts: (address) => expected.encrypts(address),
    get connections() {
      return connections.size;
    },
    stop,
  };
}
