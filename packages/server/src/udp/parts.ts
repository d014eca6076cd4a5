/** One message in as many packets as it takes. */
import type { Message, Session } from '@seekyou/core';
import type { TypedMessage } from '../runtime/typed-messages.ts';
import { lettersOf } from './bodies.ts';
import type { UdpEffect } from './state.ts';

/** @param packet the packet for one part, and what is to happen when the client has acknowledged it */
export function inParts(session: Session, message: Message, packet: (letter: TypedMessage, acknowledged: () => void) => UdpEffect): readonly UdpEffect[] {
  const letters = lettersOf(message, session.profile);
  let left = letters.length;
  // Half a message is none: the store keeps it until the last part has arrived, in whatever order.
  const acknowledged = (): void => {
    if (--left === 0) session.confirmed(message.id);
  };
  // Nothing this client could show: it has had what there is for it.
  if (left === 0) session.confirmed(message.id);
  return letters.map((letter) => packet(letter, acknowledged));
}
