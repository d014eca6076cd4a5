/**
 * What our own clients and servers say to each other beyond OSCAR. A server knows our client by its capability, a client our
 * server by the message ids it adds; nobody else ever sees any of this.
 *
 * @see docs/protocol/own.md
 */
import { be, bytes, fixed, type Layout, list, mapped, struct, type Value } from '../schema.ts';
import { Family } from './family.ts';
import { snac } from './snac.ts';

const HIGH = 0x1_0000_0000;

/** A number of 64 bits on the wire, up to 2^53 − 1 here. */
const u64: Layout<number> = mapped(
  struct({ high: be.u32, low: be.u32 }),
  ({ high, low }) => (high & 0x1f_ffff) * HIGH + low,
  (value) => ({ high: Math.floor(value / HIGH), low: value % HIGH }),
  'u64',
);

/** The server's id of a stored message: the same whenever it is delivered again. */
export const messageId: Layout<number> = u64;

/** Sixteen random bytes of the sender's: the server stores a message with the same id once. */
export const senderId: Layout<Uint8Array> = bytes(fixed(16));

/** Client → server: these messages have arrived; they need not come again. There is no answer. */
export const delivered = snac({
  family: Family.own,
  subtype: 0x0002,
  from: 'client',
  ref: 'own.md §2',
  body: struct({ messageIds: list(messageId) }),
});
export type Delivered = Value<typeof delivered>;
