/** Family 07: how an account is called, and what may be changed of it. On a connection of its own. @see oscar.md §8.1 */
import { parseUin, type Uin } from '@seekyou/core';
import { administration } from '@seekyou/wire/oscar';
import { type Handler, on, type OscarEffect, reply, type Request, type Route } from './state.ts';

const { AdministrationError, AdministrationPermission, ConfirmStatus, RegistrationStatus } = administration;

type Info = administration.AdministrationInfo['tlvs'];

const utf8 = new TextEncoder();
const BOTH = AdministrationPermission.mayRead | AdministrationPermission.mayWrite;

function info(request: Request, declaration: typeof administration.infoReply, tlvs: Info, permissions: number = BOTH): OscarEffect {
  return reply(request, declaration, { permissions, tlvs });
}

const nameOf = (uin: Uin): Info => ({ name: utf8.encode(String(uin)) });

/** An account's name is its number; addresses and passwords have ways of their own, in family 15. */
const onQuery: Handler<administration.InfoQuery> = ({ session }, { tlvs }, request) => {
  const told: Info = {
    ...(tlvs.name === undefined ? {} : nameOf(session.uin)),
    ...(tlvs.registrationStatus === undefined ? {} : { registrationStatus: RegistrationStatus.full }),
    ...(tlvs.email === undefined ? {} : { error: AdministrationError.fieldUnavailable }),
  };
  return [info(request, administration.infoReply, told)];
};

/** A name may be written with blanks in it, as AIM's may; it stays the number. */
const onChange: Handler<administration.InfoChange> = ({ session }, { tlvs }, request) => {
  const answer = (told: Info): readonly OscarEffect[] => [info(request, administration.infoChangeReply, told)];
  if (tlvs.name !== undefined) {
    const same = parseUin(new TextDecoder().decode(tlvs.name)) === session.uin;
    return answer(same ? nameOf(session.uin) : { error: AdministrationError.badNickname });
  }
  return answer({ error: AdministrationError.fieldUnavailable });
};

/** Nothing has to be confirmed. */
const onConfirm: Handler<unknown> = (_context, _message, request) => [
  reply(request, administration.confirmReply, { status: ConfirmStatus.alreadyConfirmed, tlvs: {} }),
];

/** Without a password nobody removes an account; 07D0/04C4 has one. */
const onDelete: Handler<unknown> = (_context, _message, request) => [
  reply(request, administration.deleteReply, { tlvs: { error: AdministrationError.readOnly } }),
];

export const routes: readonly Route[] = [
  on(administration.infoQuery, onQuery),
  on(administration.infoChange, onChange),
  on(administration.confirmRequest, onConfirm),
  on(administration.deleteRequest, onDelete),
];
