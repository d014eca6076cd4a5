/**
 * SCRAM-SHA-256-PLUS: a proof of a password in which nothing password-like travels, bound to the connection it travels on.
 * RFC 5802 with the hash of RFC 7677 and the channel binding `tls-exporter` of RFC 9266. Messages are ASCII text.
 *
 * @see docs/protocol/own.md §3
 */

/** The platform's own, given from outside. */
export interface ScramHash {
  sha256(data: Uint8Array): Uint8Array;
  /** HMAC-SHA-256. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array;
}

/** Why a server says no, in the words of RFC 5802 §7 (`server-error-value`); it says `other-error` for all that concerns the password. */
export type ScramFault =
  | 'invalid-encoding'
  | 'extensions-not-supported'
  | 'channel-binding-not-supported'
  | 'unsupported-channel-binding-type'
  | 'channel-bindings-dont-match'
  | 'other-error';

/** The only mechanism there is: with channel binding, of this type, for nobody but oneself. */
export const GS2_HEADER = 'p=tls-exporter,,';

/** RFC 7677 §4 asks for so many; fewer make guessing cheap for whoever sent them. */
export const ITERATIONS_MIN = 4_096;
/** Several seconds of a slow machine; more is an attack on it. */
export const ITERATIONS_MAX = 1_000_000;

/** Of the verifiers of our servers, so that all accounts look alike. */
export const ITERATIONS = 16_384;
export const SALT_BYTES = 16;

const NONCE_MAX = 256;
/** Is remembered until the last message comes. */
const CLIENT_FIRST_MAX = 1_024;
const NONCE = '[\\x21-\\x2b\\x2d-\\x7e]+';
const BASE64 = '[A-Za-z0-9+/]*={0,2}';
/** What we do not know and may ignore; `m` is what must not be ignored. */
const EXTENSIONS = '((?:,[A-Za-z]=[^,]+)*)';

// ---------------------------------------------------------------- client-first

export interface ClientFirst {
  /** `n=…,r=…`: without the GS2 header. */
  readonly bare: string;
  readonly user: string;
  readonly nonce: string;
}

/** @param user digits: nothing in it needs to be escaped */
export function clientFirst(user: string, nonce: string): ClientFirst {
  return { bare: `n=${user},r=${nonce}`, user, nonce };
}

export function readClientFirst(message: string): ClientFirst | ScramFault {
  if (message.length > CLIENT_FIRST_MAX) return 'invalid-encoding';
  // `n` cannot bind, `y` believes that we cannot: both are somebody's idea of a weaker sign-on.
  if (/^[ny],/.test(message)) return 'channel-binding-not-supported';
  if (message.startsWith('p=') && !message.startsWith('p=tls-exporter,')) return 'unsupported-channel-binding-type';
  if (!message.startsWith(GS2_HEADER)) return 'invalid-encoding';
  const bare = message.slice(GS2_HEADER.length);
  if (bare.startsWith('m=')) return 'extensions-not-supported';
  const match = new RegExp(`^n=([^,=]+),r=(${NONCE})${EXTENSIONS}$`).exec(bare);
  const [, user = '', nonce = ''] = match ?? [];
  return match === null || nonce.length > NONCE_MAX ? 'invalid-encoding' : { bare, user, nonce };
}

// ---------------------------------------------------------------- server-first

export interface ServerFirst {
  readonly message: string;
  /** The client's, continued by the server's. */
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export function serverFirst(nonce: string, salt: Uint8Array, iterations: number): ServerFirst {
  return { message: `r=${nonce},s=${toBase64(salt)},i=${iterations}`, nonce, salt, iterations };
}

/** `undefined`: not an answer to this client, or not one to compute a proof for. */
export function readServerFirst(message: string, clientNonce: string): ServerFirst | undefined {
  const match = new RegExp(`^r=(${NONCE}),s=(${BASE64}),i=([1-9]\\d{0,8})${EXTENSIONS}$`).exec(message);
  const [, nonce = '', encoded = '', digits = ''] = match ?? [];
  const salt = fromBase64(encoded);
  const iterations = Number(digits);
  const fresh = nonce.startsWith(clientNonce) && nonce.length > clientNonce.length;
  if (!fresh || salt === undefined || salt.length === 0 || iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) return undefined;
  return { message, nonce, salt, iterations };
}

// ---------------------------------------------------------------- client-final

export interface ClientFinal {
  /** `c=…,r=…`: what the proof is about. */
  readonly withoutProof: string;
  readonly nonce: string;
  /** The bytes of `c`: GS2 header and channel binding. */
  readonly binding: Uint8Array;
  readonly proof: Uint8Array;
}

/** @param gs2 another one is for the examples of the RFCs */
export function clientFinalWithoutProof(nonce: string, channelBinding: Uint8Array, gs2: string = GS2_HEADER): string {
  return `c=${toBase64(boundInput(channelBinding, gs2))},r=${nonce}`;
}

export function clientFinal(withoutProof: string, proof: Uint8Array): string {
  return `${withoutProof},p=${toBase64(proof)}`;
}

export function readClientFinal(message: string): ClientFinal | ScramFault {
  const match = new RegExp(`^(c=(${BASE64}),r=(${NONCE})${EXTENSIONS}),p=(${BASE64})$`).exec(message);
  const [, withoutProof = '', c = '', nonce = '', extensions = '', p = ''] = match ?? [];
  const binding = fromBase64(c);
  const proof = fromBase64(p);
  if (match === null || binding === undefined || proof === undefined) return 'invalid-encoding';
  if (extensions.includes(',m=')) return 'extensions-not-supported';
  return { withoutProof, nonce, binding, proof };
}

/** What `c` has to be on this connection. */
export function boundInput(channelBinding: Uint8Array, gs2: string = GS2_HEADER): Uint8Array {
  const header = ascii.encode(gs2);
  const all = new Uint8Array(header.length + channelBinding.length);
  all.set(header);
  all.set(channelBinding, header.length);
  return all;
}

// ---------------------------------------------------------------- server-final

export function serverFinal(signature: Uint8Array): string {
  return `v=${toBase64(signature)}`;
}

/** The server's signature, `undefined` when it is none. */
export function readServerFinal(message: string): Uint8Array | undefined {
  const match = new RegExp(`^v=(${BASE64})${EXTENSIONS}$`).exec(message);
  return match === null ? undefined : fromBase64(match[1] as string);
}

// ---------------------------------------------------------------- mathematics

/** What both sides sign: all that was said. */
export function authMessage(bare: string, serverFirstMessage: string, withoutProof: string): Uint8Array {
  return ascii.encode(`${bare},${serverFirstMessage},${withoutProof}`);
}

/**
 * The client's half.
 *
 * @param salted PBKDF2 with HMAC-SHA-256 of the password (see {@link passwordBytes}), the salt and the iterations, 32 bytes
 * @returns the proof, and what only a server that knows the verifier can answer
 */
export function prove(hash: ScramHash, salted: Uint8Array, message: Uint8Array): { readonly proof: Uint8Array; readonly serverSignature: Uint8Array } {
  const key = clientKey(hash, salted);
  const signature = hash.hmac(hash.sha256(key), message);
  return { proof: key.map((byte, i) => byte ^ (signature[i] as number)), serverSignature: hash.hmac(hash.hmac(salted, SERVER_KEY), message) };
}

/** What a server keeps of a password: nothing that signs on. */
export function verifierKeys(hash: ScramHash, salted: Uint8Array): { readonly storedKey: Uint8Array; readonly serverKey: Uint8Array } {
  return { storedKey: hash.sha256(clientKey(hash, salted)), serverKey: hash.hmac(salted, SERVER_KEY) };
}

/** What proves a password by itself: for the server alone, and only where its key was checked. */
export function clientKey(hash: ScramHash, salted: Uint8Array): Uint8Array {
  return hash.hmac(salted, CLIENT_KEY);
}

/** A password as it counts: NFKC, which is what SASLprep does to all that people type, in UTF-8. */
export function passwordBytes(password: string): Uint8Array {
  return new TextEncoder().encode(password.normalize('NFKC'));
}

const ascii = new TextEncoder();
const CLIENT_KEY = ascii.encode('Client Key');
const SERVER_KEY = ascii.encode('Server Key');

function toBase64(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data));
}

function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
