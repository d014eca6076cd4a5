/** Family 04: messages, typing notices, and what clients send each other through the server. @see oscar.md §6 */
import {
  type Body,
  type ClientProfile,
  type CommandInput,
  type Message,
  type MessageId,
  parseUin,
  type Passing,
  type PresenceView,
  type Refusal,
  type Refused,
  type RoomId,
  type Session,
  type Uin,
} from '@seekyou/core';
import { be, bytes, decode, encode, rest, struct } from '@seekyou/wire';
import { Capability, ErrorCode, ErrorSubCode, type extended, icbm } from '@seekyou/wire/oscar';
import { decodeUtf8Or } from '@seekyou/wire/text';
import { authorisationPacket, hasOwnPacket } from './authorisation.ts';
import {
  type IcbmPart,
  icbmParts,
  isBrokenUcs2,
  isUcs2,
  NEVER_STORED,
  OriginalFormat,
  plainBody,
  type Stamp,
  stampOf,
  typedBody,
  typedMessage,
  type WrittenText,
} from './bodies.ts';
import { readable } from '../runtime/readable.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { roomIdFrom, roomKindOf } from './chat-navigation.ts';
import { forRecipient, invitationIn, namesOnly, neededCapability, plainWords, readEnvelope, retold, speaksForItself, statusRequestOf } from './rendezvous.ts';
import { statusAnswer, type StatusRequest, styledWords } from './status-message.ts';
import { ask, become, counted, FETCH_GIVEN, type Handler, on, type OscarContext, type OscarEffect, reply, type Request, type Route, say } from './state.ts';
import { messageSender } from './user-info.ts';

const { Channel, IcbmFlag, TypingEvent } = icbm;

// ---------------------------------------------------------------- parameters

/** Of channel 0: every channel without an entry of its own. */
const ANY_CHANNEL = 0;

const onAddParameters: Handler<icbm.AddParameters> = ({ state }, { channel, flags }) => {
  // More channels than exist are nobody's wish.
  if (channel > Channel.typed) return [];
  const changed = channel === ANY_CHANNEL ? new Map<number, number>() : new Map(state.icbmFlags);
  return [become({ icbmFlags: changed.set(channel, flags) })];
};

const onDeleteParameters: Handler<unknown> = () => [become({ icbmFlags: new Map() })];

const onParameterQuery: Handler<unknown> = ({ limits }, _message, request) => [
  reply(request, icbm.parameterReply, {
    channels: 5,
    flags: IcbmFlag.messages | IcbmFlag.missedCalls,
    lengthMax: limits.messageBytesMax,
    senderWarningMax: 999,
    receiverWarningMax: 999,
    intervalMs: 1_000,
  }),
];

/** Whether the client said that it knows 04/14. One that said nothing at all is given them. */
function takesTyping({ state, session }: OscarContext): boolean {
  const flags = state.icbmFlags.get(Channel.plain) ?? state.icbmFlags.get(ANY_CHANNEL) ?? IcbmFlag.typing;
  return (flags & IcbmFlag.typing) !== 0 || session.presence.capabilities.includes(Capability.typing);
}

function sendsTyping({ icbmFlags }: OscarContext['state']): boolean {
  return ((icbmFlags.get(Channel.plain) ?? icbmFlags.get(ANY_CHANNEL) ?? 0) & IcbmFlag.typing) !== 0;
}

// ---------------------------------------------------------------- sending

/** A 04/06 whose recipient may exist. */
interface Letter {
  readonly context: OscarContext;
  readonly message: icbm.ChannelMsgToHost;
  readonly request: Request;
  readonly to: Uin;
}

const onMessage: Handler<icbm.ChannelMsgToHost> = (context, message, request) => {
  const to = parseUin(message.recipient);
  if (to === undefined) return [failed(request, 'no-such-user')];
  const letter: Letter = { context, message, request, to };
  const { channel, tlvs } = message;
  const written = channel === Channel.plain ? tlvs.imData : tlvs.data;
  if (written !== undefined && written.length > context.limits.messageBytesMax) return [failed(request, 'too-large')];
  switch (channel) {
    case Channel.plain:
      return sendPlain(letter);
    case Channel.rendezvous:
      return passEnvelope(letter);
    case Channel.typed:
      return sendTyped(letter);
    default:
      return [reply(request, icbm.error, { code: ErrorCode.notSupportedByHost, tlvs: {} })];
  }
};

function sendPlain(letter: Letter): readonly OscarEffect[] {
  const { context, message, request } = letter;
  const { imData, autoResponse } = message.tlvs;
  const body = imData && plainBody(imData, stampFor(letter), context.session.profile);
  if (imData === undefined || body === undefined) return malformed(request);
  const sent = autoResponse === undefined ? send(letter, body) : passAutoResponse(letter, body);
  if (!isUcs2(imData)) return [sent];
  const count = isBrokenUcs2(imData, body.text) ? [counted('oscar_texts_broken')] : [];
  return context.state.writesUnicode ? [...count, sent] : [...count, become({ writesUnicode: true }), sent];
}

function passAutoResponse(letter: Letter, { original: { format, bytes: written }, text }: WrittenText): OscarEffect {
  return pass(letter, { kind: 'envelope', format, bytes: written, cookie: letter.message.cookie, fallback: text }, { concealed: false });
}

function sendTyped(letter: Letter): readonly OscarEffect[] {
  const { context, message, request } = letter;
  const { data, store } = message.tlvs;
  const typed = data && typedMessage(data);
  if (data === undefined || typed === undefined) return malformed(request);
  if (typed.uin !== context.session.uin) return [FORGED, failed(request, 'bad-input')];
  const body = typedBody(typed, data, stampFor(letter), context.session.profile);
  switch (body.kind) {
    case 'auth-request':
      return [perform(letter, 'authorisation.request', { to: letter.to, reason: body.reason })];
    case 'auth-granted':
    case 'auth-denied':
      return [perform(letter, 'authorisation.answer', { to: letter.to, granted: body.kind === 'auth-granted', reason: body.reason })];
    case 'opaque': {
      if (store !== undefined && !NEVER_STORED.has(typed.type)) return [send(letter, body)];
      // An invisible user must not be found by asking his client for something (oscar.md §10.1).
      const { format, bytes: written } = body.original;
      return [pass(letter, { kind: 'envelope', format, bytes: written, cookie: message.cookie, fallback: body.fallback }, { concealed: true })];
    }
    case 'text':
    case 'url':
    case 'contacts':
    case 'pre-authorised':
    case 'added':
      return [send(letter, body)];
    default:
      return body satisfies never;
  }
}

function stampFor({ context, message }: Letter): Stamp {
  return { cookie: message.cookie, typing: sendsTyping(context.state) };
}

/** Passing formats that are no {@link OriginalFormat}: TLV 05 of channel 2, and 04/0B as {@link answerData}. */
const PassFormat = { rendezvous: 'icbm/2', answer: 'icbm/0b' } as const;

function passEnvelope(letter: Letter): readonly OscarEffect[] {
  const { context, message, request, to } = letter;
  const { data } = message.tlvs;
  const envelope = readEnvelope(data);
  // Malformed envelopes were sent to find out who is invisible: the answer is that of an off-line user (oscar.md §6.2).
  if (data === undefined || envelope === undefined) return [MALFORMED, failed(request, 'off-line')];
  if (!speaksForItself(envelope, context.session.uin)) return [FORGED, failed(request, 'off-line')];
  const words = plainWords(envelope, context.session.profile);
  const passing: Passing = {
    kind: 'envelope',
    format: PassFormat.rendezvous,
    bytes: data,
    cookie: message.cookie,
    codepage: context.session.profile.codepage,
    ...(words === undefined ? {} : { fallback: words }),
  };
  const invitation = invitationIn(envelope);
  if (invitation !== undefined) return invite(letter, invitation, passing);
  // Who asked this client may be answered, also where he would not be seen.
  if (isAnswerable(context, message.cookie, to)) return [pass(letter, passing, { concealed: false })];
  const needs = neededCapability(envelope);
  const question = statusRequestOf(envelope);
  if (question !== undefined && needs !== undefined) return [askForStatus(letter, passing, needs, question)];
  const how = { concealed: true, ...(needs === undefined ? {} : { needs }) };
  return [words === undefined || words === '' ? pass(letter, passing, how) : sayInEnvelope(letter, passing, how, words)];
}

/** To somebody who is not seen go the words alone, as any message does: he may be there or not. */
function sayInEnvelope(letter: Letter, passing: Passing, how: PassedHow, words: string): OscarEffect {
  return ask(
    'messages.pass',
    { to: letter.to, passing, ...how },
    () => acknowledged(letter),
    ({ refusal }) => [refusal === 'off-line' ? send(letter, { kind: 'text', text: words }) : failed(letter.request, refusal)],
  );
}

/**
 * Into a private room comes only who was invited, by somebody who may come in himself. An invitation that does not reach anybody
 * opens nothing: else everybody's name for a room could be made to lead elsewhere without his knowing.
 */
function invite(letter: Letter, invitation: extended.ChatInvitation | 'unreadable', passing: Passing): readonly OscarEffect[] {
  if (invitation === 'unreadable') return [failed(letter.request, 'no-such-room')];
  const { to } = letter;
  const refused = ({ refusal }: Refused): readonly OscarEffect[] => [failed(letter.request, refusal)];
  const admit = (room: RoomId): OscarEffect => ask('rooms.invite', { room, to }, () => acknowledged(letter), refused);
  const into = (room: RoomId): OscarEffect => ask('messages.pass', { to, passing, concealed: true, needs: Capability.chatRooms }, () => [admit(room)], refused);
  const room = roomIdFrom(invitation.cookie);
  if (room !== undefined) return [ask('rooms.show', { room }, () => [into(room)], refused)];
  // COMPAT: bitlbee invites by the name of a room, which it is only about to make.
  const kind = roomKindOf(invitation.exchange);
  if (kind === undefined) return [failed(letter.request, 'no-such-room')];
  const name = decodeUtf8Or(invitation.cookie, letter.context.session.profile.codepage);
  return [ask('rooms.open', { kind, name }, (view) => [into(view.room.id)], refused)];
}

/** The other's client is asked. One that does not know the question has told the server what to say, perhaps. */
function askForStatus(letter: Letter, passing: Passing, needs: string, question: StatusRequest): OscarEffect {
  const { context, message, request, to } = letter;
  return ask(
    'messages.pass',
    { to, passing, concealed: true, needs },
    () => acknowledged(letter),
    ({ refusal }) => [
      ask(
        'presence.look',
        { uin: to },
        ({ away }) => {
          const words = away && styledWords(away, context.session.profile.codepage);
          if (words === undefined || words === '') return [failed(request, refusal)];
          const data = statusAnswer(question, words, context.session.profile.codepage);
          const { cookie, channel } = message;
          return [
            ...acknowledged(letter),
            say(icbm.clientErr, { cookie, channel, screenName: String(to), reason: icbm.ClientErrReason.channelSpecific, data }),
          ];
        },
        () => [failed(request, refusal)],
      ),
    ],
  );
}

/** Stored also without TLV 06: "off line" would be an answer that only somebody who is not hiding gets (oscar.md §15, row 15). */
function send(letter: Letter, body: Body): OscarEffect {
  const { senderId } = letter.message.tlvs;
  const input = { to: letter.to, body };
  return perform(letter, 'messages.send', senderId === undefined ? input : { ...input, senderId: hex(senderId) });
}

type PassedHow = Pick<CommandInput<'messages.pass'>, 'concealed' | 'needs'>;

function pass(letter: Letter, passing: Passing, how: PassedHow): OscarEffect {
  return perform(letter, 'messages.pass', { to: letter.to, passing, ...how });
}

type Delivering = 'messages.send' | 'messages.pass' | 'authorisation.request' | 'authorisation.answer';

/** The acknowledgement stands for what the core has done, and comes only to those who asked for it. */
function perform<C extends Delivering>(letter: Letter, command: C, input: CommandInput<C>): OscarEffect {
  return ask(
    command,
    input,
    () => acknowledged(letter),
    ({ refusal }) => [failed(letter.request, refusal)],
  );
}

function acknowledged({ message, request }: Letter): readonly OscarEffect[] {
  if (message.tlvs.requestHostAck === undefined) return [];
  return [reply(request, icbm.hostAck, { cookie: message.cookie, channel: message.channel, recipient: message.recipient })];
}

function failed(request: Request, refusal: Refusal): OscarEffect {
  const tlvs = refusal === 'mailbox-full' ? { subCode: ErrorSubCode.storeFull } : {};
  return reply(request, icbm.error, { code: REFUSAL_CODES[refusal], tlvs });
}

/** There is nothing in it that could be read. */
function malformed(request: Request): readonly OscarEffect[] {
  return [MALFORMED, failed(request, 'bad-input')];
}

const MALFORMED = counted('oscar_snacs_malformed');
const FORGED = counted('oscar_snacs_forged');

// ---------------------------------------------------------------- answers from client to client

const answerData = struct({ channel: be.u16, reason: be.u16, data: bytes(rest) });

/** Only the answer to something this client was given a moment ago, so nobody is told lies about messages that never arrived. */
const onClientError: Handler<icbm.ClientErr> = (context, { cookie, channel, screenName, reason, data }) => {
  const to = parseUin(screenName);
  if (to === undefined || data.length > context.limits.messageBytesMax) return [MALFORMED];
  if (!isAnswerable(context, cookie, to)) return [FORGED];
  if (channel === Channel.rendezvous && reason === icbm.ClientErrReason.channelSpecific && !namesOnly(data, context.session.uin)) return [FORGED];
  const { codepage } = context.session.profile;
  const passing: Passing = { kind: 'envelope', format: PassFormat.answer, bytes: encode(answerData, { channel, reason, data }), cookie, codepage };
  return [ask('messages.pass', { to, passing, concealed: false }, nothing, nothing)];
};

const nothing = (): readonly OscarEffect[] => [];

function isAnswerable({ state, now, limits }: OscarContext, cookie: Uint8Array, to: Uin): boolean {
  return state.answerable.has(cookie, to, now, limits);
}

function hex(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
}

const TYPING = new Map([
  [TypingEvent.finished, 'finished'],
  [TypingEvent.paused, 'paused'],
  [TypingEvent.begun, 'begun'],
  [TypingEvent.closed, 'closed'],
] as const);

const TYPING_EVENT = { finished: TypingEvent.finished, paused: TypingEvent.paused, begun: TypingEvent.begun, closed: TypingEvent.closed };

/** Reaches who is there, and nobody hears of it otherwise. */
const onTyping: Handler<icbm.ClientEvent> = (_context, { cookie, channel, screenName, event }) => {
  const to = parseUin(screenName);
  const typing = TYPING.get(event as typeof TypingEvent.begun);
  if (to === undefined || typing === undefined) return [];
  return [ask('messages.pass', { to, passing: { kind: 'typing', typing, cookie, channel }, concealed: false }, nothing, nothing)];
};

// ---------------------------------------------------------------- stored messages

/** They count as given from here on; what becomes of the connection confirms them or not. */
const onOfflineRetrieve: Handler<icbm.OfflineRetrieve> = (context, { tlvs: { after } }, request) => [
  ask(
    'messages.fetch',
    after === undefined || context.session.profile.protocol !== 'own' ? undefined : { after },
    (messages) => [...messages.flatMap((message) => renderStored(context, message)), reply(request, icbm.offlineRetrieveReply, {}), FETCH_GIVEN],
    ({ refusal }) => [failed(request, refusal)],
  ),
];

/** ICQ users cannot be warned. */
const onEvilRequest: Handler<unknown> = (_context, _message, request) => [reply(request, icbm.error, { code: ErrorCode.notSupportedByHost, tlvs: {} })];

export const routes: readonly Route[] = [
  on(icbm.addParameters, onAddParameters),
  on(icbm.deleteParameters, onDeleteParameters),
  on(icbm.parameterQuery, onParameterQuery),
  on(icbm.channelMsgToHost, onMessage),
  on(icbm.evilRequest, onEvilRequest),
  on(icbm.clientErr, onClientError),
  on(icbm.offlineRetrieve, onOfflineRetrieve),
  on(icbm.clientEvent, onTyping),
];

// ---------------------------------------------------------------- what the core delivers

/** The client as a reader of messages. */
export function readerOf({ session, state }: OscarContext): ClientProfile {
  return state.writesUnicode && !session.profile.unicode ? { ...session.profile, unicode: true } : session.profile;
}

/** A message as it happens. */
export function renderMessage(context: OscarContext, message: Message, sender: PresenceView | undefined): readonly OscarEffect[] {
  const stamp = stampOf(message);
  return deliver(context, message, sender, stamp, stamp.typing ? TYPING_TAKEN : NO_MARKS);
}

/** A message that waited, with the time it was sent. */
export function renderStored(context: OscarContext, message: Message): readonly OscarEffect[] {
  return deliver(context, message, undefined, stampOf(message), { sendTime: Math.floor(message.sentAt / 1000) });
}

type Marks = Pick<icbm.ChannelMsgToClient['tlvs'], 'typing' | 'sendTime' | 'autoResponse' | 'messageId'>;

const NO_MARKS: Marks = {};
const TYPING_TAKEN: Marks = { typing: true };

function deliver(context: OscarContext, message: Message, sender: PresenceView | undefined, { cookie }: Stamp, marks: Marks): readonly OscarEffect[] {
  const { session, limits } = context;
  const { id, from, body } = message;
  if (hasOwnPacket(body, session.profile)) {
    return [{ do: 'send', packet: { ...authorisationPacket(context, message, body), written: writtenBy(session, id) } }];
  }
  const isOwn = session.profile.protocol === 'own';
  // Our own clients know a message again by its id, which pieces cannot share. A FLAP frame has room for every message there is.
  const parts = icbmParts(message, readerOf(context), isOwn ? Number.POSITIVE_INFINITY : limits.messageBytesMax);
  // Nothing this client could show: it has had what there is for it.
  if (parts.length === 0) {
    session.written(id);
    if (isOwn) session.confirmed(id);
    return missed(context, from, sender);
  }
  const known: Marks = isOwn ? { ...marks, messageId: id } : marks;
  const end = parts.length - 1;
  const last = toClient(context, from, sender, numbered(cookie, end), marked(parts[end] as IcbmPart, known), writtenBy(session, id));
  return end === 0 ? [last] : [...pieces(context, from, sender, cookie, parts.slice(0, end), marks), last];
}

function writtenBy(session: Session, id: MessageId): () => void {
  return () => session.written(id);
}

function pieces(
  context: OscarContext,
  from: Uin,
  sender: PresenceView | undefined,
  cookie: Uint8Array,
  parts: readonly IcbmPart[],
  marks: Marks,
): readonly OscarEffect[] {
  return parts.map((part, index) => toClient(context, from, sender, numbered(cookie, index), marked(part, marks)));
}

/** A 04/07 but for who sent it and its cookie. */
type Words = Pick<icbm.ChannelMsgToClient, 'channel' | 'tlvs'>;

function marked(part: IcbmPart, marks: Marks): Words {
  return marks === NO_MARKS ? part : { channel: part.channel, tlvs: { ...part.tlvs, ...marks } };
}

/** 04/0A, to those who want to hear of it: there was a message they cannot be shown. */
function missed({ state, now }: OscarContext, from: Uin, sender: PresenceView | undefined): readonly OscarEffect[] {
  const flags = state.icbmFlags.get(Channel.typed) ?? state.icbmFlags.get(ANY_CHANNEL) ?? 0;
  if ((flags & IcbmFlag.missedCalls) === 0) return [];
  const call = { channel: Channel.typed, sender: messageSender(from, sender, now), count: 1, reason: icbm.MissedReason.invalid };
  return [say(icbm.missedCalls, { calls: [call] })];
}

/** Pieces of one message have cookies of their own. */
function numbered(cookie: Uint8Array, index: number): Uint8Array {
  if (index === 0) return cookie;
  const own = Uint8Array.from(cookie);
  own[0] = (cookie[0] as number) + index;
  return own;
}

export function renderPassing(context: OscarContext, from: Uin, passing: Passing, sender: PresenceView | undefined): readonly OscarEffect[] {
  if (passing.kind === 'typing') {
    if (!takesTyping(context)) return [];
    const { cookie, channel, typing } = passing;
    return [say(icbm.clientEvent, { cookie, channel, screenName: String(from), event: TYPING_EVENT[typing] })];
  }
  const { format, bytes: data, cookie, fallback, codepage } = passing;
  switch (format) {
    case PassFormat.rendezvous: {
      // COMPAT: Trillian 3 announces channel 2 and reads nothing of it.
      if (fallback !== undefined && context.session.profile.quirks.has('no-relay')) {
        return inParts(context, from, sender, passing, { kind: 'text', text: fallback }, {});
      }
      const tlvs = { data: forRecipient(data, { recipient: context.session, sender, codepage }) };
      return [toClient(context, from, sender, cookie, { channel: Channel.rendezvous, tlvs })];
    }
    case PassFormat.answer: {
      const answer = readable(() => decode(answerData, data));
      if (answer === undefined) return [];
      const isRelayed = answer.channel === Channel.rendezvous && answer.reason === icbm.ClientErrReason.channelSpecific;
      const told = isRelayed ? retold(answer.data, codepage, context.session.profile) : answer.data;
      return [say(icbm.clientErr, { cookie, screenName: String(from), ...answer, data: told })];
    }
    case OriginalFormat.typed:
      return inParts(context, from, sender, passing, { kind: 'opaque', original: { format, bytes: data }, fallback: fallback ?? '' }, {});
    case OriginalFormat.plain:
    case OriginalFormat.html:
      return inParts(context, from, sender, passing, { kind: 'text', original: { format, bytes: data }, text: fallback ?? '' }, { autoResponse: true });
    default:
      return fallback === undefined ? [] : inParts(context, from, sender, passing, { kind: 'text', text: fallback }, {});
  }
}

function inParts(
  context: OscarContext,
  from: Uin,
  sender: PresenceView | undefined,
  { cookie }: { readonly cookie: Uint8Array },
  body: Body,
  marks: Marks,
): readonly OscarEffect[] {
  return pieces(context, from, sender, cookie, icbmParts({ from, body }, readerOf(context), context.limits.messageBytesMax), marks);
}

/** 04/07. The client may answer it from now on. */
function toClient(
  context: OscarContext,
  from: Uin,
  sender: PresenceView | undefined,
  cookie: Uint8Array,
  { channel, tlvs }: Words,
  written?: () => void,
): OscarEffect {
  context.state.answerable.add(cookie, from, context.now, context.limits);
  const value = { cookie, channel, sender: messageSender(from, sender, context.now), tlvs };
  const declaration = icbm.channelMsgToClient;
  return { do: 'send', packet: written === undefined ? { declaration, value } : { declaration, value, written } };
}
