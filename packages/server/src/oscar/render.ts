/** What the core announces, as packets for one OSCAR client. Each family says its part. */
import type { SessionEvent } from '@seekyou/core';
import { oservice } from '@seekyou/wire/oscar';
import { renderAbsence, renderPresence } from './buddy.ts';
import { renderEdits } from './feedbag.ts';
import { renderMessage, renderPassing } from './icbm.ts';
import { ask, type OscarContext, type OscarEffect, say } from './state.ts';
import { ownUser } from './user-info.ts';

export function renderEvent(context: OscarContext, event: SessionEvent): readonly OscarEffect[] {
  switch (event.type) {
    case 'presence':
      return renderPresence(context, event.view);
    case 'absence':
      return renderAbsence(context, event.uin);
    case 'own-presence':
      return renderOwnPresence(context);
    case 'message':
      return renderMessage(context, event.message, event.sender);
    case 'passing':
      return renderPassing(context, event.from, event.passing, event.sender);
    case 'roster-edited':
      return renderEdits(context, event.edits);
    // Rooms have connections of their own.
    case 'room':
      return [];
    case 'ended':
      return [{ do: 'close', last: [], why: event.reason }];
    default:
      return event satisfies never;
  }
}

/** 01/0F unasked. A session that is gone by the time the core answers has nothing to hear. */
function renderOwnPresence({ session, now }: OscarContext): readonly OscarEffect[] {
  return [
    ask(
      'presence.own',
      undefined,
      (own) => [say(oservice.userInfoUpdate, ownUser(own, session.instance, now))],
      () => [],
    ),
  ];
}
