/** A connection beside a session, for one family: a room, pictures, searches. It ends with the session. @see oscar.md §3.4, 01/04 */
import type { RoomId, RoomNews, Session } from '@seekyou/core';
import { roomNews } from './chat.ts';
import type { Connection } from './connection.ts';
import { welcome } from './oservice.ts';
import { SnacTalk } from './snac-talk.ts';
import type { OscarCommand, OscarEffect, OscarState } from './state.ts';

/** The connection of the session itself. */
export interface ServiceOwner {
  /** Asks the core, or does what only that connection can. */
  ask(command: OscarCommand, input: unknown): unknown;
  announce(effects: readonly OscarEffect[]): void;
  /** False when another connection of the session is for the same room. */
  serviceOver(service: ServiceTalk): boolean;
}

export class ServiceTalk extends SnacTalk {
  private readonly owner: ServiceOwner;

  constructor(connection: Connection, session: Session, state: OscarState, owner: ServiceOwner) {
    super(connection, session, state);
    this.owner = owner;
  }

  begin(): void {
    this.runner.announce([welcome(this.state.service)]);
  }

  /** What confirms messages is heard on the session's own connection, where they were written. */
  heard(): void {}

  /** The room this connection is for. */
  get room(): RoomId | undefined {
    return this.state.room;
  }

  news(room: RoomId, news: RoomNews): void {
    if (room !== this.room) return;
    try {
      this.runner.announce(roomNews(this.context(), news));
    } catch (error) {
      this.failed(error, undefined, `${news.kind} in a room`);
    }
  }

  /** The client has signed off: what it said here before that is handled first. */
  goodbye(): void {
    this.connection.leave(this.farewell());
  }

  /** The session is over. */
  end(): void {
    this.connection.part(this.farewell());
  }

  over(): void {
    this.runner.stop();
    this.leaveRates();
    const wasLast = this.owner.serviceOver(this);
    const { room } = this.state;
    if (room !== undefined && wasLast) void this.connection.around.core.run(this.session, 'rooms.leave', { room });
  }

  override become(change: Partial<OscarState>): void {
    const wasOnline = this.state.online;
    super.become(change);
    // The session keeps alive; a room may be silent for hours.
    if (this.state.online && !wasOnline) this.connection.attended();
  }

  ask(command: OscarCommand, input: unknown): unknown {
    return this.owner.ask(command, input);
  }
}
