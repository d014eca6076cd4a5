/** Details in the layouts of ICQ Groupware. @see icq-udp.md §23 */
import { asUin, type Profile, type ProfileChanges } from '@seekyou/core';
import { commands, type Declaration, replies } from '@seekyou/wire/udp';
import { decodeText } from '@seekyou/wire/text';
import { detailsOf, groupwareHomeChange, groupwareHomeOf, groupwareWorkChange, groupwareWorkOf, textOf } from './profile.ts';
import { ask, type Handler, on, reply, type Request, type Route, type UdpContext, type UdpEffect } from './state.ts';

function withProfile(number: number, request: Request, told: (profile: Profile) => readonly UdpEffect[]): readonly UdpEffect[] {
  const unknown = [reply(request, replies.invalidUin, { uin: number })];
  const uin = asUin(number);
  return uin === undefined ? unknown : [ask('profile.load', { uin }, told, () => unknown)];
}

/** All five: clients count them. */
const onGetFullInfo: Handler<{ readonly uin: number }> = (context, { uin }, request) =>
  withProfile(uin, request, (profile) => {
    const { codepage } = context.session.profile;
    const { nick, first, last, email, authorization } = detailsOf(profile, context).general;
    return [
      reply(request, replies.basicInfo, { nick, first, last, email, authorization }),
      reply(request, replies.workInfoReply, groupwareWorkOf(profile, codepage)),
      reply(request, replies.workPage, { url: textOf(profile.work.homepage, codepage) }),
      reply(request, replies.homeInfoReply, groupwareHomeOf(profile, codepage, context.now)),
      reply(request, replies.homePage, { url: textOf(profile.homepage, codepage) }),
    ];
  });

/** When somebody was here last, and from where, is nobody's business. */
const onGetNotes: Handler<{ readonly uin: number }> = (context, { uin }, request) =>
  withProfile(uin, request, (profile) => [
    reply(request, replies.notes, { text: detailsOf(profile, context).about.about, updated: 0, lastLogin: 0, address: '0.0.0.0' }),
  ]);

/** There is no packet for a change that failed. */
function onChange<T>(declaration: Declaration<T>, done: Declaration<{}>, changes: (value: T, codepage: number) => ProfileChanges): Route {
  const handle = ({ session }: UdpContext, value: T, request: Request): readonly UdpEffect[] => [
    ask(
      'profile.change',
      { changes: changes(value, session.profile.codepage) },
      () => [reply(request, done, {})],
      () => [],
    ),
  ];
  return on(declaration, handle);
}

interface Text {
  readonly text: Uint8Array;
}

export const routes: readonly Route[] = [
  on(commands.getFullInfo, onGetFullInfo),
  on(commands.getNotes, onGetNotes),
  onChange(commands.setWorkInfo, replies.workInfoSet, groupwareWorkChange),
  onChange(commands.setHomeInfo, replies.homeInfoSet, groupwareHomeChange),
  onChange(commands.setHomePage, replies.homePageSet, ({ text }: Text, codepage) => ({ homepage: decodeText(text, codepage).trim() })),
  onChange(commands.setWorkPage, replies.workPageSet, ({ text }: Text, codepage) => ({ work: { homepage: decodeText(text, codepage).trim() } })),
  onChange(commands.setNotes, replies.notesSet, ({ text }: Text, codepage) => ({ about: decodeText(text, codepage) })),
];
