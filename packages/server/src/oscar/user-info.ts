/** Presence as user-info blocks: which TLVs go where. @see oscar.md §5.1 */
import type { DirectInfo, PresenceView, Time, Uin } from '@seekyou/core';
import { type DirectInfo as WireDirectInfo, DirectKind, UserClass, type UserInfo } from '@seekyou/wire/oscar';
import { itemsOf } from './bart.ts';
import { isAway, statusWord } from '../runtime/icq-status.ts';

/** What an account is told about itself in 01/0F. */
export interface OwnPresence {
  readonly view: PresenceView;
  readonly externalAddress?: string;
  readonly sessionStartedAt: Time;
}

/** 03/0B and 02/06: everything this observer may see. TLV 0C always has its 37 bytes; what the view lacks is zero in it. */
export function presentUser(view: PresenceView, now: Time): UserInfo {
  return block(view.uin, {
    userClass: userClass(view),
    directInfo: toWireDirect(view.direct),
    ...(view.externalAddress === undefined ? {} : { externalIp: view.externalAddress }),
    status: statusWord(view.status),
    ...(view.capabilities.length === 0 ? {} : { capabilities: view.capabilities }),
    sessionSeconds: secondsSince(view.signedOnAt, now),
    signOnTime: seconds(view.signedOnAt),
    memberSince: seconds(view.createdAt),
    ...idle(view, now),
    ...shownItems(view),
  });
}

/**
 * 04/07 and 04/0A: clients read these TLVs and the message's into one map, so there are few.
 * Without a view — the sender is off line, or is so for this recipient — only the class remains.
 */
export function messageSender(from: Uin, view: PresenceView | undefined, now: Time): UserInfo {
  if (view === undefined) return block(from, { userClass: ICQ_USER });
  return block(from, {
    userClass: userClass(view),
    status: statusWord(view.status),
    sessionSeconds: secondsSince(view.signedOnAt, now),
    signOnTime: seconds(view.signedOnAt),
  });
}

/** 01/0F: the address as the server sees it, this session's times and number, no TLV 0C. */
export function ownUser(own: OwnPresence, instance: number, now: Time): UserInfo {
  const { view } = own;
  return block(view.uin, {
    userClass: userClass(view),
    ...(own.externalAddress === undefined ? {} : { externalIp: own.externalAddress }),
    status: statusWord(view.status),
    sessionSeconds: secondsSince(own.sessionStartedAt, now),
    signOnTime: seconds(own.sessionStartedAt),
    memberSince: seconds(view.createdAt),
    ...idle(view, now),
    instance: instance & 0xff,
    ...shownItems(view),
    subscriptions: 0,
  });
}

/** 03/0C: TLV 01 and nothing else; ICQ ignores a departure without it, licq doubts one with a sign-on time. */
export function departedUser(uin: Uin): UserInfo {
  return block(uin, { userClass: 0 });
}

/** A DC block as the core keeps it. */
export function fromWireDirect(info: WireDirectInfo): DirectInfo {
  return {
    internalAddress: info.internalIp,
    port: info.port,
    kind: info.kind,
    version: info.version,
    cookie: info.cookie,
    webPort: info.webPort,
    features: info.features,
    times: [info.infoTime, info.extendedInfoTime, info.extendedStatusTime],
  };
}

export function toWireDirect(info: DirectInfo | undefined): WireDirectInfo {
  const { internalAddress, port, kind, version, cookie, webPort, features, times } = info ?? NO_DIRECT;
  return {
    internalIp: internalAddress,
    port,
    kind,
    version,
    cookie,
    webPort,
    features,
    infoTime: times[0],
    extendedInfoTime: times[1],
    extendedStatusTime: times[2],
    unknown: 0,
  };
}

const NO_DIRECT: DirectInfo = {
  internalAddress: '0.0.0.0',
  port: 0,
  kind: DirectKind.disabled,
  version: 0,
  cookie: 0,
  webPort: 0,
  features: 3, // licq reads it as the number of times that follow
  times: [0, 0, 0],
};

const ICQ_USER = UserClass.icq | UserClass.free;

function userClass(view: PresenceView): number {
  return isAway(view.status.availability) ? ICQ_USER | UserClass.away : ICQ_USER;
}

function block(uin: Uin, tlvs: UserInfo['tlvs']): UserInfo {
  return { screenName: String(uin), warningLevel: 0, tlvs };
}

function shownItems(view: PresenceView): { readonly items?: Uint8Array } {
  const items = itemsOf(view);
  return items === undefined ? {} : { items };
}

function idle(view: PresenceView, now: Time): { readonly idleMinutes?: number } {
  if (view.idleSince === undefined) return {};
  return { idleMinutes: Math.min(0xffff, Math.floor(Math.max(0, now - view.idleSince) / 60_000)) };
}

function seconds(time: Time): number {
  return Math.floor(time / 1000) >>> 0;
}

function secondsSince(time: Time, now: Time): number {
  return Math.max(0, Math.floor((now - time) / 1000));
}
