/** Details in the commands that were there before META: asked for, and set. @see icq-udp.md §18.3, §20 */
import { asUin, type Profile, type ProfileChanges } from '@seekyou/core';
import { icqMeta } from '@seekyou/wire/oscar';
import { commands, type Declaration, replies, type UpdateExtInfo, type UpdateInfo } from '@seekyou/wire/udp';
import { detailsOf, extInfoChange, extInfoOf, type Names, namesChange } from './profile.ts';
import { repeated } from './search.ts';
import { ask, type Handler, on, reply, type Request, type Route, type UdpContext, type UdpEffect } from './state.ts';

const { Authorization } = icqMeta;

interface OfUin {
  readonly requestSeq?: number;
  readonly uin: number;
}

function withProfile({ state }: UdpContext, number: number, request: Request, told: (profile: Profile) => readonly UdpEffect[]): readonly UdpEffect[] {
  const unknown = [reply(request, state.version === 3 ? replies.invalidUin : replies.infoFail, { uin: number })];
  const uin = asUin(number);
  return uin === undefined ? unknown : [ask('profile.load', { uin }, told, () => unknown)];
}

const onInfoReq: Handler<OfUin> = (context, { uin, requestSeq }, request) =>
  withProfile(context, uin, request, (profile) => {
    const { nick, first, last, email, authorization } = detailsOf(profile, context).general;
    return [reply(request, replies.infoReply, { ...repeated(requestSeq), uin, nick, first, last, email, authorization })];
  });

const onExtInfoReq: Handler<OfUin> = (context, { uin, requestSeq }, request) =>
  withProfile(context, uin, request, (profile) => [reply(request, replies.extInfoReply, { ...repeated(requestSeq), uin, ...extInfoOf(profile, context) })]);

// ---------------------------------------------------------------- one's own

/** A change and its two answers. */
interface Outcomes<T> {
  readonly done: Declaration<T>;
  readonly failed: Declaration<T>;
}

interface OfRequest {
  readonly requestSeq?: number;
}

const BASIC: Outcomes<OfRequest> = { done: replies.updateBasicOk, failed: replies.updateBasicFailed };
const EXTENDED: Outcomes<OfRequest> = { done: replies.updateExtOk, failed: replies.updateExtFailed };
const INFO: Outcomes<OfRequest> = { done: replies.updateInfoOk, failed: replies.updateInfoFailed };

function change(changes: ProfileChanges, request: Request, { done, failed }: Outcomes<OfRequest>, requestSeq: number | undefined): UdpEffect {
  return ask(
    'profile.change',
    { changes },
    () => [reply(request, done, repeated(requestSeq))],
    () => [reply(request, failed, repeated(requestSeq))],
  );
}

const onNewUserInfo: Handler<Names & OfRequest> = ({ session }, message, request) => [
  change(namesChange(message, session.profile.codepage), request, BASIC, message.requestSeq),
];

/** licq sends along whether it has to be asked first. */
const onUpdateInfo: Handler<UpdateInfo> = ({ session, state }, message, request) => [
  ...(message.authorization === undefined ? [] : [setAuthorization(message.authorization, nothing)]),
  change(namesChange(message, session.profile.codepage), request, state.version <= 2 ? BASIC : INFO, message.requestSeq),
];

const onUpdateExtInfo: Handler<UpdateExtInfo> = (context, message, request) => [change(extInfoChange(message, context), request, EXTENDED, message.requestSeq)];

/** Clients disagree about the answers: licq takes Groupware's "done" for a failure. */
const onAuthUpdate: Handler<{ readonly authorization: number }> = ({ state }, { authorization }, request) => [
  setAuthorization(authorization, () => [reply(request, state.version === 3 ? replies.authUpdateAnswer : replies.authUpdateDone, {})]),
];

function setAuthorization(authorization: number, done: () => readonly UdpEffect[]): UdpEffect {
  return ask('account.permissions', { authorisationRequired: authorization === Authorization.required }, done, nothing);
}

const nothing = (): readonly UdpEffect[] => [];

export const routes: readonly Route[] = [
  on(commands.infoReq, onInfoReq),
  on(commands.extInfoReq, onExtInfoReq),
  on(commands.newUserInfo, onNewUserInfo),
  on(commands.updateInfo, onUpdateInfo),
  on(commands.updateExtInfo, onUpdateExtInfo),
  on(commands.authUpdate, onAuthUpdate),
];
