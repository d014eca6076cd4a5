/** Signs of life, which want an acknowledgement and nothing else. @see icq-udp.md §7 */
import { commands } from '@seekyou/wire/udp';
import { on, type Route, type UdpEffect } from './state.ts';

const acknowledged = (): readonly UdpEffect[] => [];

export const routes: readonly Route[] = [on(commands.keepAlive, acknowledged), on(commands.keepAlive2, acknowledged)];
