/**
 * Pictures of people: an account says which it shows, by hash; the server asks for the bytes it does not have, checks them,
 * and gives them to those who see the account.
 */
import type { CommandInput, CommandOutput } from '../commands.ts';
import type { CommandTable, LiveSession, People, SessionDirectory } from '../inside.ts';
import { type Refused, refuse } from '../refusals.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { Uin } from '../words.ts';
import { fits, type Picture, pictureFormat, type PictureHash, type PictureKind } from './picture.ts';

export interface PicturesAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  readonly people: Pick<People, 'viewFor' | 'pictured'>;
  readonly sessions: SessionDirectory;
}

const HASH = /^[0-9a-f]{32}$/;
const NONE: readonly Picture[] = [];

export class Pictures {
  private readonly around: PicturesAround;
  /** What accounts on line say they show, and have not sent yet. */
  private readonly wanted = new Map<Uin, Map<PictureKind, PictureHash>>();
  readonly commands: CommandTable<'pictures.claim' | 'pictures.put' | 'pictures.get'>;

  constructor(around: PicturesAround) {
    this.around = around;
    this.commands = {
      'pictures.claim': (session, input) => this.claim(session, input),
      'pictures.put': (session, input) => this.put(session, input),
      'pictures.get': (session, input) => this.get(session, input),
    };
  }

  /** The session is over. */
  leave({ uin }: LiveSession): void {
    if (this.around.sessions.of(uin).length === 0) this.wanted.delete(uin);
  }

  private async claim(session: LiveSession, { kind, hash }: CommandInput<'pictures.claim'>): Promise<CommandOutput<'pictures.claim'> | Refused> {
    if (hash !== undefined && !HASH.test(hash)) return refuse('bad-input');
    this.wants(session.uin, kind, undefined);
    const shown = picturesOf(session);
    if (shown.some((picture) => picture.kind === kind && picture.hash === hash)) return { state: 'shown' };
    // Bytes that are here for others are asked for all the same: who knows no more than a hash gets no picture by it.
    if (hash !== undefined && !shown.some((picture) => picture.hash === hash)) {
      this.wants(session.uin, kind, hash);
      return { state: 'wanted' };
    }
    const others = picturesOf(session).filter((picture) => picture.kind !== kind);
    if (hash === undefined && others.length === picturesOf(session).length) return { state: 'none' };
    const kept = await this.show(session.uin, hash === undefined ? others : [...others, { kind, hash }]);
    return kept ? { state: hash === undefined ? 'none' : 'shown' } : refuse('unavailable');
  }

  /** Only what was claimed is taken: a picture nobody is told of would be kept for nothing. */
  private async put(session: LiveSession, { kind, hash, bytes }: CommandInput<'pictures.put'>): Promise<Picture | Refused> {
    if (bytes.length > this.around.settings.limits.pictureBytesMax) return refuse('too-large');
    const format = pictureFormat(bytes);
    if (format === undefined || !fits(kind, format) || this.wanted.get(session.uin)?.get(kind) !== hash) return refuse('bad-input');
    const picture: Picture = { kind, hash };
    const others = picturesOf(session).filter((other) => other.kind !== kind);
    if (!(await this.show(session.uin, [...others, picture], { hash, bytes }))) return refuse('unavailable');
    this.wants(session.uin, kind, undefined);
    return picture;
  }

  /** To those who see the account show it; others are not told whether it exists. */
  private async get(session: LiveSession, { uin, hash }: CommandInput<'pictures.get'>): Promise<CommandOutput<'pictures.get'> | Refused> {
    const shown = uin === session.uin ? picturesOf(session) : (this.around.people.viewFor(session.uin, uin)?.pictures ?? NONE);
    const bytes = shown.some((picture) => picture.hash === hash) ? await this.around.ports.store.pictures.find(hash) : undefined;
    return bytes === undefined ? refuse('no-such-picture') : { bytes };
  }

  private wants(uin: Uin, kind: PictureKind, hash: PictureHash | undefined): void {
    const wanted = this.wanted.get(uin) ?? new Map<PictureKind, PictureHash>();
    if (hash === undefined) wanted.delete(kind);
    else wanted.set(kind, hash);
    if (wanted.size === 0) this.wanted.delete(uin);
    else this.wanted.set(uin, wanted);
  }

  private async show(uin: Uin, pictures: readonly Picture[], added?: { readonly hash: PictureHash; readonly bytes: Uint8Array }): Promise<boolean> {
    const saved = await this.around.ports.store.pictures.save(uin, pictures, added);
    if (!saved) return false;
    for (const session of this.around.sessions.of(uin)) session.account = { ...session.account, pictures };
    this.around.people.pictured(uin);
    return true;
  }
}

function picturesOf({ account }: LiveSession): readonly Picture[] {
  return account.pictures ?? NONE;
}
