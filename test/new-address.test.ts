/** Over real sockets: who hears of a sign-on from somewhere new, and in which packet. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Refused } from '@seekyou/core';
import { createLog, loadConfig, startServer } from '@seekyou/server';
import { decode } from '@seekyou/wire';
import { icbm, login } from '@seekyou/wire/oscar';
import { textFromFragments } from '@seekyou/wire/text';
import { openStage } from './dialogue/stage.ts';
import { oldClient, type RawClient, settled } from './wire/raw-client.ts';

const PASSWORD = 'secret12';
const BESIDE = { login: { multipleSessions: login.MultipleSessions.many }, way: 'hashed' } as const;

const NOTICE = 'Somebody signed on';

test('a session at home hears from UIN 1 that somebody signed on elsewhere, and the one elsewhere does not', async () => {
  const data = mkdtempSync(join(tmpdir(), 'seekyou-new-address-'));
  const options = { data, listen: ['127.0.0.1:0'], admin: '127.0.0.1:0' };
  const server = await startServer(loadConfig({ options, environment: {} }), createLog({ logFile: join(data, 'log'), logLevel: 'warn' }));
  const clients: RawClient[] = [];
  try {
    const place = { host: '127.0.0.1', port: Number(/:(\d+)$/.exec(server.addresses[0] as string)?.[1]) };
    const made = await server.core.admin.create({ password: PASSWORD });
    assert.ok(!(made instanceof Refused));
    const who = { uin: made.uin, password: PASSWORD };
    const home = await oldClient({ ...place, from: '127.0.0.1' }, who, BESIDE);
    clients.push(home);
    const elsewhere = await oldClient({ ...place, from: '127.0.0.2' }, who, BESIDE);
    clients.push(elsewhere);
    const { sender, channel, tlvs } = await home.expect(icbm.channelMsgToClient);
    assert.deepEqual([sender.screenName, channel], ['1', icbm.Channel.plain]);
    const { text } = textFromFragments(decode(icbm.fragments, tlvs.imData ?? assert.fail('a text')), 1252);
    assert.match(text, new RegExp(`^Somebody signed on to your account ${made.uin} from 127\\.0\\.0\\.2, where it was not used before`));
    // What the account did not have when it signed on comes with a question for it.
    await elsewhere.ask(icbm.offlineRetrieve, { tlvs: {} }, icbm.offlineRetrieveReply);
    await settled(elsewhere);
    const heard = elsewhere.bytes.map((chunk) => chunk.toString('latin1')).join('');
    assert.equal(heard.includes(NOTICE), false);
    assert.equal(heard.includes(NOTICE.split('').join('\0')), false);
  } finally {
    for (const client of clients) client.destroy();
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
});

test('a restart forgets neither where an account was used, nor whom the notice that waits is about', async () => {
  const stage = await openStage();
  const clients: RawClient[] = [];
  try {
    const { uin } = await stage.person('alice');
    /** What is told to somebody who signs on from there and asks for what waits. */
    const told = async (from: string): Promise<boolean> => {
      const client = await oldClient({ host: stage.host, port: stage.port, from }, { uin, password: PASSWORD });
      clients.push(client);
      await client.ask(icbm.offlineRetrieve, { tlvs: {} }, icbm.offlineRetrieveReply);
      await settled(client);
      const heard = Buffer.concat(client.bytes).toString('latin1');
      client.destroy();
      return heard.includes(NOTICE) || heard.includes(NOTICE.split('').join('\0'));
    };
    const newOnes = (): number => readFileSync(join(stage.data, 'audit.log'), 'utf8').split('"new-address"').length - 1;
    assert.deepEqual([await told('127.0.0.1'), await told('127.0.0.2')], [false, false]);
    await stage.restart();
    assert.equal(await told('127.0.0.2'), false, 'it is about who was there');
    assert.equal(await told('127.0.0.1'), true, 'and waited for who comes from home');
    assert.equal(newOnes(), 1, 'neither is new any more');
  } finally {
    for (const client of clients) client.destroy();
    await stage.close();
  }
});
