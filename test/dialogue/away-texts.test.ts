/** Away texts: told to the server, asked of the server, and of old clients that keep theirs. */
import assert from 'node:assert/strict';
import { RequestRefused } from '@seekyou/client';
import { decode, encode } from '@seekyou/wire';
import { Capability, icbm, location, rendezvous } from '@seekyou/wire/oscar';
import { encodeText } from '@seekyou/wire/text';
import { oldClient } from '../wire/raw-client.ts';
import { dialogue, PASSWORD } from './stage.ts';

dialogue('an away text is told in any script, and taken back', async ({ alice, bob }) => {
  await alice.signsOn();
  await bob.signsOn();
  assert.equal(await bob.client.awayTexts.of(alice.uin), '');
  alice.client.awayTexts.set('на рыбалке, 釣り & <b>');
  await alice.settles();
  assert.equal(await bob.client.awayTexts.of(alice.uin), 'на рыбалке, 釣り & <b>');
  alice.client.awayTexts.set('');
  await alice.settles();
  assert.equal(await bob.client.awayTexts.of(alice.uin), '');
  await alice.signsOff();
  await assert.rejects(bob.client.awayTexts.of(alice.uin), (error) => error instanceof RequestRefused && error.code === 4);
});

dialogue('an old client is asked for its own text', async ({ stage, alice, bob }) => {
  const old = await oldClient(stage, { uin: alice.uin, password: PASSWORD });
  try {
    old.snac(location.setInfo, { tlvs: { capabilities: [Capability.serverRelay] } });
    await bob.signsOn();
    await old.ask(location.userInfoQuery, { type: 1, screenName: String(bob.uin) }, location.userInfoReply);
    const asking = bob.client.awayTexts.of(alice.uin);
    const { cookie, tlvs } = await old.expect(icbm.channelMsgToClient);
    const question = decode(
      rendezvous.relayData,
      decode(rendezvous.rendezvousData, tlvs.data ?? assert.fail('an envelope')).tlvs.service ?? assert.fail('a message'),
    );
    assert.deepEqual([question.type, question.flags], [icbm.MessageType.autoAway, icbm.MessageFlag.auto]);
    const data = encode(rendezvous.relayData, { ...question, text: encodeText('gone fishing', 1252).bytes });
    old.snac(icbm.clientErr, { cookie, channel: icbm.Channel.rendezvous, screenName: String(bob.uin), reason: icbm.ClientErrReason.channelSpecific, data });
    assert.equal(await asking, 'gone fishing');
  } finally {
    old.destroy();
  }
});
