/**
 * control.sock: how a command reaches the running server. One JSON object a line in each direction:
 * `{ "operation": "user.add", "input": {…} }` → `{ "result": … }` or `{ "error": "…" }`.
 */
import { chmodSync, existsSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock } from '@seekyou/core';
import { DataDirectoryError } from '../runtime/data-directory.ts';
import type { OperationInput, OperationName, OperationOutput, Operations } from './operations.ts';
import { OperationFailed } from './operations.ts';

const LINE_BYTES_MAX = 1024 * 1024;
/** Longest path a Unix socket can have on Linux, its final zero included. */
const SOCKET_PATH_MAX = 107;

/** For whoever is connected to take what was said and go, at the end. */
const LEAVE_MS = 1_000;

export interface ControlServer {
  close(): Promise<void>;
}

/** Call only as the owner of the directory: a socket that is there is a dead one. @throws DataDirectoryError */
export async function serveControl(path: string, operations: Operations, clock: Clock): Promise<ControlServer> {
  if (process.platform !== 'win32') {
    if (Buffer.byteLength(path) > SOCKET_PATH_MAX) {
      throw new DataDirectoryError(`${path} is too long for a socket (${SOCKET_PATH_MAX} bytes at most): choose a data directory with a shorter path`);
    }
    if (existsSync(path)) unlinkSync(path);
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let pending = 0;
    socket.on('data', (chunk: Buffer) => {
      pending = chunk.includes(10) ? 0 : pending + chunk.length;
      if (pending > LINE_BYTES_MAX) socket.destroy();
    });
    createInterface({ input: socket }).on('line', (line) => {
      void answer(line, operations).then((text) => socket.writable && socket.write(`${text}\n`));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The mode is set by umask at creation: between bind and chmod nobody else may slip in.
    const umask = process.umask(0o177);
    server.listen(path, () => resolve());
    process.umask(umask);
  });
  if (process.platform !== 'win32') chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.end();
        const cancel = clock.after(LEAVE_MS, () => {
          for (const socket of sockets) socket.destroy();
        });
        server.close(() => {
          cancel();
          resolve();
        });
      }),
  };
}

async function answer(line: string, operations: Operations): Promise<string> {
  try {
    const { operation, input } = JSON.parse(line) as { operation: string; input: never };
    const run = Object.hasOwn(operations, operation) ? operations[operation as OperationName] : undefined;
    if (run === undefined) return JSON.stringify({ error: `this server does not know ${operation}; is it older than the command?` });
    return JSON.stringify({ result: (await (run as (input: unknown) => Promise<unknown>)(input)) ?? null });
  } catch (error) {
    const known = error instanceof OperationFailed;
    return JSON.stringify({ error: (error as Error).message, known, usage: known && error.usage });
  }
}

/**
 * Asks the running server.
 *
 * @returns `undefined` when none is running there
 * @throws OperationFailed with the server's words
 */
export async function askServer<N extends OperationName>(
  path: string,
  operation: N,
  input: OperationInput<N>,
): Promise<{ readonly result: OperationOutput<N> } | undefined> {
  const socket = await new Promise<Socket | undefined>((resolve, reject) => {
    const attempt = connect(path);
    attempt.once('connect', () => resolve(attempt));
    attempt.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(undefined);
      else if (error.code === 'EACCES') reject(new OperationFailed(`${path}: this user may not talk to the server; use the user it runs as`));
      else reject(new OperationFailed(`${path}: ${error.message}`));
    });
  });
  if (socket === undefined) return undefined;
  try {
    socket.write(`${JSON.stringify({ operation, input })}\n`);
    for await (const line of createInterface({ input: socket })) {
      const reply = JSON.parse(line) as { result?: OperationOutput<N>; error?: string; usage?: boolean };
      if (reply.error !== undefined) throw new OperationFailed(reply.error, { usage: reply.usage === true });
      return { result: reply.result as OperationOutput<N> };
    }
    throw new OperationFailed(`the server closed ${path} without an answer; see its log`);
  } finally {
    socket.destroy();
  }
}
