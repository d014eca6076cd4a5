import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import type { Endpoint } from './transport.ts';
import { ConnectionError } from './transport.ts';
import { type DatagramPort, openUdp } from './udp.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((of) => of?.some(({ address }) => isIPv6(address)));

interface Heard {
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
}

async function listening(host: string): Promise<{ readonly port: DatagramPort; readonly next: () => Promise<Heard> }> {
  const heard: Heard[] = [];
  let wake: (() => void) | undefined;
  const port = await openUdp({
    host,
    port: 0,
    onDatagram: (bytes, from) => {
      heard.push({ bytes, from });
      wake?.();
    },
  });
  const next = async (): Promise<Heard> => {
    while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return heard.shift() as Heard;
  };
  return { port, next };
}

test('a datagram arrives with the address it came from, and the answer goes back there', async () => {
  const server = await listening('127.0.0.1');
  const client = await listening('127.0.0.1');
  client.port.send(Uint8Array.of(1, 2, 3), server.port.address);
  const { bytes, from } = await server.next();
  assert.deepEqual([...bytes], [1, 2, 3]);
  assert.deepEqual(from, client.port.address);
  server.port.send(Uint8Array.of(4), from);
  assert.deepEqual([...(await client.next()).bytes], [4]);
  await Promise.all([server.port.close(), client.port.close()]);
});

test('one socket serves both families, and IPv4 keeps its own form', { skip: hasIpv6 ? false : 'this machine has no IPv6' }, async () => {
  const server = await listening('::');
  const old = await listening('127.0.0.1');
  const newer = await listening('::1');
  const { port } = server.port.address;
  old.port.send(Uint8Array.of(4), { address: '127.0.0.1', port });
  const first = await server.next();
  assert.equal(first.from.address, '127.0.0.1');
  server.port.send(Uint8Array.of(44), first.from);
  assert.deepEqual([...(await old.next()).bytes], [44]);
  newer.port.send(Uint8Array.of(6), { address: '::1', port });
  const second = await server.next();
  assert.equal(second.from.address, '::1');
  server.port.send(Uint8Array.of(66), second.from);
  assert.deepEqual([...(await newer.next()).bytes], [66]);
  await Promise.all([server, old, newer].map((one) => one.port.close()));
});

test('a port that is taken is named', async () => {
  const { port } = await listening('127.0.0.1');
  await assert.rejects(openUdp({ host: '127.0.0.1', port: port.address.port, onDatagram: () => {} }), (error) => {
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.code, 'port-in-use');
    assert.equal(error.message, `UDP 127.0.0.1:${port.address.port} is in use by another program; stop it, or use another port`);
    return true;
  });
  await port.close();
});

test('what cannot be sent is lost without a word, and a closed port is quiet', async () => {
  const { port } = await listening('127.0.0.1');
  port.send(new Uint8Array(70_000), port.address);
  port.send(Uint8Array.of(1), { address: '127.0.0.1', port: 0 });
  await port.close();
  await port.close();
  port.send(Uint8Array.of(1), { address: '127.0.0.1', port: 9 });
});

test('an address that is not of this machine is named', async () => {
  await assert.rejects(openUdp({ host: '192.0.2.77', port: 0, onDatagram: () => {} }), /this machine has no address 192\.0\.2\.77/);
});
