/** Sessions that say what no client says: nothing of it may be a mistake of ours, or cost anybody else anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatNavigation, encodeSnac, Family, FlapChannel, oservice } from '@seekyou/wire/oscar';
import { SERVICES } from './oservice.ts';
import { ROUTES, SERVICE_ROUTES } from './routes.ts';
import { service } from './service-testing.ts';
import type { Route } from './state.ts';
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
function mutated(chance: () => number, routes: readonly Route[] = ROUTES): Uint8Array {
  const { declaration } = routes[Math.floor(chance() * routes.length)] as Route;
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

test(`connections beside a session bear mutated packets too (SEEKYOU_TEST_SEED=${SEED})`, async () => {
  const here = await world({ limits: { wireErrorsMax: 1_000, serviceConnectionsMax: 1_000 }, settings: { liftRates: true } });
  const chance = chanceFrom(SEED);
  const bos = await here.online(await here.account());
  const navigation = await service(here, bos, Family.chatNavigation);
  const tlvs = { name: new TextEncoder().encode('cats') };
  navigation.say(chatNavigation.createRoom, { exchange: chatNavigation.Exchange.public, cookie: chatNavigation.CREATE_ROOM, instance: 0, detail: 1, tlvs });
  await quiet();
  const [room] = navigation.one(chatNavigation.navigationReply).tlvs.rooms ?? [];
  assert.ok(room);
  const key = { exchange: room.exchange, cookie: room.cookie, instance: 0 };
  const bystander = await here.online(await here.account());
  const seat = await service(here, bystander, Family.chat, key);
  for (let round = 0; round < ROUNDS; round++) {
    const family = SERVICES[round % SERVICES.length] as number;
    const routes = SERVICE_ROUTES.filter(({ declaration }) => declaration.family === family);
    const client = await service(here, bos, family, family === Family.chat ? key : undefined);
    for (let i = 0; i < SNACS_A_ROUND && client.how === undefined; i++) {
      client.frame(FlapChannel.snac, mutated(chance, routes));
      if (chance() < 0.2) await quiet();
    }
    await quiet();
    client.transport.end();
    await quiet();
  }
  assert.equal(
    here.counters['oscar_handler_failures'],
    0,
    here.logs.find((line) => line.includes('could not be handled')),
  );
  assert.deepEqual(
    here.logs.filter((line) => /Error|failed/.test(line)),
    [],
  );
  assert.deepEqual([bos.how, bystander.how, seat.how], [undefined, undefined, undefined]);
});
