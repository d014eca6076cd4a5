/** Who is there: contacts as they come, change and go. @see icq-udp.md §14, §22.2 */
import type { DirectInfo, PresenceView, Session, Uin } from '@seekyou/core';
import { commands, replies, type UserOnline, type Version } from '@seekyou/wire/udp';
import { statusFromWord } from '../runtime/icq-status.ts';
import { Quirk, reversed } from './clients.ts';
import { ask, type Handler, on, type Route, say, type Told, type UdpContext, type UdpEffect } from './state.ts';
import { wordFor } from './status.ts';

const NOWHERE = '0.0.0.0';
const GROUPWARE = 3;

/**
 * First sight is USER_ONLINE, a change of status alone STATUS_UPDATE: version 5 clients change the icon only on the right one.
 * What they have no place for, such as idle times, makes no packet.
 */
export function renderPresence({ session, state }: UdpContext, view: PresenceView): readonly UdpEffect[] {
  // Clients list their own number among their contacts, and warn when they hear of it.
  if (view.uin === session.uin) return [];
  const { version, told } = state;
  const now = shownAs(view, version);
  const before = told.get(view.uin);
  if (before?.word === now.told.word && before.reach === now.told.reach) return [];
  told.set(view.uin, now.told);
  if (before === undefined || before.reach !== now.told.reach) return [first(session, view, now.online)];
  return [say(replies.statusUpdate, { uin: view.uin, status: now.told.word }, { shared: view })];
}

interface Shown {
  readonly online: UserOnline;
  readonly told: Told;
}

/** Views are shared by everybody who sees the same, and so is what is made of them: a person may have thousands of watchers. */
const shown = new WeakMap<PresenceView, (Shown | undefined)[]>();

function shownAs(view: PresenceView, version: Version): Shown {
  let versions = shown.get(view);
  if (versions === undefined) shown.set(view, (versions = []));
  return (versions[version] ??= newlyShown(view, version));
}

function newlyShown(view: PresenceView, version: Version): Shown {
  const online = userOnline(view, version);
  return { online, told: { word: online.status, reach: reachOf(online) } };
}

/** COMPAT: mICQ 0.4.11 reads addresses backwards. */
function first({ profile }: Session, view: PresenceView, online: UserOnline): UdpEffect {
  if (!profile.quirks.has(Quirk.reversedAddresses)) return say(replies.userOnline, online, { shared: view });
  return say(replies.userOnline, { ...online, address: reversed(online.address), ownAddress: reversed(online.ownAddress) });
}

/** Only to those who were told that he is there. */
export function renderAbsence({ state }: UdpContext, uin: Uin): readonly UdpEffect[] {
  return state.told.delete(uin) ? [say(replies.userOffline, { uin })] : [];
}

/** Everything but the status. */
function reachOf({ status: _status, statusTime: _statusTime, ...reach }: UserOnline): string {
  return JSON.stringify(reach);
}

/** Of the view and the version alone: many get the same. */
function userOnline(view: PresenceView, version: Version): UserOnline {
  const status = wordFor(view.status, version);
  const { direct, externalAddress } = view;
  // COMPAT: Groupware crashes when another kind of client connects to it.
  if (direct === undefined || externalAddress === undefined || version === GROUPWARE) {
    return { uin: view.uin, ...UNREACHABLE, status, ...programOf(direct) };
  }
  return {
    uin: view.uin,
    address: externalAddress,
    port: direct.port,
    ownAddress: direct.internalAddress,
    tcpFlag: direct.kind,
    status,
    directCookie: direct.cookie,
    webPort: direct.webPort,
    ...programOf(direct),
  };
}

/** "Behind a proxy": clients that know it do not even try to connect. */
const UNREACHABLE = { address: NOWHERE, port: 0, ownAddress: NOWHERE, tcpFlag: commands.TcpFlag.proxy };

/** What tells programs from each other, as far as this observer may know it. */
function programOf(direct: DirectInfo | undefined): Pick<UserOnline, 'tcpVersion' | 'features' | 'build' | 'infoTime' | 'statusTime'> {
  const [build = 0, infoTime = 0, statusTime = 0] = direct?.times ?? [];
  return { tcpVersion: direct?.version ?? 0, features: direct?.features ?? 0, build, infoTime, statusTime };
}

// ---------------------------------------------------------------- one's own

const onStatusChange: Handler<{ readonly status: number }> = (_context, { status }) => [
  ask(
    'presence.set',
    { status: statusFromWord(status) },
    () => [],
    () => [],
  ),
];

export const routes: readonly Route[] = [on(commands.statusChange, onStatusChange)];
