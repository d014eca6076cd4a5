import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused } from '@seekyou/core';
import { decode } from '@seekyou/wire';
import { icqMeta } from '@seekyou/wire/oscar';
import { ANNA, BORIS, contentOf, directoryTown } from './icq-testing.ts';
import { ascii, hex } from './testing.ts';

const { MetaResult } = icqMeta;
const none = new Uint8Array(0);
const PEER = { address: '192.0.2.9', port: 1, known: true };

test('permissions: 0 means that others must ask', async () => {
  const { asker } = await directoryTown();
  const [anna, boris] = [await asker(ANNA), await asker(BORIS)];
  for (const authorization of [0, 1]) {
    assert.equal(await anna.result(icqMeta.setPermissions, { authorization, webAware: 1, directPermissions: 2, last: 0 }), MetaResult.success);
    const basic = contentOf((await boris.asks(icqMeta.fullInfoRequest, { uin: ANNA }))[0], icqMeta.basicInfoReply);
    assert.deepEqual([basic.authorization, basic.webAware, basic.directPermissions], [authorization, 1, 2]);
  }
  assert.equal(await anna.result(icqMeta.setPermissions, { authorization: 1, webAware: 0, directPermissions: 77 }), MetaResult.failed);
});

test('permissions: 2 hides the address, and who hides it by other means tells 2', async () => {
  const { asker, core } = await directoryTown();
  const [anna, boris] = [await asker(ANNA), await asker(BORIS)];
  const told = async (): Promise<number> =>
    contentOf((await boris.asks(icqMeta.fullInfoRequest, { uin: ANNA }))[0], icqMeta.basicInfoReply).directPermissions as number;
  for (const [directPermissions, hidden] of [
    [2, true],
    [1, false],
    [2, true],
    [0, false],
  ] as const) {
    assert.equal(await anna.result(icqMeta.setPermissions, { authorization: 1, webAware: 0, directPermissions }), MetaResult.success);
    assert.deepEqual([(await core.admin.show(ANNA))?.hideAddress, await told()], [hidden, directPermissions]);
  }
  await core.admin.set(ANNA, { hideAddress: true });
  assert.equal(await told(), 2);
});

test('a password is changed for the own account only, and only to what old clients can say', async () => {
  const { asker, core } = await directoryTown();
  const anna = await asker(ANNA);
  assert.equal(await anna.result(icqMeta.changePassword, { password: ascii('toolongforicq') }), MetaResult.failed);
  assert.equal(await anna.result(icqMeta.changePassword, { password: none }), MetaResult.failed);
  assert.equal(await anna.result(icqMeta.changePassword, { password: ascii('changed') }), MetaResult.success);
  const proved = await core.verify({ uin: ANNA, proof: (password) => password === 'changed' }, PEER);
  assert.ok(!(proved instanceof Refused));
  assert.ok((await core.verify({ uin: BORIS, proof: (password) => password === 'changed' }, PEER)) instanceof Refused);
});

test('who leaves proves it, and removes nobody else', async () => {
  const { asker, core, clock } = await directoryTown();
  const anna = await asker(ANNA);
  assert.equal(await anna.result(icqMeta.unregister, { uin: BORIS, password: ascii('secret') }), MetaResult.failed);
  assert.equal(await anna.result(icqMeta.unregister, { uin: ANNA, password: ascii('wrong') }), MetaResult.failed);
  assert.equal(await anna.result(icqMeta.unregister, { uin: ANNA, password: ascii('secret') }), MetaResult.success);
  clock.advance(0);
  assert.deepEqual(anna.events.at(-1), { type: 'ended', reason: 'account-removed' });
  assert.equal(await core.admin.show(ANNA), undefined);
  assert.notEqual(await core.admin.show(BORIS), undefined);
});

test('chance brings two together and tells no address', async () => {
  const { asker } = await directoryTown();
  const [anna, boris] = [await asker(ANNA), await asker(BORIS)];
  assert.deepEqual(await boris.asks(icqMeta.randomSearch, { group: 3 }), [{ subtype: 0x0366, result: MetaResult.noData, data: none, flags: 0 }]);
  const directConnection = hex('20 02 00 00 c0 00 02 07 00 00 00 00 c0 00 02 07 04 08 00');
  assert.equal(await anna.result(icqMeta.setRandomGroup, { group: 3, directConnection }), MetaResult.success);
  const [answer] = await boris.asks(icqMeta.randomSearch, { group: 3 });
  const { uin, details } = contentOf(answer, icqMeta.randomFound);
  assert.deepEqual([uin, details.length], [ANNA, 2 + 4 + 4 + 4 + 1 + 2 + 14]);
  const { group, address, port, internalAddress, directType } = decode(icqMeta.randomDetails, details);
  assert.deepEqual([group, address, port, internalAddress, directType], [3, 0, 0, 0, 0]);
  assert.equal(await anna.result(icqMeta.setRandomGroup, { group: 0, directConnection: none }), MetaResult.success);
  assert.equal((await boris.asks(icqMeta.randomSearch, { group: 3 }))[0]?.result, MetaResult.noData);
});

test('what there is not is said so at once', async () => {
  const { asker } = await directoryTown();
  const anna = await asker(ANNA);
  const sms = { one: 1, twentyTwo: 22, zeros: new Uint8Array(16), zero: 0, xml: ascii('<icq_sms_message/>\0') };
  const [sorry] = await anna.asks(icqMeta.sendSms, sms);
  assert.deepEqual([sorry?.subtype, sorry?.result, new TextDecoder().decode(sorry?.data)], [0x0001, MetaResult.textError, 'SMS is not available here.\0']);
  assert.equal(await anna.result(icqMeta.xmlVariableRequest, { key: ascii('<key>DataFilesURL</key>') }), MetaResult.failed);
  assert.equal(await anna.result(icqMeta.phoneInfoRequest, { uin: BORIS }), MetaResult.noData);
  assert.equal(await anna.result(icqMeta.registrationStatistics, { data: ascii('my computer') }), MetaResult.success);
});
