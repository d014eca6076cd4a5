/** Whose key a server may have. Nothing is said to a server before this was decided. */
import { formatEndpoint, parseFingerprint } from '@seekyou/net';
import type { Transport } from '@seekyou/net';
import { ClientError } from './errors.ts';
import type { Platform, Server } from './login.ts';

/** A key nobody knows yet, and who showed it. */
export interface PresentedKey {
  readonly server: Server;
  /** Where the connection ended. */
  readonly address: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

/** The keys of servers we have signed on to. */
export interface KnownServers {
  find(server: Server): string | undefined;
  /** Called when the server has proved that it knows our password's verifier, and only when the key is another than known. */
  remember(server: Server, fingerprint: string): void;
}

export interface Trust {
  /** Fingerprints; only a server with one of these keys is spoken to, whatever was known. */
  readonly pins?: readonly string[];
  readonly known?: KnownServers;
  /** Decides about the first key of a server; absent: no. It may take its time: the server does not wait meanwhile. */
  readonly unknownKey?: (key: PresentedKey) => boolean | Promise<boolean>;
}

/** The only keys that are accepted; `undefined`: nobody has said anything yet. @throws ClientError `bad-pin` */
export function acceptedKeys({ pins, known }: Trust, server: Server): readonly string[] | undefined {
  if (pins === undefined) {
    const found = known?.find(server);
    return found === undefined ? undefined : [found];
  }
  return pins.map((pin) => {
    const fingerprint = parseFingerprint(pin);
    if (fingerprint === undefined) throw new ClientError('bad-pin', `${pin} is no fingerprint; it looks like SHA256: and 43 characters`);
    return fingerprint;
  });
}

export interface Trusted {
  readonly transport: Transport;
  readonly fingerprint: string;
}

/**
 * A connection to a server with an accepted key.
 *
 * @throws ClientError `unreachable`, `not-encrypted`, `unknown-key`, `key-changed`
 */
export async function dialTrusted(platform: Platform, server: Server, accepted: readonly string[] | undefined, trust: Trust): Promise<Trusted> {
  const { transport, fingerprint } = await platform.dialSecure(server.host, server.port).catch((error: unknown) => {
    throw unreachable(server, error);
  });
  if (accepted?.includes(fingerprint)) return { transport, fingerprint };
  const { address } = transport.peer;
  transport.destroy();
  if (accepted !== undefined) throw keyChanged(server, accepted, { server, address, fingerprint });
  const presented = { server, address, fingerprint };
  if ((await trust.unknownKey?.(presented)) !== true) throw unknownKey(presented);
  return dialTrusted(platform, server, [fingerprint], trust);
}

/** Also for connections in the clear. */
export function unreachable(server: Server, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const cause = { cause: error };
  if ((error as { code?: unknown }).code !== 'not-tls') return new ClientError('unreachable', error.message, cause);
  const at = formatEndpoint(server.host, server.port);
  return new ClientError(
    'not-encrypted',
    `${error.message}. Nothing was sent. If ${at} is an old ICQ server, say so (--old-server): your password and messages can then be read on the way`,
    cause,
  );
}

function unknownKey({ server, address, fingerprint }: PresentedKey): ClientError {
  return new ClientError(
    'unknown-key',
    `the key of ${formatEndpoint(server.host, server.port)} is not known: ${address} presents ${fingerprint}. Nothing was sent. ` +
      `Compare it with what the server prints when it starts, then give --pin ${fingerprint}, or --trust-first to accept it unseen`,
    { key: { presented: fingerprint, by: address, expected: [] } },
  );
}

function keyChanged(server: Server, expected: readonly string[], { address, fingerprint }: PresentedKey): ClientError {
  const at = formatEndpoint(server.host, server.port);
  return new ClientError(
    'key-changed',
    [
      `THIS IS NOT THE KEY OF ${at.toUpperCase()}. NOTHING WAS SENT.`,
      `  expected:  ${expected.join(' or ')}`,
      `  presented: ${fingerprint}`,
      `  by:        ${address}`,
      'Either the server has a new key, or somebody stands between you and it and would read all you say.',
      `Ask its administrator, not over this connection. If the new key is right: --pin ${fingerprint}`,
    ].join('\n'),
    { key: { presented: fingerprint, by: address, expected } },
  );
}
