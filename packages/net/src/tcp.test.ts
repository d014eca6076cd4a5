import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { connectTcp, listenFailed, listenTcp } from './tcp.ts';
import { type Ends, Listener, transportContract } from './transport-contract.ts';
import { ConnectionError, type Transport } from './transport.ts';

async function open(sendQueueBytesMax: number): Promise<Ends> {
  let accepted: (transport: Transport) => void = () => {};
  const arrival = new Promise<Transport>((resolve) => {
    accepted = resolve;
  });
  const listener = await listenTcp({ host: '127.0.0.1', port: 0, limits: { sendQueueBytesMax }, onConnection: accepted });
  const client = await connectTcp({ ...listener.address, limits: { sendQueueBytesMax: 1 << 20 }, timeoutMs: 5_000 });
  return { client, server: await arrival, release: () => listener.close() };
}

transportContract('tcp', { open });

test('tcp: the default address takes IPv4 too, and its clients are known by their IPv4 form', async () => {
  const arrivals: Transport[] = [];
  const listener = await listenTcp({ port: 0, limits: { sendQueueBytesMax: 1 }, onConnection: (transport) => arrivals.push(transport) });
  const client = await connectTcp({ host: '127.0.0.1', port: listener.address.port, limits: { sendQueueBytesMax: 1 }, timeoutMs: 5_000 });
  const heard = new Listener();
  client.attach(heard);
  while (arrivals.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  const [server] = arrivals as [Transport];
  assert.equal(server.peer.address, '127.0.0.1');
  assert.equal(server.peer.port, client.local.port);
  assert.deepEqual(server.local, { address: '127.0.0.1', port: listener.address.port });
  assert.equal(server.peer.known, true);
  client.destroy();
  server.destroy();
  await listener.close();
});

test('tcp: a port that is taken is a sentence', async () => {
  const first = await listenTcp({ host: '127.0.0.1', port: 0, limits: { sendQueueBytesMax: 1 }, onConnection: () => {} });
  const again = listenTcp({ ...first.address, limits: { sendQueueBytesMax: 1 }, onConnection: () => {} });
  await assert.rejects(again, (error: unknown) => {
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.code, 'port-in-use');
    assert.match(error.message, new RegExp(`^127\\.0\\.0\\.1:${first.address.port} is in use by another program`));
    return true;
  });
  await first.close();
});

test('tcp: an address that is not ours is a sentence', async () => {
  const attempt = listenTcp({ host: '192.0.2.77', port: 0, limits: { sendQueueBytesMax: 1 }, onConnection: () => {} });
  await assert.rejects(attempt, { name: 'ConnectionError', code: 'no-such-address', message: 'this machine has no address 192.0.2.77' });
});

test('tcp: nobody listening is told apart from a name that does not exist', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const limits = { sendQueueBytesMax: 1 };
  await assert.rejects(connectTcp({ host: '127.0.0.1', port, limits, timeoutMs: 5_000 }), { name: 'ConnectionError', code: 'refused' });
  await assert.rejects(connectTcp({ host: 'nowhere.invalid', port, limits, timeoutMs: 5_000 }), { name: 'ConnectionError', code: 'no-such-name' });
});

test('tcp: giving up is told', async () => {
  const options = { host: '127.0.0.1', port: 9, limits: { sendQueueBytesMax: 1 }, timeoutMs: 5_000, signal: AbortSignal.abort() };
  await assert.rejects(connectTcp(options), { name: 'ConnectionError', code: 'aborted' });
});

test('tcp: a low port that is refused names the three remedies', () => {
  const low = listenFailed(Object.assign(new Error('listen EACCES'), { code: 'EACCES' }), '::', 443);
  assert.equal(low.code, 'port-not-allowed');
  for (const remedy of [
    `setcap cap_net_bind_service=+ep "${process.execPath}"`,
    'AmbientCapabilities=CAP_NET_BIND_SERVICE',
    'tcp dport 443 redirect',
    'advertise = ["HOST:443"]',
  ]) {
    assert.ok(low.message.includes(remedy), remedy);
  }
  const datagrams = listenFailed(Object.assign(new Error('bind EACCES'), { code: 'EACCES' }), '::', 400, 'udp');
  assert.ok(datagrams.message.includes('udp dport 400 redirect to :4000'));
  assert.doesNotMatch(datagrams.message, /tcp|advertise/);
  const high = listenFailed(Object.assign(new Error('listen EACCES'), { code: 'EACCES' }), '::', 5190);
  assert.equal(high.message, 'the system does not allow listening on [::]:5190');
});
