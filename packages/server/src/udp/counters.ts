import type { Counters } from '../runtime/counters.ts';

/** What the front end counts, as plain numbers; each becomes a metric of its name. */
export const UDP_COUNTERS = {
  udp_datagrams_received: 'datagrams of any kind',
  udp_datagrams_sent: 'datagrams, acknowledgements and repetitions included',
  udp_bad_versions: 'datagrams of version 0 or above 5, dropped',
  udp_bad_lengths: 'datagrams shorter than their header, or longer than any client sends; dropped',
  udp_bad_directions: 'datagrams in the form servers send, dropped',
  udp_bad_checks: 'datagrams whose check code does not fit, dropped',
  udp_banned: 'datagrams from banned networks, dropped',
  udp_bad_sessions: 'datagrams with the address of a session and another session id, dropped',
  udp_without_session: 'commands from nowhere, answered with "not connected"',
  udp_refusals_held: 'answers to strangers not given, because there were too many already',
  udp_malformed: 'commands whose parameters make no sense; acknowledged and dropped',
  udp_unknown: 'commands nobody answers; acknowledged and dropped',
  udp_rate_dropped: 'packets that came too fast; dropped, for the client to send again',
  udp_rate_disconnects: 'sessions ended because far too much came',
  udp_repeated: 'packets that had come before; acknowledged again and not acted on',
  udp_early: 'packets that came before those in front of them, and waited',
  udp_stale: 'packets with numbers of long ago, or too far ahead; dropped',
  udp_acks_received: 'acknowledgements',
  udp_acks_unknown: 'acknowledgements of nothing',
  udp_resent: 'packets sent again',
  udp_packed: 'packets that went with others inside of one',
  udp_rebound: 'sessions that went on from another port',
  udp_sign_ons: 'sign-ons',
  udp_sign_ons_refused: 'sign-ons that were refused',
  udp_sign_ons_replayed: 'sign-ons heard before from another address, refused',
  udp_sign_ons_dropped: 'sign-ons not looked at, because too many were being checked',
  udp_registrations: 'accounts that were reserved for clients',
  udp_registrations_refused: 'accounts clients asked for and did not get',
  udp_registrations_real: 'reserved accounts that became real, because somebody signed on to them',
  udp_sessions_lost: 'sessions ended because a client no longer acknowledged',
  udp_sessions_silent: 'sessions ended because nothing came for too long',
  udp_sessions_left: 'sessions ended by their clients',
  udp_handler_failures: 'mistakes of ours that cost a session',
} as const;

export type CounterName = keyof typeof UDP_COUNTERS;

/** All counters at 0, so that a monitor sees them before anything happens. */
export function startCounters(counters: Counters): void {
  for (const name of Object.keys(UDP_COUNTERS)) counters[name] ??= 0;
}

export function count(counters: Counters, name: CounterName, by = 1): void {
  counters[name] = (counters[name] ?? 0) + by;
}
