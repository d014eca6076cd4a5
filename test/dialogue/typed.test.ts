/** Typed messages of old clients, which our own client has to tell as any other: live, and when they waited. */
import assert from 'node:assert/strict';
import { encode } from '@seekyou/wire';
import { icbm } from '@seekyou/wire/oscar';
import { cookieLike, oldClient } from '../wire/raw-client.ts';
import { dialogue, PASSWORD } from './stage.ts';

const { MessageType } = icbm;
const PAGER = 'Ann\u00fe\u00fe\u00feann@x.test\u00fe3\u00fe';
const ANN = { type: 'notice', name: 'Ann', email: 'ann@x.test' } as const;

/** What an old client writes, and what comes of it. */
const TYPED = [
  [MessageType.contacts, '1\u00fe100777\u00feJohn\u00fe', { type: 'contacts', contacts: [{ uin: 100_777, nickname: 'John' }] }],
  [MessageType.webPager, `${PAGER}Sender IP: 1.2.3.4\r\nhello from the web`, { ...ANN, text: 'Sender IP: 1.2.3.4\r\nhello from the web' }],
  [MessageType.emailExpress, `${PAGER}Subject: x\r\nhello by mail`, { ...ANN, text: 'Subject: x\r\nhello by mail' }],
  [0x77, '?', { type: 'trouble', packet: 'message type 119' }],
] as const;

dialogue('contacts, pagers and what nobody knows are told to our own client, live and stored', async ({ stage, alice, bob }) => {
  const old = await oldClient(stage, { uin: alice.uin, password: PASSWORD });
  const write = async (type: number, text: string): Promise<void> => {
    const data = encode(icbm.channel4Data, {
      uin: alice.uin,
      type,
      flags: 0,
      text: Uint8Array.from(text, (c) => c.charCodeAt(0)),
      tail: new Uint8Array(0),
    });
    const letter = { cookie: cookieLike(8), channel: icbm.Channel.typed, recipient: String(bob.uin) };
    await old.ask(icbm.channelMsgToHost, { ...letter, tlvs: { data, requestHostAck: true, store: true } }, icbm.hostAck);
  };
  const hears = async (stored: boolean): Promise<void> => {
    for (const [, , expected] of TYPED) {
      const event = await bob.expects(expected.type, ({ type }) => type === expected.type);
      const { message: _, time: _time, ...told } = event as { message?: string; time?: string };
      assert.deepEqual(told, expected.type === 'trouble' ? expected : { ...expected, from: alice.uin, stored });
    }
    await bob.hearsNothingMore();
  };
  try {
    await bob.signsOn();
    for (const [type, text] of TYPED) await write(type, text);
    await hears(false);
    await bob.signsOff();
    for (const [type, text] of TYPED) await write(type, text);
    await bob.signsOn();
    await hears(true);
  } finally {
    old.destroy();
  }
});
