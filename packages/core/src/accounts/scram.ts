/** The server's half of SCRAM-SHA-256. @see RFC 5802 §3 */
import type { ScramVerifier, Secrets } from '../ports.ts';
import { type Uin, UIN_MAX } from '../words.ts';

const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** A UIN for what nobody has. */
const NOBODY = UIN_MAX as Uin;

/** Does the same work whatever the proof is. */
export function checkScram(
  secrets: Pick<Secrets, 'hmac' | 'sha256'>,
  verifier: ScramVerifier,
  authMessage: Uint8Array,
  proof: Uint8Array,
): { readonly proved: boolean; readonly serverSignature: Uint8Array<ArrayBuffer> } {
  const signature = secrets.hmac(verifier.storedKey, authMessage);
  const clientKey = Uint8Array.from({ length: KEY_BYTES }, (_, at) => (proof[at] ?? 0) ^ (signature[at] ?? 0));
  const sameKey = equalInConstantTime(secrets.sha256(clientKey), verifier.storedKey);
  const serverSignature = new Uint8Array(secrets.hmac(verifier.serverKey, authMessage));
  return { proved: sameKey && proof.length === KEY_BYTES, serverSignature };
}

/** Whether this is the key from which the verifier was made: who has it knows the password. */
export function isClientKey(secrets: Pick<Secrets, 'sha256'>, verifier: ScramVerifier, clientKey: Uint8Array): boolean {
  return clientKey.length === KEY_BYTES && equalInConstantTime(secrets.sha256(clientKey), verifier.storedKey);
}

/** Like those made here: else its salt would tell of an account that it exists. */
export function isUsualVerifier(secrets: Pick<Secrets, 'decoy'>, { salt, iterations, storedKey, serverKey }: ScramVerifier): boolean {
  const usual = secrets.decoy(NOBODY).iterations;
  return salt.length === SALT_BYTES && iterations === usual && storedKey.length === KEY_BYTES && serverKey.length === KEY_BYTES;
}

/** Takes the same time wherever the two differ. */
function equalInConstantTime(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) difference |= (one[at] as number) ^ (other[at] ?? 0);
  return difference === 0;
}
