/** One message in as many packets as it takes. */
import type { Message, Session } from '@seekyou/core';
import type { Author, TypedMessage } from '../runtime/typed-messages.ts';
import { lettersOf, wantsAuthor } from './bodies.ts';
import { ask, type UdpEffect } from './state.ts';

/** Makes the packet for one part of a message; `acknowledged` is to run when the client has it. */
export type PacketOf = (letter: TypedMessage, acknowledged: () => void) => UdpEffect;

export function inParts(session: Session, message: Message, packet: PacketOf): readonly UdpEffect[] {
  if (!wantsAuthor(message)) return parts(session, message, packet, undefined);
  return [
    ask(
      'profile.load',
      { uin: message.from },
      ({ nickname, first, last, email }) => parts(session, message, packet, { nickname, first, last, email: email.address }),
      () => parts(session, message, packet, undefined),
    ),
  ];
}

function parts(session: Session, message: Message, packet: PacketOf, author: Author | undefined): readonly UdpEffect[] {
  const letters = lettersOf(message, session.profile, author);
  let left = letters.length;
  // Half a message is none: the store keeps it until the last part has arrived, in whatever order.
  const acknowledged = (): void => {
    if (--left === 0) session.confirmed(message.id);
  };
  // Nothing this client could show: it has had what there is for it.
  if (left === 0) session.confirmed(message.id);
  return letters.map((letter) => packet(letter, acknowledged));
}
