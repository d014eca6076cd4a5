/**
 * The key and the certificate of this server. Clients of ours know the key, not the certificate, so the key is kept as long as
 * there is one; browsers and stunnel may be given the certificate.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { createSecureContext } from 'node:tls';
import type { Clock } from '@seekyou/core';
import { fingerprintOf, type Identity } from '@seekyou/net';
import { keepPrivate } from './data-directory.ts';
import { createPrivateFile } from './secrets.ts';

/** Something about the key or the certificate a person has to mend. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

export interface CertificateFiles {
  readonly key: string;
  readonly cert: string;
  /** They are an administrator's: never made or changed here. */
  readonly given: boolean;
}

export interface ServerIdentity extends Identity {
  /** Of the key; see `fingerprintOf`. */
  readonly fingerprint: string;
}

export interface Loaded {
  readonly identity: ServerIdentity;
  /** The key did not exist before. */
  readonly newKey: boolean;
}

const YEARS = 10;
const DAY_MS = 86_400_000;
/** A certificate of ours is made anew so long before it ends. */
const RENEW_MS = 30 * DAY_MS;
/** Clocks of clients that are slow. */
const BACKDATED_MS = DAY_MS;
const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const;
/** As OpenSSL calls that curve. */
const OPENSSL_CURVE = 'prime256v1';
/** Whose certificates ours are. */
const NAME = 'CN=seekyou';

/**
 * What lies in the files; in a data directory that has none, a fresh P-256 key and a certificate for ten years.
 *
 * @param names host names and addresses the certificate is for
 * @throws CertificateError
 */
export async function loadIdentity(files: CertificateFiles, names: readonly string[], now: number): Promise<Loaded> {
  if (files.given) return { identity: readIdentity(files), newKey: false };
  const newKey = !existsSync(files.key);
  if (newKey && existsSync(files.cert)) {
    throw new CertificateError(
      `${files.cert} has no key beside it: put ${files.key} back, or remove the certificate, and a new pair is made. ` +
        'Clients that know the old key will then warn their users',
    );
  }
  if (newKey) makeKey(files.key);
  keepPrivate(files.key);
  if (newKey || !existsSync(files.cert) || isEnding(files, now)) await makeCertificate(files, names, now);
  return { identity: readIdentity(files), newKey };
}

/** @throws CertificateError naming the file, and what is wrong with it */
export function readIdentity(files: Pick<CertificateFiles, 'key' | 'cert'>): ServerIdentity {
  const key = readPart(files.key, 'private key in PEM form without a passphrase', createPrivateKey);
  const cert = readPart(files.cert, 'certificate in PEM form', (text) => new X509Certificate(text));
  if (!cert.value.checkPrivateKey(key.value)) {
    throw new CertificateError(`${files.key} is not the key of ${files.cert}: they must be a pair. Put the files that belong together there`);
  }
  try {
    // The rest of the chain, and what TLS asks of a key.
    createSecureContext({ key: key.text, cert: cert.text });
  } catch (error) {
    throw new CertificateError(`${files.cert} and ${files.key} cannot be used for TLS: ${(error as Error).message}`, { cause: error });
  }
  return { key: key.text, cert: cert.text, fingerprint: fingerprintOf(spkiOf(key.value)) };
}

function readPart<T>(file: string, what: string, parse: (text: string) => T): { readonly text: string; readonly value: T } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CertificateError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return { text, value: parse(text) };
  } catch (error) {
    throw new CertificateError(`${file} holds no ${what}: ${(error as Error).message}`, { cause: error });
  }
}

function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

// ---------------------------------------------------------------- making

function makeKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: EC.namedCurve });
  createPrivateFile(file, Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })));
}

/** Only a certificate we gave ourselves is ours to renew. */
function isEnding(files: CertificateFiles, now: number): boolean {
  const { value } = readPart(files.cert, 'certificate in PEM form', (text) => new X509Certificate(text));
  return value.subject === NAME && value.issuer === NAME && value.validToDate.getTime() < now + RENEW_MS;
}

async function makeCertificate(files: CertificateFiles, names: readonly string[], now: number): Promise<void> {
  // Needed once in ten years: the service does without it, and without what it adds to Reflect.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const { value: key } = readPart(files.key, 'private key in PEM form without a passphrase', createPrivateKey);
  if (key.asymmetricKeyDetails?.namedCurve !== OPENSSL_CURVE)
    throw new CertificateError(`${files.key} is no P-256 key: set tls_cert and tls_key, and bring the certificate too`);
  const { subtle } = webcrypto;
  const keys = {
    privateKey: await subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), EC, true, ['sign']),
    publicKey: await subtle.importKey('spki', spkiOf(key), EC, true, ['verify']),
  };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: NAME,
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + YEARS * 365.25 * DAY_MS),
    signingAlgorithm: { ...EC, hash: 'SHA-256' },
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((name) => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name }))),
    ],
  });
  // Whole or not at all.
  writeFileSync(`${files.cert}.new`, `${certificate.toString('pem')}\n`, { mode: 0o644 });
  renameSync(`${files.cert}.new`, files.cert);
}

/**
 * What this machine is called: what clients are told; when they are told nothing, its host name and the addresses it has. Whoever
 * connects can read them, so inside addresses stay out once there is an outside one.
 */
export function ownNames(advertised: readonly string[]): readonly string[] {
  if (advertised.length > 0) return [...new Set(['localhost', ...advertised])];
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address.split('%')[0] ?? address));
  const isName = (name: string): boolean => isIP(name) !== 0 || /^[a-zA-Z0-9.-]+$/.test(name);
  return [...new Set(['localhost', hostname(), '127.0.0.1', '::1', ...addresses])].filter(isName);
}

// ---------------------------------------------------------------- changes

export interface IdentityWatch {
  readonly files: Pick<CertificateFiles, 'key' | 'cert'>;
  readonly clock: Clock;
  /** For handshakes from now on. */
  readonly changed: (identity: ServerIdentity) => void;
  /** What lies there now cannot be used; the old pair is. */
  readonly refused: (error: CertificateError) => void;
}

/** Whoever renews a certificate writes two files, and not at the same moment. */
const POLL_MS = 2_000;

/** Looks at the files every two seconds, and takes what has lain there unchanged for as long. Returns how to end that. */
export function watchIdentity({ files, clock, changed, refused }: IdentityWatch): () => void {
  let taken = stampOf(files);
  let seen = taken;
  let cancel = clock.after(POLL_MS, poll);

  function poll(): void {
    cancel = clock.after(POLL_MS, poll);
    const before = seen;
    seen = stampOf(files);
    if (seen === taken || seen !== before) return;
    taken = seen;
    try {
      changed(readIdentity(files));
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      refused(error);
    }
  }

  return () => cancel();
}

/** Tells two states of the files apart. */
function stampOf(files: Pick<CertificateFiles, 'key' | 'cert'>): string {
  return [files.key, files.cert]
    .map((file) => {
      try {
        const { ino, mtimeMs, size } = statSync(file);
        return `${ino} ${mtimeMs} ${size}`;
      } catch (error) {
        // Not there, or not to be looked at: reading it will say so.
        return (error as NodeJS.ErrnoException).code;
      }
    })
    .join(', ');
}
