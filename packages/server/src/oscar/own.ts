/** What our own clients add to OSCAR. @see own.md */
import { own } from '@seekyou/wire/oscar';
import { type Handler, on, type Route } from './state.ts';

/** Only what this session was given can be confirmed by it; the core sees to that. */
const onDelivered: Handler<own.Delivered> = ({ session }, { messageIds }) => {
  for (const id of messageIds) session.confirmed(id);
  return [];
};

export const routes: readonly Route[] = [on(own.delivered, onDelivered)];
