/** A new password, in the words of versions 2 and 3; META has its own. The session is the only proof there is. @see icq-udp.md §20.4 */
import { commands, replies } from '@seekyou/wire/udp';
import { noticeFor } from './notices.ts';
import { ask, type Handler, on, reply, type Route } from './state.ts';

/** From a new address, whoever holds the password may be a thief: its owner is told first. */
const TOO_SOON = 'The password was not changed: you signed on from a new address just now. Try again in a minute.';

/** Groupware is told that it is done, nobody that it is not: the service says so in words. */
const onChangePassword: Handler<{ readonly password: Uint8Array }> = (context, { password }, request) => [
  ask(
    'account.password',
    { password: secretOf(password) },
    () => (context.state.version === 3 ? [reply(request, replies.passwordSet, {})] : []),
    ({ refusal }) => noticeFor(context, refusal === 'slow-down' ? TOO_SOON : 'The new password cannot be used; the old one stays.'),
  ),
];

/** Passwords are ASCII. */
export function secretOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

export const routes: readonly Route[] = [on(commands.changePassword, onChangePassword)];
