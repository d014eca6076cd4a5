/** Family 02: what a client says about its user and its own abilities, and asks about others. @see oscar.md §4 */
import { parseUin, type Presence, type PresenceView, type Refusal, type Refused, type StyledText } from '@seekyou/core';
import { decode } from '@seekyou/wire';
import { capabilityFromShort, location, shortCapabilities } from '@seekyou/wire/oscar';
import { decodeUtf8Or } from '@seekyou/wire/text';
import { topicOf } from './interests.ts';
import { ask, type Handler, on, type OscarEffect, reply, type Request, type Route } from './state.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { presentUser } from './user-info.ts';

const SHORT_CAPABILITIES_TLV = 0x0019;
const PLAIN_TEXT = 'text/aolrtf; charset="us-ascii"';

const onRightsQuery: Handler<unknown> = ({ limits }, _message, request) => [
  reply(request, location.rightsReply, {
    tlvs: {
      profileMax: limits.profileBytesMax,
      capabilitiesMax: limits.capabilitiesMax,
      // Nobody knows these two; the values are the real server's.
      unknown3: 0x000a,
      unknown4: 0x1000,
      shortCapabilitiesMax: 0x0080,
    },
  }),
];

const onSetInfo: Handler<location.SetInfo> = ({ limits }, { tlvs }, request) => {
  const capabilities = announced(tlvs, limits.capabilitiesMax);
  const said: { -readonly [K in keyof Presence]?: Presence[K] | undefined } = {};
  if (capabilities !== undefined) said.capabilities = capabilities;
  if (tlvs.profile !== undefined) said.profile = styled(tlvs.profileType, tlvs.profile);
  if (tlvs.away !== undefined) said.away = styled(tlvs.awayType, tlvs.away);
  if (Object.keys(said).length === 0) return [];
  return [
    ask(
      'presence.set',
      said,
      () => [],
      ({ refusal }) => [failed(request, refusal)],
    ),
  ];
};

/** All capabilities of the packet as full ids, each once. `undefined`: it does not speak of them. */
function announced(tlvs: location.SetInfo['tlvs'], max: number): readonly string[] | undefined {
  const short = tlvs.extra?.find(({ type }) => type === SHORT_CAPABILITIES_TLV);
  if (tlvs.capabilities === undefined && short === undefined) return undefined;
  const expanded = short === undefined ? [] : decode(shortCapabilities, short.data).map(capabilityFromShort);
  return [...new Set([...(tlvs.capabilities ?? []), ...expanded])].slice(0, max);
}

/** `undefined` for an empty text: the author takes it back. */
function styled(mediaType: string | undefined, bytes: Uint8Array): StyledText | undefined {
  return bytes.length === 0 ? undefined : { mediaType: mediaType ?? PLAIN_TEXT, bytes };
}

// ---------------------------------------------------------------- about others

/** What a 02/06 shall hold beside the user-info block. */
interface Wanted {
  readonly profile: boolean;
  readonly away: boolean;
  readonly capabilities: boolean;
}

const onUserInfoQuery: Handler<location.UserInfoQuery> = ({ now }, { type, screenName }, request) => {
  const { InfoType } = location;
  return look(request, screenName, now, {
    profile: type === InfoType.profile,
    away: type === InfoType.away,
    capabilities: type === InfoType.capabilities,
  });
};

const onUserInfoQuery2: Handler<location.UserInfoQuery2> = ({ now }, { flags, screenName }, request) => {
  const { InfoFlag } = location;
  return look(request, screenName, now, {
    profile: (flags & InfoFlag.profile) !== 0,
    away: (flags & InfoFlag.away) !== 0,
    capabilities: (flags & InfoFlag.capabilities) !== 0,
  });
};

/** The core answers with the same view that presence shows, so nobody invisible is found here. */
function look(request: Request, screenName: string, now: number, wanted: Wanted): readonly OscarEffect[] {
  const uin = parseUin(screenName);
  if (uin === undefined) return [failed(request, 'no-such-user')];
  return [
    ask(
      'presence.look',
      { uin },
      ({ view, profile, away }) => [
        reply(request, location.userInfoReply, {
          user: presentUser(view, now),
          tlvs: texts(view, { ...(wanted.profile && profile ? { profile } : {}), ...(wanted.away && away ? { away } : {}) }, wanted.capabilities),
        }),
      ],
      ({ refusal }) => [failed(request, refusal)],
    ),
  ];
}

function texts(view: PresenceView, { profile, away }: { profile?: StyledText; away?: StyledText }, capabilities: boolean): location.UserInfoReply['tlvs'] {
  return {
    ...(profile ? { profileType: profile.mediaType, profile: profile.bytes } : {}),
    ...(away ? { awayType: away.mediaType, away: away.bytes } : {}),
    ...(capabilities ? { capabilities: view.capabilities } : {}),
  };
}

function failed(request: Request, refusal: Refusal): OscarEffect {
  return reply(request, location.error, { code: REFUSAL_CODES[refusal], tlvs: {} });
}

// ---------------------------------------------------------------- AIM's directory

/** Field of AIM's → where it stands among ICQ's. Middle and maiden names, and countries in letters, have no place there. */
const onSetDirInfo: Handler<location.SetDirInfo> = ({ session }, { tlvs }, request) => {
  const { codepage } = session.profile;
  const said = <T extends string>(fields: Readonly<Record<T, Uint8Array | undefined>>): Partial<Record<T, string>> =>
    Object.fromEntries(
      Object.entries<Uint8Array | undefined>(fields).flatMap(([name, bytes]) => (bytes === undefined ? [] : [[name, decodeUtf8Or(bytes, codepage)]])),
    ) as Partial<Record<T, string>>;
  const { firstName, lastName, nickname, city, state, zip, street } = tlvs;
  const home = said({ city, state, zip, street });
  const changes = { ...said({ first: firstName, last: lastName, nickname }), ...(Object.keys(home).length === 0 ? {} : { home }) };
  return [ask('profile.change', { changes }, () => [reply(request, location.setDirReply, { result: 1 })], refusedBy(request))];
};

const onSetKeywordInfo: Handler<location.SetKeywordInfo> = ({ session }, { tlvs }, request) => {
  const told = (tlvs.interests ?? []).map((bytes) => decodeUtf8Or(bytes, session.profile.codepage).trim()).filter((text) => text !== '');
  const changes = { interests: told.map(topicOf) };
  return [ask('profile.change', { changes }, () => [reply(request, location.setKeywordReply, { result: 1 })], refusedBy(request))];
};

const refusedBy =
  (request: Request) =>
  ({ refusal }: Refused): readonly OscarEffect[] => [failed(request, refusal)];

/** Whoever looks finds all of it by family 0F. */
const onGetDirInfo: Handler<unknown> = (_context, _message, request) => [reply(request, location.getDirReply, { result: 1, tlvs: {} })];

export const routes: readonly Route[] = [
  on(location.rightsQuery, onRightsQuery),
  on(location.setInfo, onSetInfo),
  on(location.userInfoQuery, onUserInfoQuery),
  on(location.userInfoQuery2, onUserInfoQuery2),
  on(location.setDirInfo, onSetDirInfo),
  on(location.getDirInfo, onGetDirInfo),
  on(location.setKeywordInfo, onSetKeywordInfo),
  on(location.watcherSubRequest, () => []),
];
