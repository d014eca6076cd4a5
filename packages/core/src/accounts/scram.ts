/** The server's half of SCRAM-SHA-256. @see RFC 5802 §3 */
import type { ScramVerifier, Secrets } from '../ports.ts';

const PROOF_BYTES = 32;

/** Does the same work whatever the proof is. */
export function checkScram(
  secrets: Pick<Secrets, 'hmac' | 'sha256'>,
  verifier: ScramVerifier,
  authMessage: Uint8Array,
  proof: Uint8Array,
): { readonly proved: boolean; readonly serverSignature: Uint8Array<ArrayBuffer> } {
  const signature = secrets.hmac(verifier.storedKey, authMessage);
  const clientKey = Uint8Array.from({ length: PROOF_BYTES }, (_, at) => (proof[at] ?? 0) ^ (signature[at] ?? 0));
  const sameKey = equalInConstantTime(secrets.sha256(clientKey), verifier.storedKey);
  const serverSignature = new Uint8Array(secrets.hmac(verifier.serverKey, authMessage));
  return { proved: sameKey && proof.length === PROOF_BYTES, serverSignature };
}

/** Takes the same time wherever the two differ. */
function equalInConstantTime(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) difference |= (one[at] as number) ^ (other[at] ?? 0);
  return difference === 0;
}
