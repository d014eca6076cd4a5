/** What our own clients add to OSCAR. @see own.md */
import type { CommandInput } from '@seekyou/core';
import { ErrorCode, own } from '@seekyou/wire/oscar';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, type OscarEffect, reply, type Request, type Route } from './state.ts';

/** Only what this session was given can be confirmed by it; the core sees to that. */
const onDelivered: Handler<own.Delivered> = ({ session }, { messageIds }) => {
  for (const id of messageIds) session.confirmed(id);
  return [];
};

const ERROR_CODES = { ...REFUSAL_CODES, 'bad-password': ErrorCode.incorrectFormat };

const refused = (request: Request, code: number): readonly OscarEffect[] => [reply(request, own.error, { code, tlvs: {} })];

const onPasswordChange: Handler<own.PasswordChange> = (_context, packet, request) => {
  const { clientKey, oldPassword } = packet;
  const main = verifierIn(packet);
  if (clientKey === undefined || main === 'incomplete') return refused(request, ErrorCode.incorrectFormat);
  const wanted: CommandInput<'account.credentials'> = {
    clientKey,
    ...(main === undefined ? {} : { main }),
    ...(oldPassword === undefined ? {} : { old: oldPassword }),
  };
  return [
    ask(
      'account.credentials',
      wanted,
      ({ oldClients }) => [reply(request, own.passwordChanged, { oldClients: Number(oldClients) })],
      ({ refusal }) => refused(request, ERROR_CODES[refusal]),
    ),
  ];
};

function verifierIn({ salt, iterations, storedKey, serverKey }: own.PasswordChange): CommandInput<'account.credentials'>['main'] | 'incomplete' {
  if (salt !== undefined && iterations !== undefined && storedKey !== undefined && serverKey !== undefined) return { salt, iterations, storedKey, serverKey };
  return salt === undefined && iterations === undefined && storedKey === undefined && serverKey === undefined ? undefined : 'incomplete';
}

/** The core ends the session, which closes the connection. */
const onUnregister: Handler<own.Unregister> = (_context, { clientKey }, request) => {
  if (clientKey === undefined) return refused(request, ErrorCode.incorrectFormat);
  return [
    ask(
      'account.unregister',
      { clientKey },
      () => [reply(request, own.unregistered, {})],
      ({ refusal }) => refused(request, ERROR_CODES[refusal]),
    ),
  ];
};

export const routes: readonly Route[] = [on(own.delivered, onDelivered), on(own.passwordChange, onPasswordChange), on(own.unregister, onUnregister)];
