/** Changes to bytes that find mistakes: in single bytes, in lengths, in the order and number of frames. */
import { FLAP_HEADER_BYTES, FLAP_MARKER } from '@seekyou/wire/oscar';
import type { Chance } from '../chance.ts';

const INTERESTING_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff, 0x2a];
const INTERESTING_WORDS = [0x0000, 0x0001, 0x00ff, 0x0100, 0x7fff, 0x8000, 0xfffe, 0xffff];
const PAYLOAD_MAX = 0xffff;

type Mutation = (bytes: Buffer, chance: Chance) => Buffer;

const flipBit: Mutation = (bytes, chance) => {
  const at = chance.below(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << chance.below(8));
  return bytes;
};

const setByte: Mutation = (bytes, chance) => {
  bytes[chance.below(bytes.length)] = chance.pick(INTERESTING_BYTES);
  return bytes;
};

const setWord: Mutation = (bytes, chance) => {
  if (bytes.length >= 2) bytes.writeUInt16BE(chance.pick(INTERESTING_WORDS), chance.below(bytes.length - 1));
  return bytes;
};

/** Lengths are mostly small words that are about right. */
const nudgeWord: Mutation = (bytes, chance) => {
  if (bytes.length < 2) return bytes;
  const at = chance.below(bytes.length - 1);
  bytes.writeUInt16BE((bytes.readUInt16BE(at) + chance.below(9) - 4) & 0xffff, at);
  return bytes;
};

const cut: Mutation = (bytes, chance) => bytes.subarray(0, chance.below(bytes.length));

const remove: Mutation = (bytes, chance) => {
  const from = chance.below(bytes.length);
  const to = Math.min(bytes.length, from + 1 + chance.below(8));
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
};

const insert: Mutation = (bytes, chance) => {
  const at = chance.below(bytes.length + 1);
  const added = Buffer.from(Array.from({ length: 1 + chance.below(16) }, () => chance.below(0x100)));
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
};

const repeat: Mutation = (bytes, chance) => {
  const from = chance.below(bytes.length);
  const part = bytes.subarray(from, Math.min(bytes.length, from + 1 + chance.below(64)));
  return Buffer.concat([bytes, ...Array.from({ length: 1 + chance.below(200) }, () => part)]);
};

const MUTATIONS: readonly Mutation[] = [flipBit, flipBit, setByte, setByte, setWord, setWord, nudgeWord, nudgeWord, cut, remove, insert, repeat];

/** A frame whose payload is changed and whose FLAP length is right, so that what is inside gets read. */
export function mutatedFrame(frame: Buffer, chance: Chance): Buffer {
  let payload: Buffer = Buffer.from(frame.subarray(FLAP_HEADER_BYTES));
  for (let times = 1 + chance.below(4); times > 0 && payload.length > 0; times--) payload = chance.pick(MUTATIONS)(payload, chance);
  payload = payload.subarray(0, PAYLOAD_MAX);
  const mutated = Buffer.concat([frame.subarray(0, FLAP_HEADER_BYTES), payload]);
  mutated.writeUInt16BE(payload.length, 4);
  return mutated;
}

/** Whole frames in another order, twice, not at all, or spliced: the head of one with the tail of another. */
export function mutatedOrder(frames: readonly Buffer[], chance: Chance): Buffer[] {
  const list = [...frames];
  for (let times = 1 + chance.below(3); times > 0 && list.length > 0; times--) {
    const at = chance.below(list.length);
    const other = chance.pick(list);
    switch (chance.below(4)) {
      case 0:
        list.splice(at, 1);
        break;
      case 1:
        list.splice(at, 0, other);
        break;
      case 2:
        list.push(...list.splice(at, 1));
        break;
      default:
        list[at] = spliced(list[at] as Buffer, other, chance);
    }
  }
  return list;
}

function spliced(one: Buffer, other: Buffer, chance: Chance): Buffer {
  const head = one.subarray(0, FLAP_HEADER_BYTES + chance.below(one.length - FLAP_HEADER_BYTES + 1));
  const tail = other.subarray(FLAP_HEADER_BYTES + chance.below(other.length - FLAP_HEADER_BYTES + 1));
  const frame = Buffer.concat([head, tail]).subarray(0, FLAP_HEADER_BYTES + PAYLOAD_MAX);
  frame.writeUInt16BE(frame.length - FLAP_HEADER_BYTES, 4);
  return frame;
}

/** A stream with broken framing: whatever a mutation makes of the bytes. */
export function mutatedStream(stream: Buffer, chance: Chance): Buffer {
  let bytes: Buffer = Buffer.from(stream);
  for (let times = 1 + chance.below(3); times > 0 && bytes.length > 0; times--) bytes = chance.pick(MUTATIONS)(bytes, chance);
  return bytes;
}

/** Every frame of a stream of whole frames. */
export function framesOf(stream: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + FLAP_HEADER_BYTES <= stream.length && stream[at] === FLAP_MARKER; ) {
    const end = at + FLAP_HEADER_BYTES + stream.readUInt16BE(at + 4);
    frames.push(Buffer.from(stream.subarray(at, end)));
    at = end;
  }
  return frames;
}

/** The same bytes in pieces, as a network may deliver them. */
export function inPieces(bytes: Buffer, chance: Chance): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + (chance.below(3) === 0 ? chance.below(8) : chance.below(4096)));
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}
