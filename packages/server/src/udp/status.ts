/**
 * The status word as UDP clients send and read it. Which bits there are is OSCAR's business too; here is what the old ones
 * do not know. @see icq-udp.md §12, docs/clients/udp.md
 */
import type { Status } from '@seekyou/core';
import { StatusBit } from '@seekyou/wire/oscar';
import type { Version } from '@seekyou/wire/udp';
import { statusWord } from '../runtime/icq-status.ts';

/** The flags of the high half, and the six states and the invisible bit of the low one. What later clients added stays out. */
const KNOWN_BITS = 0xffff0137;
const STATE_BITS = 0x0037;

/** Versions 1 and 2 know "away", "occupied" (shown as do-not-disturb) and nothing else. */
const VERSION_2_STATES = {
  online: 0,
  away: StatusBit.away,
  'not-available': StatusBit.away,
  occupied: StatusBit.away | StatusBit.occupied,
  'do-not-disturb': StatusBit.away | StatusBit.occupied,
  'free-for-chat': 0,
} satisfies Record<Status['availability'], number>;

/** The word a client of this version gets. */
export function wordFor(status: Status, version: Version): number {
  const word = statusWord(status) & KNOWN_BITS;
  return (version > 2 ? word : (word & ~STATE_BITS) | VERSION_2_STATES[status.availability]) >>> 0;
}
