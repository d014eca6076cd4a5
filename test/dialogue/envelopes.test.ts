/** Envelopes of channel 2 belong to the clients: the server carries them as they are. */
import assert from 'node:assert/strict';
import { encode } from '@seekyou/wire';
import { Capability, icbm, rendezvous } from '@seekyou/wire/oscar';
import { cookieLike, oldClient } from '../wire/raw-client.ts';
import { dialogue, PASSWORD } from './stage.ts';

dialogue('every byte value arrives on channel 2 as it was sent', async ({ stage, alice, bob }) => {
  const from = await oldClient(stage, { uin: alice.uin, password: PASSWORD });
  const to = await oldClient(stage, { uin: bob.uin, password: PASSWORD });
  try {
    const body = Uint8Array.from({ length: 512 }, (_, i) => i & 0xff);
    const cookie = cookieLike(8);
    const data = encode(rendezvous.rendezvousEnvelope, {
      type: 0,
      cookie,
      capability: Capability.fileTransfer,
      tlvs: { extra: [{ type: 0x2711, data: body }] },
    });
    await from.ask(
      icbm.channelMsgToHost,
      { cookie, channel: icbm.Channel.rendezvous, recipient: String(bob.uin), tlvs: { data, requestHostAck: true } },
      icbm.hostAck,
    );
    const got = await to.expect(icbm.channelMsgToClient);
    assert.equal(got.channel, icbm.Channel.rendezvous);
    assert.deepEqual(Buffer.from(got.tlvs.data ?? []), Buffer.from(data));
  } finally {
    from.destroy();
    to.destroy();
  }
});
