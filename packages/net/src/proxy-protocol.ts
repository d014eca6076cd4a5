/**
 * The PROXY protocol, versions 1 and 2: how a relay says for whom it connects. Whoever may send a header may claim any address, so it is
 * read only from relays that were named.
 *
 * @see proxies.md §7.3
 */
import { isIPv4, isIPv6 } from 'node:net';
import { plainAddress } from './address.ts';
import type { Endpoint } from './transport.ts';

export interface ProxyHeader {
  /** Who connected to the relay, and where; absent when the relay speaks for itself (LOCAL) or does not know (UNKNOWN). */
  readonly ends?: { readonly source: Endpoint; readonly destination: Endpoint };
  /** Bytes the header took. */
  readonly length: number;
}

/** A header that makes no sense: the connection is closed. */
export class ProxyHeaderError extends Error {
  override readonly name = 'ProxyHeaderError';
}

/** The longest header of version 2 that is read; its additions take some hundred bytes at most. */
export const PROXY_HEADER_BYTES_MAX = 536;
const LINE_BYTES_MAX = 107;

const TEXT = new TextEncoder().encode('PROXY ');
const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const FIXED_BYTES = 16;
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;
const ADDRESS_BYTES = { [TCP4]: 12, [TCP6]: 36 } as const;

/** Whether bytes begin a header. `maybe`: too few to tell. */
export function beginsProxyHeader(bytes: Uint8Array): boolean | 'maybe' {
  const [one, two] = [TEXT, SIGNATURE].map((start) => begins(bytes, start));
  return one === true || two === true ? true : one === 'maybe' || two === 'maybe' ? 'maybe' : false;
}

function begins(bytes: Uint8Array, start: Uint8Array): boolean | 'maybe' {
  const common = Math.min(bytes.length, start.length);
  for (let i = 0; i < common; i++) if (bytes[i] !== start[i]) return false;
  return bytes.length >= start.length ? true : 'maybe';
}

/**
 * Reads a header from the beginning of what came.
 *
 * @returns `undefined` when it is not all there yet
 * @throws ProxyHeaderError
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  const begun = beginsProxyHeader(bytes);
  if (begun === false) throw new ProxyHeaderError('there is no PROXY header');
  if (begun === 'maybe') return undefined;
  return bytes[0] === SIGNATURE[0] ? readBinary(bytes) : readLine(bytes);
}

// ---------------------------------------------------------------- version 1

function readLine(bytes: Uint8Array): ProxyHeader | undefined {
  const end = bytes.indexOf(0x0a);
  if (end < 0) {
    if (bytes.length >= LINE_BYTES_MAX) throw new ProxyHeaderError(`a PROXY line has at most ${LINE_BYTES_MAX} bytes`);
    return undefined;
  }
  const length = end + 1;
  if (length > LINE_BYTES_MAX || bytes[end - 1] !== 0x0d) throw new ProxyHeaderError('a PROXY line ends in CR LF within 107 bytes');
  const line = String.fromCharCode(...bytes.subarray(0, end - 1));
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) return { length };
  const match = /^PROXY (TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line);
  if (match === null) throw new ProxyHeaderError('a PROXY line names TCP4 or TCP6, two addresses and two ports');
  const [, family, from, to, fromPort, toPort] = match as unknown as [string, string, string, string, string, string];
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6;
  if (!isAddress(from) || !isAddress(to)) throw new ProxyHeaderError(`a PROXY line of ${family} has no such addresses`);
  return { ends: { source: endpoint(from, Number(fromPort)), destination: endpoint(to, Number(toPort)) }, length };
}

function endpoint(address: string, port: number): Endpoint {
  if (port > 65_535) throw new ProxyHeaderError(`${port} is no port`);
  return { address: plainAddress(address), port };
}

// ---------------------------------------------------------------- version 2

function readBinary(bytes: Uint8Array): ProxyHeader | undefined {
  if (bytes.length < FIXED_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const command = view.getUint8(12);
  const family = view.getUint8(13);
  const length = FIXED_BYTES + view.getUint16(14);
  if (command !== LOCAL && command !== PROXY) throw new ProxyHeaderError(`a PROXY header of version 2 does not begin with 0x${command.toString(16)}`);
  if (length > PROXY_HEADER_BYTES_MAX) throw new ProxyHeaderError(`a PROXY header of ${length} bytes; at most ${PROXY_HEADER_BYTES_MAX} are read`);
  const known = family === TCP4 || family === TCP6;
  if (command === PROXY && known && length < FIXED_BYTES + ADDRESS_BYTES[family]) throw new ProxyHeaderError('a PROXY header too short for its addresses');
  if (bytes.length < length) return undefined;
  if (command === LOCAL || !known) return { length };
  const size = family === TCP4 ? 4 : 16;
  const address = (at: number): string => textOf(bytes.subarray(at, at + size));
  const ports = FIXED_BYTES + 2 * size;
  return {
    ends: {
      source: endpoint(address(FIXED_BYTES), view.getUint16(ports)),
      destination: endpoint(address(FIXED_BYTES + size), view.getUint16(ports + 2)),
    },
    length,
  };
}

function textOf(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  if (address.subarray(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff))) return address.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (((address[2 * i] as number) << 8) | (address[2 * i + 1] as number)).toString(16));
  // The URL parser knows the shortest form.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
