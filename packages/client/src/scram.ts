/** Signing on to servers of ours: SCRAM-SHA-256-PLUS over TLS. @see docs/protocol/own.md §3 */
import { formatEndpoint } from '@seekyou/net';
import { decode, encode } from '@seekyou/wire';
import { FlapChannel, login, own, scram, type SnacDeclaration } from '@seekyou/wire/oscar';
import { checkPassword } from './account.ts';
import type { OscarConnection } from './connection.ts';
import { ClientError, RequestRefused } from './errors.ts';
import { addressOf, CLIENT, type Credentials, openOn, type Platform, refusalOf, type Server, type SignedOn } from './login.ts';
import { acceptedKeys, dialTrusted, type Trust, type Trusted } from './trust.ts';

/** 144 bits. */
const NONCE_BYTES = 18;

/** Signs on where the server has a key we accept. @throws ClientError */
export async function signOnSecurely(
  platform: Platform,
  server: Server,
  credentials: Credentials,
  trust: Trust,
): Promise<SignedOn & { readonly fingerprint: string }> {
  const { transport, fingerprint } = await dialTrusted(platform, server, acceptedKeys(trust, server), trust);
  const connection = await openOn(platform, transport);
  try {
    const answer = await prove(platform, connection, credentials, { transport, fingerprint }, server);
    remember(trust, server, fingerprint);
    return { ...answer, fingerprint };
  } finally {
    connection.close();
  }
}

function remember({ known, pins }: Trust, server: Server, fingerprint: string): void {
  try {
    if (known?.find(server) !== fingerprint) known?.remember(server, fingerprint);
  } catch (error) {
    // Who says each time whose key it is needs nobody to remember it.
    if (pins === undefined || !(error instanceof ClientError)) throw error;
  }
}

/**
 * Asks a server for a new UIN. It is told a verifier of the password, which signs nobody on, and never the password.
 *
 * @returns the UIN, and the key the server had: it is not remembered before the first sign-on
 * @throws ClientError `registration-refused`, `refused` when it cannot be a password, and those of whom to trust
 */
export async function registerSecurely(
  platform: Platform,
  server: Server,
  password: string,
  trust: Trust,
): Promise<{ readonly uin: number; readonly fingerprint: string }> {
  checkPassword(password, 'a new UIN');
  const { transport, fingerprint } = await dialTrusted(platform, server, acceptedKeys(trust, server), trust);
  const connection = await openOn(platform, transport);
  try {
    connection.sendFrame(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: {} }));
    const salt = platform.random(scram.SALT_BYTES);
    const salted = await platform.scram.salted(scram.passwordBytes(password), salt, scram.ITERATIONS);
    const verifier = { salt, iterations: scram.ITERATIONS, ...scram.verifierKeys(platform.scram, salted) };
    const { uin } = await ask(connection, own.registerRequest, verifier, own.registerReply, registrationRefused);
    return { uin, fingerprint };
  } finally {
    connection.close();
  }
}

function registrationRefused({ error }: own.ScramError): ClientError {
  const why = error === login.AuthError.rateLimited ? 'too many new users from here; wait some minutes' : 'ask its administrator for a UIN';
  return new ClientError('registration-refused', `the server does not register new users over this connection: ${why}`);
}

/** What the server says here is worth nothing before its signature was seen. */
async function prove(
  platform: Platform,
  connection: OscarConnection,
  { uin, password }: Credentials,
  { transport, fingerprint }: Trusted,
  server: Server,
): Promise<Omit<SignedOn, 'fingerprint'>> {
  const { channelBinding } = transport;
  if (channelBinding === undefined) throw new ClientError('not-encrypted', 'nothing binds a proof to this connection');
  const refused = (error: own.ScramError): ClientError => refusedBy(uin, error, server, { transport, fingerprint });
  connection.sendFrame(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: {} }));

  const first = scram.clientFirst(String(uin), nonceOf(platform));
  const message = scram.GS2_HEADER + first.bare;
  const challenge = await ask(connection, own.scramClientFirst, { message, ...CLIENT }, own.scramServerFirst, refused);
  const answer = scram.readServerFirst(challenge.message ?? '', first.nonce);
  // All accounts of our servers have so many iterations; fewer would be cheaper for whoever guesses.
  if (answer === undefined || answer.iterations < scram.ITERATIONS) {
    throw new ClientError(
      'protocol',
      'the server asks for a proof that would help whoever guesses passwords, or for too much work; nothing of the password was sent',
    );
  }

  const salted = await platform.scram.salted(scram.passwordBytes(password), answer.salt, answer.iterations);
  const withoutProof = scram.clientFinalWithoutProof(answer.nonce, channelBinding);
  const said = scram.authMessage(first.bare, answer.message, withoutProof);
  const { proof, serverSignature } = scram.prove(platform.scram, salted, said);
  const final = await ask(connection, own.scramClientFinal, { message: scram.clientFinal(withoutProof, proof) }, own.scramServerFinal, refused);
  const signature = scram.readServerFinal(final.message ?? '');
  if (signature === undefined || !sameBytes(signature, serverSignature) || final.address === undefined || final.cookie === undefined) {
    throw new ClientError(
      'impostor',
      `${formatEndpoint(server.host, server.port)} did not prove that it knows your account: it is not your server. Nothing was told to it`,
    );
  }
  return { bos: addressOf(final.address, server), cookie: final.cookie, proof: { salt: answer.salt, iterations: answer.iterations } };
}

async function ask<Q, A>(
  connection: OscarConnection,
  question: SnacDeclaration<Q>,
  value: Q,
  answer: SnacDeclaration<A>,
  refused: (error: own.ScramError) => ClientError,
): Promise<A> {
  const [snac] = await connection.gather(question, value, [answer, own.scramError], 'signing on').catch((error: unknown) => {
    if (!(error instanceof RequestRefused)) throw error;
    throw new ClientError('not-ours', 'the server does not know this way of signing on: it is encrypted, but not a server of ours', { cause: error });
  });
  const data = snac?.data ?? new Uint8Array(0);
  if (snac?.subtype === own.scramError.subtype) throw refused(decode(own.scramError.body, data));
  return decode(answer.body, data);
}

function refusedBy(uin: number, answer: own.ScramError, server: Server, { transport, fingerprint }: Trusted): ClientError {
  const at = formatEndpoint(server.host, server.port);
  const { address } = transport.peer;
  const key = { presented: fingerprint, by: address, expected: [] };
  if (answer.reason === 'channel-bindings-dont-match') {
    return new ClientError(
      'intercepted',
      [
        `SOMEBODY STANDS BETWEEN YOU AND ${at.toUpperCase()}. The sign-on failed, and nothing was told to him that signs on as you.`,
        `  the key ${fingerprint}`,
        `  was presented by ${address}, and the server does not have this connection.`,
        'Do not accept that key. Ask the administrator for the right one and give it with --pin.',
      ].join('\n'),
      { key },
    );
  }
  if (answer.reason === 'channel-binding-not-supported') {
    return new ClientError(
      'intercepted',
      `${at} got this connection unencrypted: ${address}, with the key ${fingerprint}, opens what is said. A relay must pass TLS through`,
      { key },
    );
  }
  return refusalOf(
    uin,
    { ...(answer.error === undefined ? {} : { error: answer.error }), ...(answer.url === undefined ? {} : { url: answer.url }) },
    answer.retryMs,
  );
}

function nonceOf(platform: Platform): string {
  return btoa(String.fromCharCode(...platform.random(NONCE_BYTES)));
}

/** Takes the same time wherever the two differ. */
function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < other.length; at++) difference |= (one[at] ?? 0) ^ (other[at] as number);
  return difference === 0;
}
