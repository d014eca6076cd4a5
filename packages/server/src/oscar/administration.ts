/** Family 07: how an account is called, its mail address, its password. On a connection of its own. @see oscar.md §8.1 */
import { type CommandInput, parseUin, type Profile, type Refusal, type Uin } from '@seekyou/core';
import { administration } from '@seekyou/wire/oscar';
import { decodeUtf8Or } from '@seekyou/wire/text';
import { ask, type Handler, on, type OscarContext, type OscarEffect, reply, type Request, type Route } from './state.ts';

const { AdministrationError, AdministrationPermission, ConfirmStatus, RegistrationStatus } = administration;

type Info = administration.AdministrationInfo['tlvs'];

const utf8 = new TextEncoder();
const BOTH = AdministrationPermission.mayRead | AdministrationPermission.mayWrite;

function info(request: Request, declaration: typeof administration.infoReply, tlvs: Info): OscarEffect {
  return reply(request, declaration, { permissions: BOTH, tlvs });
}

/** Who has no nickname is called by his number. */
function nameOf(uin: Uin, { nickname }: Pick<Profile, 'nickname'>): Uint8Array {
  return utf8.encode(nickname === '' ? String(uin) : nickname);
}

const onQuery: Handler<administration.InfoQuery> = ({ session }, { tlvs }, request) => [
  ask(
    'profile.load',
    { uin: session.uin },
    (profile) => [
      info(request, administration.infoReply, {
        ...(tlvs.name === undefined ? {} : { name: nameOf(session.uin, profile) }),
        ...(tlvs.email === undefined ? {} : { email: utf8.encode(profile.email.address) }),
        ...(tlvs.registrationStatus === undefined ? {} : { registrationStatus: RegistrationStatus.full }),
      }),
    ],
    ({ refusal }) => [info(request, administration.infoReply, { error: errorOf(refusal) })],
  ),
];

const onChange: Handler<administration.InfoChange> = (context, { tlvs }, request) => {
  const { session } = context;
  if (tlvs.newPassword !== undefined) return changePassword(context, request, tlvs.newPassword, tlvs.oldPassword);
  const say = (bytes: Uint8Array): string => decodeUtf8Or(bytes, session.profile.codepage).replaceAll('\0', '').trim();
  if (tlvs.name !== undefined) {
    const name = say(tlvs.name);
    // AIM's names may be written with blanks in them, and stay what they are.
    if (parseUin(name) === session.uin) return [changed(request, { name: utf8.encode(name) })];
    return change(request, { nickname: name }, { name: utf8.encode(name) }, AdministrationError.badNickname);
  }
  if (tlvs.email !== undefined) {
    const address = say(tlvs.email);
    return change(request, { email: { address } }, { email: utf8.encode(address) }, AdministrationError.badEmail);
  }
  return [changed(request, { error: AdministrationError.fieldUnavailable })];
};

function change(request: Request, changes: CommandInput<'profile.change'>['changes'], told: Info, fault: number): readonly OscarEffect[] {
  return [
    ask(
      'profile.change',
      { changes },
      () => [changed(request, told)],
      ({ refusal }) => [changed(request, { error: refusal === 'unavailable' ? AdministrationError.serviceUnavailable : fault })],
    ),
  ];
}

/** The old one has to be said: a session that somebody left open is not enough. */
function changePassword({ session }: OscarContext, request: Request, password: Uint8Array, old: Uint8Array | undefined): readonly OscarEffect[] {
  if (old === undefined) return [changed(request, { error: AdministrationError.oldPasswordNeeded })];
  const refused = ({ refusal }: { readonly refusal: Refusal }): readonly OscarEffect[] => [changed(request, { error: errorOf(refusal) })];
  return [
    ask(
      'session.proves',
      { uin: session.uin, password: old },
      () => [ask('account.password', { password: decodeUtf8Or(password, session.profile.codepage) }, () => [changed(request, {})], refused)],
      refused,
    ),
  ];
}

function changed(request: Request, tlvs: Info): OscarEffect {
  return info(request, administration.infoChangeReply, tlvs);
}

function errorOf(refusal: Refusal): number {
  if (refusal === 'wrong-credentials') return AdministrationError.wrongOldPassword;
  return refusal === 'bad-password' ? AdministrationError.badPassword : AdministrationError.serviceUnavailable;
}

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
