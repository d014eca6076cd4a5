import type { Counters } from '../runtime/counters.ts';

/** What the front end counts, as plain numbers; each becomes a metric of its name. */
export const OSCAR_COUNTERS = {
  oscar_connections_accepted: 'connections that were greeted',
  oscar_connections_refused_full: 'refused because the server has as many as it may',
  oscar_connections_refused_network: 'refused because their network has too many that have not signed on',
  oscar_connections_refused_banned: 'closed without a word because their network is banned',
  oscar_frames_received: 'FLAP frames',
  oscar_frames_sent: 'FLAP frames',
  oscar_sequence_jumps: 'frames whose sequence number does not follow the one before; tolerated',
  oscar_bad_markers: 'connections closed because a frame did not begin with 0x2A',
  oscar_frames_too_long: 'connections closed because a frame was longer than allowed',
  oscar_bad_frames: 'frames of an unknown channel, or out of place',
  oscar_timeouts_first_bytes: 'connections closed because nothing came',
  oscar_timeouts_sign_on: 'connections closed because no sign-on came',
  oscar_timeouts_ready: 'sessions closed because 01/02 did not come',
  oscar_timeouts_idle: 'sessions closed because nothing came for too long',
  oscar_slow_readers: 'connections closed because the client did not read',
  oscar_snacs_received: 'SNACs',
  oscar_snacs_malformed: 'SNACs that could not be read, answered with an error; and those with a TLV longer than its packet, of which the rest was read',
  oscar_snacs_unknown: 'SNACs nobody answers, answered with an error',
  oscar_meta_unknown: "family 15's requests of a kind nobody knows, answered with an error",
  oscar_snacs_refused:
    'SNACs answered with an error, but for "not on line"; the malformed, the unknown and those that came too fast are among them. Roster edits in which an item was refused',
  oscar_snacs_forged: 'SNACs in the name of somebody else, or answers to what the client was not given lately; refused or dropped',
  oscar_texts_broken: 'messages in UCS-2 with half a pair or half a character in them; sent on, and read with U+FFFD in its place or without it',
  oscar_snacs_before_sign_on: 'SNACs of other families than 17 before sign-on, refused',
  oscar_rate_notices: '01/0A: a client was warned, limited, or free again',
  oscar_rate_refused: 'SNACs refused because they came too fast',
  oscar_rate_dropped: 'typing notices dropped because they came too fast',
  oscar_rate_disconnects: 'sessions closed because SNACs came far too fast',
  oscar_sign_ons_roasted: 'sign-ons with a roasted password',
  oscar_sign_ons_md5_old: 'sign-ons with the hash of the password',
  oscar_sign_ons_md5_new: 'sign-ons with the hash of the hash',
  oscar_sign_ons_scram: 'sign-ons of our own clients, by SCRAM',
  oscar_sign_ons_intercepted: 'proofs of a password made for another connection: somebody stood in between',
  oscar_sign_ons_too_long: 'connections closed because they said more than any sign-on does',
  oscar_sign_ons_admitted: 'sign-ons that got a cookie',
  oscar_registrations: 'accounts made by clients',
  oscar_registrations_refused: 'accounts clients asked for and did not get',
  oscar_cookies_forged: 'cookies not made here',
  oscar_cookies_foreign: 'cookies of another node',
  oscar_cookies_late: 'cookies older than a minute',
  oscar_cookies_repeated: 'cookies that were used before',
  oscar_cookies_clear: 'cookies brought unencrypted where clear_sign_on is off',
  oscar_sessions_opened: 'sessions on BOS',
  oscar_services_opened: 'connections beside a session: rooms, pictures, searches',
  oscar_sessions_refused: 'sessions the core did not open',
  oscar_handler_failures: 'mistakes of ours that cost a session',
  oscar_encodings_shared: 'packets sent in an encoding made for somebody else',
} as const;

export type CounterName = keyof typeof OSCAR_COUNTERS;

/** All counters at 0, so that a monitor sees them before anything happens. */
export function startCounters(counters: Counters): void {
  for (const name of Object.keys(OSCAR_COUNTERS)) counters[name] ??= 0;
}

export function count(counters: Counters, name: CounterName, by = 1): void {
  counters[name] = (counters[name] ?? 0) + by;
}
