/** The admin address: `/healthz`, `/readyz` and `/metrics`, for monitors and nobody else. */
import { timingSafeEqual, createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { ConnectionError, listenFailed } from '@seekyou/net';
import { fastify, type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { HostPort } from '../runtime/config.ts';
import { formatHostPort } from '../runtime/config.ts';

export interface AdminHttpOptions {
  readonly at: HostPort;
  /** Required of every request when set. */
  readonly token: string | undefined;
  readonly metrics: Registry;
  /** Undefined when ready; else what is missing. */
  readonly notReady: () => string | undefined;
}

export interface AdminHttp {
  readonly address: HostPort;
  close(): Promise<void>;
}

/** @throws ConnectionError when the address cannot be had */
export async function serveAdminHttp(options: AdminHttpOptions): Promise<AdminHttp> {
  const app: FastifyInstance = fastify({ logger: false, bodyLimit: 1024, requestTimeout: 10_000, forceCloseConnections: true });
  app.addHook('onRequest', async (request, reply) => {
    // A page in somebody's browser can make requests to loopback under a name it chose (DNS rebinding); a monitor uses an address.
    if (!hostAllowed(request.headers.host, options.at.host)) {
      return reply.code(421).send({ error: 'ask for this address by its number, or by localhost' });
    }
    if (options.token !== undefined && !sameText(request.headers.authorization ?? '', `Bearer ${options.token}`)) {
      return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'admin_token is needed as a bearer token' });
    }
    return undefined;
  });
  app.get('/healthz', async () => ({ status: 'serving' }));
  app.get('/readyz', async (_request, reply) => {
    const missing = options.notReady();
    return missing === undefined ? { status: 'ready' } : reply.code(503).send({ status: 'not ready', missing });
  });
  app.get('/metrics', async (_request, reply) => reply.header('content-type', options.metrics.contentType).send(await options.metrics.metrics()));
  try {
    await app.listen({ host: options.at.host, port: options.at.port });
  } catch (error) {
    throw notHad(error, options.at);
  }
  const bound = app.addresses().find((one) => typeof one !== 'string');
  return { address: { host: bound?.address ?? options.at.host, port: bound?.port ?? options.at.port }, close: () => app.close() };
}

function notHad(error: unknown, at: HostPort): ConnectionError {
  const failed = listenFailed(error, at.host, at.port);
  // The remedies for a low port are about clients; nobody needs one here.
  const problem = failed.code === 'port-not-allowed' ? `the system does not allow listening on ${formatHostPort(at)}; take a port above 1023` : failed.message;
  return new ConnectionError(failed.code, `admin: ${problem}`, { cause: error });
}

function hostAllowed(header: string | undefined, configured: string): boolean {
  if (header === undefined) return false;
  const name = header
    .replace(/:\d+$/, '')
    .replaceAll(/^\[|\]$/g, '')
    .toLowerCase();
  return name === 'localhost' || isIP(name) !== 0 || name === configured.toLowerCase();
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

export const adminUrl = (at: HostPort): string => `http://${formatHostPort(at)}`;
