/** Family 09: visible and invisible lists of sessions that keep their roster themselves. @see oscar.md §5.3 */
import { privacy } from '@seekyou/wire/oscar';
import { uinsOf } from './buddy.ts';
import { REFUSAL_CODES } from './refusal-codes.ts';
import { ask, type Handler, on, reply, type Route } from './state.ts';

/** What 09/05–09/08 carry. */
interface ScreenNames {
  readonly screenNames: readonly string[];
}

const onRightsQuery: Handler<unknown> = ({ limits }, _message, request) => [
  reply(request, privacy.rightsReply, {
    tlvs: { permitMax: limits.rosterListMax, denyMax: limits.rosterListMax, temporaryPermitMax: limits.rosterListMax },
  }),
];

/**
 * An empty list counts: it switches to that list's mode. AIM says "nobody sees me" and "all see me" by putting the
 * user's own name on the visible or invisible list; leaving the name out makes that an empty list, which means the same.
 */
function onList(list: 'visible' | 'invisible', change: 'add' | 'remove'): Handler<ScreenNames> {
  return ({ session }, { screenNames }, request) => {
    const uins = uinsOf(screenNames).filter((uin) => uin !== session.uin);
    if (change === 'remove' && uins.length === 0) return [];
    return [
      ask(
        'visibility.edit',
        { list, do: change, uins },
        () => [],
        ({ refusal }) => [reply(request, privacy.error, { code: REFUSAL_CODES[refusal], tlvs: {} })],
      ),
    ];
  };
}

export const routes: readonly Route[] = [
  on(privacy.rightsQuery, onRightsQuery),
  // AIM's classes of users: everybody is of one class here.
  on(privacy.setGroupPermitMask, () => []),
  on(privacy.addPermit, onList('visible', 'add')),
  on(privacy.delPermit, onList('visible', 'remove')),
  on(privacy.addDeny, onList('invisible', 'add')),
  on(privacy.delDeny, onList('invisible', 'remove')),
  // AIM's passing permits. The lists above are all there is; adding to the visible one would change its mode.
  on(privacy.addTempPermit, () => []),
  on(privacy.delTempPermit, () => []),
];
