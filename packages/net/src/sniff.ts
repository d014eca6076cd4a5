/** What a connection speaks, told from its first bytes. */
import { beginsProxyHeader } from './proxy-protocol.ts';

export type Speech = 'flap' | 'tls' | 'http' | 'proxy' | 'unknown';

const FLAP_MARKER = 0x2a;
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR = 3;
const SPACE = 0x20;
/** Longer words are no methods anybody uses. */
const METHOD_BYTES_MAX = 16;

/** `undefined`: too few bytes to tell; at most some fifteen are ever needed. */
export function speechOf(bytes: Uint8Array): Speech | undefined {
  const [first, second] = bytes;
  if (first === undefined) return undefined;
  if (first === FLAP_MARKER) return 'flap';
  if (first === TLS_HANDSHAKE) return second === undefined ? undefined : second === TLS_MAJOR ? 'tls' : 'unknown';
  const proxy = beginsProxyHeader(bytes);
  if (proxy === true) return 'proxy';
  const method = methodIn(bytes);
  if (method === true) return 'http';
  return proxy === 'maybe' || method === 'maybe' ? undefined : 'unknown';
}

/** Capital letters and a space: how every HTTP/1 request begins. */
function methodIn(bytes: Uint8Array): boolean | 'maybe' {
  for (let i = 0; i < bytes.length && i <= METHOD_BYTES_MAX; i++) {
    const byte = bytes[i] as number;
    if (byte === SPACE) return i > 0;
    if (byte < 0x41 || byte > 0x5a) return false;
  }
  return bytes.length <= METHOD_BYTES_MAX ? 'maybe' : false;
}
