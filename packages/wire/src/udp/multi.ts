/** Packets inside packets: several small ones in one for version 5, and one large one in pieces for Groupware. @see icq-udp.md §17 */
import { WireError } from '../errors.ts';
import { decodeParameters, encodeParameters } from './declaration.ts';
import { isPacket, parseServerPacket, type ServerPacket } from './packet.ts';
import { fragment, multiPacket } from './replies.ts';

/** Bytes of one multi-packet's parameters that clients take. */
export const MULTI_BYTES_MAX = 450;

/** Of a packet inside of one, beside its own parameters: its length and its header. */
export const INNER_BYTES = 2 + 21;

/**
 * The parameters of a multi-packet. Every inner packet must carry the outer one's seq1, because clients disagree about which of
 * them to acknowledge.
 *
 * @param packets complete datagrams for version 5, at most 255
 */
export function packMulti(packets: readonly Uint8Array[]): Uint8Array {
  return encodeParameters(multiPacket, 5, { packets });
}

/** The packets inside; those that are none are left out. @throws WireError when the lengths lie */
export function unpackMulti(parameters: Uint8Array): readonly ServerPacket[] {
  return decodeParameters(multiPacket, 5, parameters).packets.map(parseServerPacket).filter(isPacket);
}

/** Bytes of a packet in one fragment. */
export const SLICE_BYTES = 482;

/** Most fragments of one packet. */
export const FRAGMENTS_MAX = 8;

/** How long the rest of a packet is waited for. */
export const FRAGMENTS_WAIT_MS = 10_000;

/** The parameters of the fragments of a packet; all go out with the same seq2. @throws WireError `too-long` beyond 8 of them */
export function splitPacket(packet: Uint8Array): readonly Uint8Array[] {
  const parts = Math.max(1, Math.ceil(packet.length / SLICE_BYTES));
  if (parts > FRAGMENTS_MAX) throw new WireError('too-long', -1, `${packet.length} bytes are more than ${FRAGMENTS_MAX} fragments`);
  return Array.from({ length: parts }, (_, part) =>
    encodeParameters(fragment, 3, { part, parts, slice: packet.subarray(part * SLICE_BYTES, (part + 1) * SLICE_BYTES) }),
  );
}

/** One packet on its way, of one session and direction. */
export interface Assembly {
  readonly seq2: number;
  readonly begunMs: number;
  readonly slices: readonly (Uint8Array | undefined)[];
}

/**
 * Takes a fragment in.
 *
 * A fragment with another seq2, another number of parts, or after the wait begins anew: there is one assembly per session.
 *
 * @param parameters of commands.fragment or replies.fragment
 * @returns the packet once it is whole, else the assembly so far
 * @throws WireError for a part that cannot be, or more parts than {@link FRAGMENTS_MAX}
 */
export function assemble(
  before: Assembly | undefined,
  seq2: number,
  parameters: Uint8Array,
  nowMs: number,
): { readonly packet: Uint8Array } | { readonly assembly: Assembly } {
  const { part, parts, slice } = decodeParameters(fragment, 3, parameters);
  if (parts === 0 || parts > FRAGMENTS_MAX || part >= parts) throw new WireError('out-of-range', 0, `part ${part} of ${parts}`);
  const goesOn = before !== undefined && before.seq2 === seq2 && before.slices.length === parts && nowMs - before.begunMs <= FRAGMENTS_WAIT_MS;
  const slices = goesOn ? [...before.slices] : Array.from({ length: parts }, (): Uint8Array | undefined => undefined);
  slices[part] = slice;
  if (slices.every((one) => one !== undefined)) return { packet: joined(slices) };
  return { assembly: { seq2, begunMs: goesOn ? before.begunMs : nowMs, slices } };
}

function joined(slices: readonly Uint8Array[]): Uint8Array {
  const packet = new Uint8Array(slices.reduce((sum, slice) => sum + slice.length, 0));
  let at = 0;
  for (const slice of slices) {
    packet.set(slice, at);
    at += slice.length;
  }
  return packet;
}
