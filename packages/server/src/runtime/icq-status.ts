/** The 32-bit ICQ status and what the core makes of it. @see oscar.md §3.5 */
import type { Availability, Status } from '@seekyou/core';
import { isInvisible, StatusBit, statusBits, StatusFlag, statusName } from '@seekyou/wire/oscar';

const HIGH_WORD = 0xffff0000;
/** Bits of the low word that carry one of the named values. */
const NAMED_BITS = 0x0137;
const DIRECT_FLAGS = StatusFlag.directDisabled | StatusFlag.directDisabledLicq | StatusFlag.directAuthorized | StatusFlag.directContacts;

/** What a status word says. */
export function statusFromWord(word: number): Status {
  return {
    availability: statusName(word),
    invisible: isInvisible(word),
    webAware: (word & StatusFlag.webAware) !== 0,
    hideAddress: (word & StatusFlag.hideIp) !== 0,
    direct: directFrom(word),
    word: word >>> 0,
  };
}

/**
 * The word others get: the bits ICQ itself sends for a named status (0013, 0011, 0005), what else the sender's word held unchanged.
 * The named parts win over the word, so a status that was set without one has the right word too.
 */
export function statusWord(status: Status): number {
  const extras = status.word & ~HIGH_WORD & ~NAMED_BITS;
  const invisible = status.invisible ? StatusBit.invisible : 0;
  return (flagsOf(status) | extras | statusBits(status.availability) | invisible) >>> 0;
}

/** Whether the others' clients say "away" in some form. */
export function isAway(availability: Availability): boolean {
  return availability !== 'online' && availability !== 'free-for-chat';
}

function directFrom(word: number): Status['direct'] {
  if ((word & (StatusFlag.directDisabled | StatusFlag.directDisabledLicq)) !== 0) return 'off';
  if ((word & StatusFlag.directAuthorized) !== 0) return 'authorised';
  return (word & StatusFlag.directContacts) !== 0 ? 'contacts' : 'all';
}

const DIRECT_FLAG = {
  all: 0,
  off: StatusFlag.directDisabled,
  authorised: StatusFlag.directAuthorized,
  contacts: StatusFlag.directContacts,
} satisfies Record<Status['direct'], number>;

function flagsOf(status: Status): number {
  let flags = status.word & HIGH_WORD & ~(StatusFlag.webAware | StatusFlag.hideIp);
  if (directFrom(status.word) !== status.direct) flags = (flags & ~DIRECT_FLAGS) | DIRECT_FLAG[status.direct];
  if (status.webAware) flags |= StatusFlag.webAware;
  if (status.hideAddress) flags |= StatusFlag.hideIp;
  return flags;
}
