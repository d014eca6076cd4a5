/** What wants an acknowledgement and no more, and what comes in pieces. @see icq-udp.md §8.1, §17.2 */
import { assemble, commandOf, commands, type Declaration, decodeParameters, encodeParameters, isPacket, parseClientPacket } from '@seekyou/wire/udp';
import { readable } from '../runtime/readable.ts';
import { noticeFor } from './notices.ts';
import { become, type Handler, on, type Route, type UdpContext, type UdpEffect } from './state.ts';

const acknowledged = (): readonly UdpEffect[] => [];

/** To everybody is nobody's to write; who tries is told. */
const onBroadcast: Handler<unknown> = (context) => noticeFor(context, 'Your broadcast was not sent: it is not allowed.');

export const routes: readonly Route[] = [
  on(commands.queryServers, acknowledged),
  on(commands.queryAddons, acknowledged),
  on(commands.loginInfo, acknowledged),
  on(commands.login2, acknowledged),
  on(commands.usageStats, acknowledged),
  on(commands.getDepsInSession, acknowledged),
  on(commands.broadcastToAll, onBroadcast),
  on(commands.broadcastToOnline, onBroadcast),
];

interface Piece {
  readonly part: number;
  readonly parts: number;
  readonly slice: Uint8Array;
}

/**
 * Pieces of one packet, from Groupware: it is handled when the last one is there.
 *
 * @param routeOf what answers the packet
 */
export function fragmentRoute(routeOf: (declaration: Declaration<any>) => Route | undefined): Route {
  return on(commands.fragment, (context: UdpContext, piece: Piece, request) => {
    const parameters = encodeParameters(commands.fragment, 3, piece);
    const taken = readable(() => assemble(context.state.assembly, request.seq2, parameters, context.now));
    if (taken === undefined) return [];
    if ('assembly' in taken) return [become({ assembly: taken.assembly })];
    const whole = parseClientPacket(taken.packet);
    // Nobody speaks for others, and pieces have no pieces.
    if (!isPacket(whole) || whole.version !== 3 || whole.uin !== context.session.uin || whole.command === commands.fragment.code) return [NO_MORE];
    const declaration = commandOf(3, whole.command)?.declaration;
    const route = declaration && routeOf(declaration);
    if (declaration === undefined || route === undefined) return [NO_MORE];
    const message = readable(() => ({ value: decodeParameters(declaration, 3, whole.parameters) }));
    return message === undefined ? [NO_MORE] : [NO_MORE, ...route.handle(context, message.value, { ...request, command: whole.command })];
  });
}

const NO_MORE = become({ assembly: undefined });
