/** What a refused sign-on is told. A new refusal does not compile until it is answered here. @see icq-udp.md §11 */
import type { Refusal } from '@seekyou/core';
import { replies, type Version } from '@seekyou/wire/udp';
import type { Answer, Call } from './strangers.ts';

const BAD_PASSWORD = 'bad-password';
const BUSY = 'busy';

/** Anything else is said in these words to clients that show them: few, to fit into the room there is. Unknown numbers and wrong passwords look alike. */
const ANSWERS = {
  'wrong-credentials': BAD_PASSWORD,
  'slow-down': BUSY,
  suspended: 'Number suspended.',
  deleted: 'Number removed.',
  'old-clients-off': 'Old clients are off.',
  'too-many-sessions': BUSY,
  'too-many-from-address': BUSY,
  'registration-closed': 'Registration is closed.',
  'bad-password': BAD_PASSWORD,
  'no-address': BUSY,
  'no-such-user': BAD_PASSWORD,
  'off-line': BUSY,
  'no-such-room': BUSY,
  'no-such-picture': BUSY,
  'you-ignore-them': BUSY,
  'mailbox-full': BUSY,
  'too-large': BAD_PASSWORD,
  'bad-input': BAD_PASSWORD,
  'not-allowed': BAD_PASSWORD,
  'not-supported-by-client': BUSY,
  'list-full': BUSY,
  unavailable: BUSY,
} satisfies Record<Refusal, string>;

/** The acknowledgement, and why not. */
export function refuseSignOn({ packet }: Call, answer: Answer | undefined, refusal: Refusal): void {
  if (answer === undefined) return;
  answer.acknowledge();
  const said = ANSWERS[refusal];
  if (said === BUSY) answer.say(replies.tryAgain, {});
  else if (said === BAD_PASSWORD || !sayWhy(packet.version, answer, said)) sayBadPassword(packet.version, answer);
}

/** False where there is no such packet, or no room for it. */
function sayWhy(version: Version, answer: Answer, words: string): boolean {
  if (version !== 3 && version !== 5) return false;
  const text = Uint8Array.from(words, (character) => character.charCodeAt(0));
  return answer.say(replies.loginErr, version === 5 ? { text, zero: 0 } : { text });
}

// COMPAT: the first server spoke version 3 here, and some clients understand only that; mICQ and icqlib read only version 5
// (icq-udp.md §8.3).
function sayBadPassword(version: Version, answer: Answer): void {
  if (version === 5) answer.say(replies.badPass, { two: 0 }, { format: 3 });
  answer.say(replies.badPass, {});
}
