/** A line so slow that the server takes a client's first bytes for silence, and greets it in the clear. */
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { dialogue, type Stage } from './dialogue/stage.ts';

interface SlowLine {
  readonly host: string;
  readonly port: number;
  /** What the server said first on each connection. */
  readonly greetings: readonly string[];
  close(): Promise<void>;
}

/** Passes nothing on from the client before the server has said something. */
async function slowLineTo(target: Pick<Stage, 'host' | 'port'>): Promise<SlowLine> {
  const greetings: string[] = [];
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const server = connect(target.port, target.host);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
    }
    server.once('data', (chunk: Buffer) => {
      greetings.push(chunk.toString('hex'));
      client.write(chunk);
      client.pipe(server).pipe(client);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    host: '127.0.0.1',
    port: (listener.address() as { port: number }).port,
    greetings,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

dialogue('a client of ours that was greeted too early shakes hands all the same', async ({ stage, alice, bob }) => {
  const line = await slowLineTo(stage);
  try {
    await alice.signsOn({ server: line, tls: 'require', unknownKey: () => true });
    await bob.signsOn();
    await alice.says(bob, 'slowly but surely');
    await bob.hears(alice, 'slowly but surely');
    assert.ok(line.greetings.length >= 2, 'the key was looked at, then the sign-on');
    for (const greeting of line.greetings) assert.match(greeting, /^2a01....000400000001$/, 'the server spoke first, in the clear');
  } finally {
    await line.close();
  }
});
