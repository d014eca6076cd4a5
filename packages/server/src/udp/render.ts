/** What the core announces, as packets for one UDP client. Each family says its part. */
import type { SessionEvent } from '@seekyou/core';
import { renderMessage, renderPassing } from './messages.ts';
import { renderAbsence, renderPresence } from './presence.ts';
import type { UdpContext, UdpEffect } from './state.ts';

export function renderEvent(context: UdpContext, event: SessionEvent): readonly UdpEffect[] {
  switch (event.type) {
    case 'presence':
      return renderPresence(context, event.view);
    case 'absence':
      return renderAbsence(context, event.uin);
    case 'message':
      return renderMessage(context, event.message);
    case 'passing':
      return renderPassing(context, event.from, event.passing, event.sender);
    // A client that sets its status believes it.
    case 'own-presence':
    // They keep their lists themselves.
    case 'roster-edited':
    // These clients know no rooms.
    case 'room':
    // The session itself says so.
    case 'ended':
      return [];
    default:
      return event satisfies never;
  }
}
