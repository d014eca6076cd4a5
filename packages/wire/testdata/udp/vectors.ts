/** `docs/protocol/icq-udp-vectors.json` for tests. */
import { readFileSync } from 'node:fs';

const vectors = JSON.parse(readFileSync(new URL('../../../../docs/protocol/icq-udp-vectors.json', import.meta.url), 'utf8')) as {
  readonly vectors: readonly Vector[];
  readonly negative: readonly Negative[];
  readonly scramble: { readonly pairs: readonly { readonly checkcode: string; readonly scrambled: string }[] };
  readonly flows: readonly { readonly name: string; readonly steps: readonly string[] }[];
};

export interface Vector {
  readonly name: string;
  readonly version: number;
  readonly direction: string;
  readonly code: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Before the cipher, the check field zero; absent where nothing was computed. */
  readonly plain?: string;
  readonly wire: string;
  readonly r1?: number;
  readonly r2?: number;
  readonly checkcode?: string;
}

export interface Negative {
  readonly name: string;
  readonly wire: string;
  readonly expect: string;
  readonly why: string;
  readonly decrypted_uin?: number;
  readonly decrypted_text?: string;
}

export const VECTORS = vectors.vectors;
export const NEGATIVE = vectors.negative;
export const SCRAMBLED = vectors.scramble.pairs;
export const FLOWS = vectors.flows;

const HEADERS = { client: { 2: 10, 3: 16, 4: 20, 5: 24 }, server: { 2: 6, 3: 16, 5: 21 } } as const;

export const isFromClient = ({ direction }: Vector): boolean => direction.startsWith('client');
export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
export const codeOf = (text: string): number => Number(text) >>> 0;

/** What follows the header, deciphered. */
export function parametersOf(vector: Vector): Uint8Array {
  const whole = bytesOf(vector.plain ?? vector.wire);
  const header = isFromClient(vector) ? HEADERS.client[vector.version as 2 | 3 | 4 | 5] : HEADERS.server[vector.version as 2 | 3 | 5];
  return whole.subarray(vector.name === 'v2-register' ? 6 : header);
}
