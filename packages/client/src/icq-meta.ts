/** Stored messages the way ICQ 2000–2003 fetched them: family 15. @see oscar.md §9.2 */
import { decode } from '@seekyou/wire';
import { decodeSnacBody, icqMeta } from '@seekyou/wire/oscar';
import type { OscarConnection } from './connection.ts';

const { IcqType } = icqMeta;
const NOTHING = new Uint8Array(0);

const request = (uin: number, type: number): icqMeta.Request => ({ block: { owner: uin, type, sequence: Uint8Array.of(2, 0), data: NOTHING } });

/** @throws RequestRefused, ClientError */
export async function fetchByMeta(connection: OscarConnection, uin: number): Promise<readonly icqMeta.OfflineMessage[]> {
  const parts = await connection.gather(icqMeta.request, request(uin, IcqType.offlineRequest), [icqMeta.reply], 'fetching stored messages');
  return parts.flatMap((part) => {
    const { block } = decodeSnacBody(icqMeta.reply, part.data);
    return block?.type === IcqType.offlineMessage ? [decode(icqMeta.offlineMessage.body, block.data)] : [];
  });
}

/** What the fetch gave has arrived: the server may forget it. There is no answer. */
export function confirmByMeta(connection: OscarConnection, uin: number): void {
  connection.send(icqMeta.request, request(uin, IcqType.offlineDelete));
}

/** ISO 8601. */
export function timeOf({ year, month, day, hour, minute }: icqMeta.OfflineMessage): string {
  return new Date(Date.UTC(year, month - 1, day, hour, minute)).toISOString();
}
