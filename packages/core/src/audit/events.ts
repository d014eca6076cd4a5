/** What an administrator may want to know afterwards. Never a password, a cookie, a key or a text. */
import type { Refusal } from '../refusals.ts';
import type { Peer, Time, Uin } from '../words.ts';

/** `address`: null where a relay hides the client. */
export type SecurityEvent =
  | { readonly event: 'sign-on'; readonly uin: Uin; readonly address: string | null; readonly client: string }
  /** `why` is what the client was told; `repair` the command that lets it in, where there is one. */
  | { readonly event: 'sign-on-refused'; readonly uin: Uin; readonly address: string | null; readonly why: Refusal; readonly repair?: string }
  /** Never before, among the addresses that are remembered. */
  | { readonly event: 'new-address'; readonly uin: Uin; readonly address: string }
  | { readonly event: 'account-made'; readonly uin: Uin; readonly by: 'administrator' }
  | { readonly event: 'account-made'; readonly uin: Uin; readonly by: 'client'; readonly address: string | null }
  | { readonly event: 'password-changed'; readonly uin: Uin; readonly by: 'administrator' | 'owner' }
  | { readonly event: 'suspended' | 'resumed'; readonly uin: Uin }
  | { readonly event: 'account-removed'; readonly uin: Uin; readonly by: 'administrator' | 'owner' }
  | { readonly event: 'banned'; readonly target: string; readonly reason: string; readonly until: Time | null }
  | { readonly event: 'unbanned'; readonly target: string }
  /** The server made a key, or took another one into use. `fingerprint` is of a public key. */
  | { readonly event: 'new-key'; readonly key: 'secret' | 'tls'; readonly fingerprint: string | null };

export function shownAddress(peer: Peer): string | null {
  return peer.known ? peer.address : null;
}
