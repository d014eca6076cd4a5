import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address } from '../load/line.ts';
import { range } from '../load/crowd.ts';
import { faultsOf } from '../load/judge.ts';
import { scenarios } from '../load/scenarios.ts';
import { type TcpListener, listenTcp } from '@seekyou/net';
import { FloorRelay } from './relay.ts';

async function withFloor(run: (address: Address, relay: FloorRelay) => Promise<void>): Promise<void> {
  const relay = new FloorRelay();
  const listener: TcpListener = await listenTcp({
    host: '127.0.0.1',
    port: 0,
    limits: { sendQueueBytesMax: 1 << 20 },
    onConnection: (transport) => relay.accept(transport),
  });
  try {
    await run({ host: listener.address.host, port: listener.address.port }, relay);
  } finally {
    await listener.close();
  }
}

const quiet = (): void => {};

test('the generator signs on at the floor and leaves nobody behind', () =>
  withFloor(async (address, relay) => {
    const target = { address, password: 'any' };
    assert.deepEqual(await scenarios.hold({ target, uins: range(100_000, 20) }, quiet), { count: 20 });
    assert.equal(relay.sessions.size, 20);
    await scenarios.release();
    assert.equal(relay.sessions.size, 0);
  }));

test('pairs that write through the floor are judged without fault', () =>
  withFloor(async (address) => {
    const options = { target: { address, password: 'any' }, senders: range(100_000, 3), recipients: range(100_010, 3), warmUpSeconds: 0.01, seconds: 0.1 };
    const result = await scenarios.pairs(options, quiet);
    assert.equal(faultsOf(result.verdict), undefined);
    assert.ok(result.perSecond > 0);
    assert.equal(result.verdict.sent, result.verdict.delivered);
  }));

test('messages for people who are off line are lost by the floor, and the judge says so', () =>
  withFloor(async (address) => {
    const target = { address, password: 'any' };
    const result = await scenarios.stores({ target, senders: range(100_000, 2), recipients: range(100_010, 4), warmUpSeconds: 0.01, seconds: 0.1 }, quiet);
    assert.equal(result.verdict.delivered, 0);
    assert.equal(result.verdict.lost, result.verdict.acknowledged);
    assert.match(faultsOf(result.verdict) ?? '', /lost/);
  }));
