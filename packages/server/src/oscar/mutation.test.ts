/** Sessions that say what no client says: nothing of it may be a mistake of ours, or cost anybody else anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSnac, FlapChannel, oservice } from '@seekyou/wire/oscar';
import { ROUTES } from './routes.ts';
import { quiet, type TestClient, world } from './test-client.ts';

const SEED = Number(process.env['SEEKYOU_TEST_SEED'] ?? 20_261_121);
const ROUNDS = 40;
const SNACS_A_ROUND = 60;

/** A number from 0 up to 1, repeatable (mulberry32). */
function chanceFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A packet some client could send, with nothing, a little or a lot changed in it. */
function mutated(chance: () => number): Uint8Array {
  const { declaration } = ROUTES[Math.floor(chance() * ROUTES.length)] as (typeof ROUTES)[number];
  const payload = encodeSnac(declaration, declaration.body.sample(chance), Math.floor(chance() * 0x7fffffff));
  const changes = Math.floor(chance() * 4);
  for (let i = 0; i < changes; i++) payload[Math.floor(chance() * payload.length)] = Math.floor(chance() * 0x100);
  const cut = chance();
  return cut < 0.2 ? payload.subarray(0, Math.floor(chance() * payload.length)) : payload;
}

test(`${ROUNDS} sessions of mutated packets break nothing (SEEKYOU_TEST_SEED=${SEED})`, async () => {
  const { online, account, clock, counters, logs, frontEnd, core } = await world({ limits: { wireErrorsMax: 1_000 }, settings: { liftRates: true } });
  const bystander = await online(await account());
  const chance = chanceFrom(SEED);
  const uin = await account();
  for (let round = 0; round < ROUNDS; round++) {
    const client: TestClient = await online(uin);
    for (let i = 0; i < SNACS_A_ROUND && client.how === undefined; i++) {
      client.frame(FlapChannel.snac, mutated(chance));
      if (chance() < 0.2) await quiet();
      if (chance() < 0.1) clock.advance(Math.floor(chance() * 3_000));
    }
    await quiet();
    client.transport.end();
    bystander.frame(FlapChannel.keepAlive, new Uint8Array(0));
    await quiet();
  }
  assert.equal(
    counters['oscar_handler_failures'],
    0,
    logs.find((line) => line.includes('could not be handled')),
  );
  assert.deepEqual(
    logs.filter((line) => /Error|failed/.test(line)),
    [],
  );
  assert.ok((counters['oscar_snacs_malformed'] as number) > 0 && (counters['oscar_snacs_received'] as number) > ROUNDS * SNACS_A_ROUND * 0.5);
  assert.equal(core.admin.sessionsOf(uin).length, 0);
  bystander.take();
  bystander.say(oservice.userInfoQuery, {});
  await quiet();
  assert.deepEqual(bystander.heard(), ['01/0F']);
  assert.ok(frontEnd.connections >= 1);
});
