/**
 * Fresh messages as bytes: an entry for each, the same in the journal, on the way to the writing thread and in the history;
 * and the batches of entries a journal's segments consist of. All numbers little-endian.
 */
import { Buffer } from 'node:buffer';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

/** A message as it was sent. */
export interface Entry {
  readonly id: number;
  readonly recipient: number;
  readonly sender: number;
  readonly sentAt: number;
  /** What it counts against the mailbox limits. */
  readonly size: number;
  /** Of our own senders, ASCII, at most 255 characters. */
  readonly senderId: string | null;
  /** See `encodeBody`. */
  readonly body: Uint8Array;
}

// Of an entry: u32 length, with itself; f64 id; f64 sent at; u32 recipient; u32 sender; u32 size; u8 length of the sender's id.
const ID_AT = 4;
const SENT_AT_AT = 12;
const RECIPIENT_AT = 20;
const SENDER_AT = 24;
const SIZE_AT = 28;
const SENDER_ID_LENGTH_AT = 32;
const ENTRY_HEADER_BYTES = 33;

export function entryBytes(entry: Pick<Entry, 'senderId' | 'body'>): number {
  return ENTRY_HEADER_BYTES + (entry.senderId?.length ?? 0) + entry.body.length;
}

/** @returns where the next entry goes */
export function putEntry(into: Buffer, at: number, id: number, message: Omit<Entry, 'id'>): number {
  const { senderId, body } = message;
  const length = entryBytes(message);
  into.writeUInt32LE(length, at);
  into.writeDoubleLE(id, at + ID_AT);
  into.writeDoubleLE(message.sentAt, at + SENT_AT_AT);
  into.writeUInt32LE(message.recipient, at + RECIPIENT_AT);
  into.writeUInt32LE(message.sender, at + SENDER_AT);
  into.writeUInt32LE(message.size, at + SIZE_AT);
  into[at + SENDER_ID_LENGTH_AT] = senderId?.length ?? 0;
  if (senderId !== null) into.write(senderId, at + ENTRY_HEADER_BYTES, 'latin1');
  into.set(body, at + length - body.length);
  return at + length;
}

/** @param at where an entry begins, in bytes `putEntry` wrote; the result's body is a view */
export function entryAt(bytes: Buffer, at: number): Entry {
  const bodyAt = at + ENTRY_HEADER_BYTES + (bytes[at + SENDER_ID_LENGTH_AT] as number);
  return {
    id: bytes.readDoubleLE(at + ID_AT),
    recipient: bytes.readUInt32LE(at + RECIPIENT_AT),
    sender: bytes.readUInt32LE(at + SENDER_AT),
    sentAt: bytes.readDoubleLE(at + SENT_AT_AT),
    size: bytes.readUInt32LE(at + SIZE_AT),
    senderId: bodyAt === at + ENTRY_HEADER_BYTES ? null : bytes.toString('latin1', at + ENTRY_HEADER_BYTES, bodyAt),
    body: bytes.subarray(bodyAt, at + lengthAt(bytes, at)),
  };
}

/** Bytes of the entry that begins at `at`. */
export function lengthAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at);
}

/** Parts of the entry that begins at `at`, where the rest is not asked for. */
export function idAt(bytes: Buffer, at: number): number {
  return bytes.readDoubleLE(at + ID_AT);
}

export function recipientAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + RECIPIENT_AT);
}

export function senderAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + SENDER_AT);
}

export function sizeAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + SIZE_AT);
}

/** Whether one of our own senders gave it an id. */
export function isNamedAt(bytes: Buffer, at: number): boolean {
  return bytes[at + SENDER_ID_LENGTH_AT] !== 0;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

// Of a batch: "SYJ1"; u32 bytes of its entries; u32 checksum of what follows; f64 number; the entries.
const MAGIC = 0x314a5953;
const LENGTH_AT = 4;
const CHECKSUM_AT = 8;
const NUMBER_AT = 12;
export const BATCH_HEADER_BYTES = 20;

/** @param batch room for the header, then the entries; the header is filled in */
export function sealBatch(batch: Buffer, number: number): void {
  batch.writeUInt32LE(MAGIC, 0);
  batch.writeUInt32LE(batch.length - BATCH_HEADER_BYTES, LENGTH_AT);
  batch.writeDoubleLE(number, NUMBER_AT);
  batch.writeUInt32LE(crc32(batch.subarray(NUMBER_AT)), CHECKSUM_AT);
}

export interface Batch {
  readonly number: number;
  /** Entries, one after the other. */
  readonly entries: Buffer;
}

/**
 * The batches of a segment, up to the first that was not written whole, or that is left from an earlier use of the segment:
 * numbers grow by one.
 */
export function batchesOf(segment: Buffer): Batch[] {
  const batches: Batch[] = [];
  for (let at = 0; at + BATCH_HEADER_BYTES <= segment.length; ) {
    const entriesAt = at + BATCH_HEADER_BYTES;
    const end = entriesAt + segment.readUInt32LE(at + LENGTH_AT);
    if (segment.readUInt32LE(at) !== MAGIC || end > segment.length) break;
    if (crc32(segment.subarray(at + NUMBER_AT, end)) !== segment.readUInt32LE(at + CHECKSUM_AT)) break;
    const number = segment.readDoubleLE(at + NUMBER_AT);
    const before = batches.at(-1);
    if (before !== undefined && number !== before.number + 1) break;
    batches.push({ number, entries: segment.subarray(entriesAt, end) });
    at = end;
  }
  return batches;
}

const SEGMENT_MARK = '-fresh-';

/** A segment lies beside the database it belongs to. */
export function segmentFile(database: string, number: number): string {
  return `${database}${SEGMENT_MARK}${number}`;
}

/** Of the names in the database's directory, the files that are its segments. */
export function segmentFiles(database: string, names: readonly string[]): string[] {
  const start = basename(database) + SEGMENT_MARK;
  return names.filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length))).map((name) => join(dirname(database), name));
}
