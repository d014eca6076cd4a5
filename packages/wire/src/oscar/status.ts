/** The 32-bit ICQ status: flags in the high word, status in the low one. @see oscar.md §3.5 */

/** Low word. Bits combine: DND is away, N/A, occupied and DND's own bit together. */
export const StatusBit = {
  away: 0x0001,
  doNotDisturb: 0x0002,
  notAvailable: 0x0004,
  occupied: 0x0010,
  freeForChat: 0x0020,
  invisible: 0x0100,
} as const;

/** High word, as bits of the whole status. */
export const StatusFlag = {
  /** May be shown on pages and to people who are not contacts. */
  webAware: 0x00010000,
  /** Clients agree on "hide", whatever it was once called. */
  hideIp: 0x00020000,
  fileServer: 0x00040000,
  birthday: 0x00080000,
  directDisabledLicq: 0x00100000,
  homepage: 0x00200000,
  directDisabled: 0x01000000,
  /** Direct connections only after authorization. */
  directAuthorized: 0x10000000,
  /** Direct connections only with own contacts. */
  directContacts: 0x20000000,
} as const;

export type StatusName = 'online' | 'away' | 'not-available' | 'occupied' | 'do-not-disturb' | 'free-for-chat';

/** What other programs know beyond these (QIP): relayed unchanged. */
export const ExtendedStatus = { lunch: 0x2001, evil: 0x3000, depression: 0x4000, home: 0x5000, work: 0x6000 } as const;

// Tested in this order (oscar.md §3.5); the value is what ICQ itself sends.
const NAMED: readonly (readonly [name: StatusName, bit: number, value: number])[] = [
  ['do-not-disturb', StatusBit.doNotDisturb, 0x0013],
  ['occupied', StatusBit.occupied, 0x0011],
  ['not-available', StatusBit.notAvailable, 0x0005],
  ['away', StatusBit.away, 0x0001],
  ['free-for-chat', StatusBit.freeForChat, 0x0020],
];

const VALUES = new Map(NAMED.map(([name, , value]) => [name, value]));

/** The bits that say which of the named ones it is. */
const NAMED_MASK = 0x0037;

/** The name behind a status; invisible is not one of them, see {@link isInvisible}. */
export function statusName(status: number): StatusName {
  return NAMED.find(([, bit]) => (status & bit) !== 0)?.[0] ?? 'online';
}

export function isInvisible(status: number): boolean {
  return (status & StatusBit.invisible) !== 0;
}

/** The bits ICQ sends for a name. */
export function statusBits(name: StatusName): number {
  return VALUES.get(name) ?? 0;
}

/**
 * A status with the bits ICQ itself sends for DND, occupied and N/A, because ICQ2000 shows odd icons for incomplete ones.
 * Flags, the invisible bit and values of other programs stay.
 */
export function normalStatus(status: number): number {
  return ((status & ~NAMED_MASK) | statusBits(statusName(status))) >>> 0;
}
