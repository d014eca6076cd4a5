/** Family 06: friends shall be invited by mail, and there is no mail here. @see oscar.md §8.1 */
import { ErrorCode, invitation } from '@seekyou/wire/oscar';
import { type Handler, on, reply, type Route } from './state.ts';

const onInvite: Handler<invitation.InviteRequest> = (_context, _message, request) => [
  reply(request, invitation.error, { code: ErrorCode.serviceUnavailable, tlvs: {} }),
];

export const routes: readonly Route[] = [on(invitation.inviteRequest, onInvite)];
