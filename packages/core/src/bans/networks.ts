/** Addresses and networks as numbers of 128 bits; IPv4 stands in `::ffff:0:0/96`, so each address has one number. */

const BITS = 128;
const IPV4 = 0xffff_0000_0000n;
const IPV4_BITS = 96;

export interface Network {
  /** As everybody writes it: `192.0.2.0/24`, `2001:db8::/32`; a single address without a length. */
  readonly text: string;
  /** The bits that count. */
  readonly prefix: bigint;
  /** How many they are, of 128. */
  readonly length: number;
}

/** `undefined` when the text is no address. A zone (`%eth0`) is not part of one. */
export function addressNumber(text: string): bigint | undefined {
  const plain = text.split('%', 1)[0] as string;
  return plain.includes(':') ? ipv6Number(plain) : ipv4Number(plain);
}

/** The first bits of an address. */
export function prefixOf(address: bigint, length: number): bigint {
  return address >> BigInt(BITS - length);
}

/** An address or `ADDRESS/LENGTH`; bits beyond the length do not count. `undefined` when it is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', bits, ...more] = text.split('/');
  const number = addressNumber(address);
  if (number === undefined || more.length > 0) return undefined;
  const fixed = address.includes(':') ? 0 : IPV4_BITS;
  if (bits === undefined) return networkAt(number, BITS);
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > BITS - fixed) return undefined;
  return networkAt(number, fixed + Number(bits));
}

function networkAt(address: bigint, length: number): Network {
  const prefix = prefixOf(address, length);
  const first = prefix << BigInt(BITS - length);
  const isIpv4 = length >= IPV4_BITS && first >> 32n === IPV4 >> 32n;
  const shown = isIpv4 ? ipv4Text(first) : ipv6Text(first);
  return { text: length === BITS ? shown : `${shown}/${isIpv4 ? length - IPV4_BITS : length}`, prefix, length };
}

function ipv4Number(text: string): bigint | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let number = 0;
  for (let at = 1; at <= 4; at++) {
    const byte = Number(match[at]);
    if (byte > 255) return undefined;
    number = number * 256 + byte;
  }
  return IPV4 + BigInt(number);
}

function ipv6Number(text: string): bigint | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array<number>(missing).fill(0), ...after];
  if (groups.some((group) => Number.isNaN(group))) return undefined;
  return groups.reduce((number, group) => (number << 16n) + BigInt(group), 0n);
}

/** 16 bits each; a dotted end is two of them, and what makes no sense is not a number. */
function groupsOf(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    const dotted = group.includes('.') ? ipv4Number(group) : undefined;
    if (dotted !== undefined) return [Number((dotted >> 16n) & 0xffffn), Number(dotted & 0xffffn)];
    return [/^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : Number.NaN];
  });
}

function ipv4Text(number: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((number >> shift) & 255n)).join('.');
}

/** RFC 5952: lower case, the longest run of two or more zero groups left out. */
function ipv6Text(number: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((number >> BigInt(112 - 16 * at)) & 0xffffn).toString(16));
  let longest = { at: 0, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === '0') length++;
    if (length > longest.length) longest = { at, length };
  }
  if (longest.length < 2) return groups.join(':');
  return `${groups.slice(0, longest.at).join(':')}::${groups.slice(longest.at + longest.length).join(':')}`;
}
