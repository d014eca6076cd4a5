/** What every transport does. Each implementation runs this suite. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Closed, Transport, TransportUser } from './transport.ts';

export interface Ends {
  readonly client: Transport;
  readonly server: Transport;
  /** Ends what the pair needed. */
  readonly release: () => Promise<void>;
}

export interface ContractOptions {
  /** A new pair; the server's end has this send queue. */
  readonly open: (sendQueueBytesMax: number) => Promise<Ends>;
}

/** Remembers what it is told, and lets a test wait for it. */
export class Listener implements TransportUser {
  bytes = 0;
  readonly chunks: Uint8Array[] = [];
  drains = 0;
  how: Closed | undefined;
  private wake: (() => void)[] = [];

  received(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.chunks.push(chunk);
    this.awake();
  }

  drained(): void {
    this.drains++;
    this.awake();
  }

  closed(how: Closed): void {
    assert.equal(this.how, undefined, 'closed is said once');
    this.how = how;
    this.awake();
  }

  text(): string {
    return this.chunks.map((chunk) => new TextDecoder().decode(chunk)).join('');
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.wake.push(resolve));
  }

  private awake(): void {
    for (const call of this.wake.splice(0)) call();
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function transportContract(name: string, options: ContractOptions): void {
  const run = (what: string, body: (ends: Ends, client: Listener, server: Listener) => Promise<void>, sendQueueBytesMax = 1 << 20): void => {
    test(`${name}: ${what}`, async () => {
      const ends = await options.open(sendQueueBytesMax);
      const client = new Listener();
      const server = new Listener();
      try {
        await body(ends, client, server);
      } finally {
        ends.client.destroy();
        ends.server.destroy();
        await ends.release();
      }
    });
  };

  run('bytes arrive in order, and what one turn writes arrives together', async (ends, client, server) => {
    ends.client.attach(client);
    ends.server.attach(server);
    const taken: string[] = [];
    ends.server.write(bytes('one '), () => taken.push('one'));
    ends.server.write(bytes('two '));
    ends.server.write(bytes('three'), () => taken.push('three'));
    await client.until(() => client.bytes === 13);
    assert.equal(client.text(), 'one two three');
    assert.equal(client.chunks.length, 1);
    // The peer in the same process may have them before our side is told that they were taken.
    while (taken.length < 2) await new Promise<void>((resolve) => setImmediate(resolve));
    assert.deepEqual(taken, ['one', 'three']);
    assert.equal(ends.server.queuedBytes, 0);
  });

  run('chunks are plain byte arrays', async (ends, client, server) => {
    ends.server.attach(server);
    ends.client.attach(client);
    ends.client.write(bytes('x'));
    await server.until(() => server.bytes === 1);
    assert.equal(Object.getPrototypeOf(server.chunks[0]), Uint8Array.prototype);
  });

  run('nothing arrives before there is a user', async (ends, client, server) => {
    ends.client.attach(client);
    ends.client.write(bytes('early'));
    await Promise.resolve();
    ends.server.attach(server);
    await server.until(() => server.bytes === 5);
    assert.equal(server.text(), 'early');
  });

  run('last words arrive before the end, also when the other side is still talking', async (ends, client, server) => {
    ends.client.attach(client);
    ends.server.attach(server);
    ends.client.write(bytes('never read'));
    ends.server.end(bytes('goodbye'));
    ends.server.write(bytes('ignored'));
    await client.until(() => client.how !== undefined);
    assert.equal(client.text(), 'goodbye');
    assert.equal(client.how, 'fin');
    await server.until(() => server.how !== undefined);
    assert.equal(server.how, 'fin');
  });

  run('who had paused and ends hears of it when the other side ends too', async (ends, client, server) => {
    ends.client.attach(client);
    ends.server.attach(server);
    ends.server.pause();
    ends.client.write(bytes('never read'));
    ends.server.end();
    await client.until(() => client.how !== undefined);
    await server.until(() => server.how !== undefined);
    assert.deepEqual([client.how, server.how, server.bytes], ['fin', 'fin', 0]);
  });

  run('what was lost with the connection was not taken', async (ends, client, server) => {
    ends.client.attach(client);
    ends.server.attach(server);
    let taken = 0;
    ends.server.write(bytes('lost'), () => taken++);
    ends.server.destroy();
    ends.server.write(bytes('later'), () => taken++);
    await client.until(() => client.how !== undefined);
    await new Promise<void>((resolve) => setImmediate(resolve));
    assert.equal(taken, 0);
  });

  run('destroying is told to both sides', async (ends, client, server) => {
    ends.client.attach(client);
    ends.server.attach(server);
    ends.server.destroy();
    assert.equal(server.how, 'destroyed');
    await client.until(() => client.how !== undefined);
    assert.ok(client.how === 'lost' || client.how === 'fin');
  });

  run(
    'a reader that never reads is told from us by a bounded queue',
    async (ends, client, server) => {
      ends.client.attach(client);
      ends.client.pause();
      ends.server.attach(server);
      const block = new Uint8Array(64 * 1024);
      let most = 0;
      for (let i = 0; i < 1_000 && server.how === undefined; i++) {
        ends.server.write(block);
        await new Promise<void>((resolve) => setImmediate(resolve));
        most = Math.max(most, ends.server.queuedBytes);
      }
      assert.equal(server.how, 'too-slow');
      assert.ok(most <= 256 * 1024 + block.length, `${most} bytes were queued`);
    },
    256 * 1024,
  );

  run('what piled up in one turn and is taken at once is told as well: somebody may wait for it', async (ends, client, server) => {
    ends.client.attach(client);
    ends.server.attach(server);
    const block = new Uint8Array(64 * 1024);
    for (let i = 0; i < 4; i++) ends.server.write(block);
    await client.until(() => client.bytes === 4 * block.length);
    await server.until(() => server.drains > 0);
    assert.equal(ends.server.queuedBytes, 0);
  });

  run(
    'a slow reader gets everything once it reads again, and the writer hears of it',
    async (ends, client, server) => {
      ends.client.attach(client);
      ends.client.pause();
      ends.server.attach(server);
      const block = new Uint8Array(64 * 1024).fill(7);
      let sent = 0;
      const taken: Uint8Array[] = [];
      while (ends.server.queuedBytes < 512 * 1024) {
        ends.server.write(block, () => taken.push(block));
        sent += block.length;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      assert.ok(taken.length * block.length < sent, 'what waits was not taken');
      ends.client.resume();
      await client.until(() => client.bytes === sent);
      await server.until(() => server.drains > 0);
      assert.equal(ends.server.queuedBytes, 0);
      while (taken.length * block.length < sent) await new Promise<void>((resolve) => setImmediate(resolve));
      assert.ok(client.chunks.every((chunk) => chunk.every((byte) => byte === 7)));
    },
    8 * 1024 * 1024,
  );
}
