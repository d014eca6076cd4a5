/** What the core announces, as packets for one UDP client. Each family says its part. */
import type { SessionEvent } from '@seekyou/core';
import type { UdpContext, UdpEffect } from './state.ts';

export function renderEvent(_context: UdpContext, event: SessionEvent): readonly UdpEffect[] {
  switch (event.type) {
    case 'presence':
    case 'absence':
    case 'own-presence':
    case 'message':
    case 'passing':
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
