/** The name of a server's key, as a person compares it and a client pins it. */
import { createHash } from 'node:crypto';

const HASH_BYTES = 32;

/**
 * `SHA256:` and 43 characters of base64, as OpenSSH writes it: the hash of the key, not of the certificate around it,
 * so that it stays when a certificate is renewed.
 *
 * @param spki the public key as a DER SubjectPublicKeyInfo
 */
export function fingerprintOf(spki: Uint8Array): string {
  return written(createHash('sha256').update(spki).digest());
}

/** Reads a fingerprint in the forms programs print: base64 with or without `SHA256:`, hexadecimal with or without colons. `undefined`: none of them. */
export function parseFingerprint(text: string): string | undefined {
  const bare = text.trim().replace(/^sha-?256[:=]/i, '');
  const hexadecimal = bare.replaceAll(':', '');
  if (/^[0-9a-fA-F]{64}$/.test(hexadecimal)) return written(Buffer.from(hexadecimal, 'hex'));
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(bare)) return undefined;
  const hash = Buffer.from(bare, 'base64');
  return hash.length === HASH_BYTES ? written(hash) : undefined;
}

function written(hash: Buffer): string {
  return `SHA256:${hash.toString('base64').replace('=', '')}`;
}
