/** Family 01: setting up a session, rates, the client's own status. @see oscar.md §3 */
import type { CommandInput, Refused, RoomId } from '@seekyou/core';
import { ErrorCode, Family, oservice } from '@seekyou/wire/oscar';
import { Answerable } from './answerable.ts';
import { enterRoom } from './chat.ts';
import { roomIdFrom } from './chat-navigation.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import type { RateNotice } from './rates.ts';
import { ask, become, type Handler, on, type OscarEffect, type OscarState, reply, type Request, type Route, say } from './state.ts';
import { reportInterval } from './statistics.ts';
import { statusFromWord } from '../runtime/icq-status.ts';
import { KNOWN_VERSIONS_MAX } from '../runtime/limits.ts';
import { fromWireDirect, ownUser } from './user-info.ts';

/** What BOS offers, in the order of the real server. @see oscar.md §3.2 */
export const BOS_FAMILIES: readonly number[] = [
  Family.oservice,
  Family.location,
  Family.buddy,
  Family.icbm,
  Family.invitation,
  Family.popup,
  Family.privacy,
  Family.lookup,
  Family.statistics,
  Family.translation,
  Family.feedbag,
  Family.icqMeta,
];

/** Our versions, in the order of the real server. */
const VERSIONS: readonly (readonly [family: number, version: number])[] = [
  [Family.oservice, 4],
  [Family.feedbag, 4],
  [Family.location, 1],
  [Family.buddy, 1],
  [Family.icqMeta, 1],
  [Family.icbm, 1],
  [Family.invitation, 1],
  [Family.privacy, 1],
  [Family.lookup, 1],
  [Family.statistics, 1],
  [Family.popup, 1],
  [Family.translation, 1],
];
const HOST_VERSIONS: oservice.Versions = { versions: VERSIONS.map(([family, version]) => ({ family, version })) };

/** What has connections of its own. @see oscar.md §1.5 */
export const SERVICES: readonly number[] = [Family.administration, Family.chatNavigation, Family.chat, Family.directory, Family.bart];

/** What a connection offers. @param service 0 on BOS */
export function familiesOf(service: number): readonly number[] {
  return service === 0 ? BOS_FAMILIES : [Family.oservice, service];
}

function versionsOf(service: number): oservice.Versions {
  if (service === 0) return HOST_VERSIONS;
  return {
    versions: [
      { family: Family.oservice, version: 4 },
      { family: service, version: 1 },
    ],
  };
}

/** 01/03: the first thing said on a connection. */
export function welcome(service: number): OscarEffect {
  return say(oservice.hostOnline, { families: familiesOf(service) });
}

// ---------------------------------------------------------------- set-up

// COMPAT: Jimm waits for a message of the day before it goes on; the two numbers are the real server's.
const MOTD: oservice.Motd = { kind: oservice.MotdKind.normal, tlvs: { unknown2: 0x001e, unknown3: 0x04b0 } };

const onVersions: Handler<oservice.Versions> = ({ state }, { versions }, request) => [
  become({ versions: sharedVersions(versions) }),
  reply(request, oservice.hostVersions, versionsOf(state.service)),
  ...(state.service === 0 ? [say(oservice.motd, MOTD)] : []),
];

const knownVersions = new Map<string, ReadonlyMap<number, number>>();

/** Every client of a kind announces the same; ten thousand of them share one map. */
function sharedVersions(versions: oservice.Versions['versions']): ReadonlyMap<number, number> {
  const key = versions.map(({ family, version }) => `${family}:${version}`).join(' ');
  const known = knownVersions.get(key);
  if (known !== undefined) return known;
  const map = new Map(versions.map(({ family, version }) => [family, version]));
  if (knownVersions.size < KNOWN_VERSIONS_MAX) knownVersions.set(key, map);
  return map;
}

/** Presence starts now, or with 13/07 when the client asked for its roster. */
const onOnline: Handler<unknown> = (context, _message, request) => {
  const { state } = context;
  if (state.online) return [];
  if (state.service !== 0) return [become({ online: true }), ...enterRoom(context)];
  const complete = !state.askedRoster || state.usesRoster;
  return [
    become({ online: true }),
    ...(complete
      ? [
          ask(
            'presence.ready',
            undefined,
            () => [],
            ({ refusal }) => [reply(request, oservice.error, { code: REFUSAL_CODES[refusal], tlvs: {} })],
          ),
        ]
      : []),
    ...reportInterval(state),
  ];
};

/** A connection of its own for one family. Mail alerts are the one service of the real server that is declined: there is no mail. */
const onServiceRequest: Handler<oservice.ServiceRequest> = (_context, { family, tlvs }, request) => {
  if (!SERVICES.includes(family)) return [reply(request, oservice.error, { code: ErrorCode.serviceUnavailable, tlvs: {} })];
  const refused = ({ refusal }: Refused): readonly OscarEffect[] => [reply(request, oservice.error, { code: REFUSAL_CODES[refusal], tlvs: {} })];
  const open = (room?: RoomId): OscarEffect =>
    ask(
      'service.open',
      { family, ...(room === undefined ? {} : { room }) },
      ({ address, cookie }) => [reply(request, oservice.serviceResponse, { tlvs: { family, address, cookie } })],
      refused,
    );
  if (family !== Family.chat) return [open()];
  const room = tlvs.room && roomIdFrom(tlvs.room.cookie);
  if (room === undefined) return [reply(request, oservice.error, { code: ErrorCode.noMatch, tlvs: {} })];
  return [ask('rooms.show', { room }, () => [open(room)], refused)];
};

// ---------------------------------------------------------------- rates

const RATE_STATE_SINCE = 3;

/** Clients of family-01 version 3 and later read five bytes more of each class. */
function readsRateState({ versions }: OscarState): boolean {
  return (versions.get(Family.oservice) ?? 0) >= RATE_STATE_SINCE;
}

const onRateQuery: Handler<unknown> = ({ state, rates, now }, _message, request) => {
  const value = { classes: rates.records(now), groups: rates.groups(state.service) };
  return [readsRateState(state) ? reply(request, oservice.rateParamsReply, value) : reply(request, oservice.rateParamsReplyOld, value)];
};

/** 01/0A: a class is nearly used up, used up, or free again. */
export function rateChange(state: OscarState, { code, record }: RateNotice): OscarEffect {
  const value = { code, classes: [record] };
  return readsRateState(state) ? say(oservice.rateParamChange, value) : say(oservice.rateParamChangeOld, value);
}

// ---------------------------------------------------------------- the user

const onOwnInfo: Handler<unknown> = ({ session, now }, _message, request) => [
  ask(
    'presence.own',
    undefined,
    (own) => [reply(request, oservice.userInfoUpdate, ownUser(own, session.instance, now))],
    ({ refusal }) => [reply(request, oservice.error, { code: REFUSAL_CODES[refusal], tlvs: {} })],
  ),
];

/** Merged into what the session said before; the core tells the client the outcome, which arrives as 01/0F. */
const onStatus: Handler<oservice.SetNicknameFields> = (_context, { tlvs }, request) => {
  const { status, directInfo, items } = tlvs;
  return setPresence(request, {
    ...(status === undefined ? {} : { status: statusFromWord(status) }),
    ...(directInfo === undefined ? {} : { direct: fromWireDirect(directInfo) }),
    ...(items === undefined ? {} : { items }),
  });
};

const onIdle: Handler<{ readonly idleSeconds: number }> = ({ now }, { idleSeconds }, request) =>
  setPresence(request, { idleSince: idleSeconds === 0 ? undefined : now - idleSeconds * 1_000 });

function setPresence(request: Request, changes: CommandInput<'presence.set'>): readonly OscarEffect[] {
  if (Object.keys(changes).length === 0) return [];
  return [
    ask(
      'presence.set',
      changes,
      () => [],
      ({ refusal }) => [reply(request, oservice.error, { code: REFUSAL_CODES[refusal], tlvs: {} })],
    ),
  ];
}

/** AIM's check of the client's memory, asked the wrong way round: the real server answers with nothing. */
const onMemoryQuery: Handler<unknown> = (_context, _message, request) => [reply(request, oservice.memoryReply, { hash: new Uint8Array(0) })];

const noAnswer: Handler<unknown> = () => [];

export const routes: readonly Route[] = [
  on(oservice.clientOnline, onOnline),
  on(oservice.serviceRequest, onServiceRequest),
  on(oservice.rateParamsQuery, onRateQuery),
  // Clients confirm classes 1 to 5 whatever they were told; all are enforced.
  on(oservice.rateParamsSubAdd, noAnswer),
  on(oservice.rateParamsSubDelete, noAnswer),
  on(oservice.pauseAck, noAnswer),
  on(oservice.userInfoQuery, onOwnInfo),
  on(oservice.idleNotification, onIdle),
  // Whether idle times are shown is decided by who sends them.
  on(oservice.setPrivacyFlags, noAnswer),
  on(oservice.noop, noAnswer),
  on(oservice.clientVersions, onVersions),
  on(oservice.setNicknameFields, onStatus),
  on(oservice.memoryQuery, onMemoryQuery),
  on(oservice.memoryReply, noAnswer),
];

/** What a connection beside a session understands of this family. */
export const serviceRoutes: readonly Route[] = [
  on(oservice.clientOnline, onOnline),
  on(oservice.rateParamsQuery, onRateQuery),
  on(oservice.rateParamsSubAdd, noAnswer),
  on(oservice.rateParamsSubDelete, noAnswer),
  on(oservice.pauseAck, noAnswer),
  // COMPAT: AIM tells every connection that it is idle; the session's own counts.
  on(oservice.idleNotification, noAnswer),
  on(oservice.noop, noAnswer),
  on(oservice.clientVersions, onVersions),
];

/** What a session on BOS starts with. */
export function newState(software: OscarState['software']): OscarState {
  return {
    service: 0,
    software,
    versions: NO_VERSIONS,
    online: false,
    askedRoster: false,
    usesRoster: false,
    icbmFlags: NO_FLAGS,
    writesUnicode: false,
    edit: 'none',
    answerable: new Answerable(),
  };
}

const NO_VERSIONS: ReadonlyMap<number, number> = new Map();
const NO_FLAGS: ReadonlyMap<number, number> = new Map();
