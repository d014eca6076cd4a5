/** Connections beside a session, for one family: rooms, pictures. @see oscar.md §3.4, 01/04 */
import { encode } from '@seekyou/wire';
import { Family, FlapChannel, type feedbag, login, oservice, type Snac, type SnacDeclaration } from '@seekyou/wire/oscar';
import type { OscarConnection } from './connection.ts';

/** An edit of the roster: how, and the item. */
export type RosterChange = readonly [how: SnacDeclaration<feedbag.Items>, item: feedbag.FeedbagItem];

/** What rooms and pictures need of the session they stand beside. */
export interface Beside {
  readonly uin: number;
  request<Q, A>(question: SnacDeclaration<Q>, value: Q, answer: SnacDeclaration<A>, what: string): Promise<A>;
  /** A connection to where 01/05 sends us, trusted as our own is. */
  beside(address: string): Promise<OscarConnection>;
  /** @param change is asked for when its turn has come; nothing: there is nothing to do */
  editRoster(what: string, change: () => RosterChange | undefined): Promise<void>;
  /** Says something on the session's own connection. */
  say<T>(declaration: SnacDeclaration<T>, value: T): void;
}

type Room = NonNullable<oservice.ServiceRequest['tlvs']['room']>;

/**
 * Asks for a connection, and opens it as far as 01/02.
 *
 * @param heard what the server says unasked
 * @throws RequestRefused, ClientError
 */
export async function openService(
  session: Beside,
  family: number,
  what: string,
  heard: (snac: Snac) => void = () => {},
  room?: Room,
): Promise<OscarConnection> {
  const { tlvs } = await session.request(oservice.serviceRequest, { family, tlvs: room === undefined ? {} : { room } }, oservice.serviceResponse, what);
  const connection = await session.beside(tlvs.address ?? '');
  const versions = [
    { family: Family.oservice, version: 4 },
    { family, version: 1 },
  ];
  await new Promise<void>((resolve, reject) => {
    connection.onClosed = reject;
    connection.onSnac = (snac) => (snac.family === Family.oservice && snac.subtype === oservice.hostOnline.subtype ? resolve() : undefined);
    connection.sendFrame(FlapChannel.hello, encode(login.flapHello, { version: login.FLAP_VERSION, tlvs: { cookie: tlvs.cookie ?? new Uint8Array(0) } }));
  });
  connection.onSnac = heard;
  await connection.request(oservice.clientVersions, { versions }, oservice.hostVersions, what);
  const rates = await connection.request(oservice.rateParamsQuery, {}, oservice.rateParamsReply, what);
  connection.pacing.announced(rates);
  connection.send(oservice.clientOnline, { families: versions.map((one) => ({ ...one, toolId: 0x0110, toolVersion: 0x0001 })) });
  return connection;
}
