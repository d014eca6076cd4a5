/** One's own account, chance acquaintances, and what ICQ offered that we do not. @see oscar.md §9.3, §9.8 */
import { encode } from '@seekyou/wire';
import { icqMeta } from '@seekyou/wire/oscar';
import { answer, type Asked, metaAnswer, metaRefusal, metaResult, type MetaRoute, onMeta, textOf } from './icq-talk.ts';
import { ask, counted, type OscarEffect } from './state.ts';

const { Authorization, IcqType, MetaResult } = icqMeta;

const setPermissions = onMeta(icqMeta.setPermissions, (asked, { authorization, webAware, directPermissions }) => {
  const subtype = icqMeta.setPermissions.reply as number;
  const permissions = { authorisationRequired: authorization === Authorization.required, webAware: webAware !== 0, directPermissions };
  return [ask('account.permissions', permissions, () => [metaResult(asked, subtype)], metaRefusal(asked, subtype))];
});

const changePassword = onMeta(icqMeta.changePassword, (asked, { password }) => {
  const subtype = icqMeta.changePassword.reply as number;
  return [ask('account.password', { password: textOf(asked, password) }, () => [metaResult(asked, subtype)], metaRefusal(asked, subtype))];
});

/** Nobody removes another's account, whatever he knows. The core ends the session, which closes the connection. */
const unregister = onMeta(icqMeta.unregister, (asked, { uin, password }) => {
  const subtype = icqMeta.unregister.reply as number;
  if (uin !== asked.context.session.uin) return [counted('oscar_snacs_forged'), metaResult(asked, subtype, MetaResult.failed)];
  return [ask('account.unregister', { password: textOf(asked, password) }, () => [metaResult(asked, subtype)], metaRefusal(asked, subtype))];
});

// ---------------------------------------------------------------- random chat

const randomSearch = onMeta(icqMeta.randomSearch, (asked, { group }) => [
  ask(
    'random.find',
    { group },
    (found) => [metaAnswer(asked, icqMeta.randomFound, { uin: found.uin, details: encode(icqMeta.randomDetails, { ...NOWHERE, group }) })],
    metaRefusal(asked, icqMeta.randomFound.subtype),
  ),
]);

/** Whoever meets by chance does not learn where the other is. */
const NOWHERE = { address: 0, port: 0, internalAddress: 0, directType: 0, version: 0, unknown: new Uint8Array(14) };

const setRandomGroup = onMeta(icqMeta.setRandomGroup, (asked, { group }) => {
  const subtype = icqMeta.setRandomGroup.reply as number;
  const done = (): readonly OscarEffect[] => [metaResult(asked, subtype)];
  if (group === 0) return [ask('random.leave', undefined, done, metaRefusal(asked, subtype))];
  return [ask('random.join', { group }, done, metaRefusal(asked, subtype))];
});

// ---------------------------------------------------------------- what there is not

const NO_SMS = 'SMS is not available here.\0';
/** Subtype of an answer that is a text for the user. */
const SORRY = 0x0001;

const sendSms = onMeta(icqMeta.sendSms, (asked) => [
  answer(asked, IcqType.metaReply, encode(icqMeta.metaReplyData, { subtype: SORRY, result: MetaResult.textError, data: new TextEncoder().encode(NO_SMS) })),
]);

const nothing = (declaration: icqMeta.MetaRequest<any>, result: number): MetaRoute =>
  onMeta(declaration, (asked: Asked) => [metaResult(asked, declaration.reply as number, result)]);

export const accountRoutes: readonly MetaRoute[] = [
  setPermissions,
  changePassword,
  unregister,
  randomSearch,
  setRandomGroup,
  sendSms,
  nothing(icqMeta.phoneInfoRequest, MetaResult.noData),
  // ICQ 2001 and 2002 would download "data files" from the addresses they ask for.
  nothing(icqMeta.xmlVariableRequest, MetaResult.failed),
  nothing(icqMeta.spamReport, MetaResult.noData),
  // Taken and forgotten: it describes the user's computer.
  nothing(icqMeta.registrationStatistics, MetaResult.success),
];
