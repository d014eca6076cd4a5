/** The UDP front end: takes datagrams, finds out whose they are, and lets signed-on clients talk to the core. */
import type { Chance, Clock, Core, Limits, Peer } from '@seekyou/core';
import type { DatagramPort, Endpoint } from '@seekyou/net';
import { WireError } from '@seekyou/wire';
import { type ClientPacket, commandOf, commands, DATAGRAM_BYTES_MAX, isPacket, type PacketProblem, parseClientPacket, replies } from '@seekyou/wire/udp';
import { turns } from '../runtime/turns.ts';
import type { Surroundings, UdpLog, UdpSettings } from './around.ts';
import type { Counters } from '../runtime/counters.ts';
import { count, type CounterName, startCounters } from './counters.ts';
import { Encodings } from './encodings.ts';
import { RateMemory } from '../runtime/rate-memory.ts';
import { Registrations } from './registration.ts';
import type { UdpSession } from './session.ts';
import { SessionTable } from './session-table.ts';
import { SignOns } from './sign-on.ts';
import { type Call, Strangers } from './strangers.ts';

export interface UdpFrontEndParts {
  readonly core: Core;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly limits: Limits;
  readonly settings: UdpSettings;
  readonly log: UdpLog;
  /** Counted into; see counters.ts for the names. */
  readonly counters: Counters;
}

export interface UdpFrontEnd {
  /** A datagram came. Never throws. */
  take(bytes: Uint8Array, from: Endpoint, port: DatagramPort): void;
  readonly sessions: number;
  /** Tells every client, not all at once. Nothing is taken any more. */
  stop(): Promise<void>;
}

/** What waits for acknowledgements is looked at so often; its deadlines are in seconds. */
const TICK_MS = 100;
/** Silence is counted in minutes. */
const SWEEP_MS = 5_000;
/** Clients told at once that the server stops, and how long after them the next. */
const STOP_AT_ONCE = 500;
const STOP_PAUSE_MS = 20;

const PROBLEMS = {
  version: 'udp_bad_versions',
  short: 'udp_bad_lengths',
  direction: 'udp_bad_directions',
  check: 'udp_bad_checks',
} satisfies Record<PacketProblem, CounterName>;

export function createUdpFrontEnd(parts: UdpFrontEndParts): UdpFrontEnd {
  const { core, clock, limits, settings, log, counters } = parts;
  startCounters(counters);
  const around: Surroundings = { ...parts, encodings: new Encodings(), rates: new RateMemory(limits.brakeEntriesMax) };
  const table = new SessionTable();
  const strangers = new Strangers(clock, limits, counters);
  const registrations = new Registrations(around, strangers);
  const host = { around, stirred, over, isReplacedInPlace: (session: UdpSession) => signOns.isUnderWay(session) };
  const signOns = new SignOns({ around, table, host, strangers, registrations });
  const stirring = new Set<UdpSession>();
  let cancelTick: (() => void) | undefined;
  let cancelSweep: (() => void) | undefined;
  let stopping = false;

  // ------------------------------------------------------------ datagrams

  function take(bytes: Uint8Array, from: Endpoint, port: DatagramPort): void {
    turns.begin('input');
    count(counters, 'udp_datagrams_received');
    if (stopping) return;
    if (!core.admits(from)) {
      count(counters, 'udp_banned');
      return;
    }
    if (bytes.length > DATAGRAM_BYTES_MAX) {
      count(counters, 'udp_bad_lengths');
      return;
    }
    const packet = parseClientPacket(bytes);
    if (isPacket(packet)) dispatch({ packet, from, port, bytes: bytes.length });
    else count(counters, PROBLEMS[packet.problem]);
  }

  function dispatch(call: Call): void {
    try {
      if (!beginsSomething(call)) converse(call);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      count(counters, 'udp_malformed');
      log.debug({ peer: call.from.address, command: call.packet.command, problem: error.message }, 'a datagram makes no sense');
    }
  }

  /** Packets of a conversation that is under way. */
  function converse(call: Call): void {
    const { packet, from, port } = call;
    const found = table.find(packet, from, port);
    switch (found.is) {
      case 'session':
        if (packet.command === commands.ack.code) acknowledged(call);
        found.session.received(packet);
        break;
      case 'moved':
        found.session.rebind(from);
        found.session.received(packet);
        break;
      case 'forged':
        count(counters, 'udp_bad_sessions');
        break;
      case 'none':
        turnAway(call);
        break;
      default:
        found satisfies never;
    }
  }

  /** Perhaps of something that was said before there was a session. */
  function acknowledged(call: Call): void {
    registrations.acknowledged(call);
    signOns.acknowledged(call);
  }

  /** Whoever is not signed on is told so, but no program that would answer that in turn, and nobody who leaves. */
  function turnAway(call: Call): void {
    const { packet } = call;
    if (packet.command === commands.ack.code) acknowledged(call);
    else if (packet.command !== commands.sendTextCode.code && commandOf(packet.version, packet.command) !== undefined) {
      count(counters, 'udp_without_session');
      strangers.answerTo(call)?.say(replies.notConnected, {});
    }
  }

  /** Sign-ons and registrations: they are answered whether there is a session or not. */
  function beginsSomething(call: Call): boolean {
    const { packet } = call;
    switch (packet.command) {
      case commands.login.code:
        if (packet.version === 1) return false;
        settle(signOns.signOn(call, peerOf(call.from)), packet);
        return true;
      case commands.getDeps.code:
        if (packet.version === 1) settle(signOns.signOn(call, peerOf(call.from)), packet);
        else beside(call, () => settle(signOns.tryPassword(call, peerOf(call.from)), packet));
        return true;
      case commands.newUser1.code:
        beside(call, () => signOns.greet(call));
        return true;
      case commands.regNewUser.code:
        if (packet.version === 3 || packet.version === 4) return false;
        beside(call, () => registrations.register(call, peerOf(call.from)));
        return true;
      case commands.registrationRequest.code:
      case commands.registrationForm.code:
        if (packet.version !== 3 && packet.version !== 4) return false;
        beside(call, () =>
          packet.command === commands.registrationRequest.code ? registrations.showForm(call) : registrations.fillIn(call, peerOf(call.from)),
        );
        return true;
      default:
        return false;
    }
  }

  /** For a session it is one of its packets all the same. */
  function beside(call: Call, answer: () => void): void {
    const { packet, from, port } = call;
    const found = table.find(packet, from, port);
    const session = found.is === 'session' ? found.session : table.ofNobody(packet, from, port);
    session?.passedBy(packet);
    answer();
  }

  /** The password may be in the packet, so it is not logged. */
  function settle(work: Promise<void>, { version }: ClientPacket): void {
    work.catch((error: unknown) => {
      if (error instanceof WireError) {
        count(counters, 'udp_malformed');
        return;
      }
      count(counters, 'udp_handler_failures');
      log.error({ err: error, version }, 'a sign-on could not be handled');
    });
  }

  function peerOf({ address, port }: Endpoint): Peer {
    return { address, port, known: settings.hidesClients?.(address) !== true, forgeable: true };
  }

  // ------------------------------------------------------------ time

  function stirred(session: UdpSession): void {
    stirring.add(session);
    cancelTick ??= clock.after(TICK_MS, tick);
  }

  function tick(): void {
    const now = clock.now();
    for (const session of stirring) if (!session.tick(now)) stirring.delete(session);
    cancelTick = stirring.size === 0 ? undefined : clock.after(TICK_MS, tick);
  }

  function sweep(): void {
    const since = clock.now() - limits.udpSilenceMs;
    for (const session of table.all()) if (session.heardAt <= since) session.silent();
    cancelSweep = clock.after(SWEEP_MS, sweep);
  }

  function over(session: UdpSession): void {
    stirring.delete(session);
    table.remove(session);
  }

  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    cancelSweep?.();
    const all = [...table.all()];
    for (let from = 0; from < all.length; from += STOP_AT_ONCE) {
      if (from > 0) await new Promise<void>((resolve) => void clock.after(STOP_PAUSE_MS, resolve));
      for (const session of all.slice(from, from + STOP_AT_ONCE)) session.stop();
    }
    cancelTick?.();
  }

  cancelSweep = clock.after(SWEEP_MS, sweep);

  return {
    take,
    get sessions() {
      return table.size;
    },
    stop,
  };
}
