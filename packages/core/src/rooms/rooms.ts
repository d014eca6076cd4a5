/**
 * Rooms: who is in which, and who hears what. A room is remembered by the store and lives in memory while somebody is in it;
 * a member is a session, and people see each account once.
 */
import type { CommandInput, CommandOutput } from '../commands.ts';
import type { CommandTable, LiveSession, People } from '../inside.ts';
import { type Refused, refuse } from '../refusals.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { Time, Uin } from '../words.ts';
import { type Room, type RoomId, type RoomLine, roomName, type RoomNews, type RoomView } from './room.ts';

export interface RoomsAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  readonly people: Pick<People, 'ignores'>;
}

const DAY_MS = 24 * 3600_000;
/** Rooms that are forgotten when one is opened: as many go as come. */
const PRUNED_AT_ONCE = 10;
const FOUND_MAX = 40;
const ID_BYTES = 12;
/** What a front end's bytes have around the words. */
const AROUND_BYTES_MAX = 256;

/** A room somebody is in. */
interface OpenRoom {
  room: Room;
  /** By account, in order of arrival; one may be in it with several clients. */
  readonly members: Map<Uin, Set<LiveSession>>;
}

/** Somebody who comes in, and waits for the store. */
interface Entering {
  readonly session: LiveSession;
  readonly id: RoomId;
  left: boolean;
}

export class Rooms {
  private readonly around: RoomsAround;
  private readonly entering = new Set<Entering>();
  private readonly open = new Map<RoomId, OpenRoom>();
  /** Which rooms a session is in. */
  private readonly seats = new Map<LiveSession, Set<RoomId>>();
  readonly commands: CommandTable<'rooms.open' | 'rooms.show' | 'rooms.list' | 'rooms.invite' | 'rooms.join' | 'rooms.leave' | 'rooms.say'>;

  constructor(around: RoomsAround) {
    this.around = around;
    this.commands = {
      'rooms.open': (session, input) => this.openRoom(session, input),
      'rooms.show': (session, { room }) => this.show(session, room),
      'rooms.list': (_session, { fragment }) => this.list(fragment),
      'rooms.invite': (session, input) => this.invite(session, input),
      'rooms.join': (session, { room }) => this.join(session, room),
      'rooms.leave': (session, { room }) => this.leaveRoom(session, room),
      'rooms.say': (session, input) => this.say(session, input),
    };
  }

  /** Rooms with people in them. */
  get count(): number {
    return this.open.size;
  }

  /** The session is over. */
  leave(session: LiveSession): void {
    for (const id of this.seats.get(session) ?? []) this.leaveRoom(session, id);
  }

  // -------------------------------------------------------------- finding

  private async openRoom(session: LiveSession, { kind, name }: CommandInput<'rooms.open'>): Promise<RoomView | Refused> {
    const { ports, settings } = this.around;
    const { limits } = settings;
    const shown = roomName(name, limits.roomNameBytesMax);
    if (shown === undefined) return refuse('bad-input');
    const now = ports.clock.now();
    const id = hexadecimal(ports.chance.bytes(ID_BYTES));
    await ports.store.rooms.prune(now - limits.roomDays * DAY_MS, PRUNED_AT_ONCE);
    const opened = await ports.store.rooms.open(
      { id, kind, name: shown, createdBy: session.uin, createdAt: now, usedAt: now },
      { ownedMax: limits.roomsOwnedMax },
    );
    return opened.outcome === 'full' ? refuse('list-full') : this.viewOf(opened.room);
  }

  private async show(session: LiveSession, id: RoomId): Promise<RoomView | Refused> {
    const room = await this.roomFor(session, id);
    return room === undefined ? refuse('no-such-room') : this.viewOf(room);
  }

  private async list(fragment: string): Promise<CommandOutput<'rooms.list'> | Refused> {
    if (fragment.length > this.around.settings.limits.roomNameBytesMax) return refuse('bad-input');
    return (await this.around.ports.store.rooms.list(fragment, FOUND_MAX)).map((room) => this.viewOf(room));
  }

  /** A room this user may know of; that others exist is told to nobody. */
  private async roomFor({ uin }: LiveSession, id: RoomId): Promise<Room | undefined> {
    const { rooms } = this.around.ports.store;
    const open = this.open.get(id);
    if (open?.members.has(uin)) return open.room;
    const room = open?.room ?? (await rooms.find(id));
    if (room === undefined || room.kind === 'public') return room;
    return (await rooms.admits(id, uin)) ? room : undefined;
  }

  private viewOf(room: Room): RoomView {
    return { room, members: [...(this.open.get(room.id)?.members.keys() ?? [])] };
  }

  /** Only who may come in himself may bring others. */
  private async invite(session: LiveSession, { room: id, to }: CommandInput<'rooms.invite'>): Promise<void | Refused> {
    const room = await this.roomFor(session, id);
    if (room === undefined) return refuse('no-such-room');
    // Somebody who is ignored is answered as if he were not, and does nothing to whom he writes.
    if (room.kind === 'public' || this.around.people.ignores(to, session.uin)) return undefined;
    const { store } = this.around.ports;
    return (await store.rooms.admit(id, to, this.around.settings.limits.roomGuestsMax)) ? undefined : refuse('list-full');
  }

  // -------------------------------------------------------------- coming and going

  private async join(session: LiveSession, id: RoomId): Promise<RoomView | Refused> {
    const { ports, settings } = this.around;
    const entering: Entering = { session, id, left: false };
    this.entering.add(entering);
    const room = await this.roomFor(session, id).finally(() => this.entering.delete(entering));
    if (room === undefined || session.ended || entering.left) return refuse('no-such-room');
    const seats = this.seats.get(session) ?? new Set();
    if (seats.has(id)) return this.viewOf(room);
    const open = this.open.get(id) ?? { room, members: new Map<Uin, Set<LiveSession>>() };
    const isNew = !open.members.has(session.uin);
    if (seats.size >= settings.limits.roomsJoinedMax || (isNew && open.members.size >= settings.limits.roomMembersMax)) return refuse('list-full');
    this.open.set(id, open);
    this.seats.set(session, seats.add(id));
    if (isNew) {
      this.tell(open, { kind: 'joined', uins: [session.uin] });
      open.members.set(session.uin, new Set());
    }
    open.members.get(session.uin)?.add(session);
    this.note(open, ports.clock.now());
    return this.viewOf(open.room);
  }

  private leaveRoom(session: LiveSession, id: RoomId): void {
    for (const entering of this.entering) if (entering.session === session && entering.id === id) entering.left = true;
    const seats = this.seats.get(session);
    const open = this.open.get(id);
    if (open === undefined || seats?.delete(id) !== true) return;
    if (seats.size === 0) this.seats.delete(session);
    const clients = open.members.get(session.uin);
    clients?.delete(session);
    if (clients?.size !== 0) return;
    open.members.delete(session.uin);
    if (open.members.size === 0) this.open.delete(id);
    else this.tell(open, { kind: 'left', uins: [session.uin] });
  }

  // -------------------------------------------------------------- speaking

  private say(session: LiveSession, { room: id, text, to, echo, original }: CommandInput<'rooms.say'>): void | Refused {
    const { ports, settings } = this.around;
    const open = this.open.get(id);
    if (open === undefined || this.seats.get(session)?.has(id) !== true) return refuse('no-such-room');
    const most = settings.limits.roomLineBytesMax;
    if (lineBytes(text) > most || (original?.bytes.length ?? 0) > most + AROUND_BYTES_MAX) return refuse('too-large');
    const now = ports.clock.now();
    const line: RoomLine = {
      from: session.uin,
      text,
      whisper: to !== undefined,
      at: now,
      // A front end's bytes are views of what it read.
      ...(original === undefined ? {} : { original: { format: original.format, bytes: original.bytes.slice() } }),
    };
    if (to !== undefined && !open.members.has(to)) return refuse('off-line');
    this.note(open, now);
    this.tell(open, { kind: 'said', line }, (member, client) => {
      if (client === session) return echo;
      return (to === undefined || member === to || member === session.uin) && !this.around.people.ignores(member, session.uin);
    });
    return undefined;
  }

  private tell({ room, members }: OpenRoom, news: RoomNews, hears: (member: Uin, client: LiveSession) => boolean = () => true): void {
    const event = { type: 'room', room: room.id, news } as const;
    for (const [member, clients] of members) for (const client of clients) if (hears(member, client)) client.emit(event);
  }

  /** The store is told once a day that a room is alive. */
  private note(open: OpenRoom, now: Time): void {
    if (now - open.room.usedAt < DAY_MS) return;
    open.room = { ...open.room, usedAt: now };
    const { store, report } = this.around.ports;
    store.rooms.used(open.room.id, now).catch((error: unknown) => report('a room that is used was not noted as such', error));
  }
}

/** In UTF-8 or UTF-16, whichever is less: clients choose between them, or something shorter. */
function lineBytes(text: string): number {
  return Math.min(new TextEncoder().encode(text).length, text.length * 2);
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
