/** Messages that waited. @see icq-udp.md §16, §9.1 */
import type { Message, Session } from '@seekyou/core';
import { commands, replies } from '@seekyou/wire/udp';
import { inParts } from './parts.ts';
import { ask, become, type Handler, on, post, type Route, say, type UdpEffect } from './state.ts';

/** Runs {@link fetchStored} when the client does not ask by itself. */
export const FETCH_TIMER = 'stored';

const onLogin1: Handler<unknown> = ({ session }) => fetchStored(session);

/** All there is, oldest first, and X2. Asked again, a client gets what came since. */
export function fetchStored(session: Session): readonly UdpEffect[] {
  return [
    { do: 'timer', name: FETCH_TIMER, ms: 0, run: () => [] },
    become({ fetched: true }),
    ask(
      'messages.fetch',
      undefined,
      (messages) => [post([...messages.map((message) => () => stored(session, message)), () => [say(replies.endOfMessages, {}, { ordered: true })]])],
      () => [],
    ),
  ];
}

function stored(session: Session, message: Message): readonly UdpEffect[] {
  const time = Math.floor(message.sentAt / 1000);
  return inParts(session, message, (letter, acknowledged) =>
    say(replies.recvMessage, { from: message.from, time, type: letter.type, text: letter.text }, { ordered: true, acknowledged }),
  );
}

/**
 * "Delete what you sent." Nothing is left to do: each message was confirmed, and left the store, when the client had acknowledged
 * all of its packets; what it has not acknowledged it did not get, and is not meant.
 */
const onAckMessages: Handler<unknown> = () => [];

/** Groupware's broadcasts: there never are any. */
const onBroadcastRequest: Handler<unknown> = () => [say(replies.endOfStoredBroadcasts, {})];

export const routes: readonly Route[] = [
  on(commands.login1, onLogin1),
  on(commands.ackMessages, onAckMessages),
  on(commands.broadcastRequest, onBroadcastRequest),
];
