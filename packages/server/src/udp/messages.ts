/** What people say to each other. @see icq-udp.md §15, §22.3 */
import { asUin, type CommandInput, type CommandName, type Message, type Passing, type PresenceView, type Uin } from '@seekyou/core';
import { commands, replies } from '@seekyou/wire/udp';
import { lettersOf, writtenBody } from './bodies.ts';
import { noticeOf } from './notices.ts';
import { inParts } from './parts.ts';
import { ask, type Handler, leave, on, type Route, say, type UdpContext, type UdpEffect } from './state.ts';

// ---------------------------------------------------------------- sending

interface Letter {
  readonly to: number;
  readonly type: number;
  readonly text: Uint8Array;
}

const onMessage: Handler<Letter> = (context, { to, type, text }) => {
  const recipient = asUin(to);
  if (recipient === undefined) return noticeOf(context, to, 'no-such-user');
  const body = writtenBody({ type, text }, context.session.profile);
  // Who invites to a direct connection waits for an answer.
  if (body === 'invitation') return noticeOf(context, to, 'not-supported-by-client');
  if (body === 'forbidden') return [];
  switch (body.kind) {
    case 'auth-request':
      return [deliver(context, 'authorisation.request', { to: recipient, reason: body.reason })];
    case 'auth-granted':
    case 'auth-denied':
      return [deliver(context, 'authorisation.answer', { to: recipient, granted: body.kind === 'auth-granted', reason: body.reason })];
    case 'text':
    case 'url':
    case 'contacts':
    case 'pre-authorised':
    case 'added':
      return [deliver(context, 'messages.send', { to: recipient, body })];
    default:
      return body satisfies never;
  }
};

type Delivering = Extract<CommandName, 'messages.send' | 'authorisation.request' | 'authorisation.answer'>;

/** No packet says that a message was refused, so the service says it in words. */
function deliver<C extends Delivering>(context: UdpContext, command: C, input: CommandInput<C> & { readonly to: Uin }): UdpEffect {
  return ask(
    command,
    input,
    () => [],
    // Nothing was lost as long as the client goes on trying.
    ({ refusal }) => (refusal === 'unavailable' ? [leave()] : noticeOf(context, input.to, refusal)),
  );
}

// ---------------------------------------------------------------- what the core delivers

/** A message as it happens. */
export function renderMessage({ session }: UdpContext, message: Message): readonly UdpEffect[] {
  return inParts(session, message, (letter, acknowledged) =>
    say(replies.sysDeliveredMess, { from: message.from, type: letter.type, text: letter.text }, { ordered: true, acknowledged }),
  );
}

/** Only what was said in words, and requests of other UDP clients: the rest is for programs that this one does not know. */
export function renderPassing(context: UdpContext, from: Uin, passing: Passing, sender: PresenceView | undefined): readonly UdpEffect[] {
  if (passing.kind === 'typing') return [];
  if (passing.format === TCP_REQUEST) return connectTo(from, passing.bytes, sender);
  if (passing.fallback === undefined || passing.fallback === '') return [];
  const letters = lettersOf({ from, body: { kind: 'text', text: passing.fallback } }, context.session.profile);
  return letters.map((letter) => say(replies.sysDeliveredMess, { from, type: letter.type, text: letter.text }, { ordered: true }));
}

// ---------------------------------------------------------------- direct connections

/** A `Passing` made here: u16 LE port that the other tried in vain. */
const TCP_REQUEST = 'udp/tcp-request';
const NO_COOKIE = new Uint8Array(0);

/** "Connect to me": behind a firewall, one cannot be connected to, and asks the other. Reaches who may know the address, nobody else. */
const onTcpRequest: Handler<{ readonly to: number; readonly triedPort?: number }> = (_context, { to, triedPort = 0 }) => {
  const recipient = asUin(to);
  if (recipient === undefined) return [];
  const bytes = Uint8Array.of(triedPort & 0xff, (triedPort >>> 8) & 0xff);
  const passing: Passing = { kind: 'envelope', format: TCP_REQUEST, bytes, cookie: NO_COOKIE };
  return [
    ask(
      'messages.pass',
      { to: recipient, passing, concealed: true },
      () => [],
      () => [],
    ),
  ];
};

/** Address and port are those of the sender's session: what a packet claims would make others scan ports for him. */
function connectTo(from: Uin, bytes: Uint8Array, sender: PresenceView | undefined): readonly UdpEffect[] {
  if (sender?.externalAddress === undefined || sender.direct === undefined) return [];
  const { port, kind, version } = sender.direct;
  const triedPort = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  return [say(replies.tcpRequest, { from, address: sender.externalAddress, port, tcpFlag: kind, triedPort, listenPort: port, tcpVersion: version })];
}

export const routes: readonly Route[] = [on(commands.sendMessage, onMessage), on(commands.msgToNewUser, onMessage), on(commands.tcpRequest, onTcpRequest)];
