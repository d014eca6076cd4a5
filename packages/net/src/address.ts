/** IP addresses as text: one spelling for each, and the network an address belongs to. */

/** IPv4 in its own form, not as `::ffff:192.0.2.1`. Anything else stays. */
export function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;
}

/** `192.0.2.1:5190`, `[2001:db8::1]:5190`. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Who shares a limit: an IPv4 /24 (a site, a provider's small block) or an IPv6 /56 (one customer).
 * What is no address is its own network.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain.slice(0, plain.lastIndexOf('.') + 1) || plain;
  const groups = ipv6Groups(plain);
  if (groups === undefined) return plain;
  const head = groups.slice(0, 4).map((group, i) => (i === 3 ? group & 0xff00 : group).toString(16));
  return `${head.join(':')}::`;
}

/** The eight 16-bit groups; a zone (`%eth0`) and a dotted tail are understood. */
function ipv6Groups(address: string): number[] | undefined {
  const [text = ''] = address.split('%');
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = 8 - before.length - after.length;
  if (zeros < 0 || (tail === undefined && zeros !== 0)) return undefined;
  const groups = [...before, ...Array.from({ length: zeros }, () => 0), ...after];
  return groups.every((group) => Number.isInteger(group) && group >= 0 && group <= 0xffff) ? groups : undefined;
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    const dotted = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(group);
    if (dotted === null) return [/^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : Number.NaN];
    const [a, b, c, d] = dotted.slice(1).map(Number) as [number, number, number, number];
    return [a * 256 + b, c * 256 + d];
  });
}
