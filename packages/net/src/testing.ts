/** For tests: somebody with a key. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { fingerprintOf } from './fingerprint.ts';

export interface Identity {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  readonly fingerprint: string;
}

/** A fresh P-256 key and a certificate it gave itself, X.509 version 1: enough for who looks at the key alone. */
export function selfSigned(name: string): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex')); // ecdsa-with-SHA256
  const commonName = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(name)))));
  const validity = der(0x30, der(0x17, Buffer.from('000101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const signed = der(0x30, der(0x02, Buffer.of(1)), algorithm, commonName, validity, commonName, spki);
  const certificate = der(0x30, signed, algorithm, der(0x03, Buffer.of(0), sign('sha256', signed, privateKey)));
  const lines = certificate.toString('base64').replaceAll(/.{64}/g, '$&\n').trim();
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    fingerprint: fingerprintOf(spki),
  };
}

/** Tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  return Buffer.concat([length < 0x80 ? Buffer.of(tag, length) : Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}
