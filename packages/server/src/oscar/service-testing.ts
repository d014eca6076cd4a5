/** For tests: connections beside a session. */
import assert from 'node:assert/strict';
import { Family, oservice } from '@seekyou/wire/oscar';
import { quiet, type TestClient, type World } from './test-client.ts';

type Room = NonNullable<oservice.ServiceRequest['tlvs']['room']>;

/** Asks on BOS, goes there, and ends after 01/02. What BOS said meanwhile is forgotten. */
export async function service(world: World, bos: TestClient, family: number, room?: Room): Promise<TestClient> {
  bos.say(oservice.serviceRequest, { family, tlvs: room === undefined ? {} : { room } });
  await quiet();
  const { tlvs } = bos.one(oservice.serviceResponse);
  assert.equal(tlvs.family, family);
  const client = world.connect();
  client.hello({ cookie: tlvs.cookie as Uint8Array });
  await quiet();
  assert.deepEqual(client.one(oservice.hostOnline).families, [Family.oservice, family]);
  client.say(oservice.clientVersions, {
    versions: [
      { family: Family.oservice, version: 4 },
      { family, version: 1 },
    ],
  });
  client.say(oservice.rateParamsQuery, {});
  await quiet();
  assert.deepEqual(client.heard(), ['01/18', '01/07']);
  client.say(oservice.clientOnline, { families: [] });
  await quiet();
  return client;
}
