/** Random chat: being found by strangers, and finding one. @see icq-udp.md §18.2 */
import { commands, replies } from '@seekyou/wire/udp';
import { ask, type Handler, on, reply, type Route, type UdpEffect } from './state.ts';

const nothing = (): readonly UdpEffect[] => [];

/** Group 0 is none. The session's end takes its user out of any. */
const onRandSet: Handler<{ readonly group: number }> = (_context, { group }) => [
  group === 0 ? ask('random.leave', undefined, nothing, nothing) : ask('random.join', { group }, nothing, nothing),
];

const NOWHERE = '0.0.0.0';
const FOURTEEN_ZEROS = new Uint8Array(14);

/** Somebody without an address, or UIN 0 alone for nobody: mICQ goes by the length, licq by the number. */
const onRandSearch: Handler<{ readonly group: number }> = (_context, { group }, request) => [
  ask(
    'random.find',
    { group },
    (found) => [
      reply(request, replies.randUser, {
        uin: found.uin,
        address: NOWHERE,
        port: 0,
        ownAddress: NOWHERE,
        tcpFlag: commands.TcpFlag.proxy,
        status: 0,
        tcpVersion: 0,
        zeros: FOURTEEN_ZEROS,
      }),
    ],
    () => [reply(request, replies.randUser, { uin: 0 })],
  ),
];

export const routes: readonly Route[] = [on(commands.randSet, onRandSet), on(commands.randSearch, onRandSearch)];
