import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectInfo, PresenceView } from '@seekyou/core';
import { commands, replies } from '@seekyou/wire/udp';
import { statusFromWord } from '../runtime/icq-status.ts';
import { Quirk } from './clients.ts';
import { renderAbsence, renderPresence, routes } from './presence.ts';
import { ALICE, asked, BOB, contextOf, handle, LATIN_CLIENT, received, receivedOne, VERSIONS, viewOf } from './testing.ts';

const DIRECT: DirectInfo = {
  internalAddress: '10.0.0.7',
  port: 4_321,
  kind: 4,
  version: 6,
  cookie: 0x1234,
  webPort: 80,
  features: 3,
  times: [0x7d0003ec, 8, 9],
};
const away = (view: PresenceView): PresenceView => ({ ...view, status: statusFromWord(0x0001) });

test('first sight is USER_ONLINE, a change of status is STATUS_UPDATE, and leaving is told once', () => {
  for (const version of VERSIONS) {
    const context = contextOf({ version });
    const first = receivedOne(renderPresence(context, viewOf()), replies.userOnline, version);
    assert.deepEqual([first.uin, first.status], [BOB, 0]);
    assert.deepEqual(received(renderPresence(context, away(viewOf())), replies.statusUpdate, version), [{ uin: BOB, status: 1 }]);
    assert.deepEqual(received(renderAbsence(context, BOB), replies.userOffline, version), [{ uin: BOB }]);
    assert.deepEqual(renderAbsence(context, BOB), [], 'he is gone already');
    receivedOne(renderPresence(context, away(viewOf())), replies.userOnline, version);
  }
});

test('what a client has no place for makes no packet', () => {
  const context = contextOf({ version: 2 });
  renderPresence(context, viewOf());
  assert.deepEqual(renderPresence(context, viewOf(BOB, { idleSince: 1 })), []);
  assert.deepEqual(renderPresence(context, viewOf(BOB, { status: statusFromWord(0x20) })), [], 'version 2 knows no free-for-chat');
  assert.deepEqual(received(renderPresence(context, viewOf(BOB, { status: statusFromWord(0x13) })), replies.statusUpdate, 2), [{ uin: BOB, status: 0x11 }]);
});

test('nobody is told of himself, or of the leaving of somebody he never saw', () => {
  const context = contextOf();
  assert.deepEqual(renderPresence(context, viewOf(ALICE)), []);
  assert.deepEqual(renderAbsence(context, ALICE), []);
  assert.deepEqual(renderAbsence(context, BOB), []);
});

test('who may connect gets the addresses, others get zeros and no attempt', () => {
  const close = receivedOne(renderPresence(contextOf(), viewOf(BOB, { externalAddress: '203.0.113.9', direct: DIRECT })), replies.userOnline);
  assert.deepEqual(close, {
    uin: BOB,
    address: '203.0.113.9',
    port: 4_321,
    ownAddress: '10.0.0.7',
    tcpFlag: 4,
    status: 0,
    tcpVersion: 6,
    directCookie: 0x1234,
    webPort: 80,
    features: 3,
    build: 0x7d0003ec,
    infoTime: 8,
    statusTime: 9,
  });
  const far = receivedOne(
    renderPresence(contextOf(), viewOf(BOB, { direct: { ...DIRECT, port: 0, cookie: 0, internalAddress: '0.0.0.0' } })),
    replies.userOnline,
  );
  assert.deepEqual([far.address, far.port, far.ownAddress, far.tcpFlag, far.directCookie, far.build], ['0.0.0.0', 0, '0.0.0.0', 2, 0, 0x7d0003ec]);
  const nothing = receivedOne(renderPresence(contextOf(), viewOf()), replies.userOnline);
  assert.deepEqual([nothing.tcpFlag, nothing.tcpVersion, nothing.build], [2, 0, 0]);
});

test('mICQ reads addresses backwards', () => {
  const context = contextOf({ profile: { ...LATIN_CLIENT, quirks: new Set([Quirk.reversedAddresses]) } });
  const shown = receivedOne(renderPresence(context, viewOf(BOB, { externalAddress: '203.0.113.9', direct: DIRECT })), replies.userOnline);
  assert.deepEqual([shown.address, shown.ownAddress], ['9.113.0.203', '7.0.0.10']);
});

test('Groupware is never told an address', () => {
  const view = viewOf(BOB, { externalAddress: '203.0.113.9', direct: DIRECT });
  const { address, ownAddress, port, tcpFlag } = receivedOne(renderPresence(contextOf({ version: 3 }), view), replies.userOnline, 3);
  assert.deepEqual([address, ownAddress, port, tcpFlag], ['0.0.0.0', '0.0.0.0', 0, 2]);
});

test('a new address is told, though the status is the same', () => {
  const context = contextOf();
  renderPresence(context, viewOf());
  receivedOne(renderPresence(context, viewOf(BOB, { externalAddress: '203.0.113.9', direct: DIRECT })), replies.userOnline);
});

test('a status word is set as its bits mean it', () => {
  const { input } = asked(handle(routes, commands.statusChange, { status: 0x0001_0113 }, contextOf()), 'presence.set');
  assert.deepEqual(input.status, statusFromWord(0x0001_0113));
});
