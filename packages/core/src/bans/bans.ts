/**
 * Who may not come in: accounts, and networks. All bans are in memory, because every connection and every datagram asks;
 * with no ban of a network the question costs nothing, else one look-up for each length of prefix in use.
 */
import type { Ban } from '../ports.ts';
import { type Refused, refuse } from '../refusals.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import { parseUin, type Time, type Uin } from '../words.ts';
import { addressNumber, type Network, parseNetwork, prefixOf } from './networks.ts';

/** Who a ban is for. */
export type BanTarget = { readonly uin: Uin } | { readonly network: Network };

/** What an administrator asks for. */
export interface NewBan {
  /** A UIN, an address, or a network `ADDRESS/LENGTH`. */
  readonly target: string;
  readonly reason: string;
  /** Absent: for good. */
  readonly forMs?: number;
}

/** What other nodes are told. */
type BanNotice = { readonly node: string; readonly ban: Ban } | { readonly node: string; readonly removed: string };

const SUBJECT = 'service.bans';

export interface BansAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  readonly node: string;
  /** Somebody who may be here was banned: end his sessions. */
  readonly banned: (target: BanTarget) => void;
}

export class Bans {
  private readonly around: BansAround;
  private readonly all = new Map<string, Ban>();
  private readonly accounts = new Map<Uin, Ban>();
  /** By length of prefix; a map of none is removed. */
  private readonly networks = new Map<number, Map<bigint, Ban>>();
  private stopListening: (() => void) | undefined;

  constructor(around: BansAround) {
    this.around = around;
  }

  /** Until then nobody is banned. Rejects when the store fails. */
  async load(): Promise<void> {
    this.stopListening ??= this.around.ports.bus.subscribe(SUBJECT, (payload) => this.heard(payload as BanNotice));
    for (const ban of await this.around.ports.store.bans.list()) this.enter(ban);
    await this.forgetExpired();
  }

  stop(): void {
    this.stopListening?.();
    this.stopListening = undefined;
  }

  // -------------------------------------------------------------- asked often

  /** Whether this address may connect. */
  admits(address: string): boolean {
    if (this.networks.size === 0) return true;
    const number = addressNumber(address);
    if (number === undefined) return true;
    const now = this.around.ports.clock.now();
    for (const [length, bans] of this.networks) {
      const ban = bans.get(prefixOf(number, length));
      if (ban !== undefined && !isOver(ban, now)) return false;
    }
    return true;
  }

  /** Told only to who knows the account's password. */
  holds(uin: Uin): boolean {
    const ban = this.accounts.get(uin);
    return ban !== undefined && !isOver(ban, this.around.ports.clock.now());
  }

  // -------------------------------------------------------------- administration

  /** In order of target, from `after` exclusive. */
  list(after: string, limit: number): readonly Ban[] {
    const now = this.around.ports.clock.now();
    return this.all
      .values()
      .filter((ban) => ban.target > after && !isOver(ban, now))
      .toArray()
      .sort((a, b) => (a.target < b.target ? -1 : 1))
      .slice(0, limit);
  }

  /**
   * Takes the place of an earlier ban of the same target; in effect everywhere on this node when it resolves.
   * Refusals: `bad-input`, `no-such-user`, `list-full`.
   */
  async add({ target, reason, forMs }: NewBan): Promise<Ban | Refused> {
    const { ports, settings } = this.around;
    const found = parseBanTarget(target);
    if (found === undefined || reason.length > settings.limits.reasonBytesMax || (forMs !== undefined && !(forMs > 0))) return refuse('bad-input');
    if ('uin' in found && (await ports.store.accounts.find(found.uin)) === undefined) return refuse('no-such-user');
    await this.forgetExpired();
    const key = keyOf(found);
    if (!this.all.has(key) && this.all.size >= settings.limits.bansMax) return refuse('list-full');
    const since = ports.clock.now();
    const ban: Ban = { target: key, reason, since, ...(forMs === undefined ? {} : { until: since + forMs }) };
    await ports.store.bans.put(ban);
    this.takeEffect(ban);
    ports.bus.publish(SUBJECT, { node: this.around.node, ban } satisfies BanNotice);
    return ban;
  }

  /** The target as it was given or as it is listed. False when nobody of that name is banned. */
  async remove(target: string): Promise<boolean> {
    const found = parseBanTarget(target);
    if (found === undefined) return false;
    const key = keyOf(found);
    const ban = this.all.get(key);
    const removed = await this.around.ports.store.bans.remove(key);
    this.leave(key);
    this.around.ports.bus.publish(SUBJECT, { node: this.around.node, removed: key } satisfies BanNotice);
    return removed && ban !== undefined && !isOver(ban, this.around.ports.clock.now());
  }

  // -------------------------------------------------------------- inside

  private heard(notice: BanNotice): void {
    if (notice.node === this.around.node) return;
    if ('ban' in notice) this.takeEffect(notice.ban);
    else this.leave(notice.removed);
  }

  private takeEffect(ban: Ban): void {
    const target = this.enter(ban);
    if (target !== undefined) this.around.banned(target);
  }

  private enter(ban: Ban): BanTarget | undefined {
    const target = parseBanTarget(ban.target);
    if (target === undefined) return undefined;
    this.all.set(ban.target, ban);
    if ('uin' in target) this.accounts.set(target.uin, ban);
    else {
      const { length, prefix } = target.network;
      const alike = this.networks.get(length) ?? new Map<bigint, Ban>();
      this.networks.set(length, alike.set(prefix, ban));
    }
    return target;
  }

  private leave(key: string): void {
    const target = parseBanTarget(key);
    this.all.delete(key);
    if (target === undefined) return;
    if ('uin' in target) {
      this.accounts.delete(target.uin);
      return;
    }
    const alike = this.networks.get(target.network.length);
    alike?.delete(target.network.prefix);
    if (alike?.size === 0) this.networks.delete(target.network.length);
  }

  /** They do nothing any more; now and then they are also forgotten. */
  private async forgetExpired(): Promise<void> {
    const now = this.around.ports.clock.now();
    const over = this.all
      .values()
      .filter((ban) => isOver(ban, now))
      .toArray();
    for (const { target } of over) this.leave(target);
    await Promise.all(over.map(({ target }) => this.around.ports.store.bans.remove(target)));
  }
}

/** A UIN in digits, perhaps grouped by hyphens, an address, or a network. `undefined` when it is none of them. */
export function parseBanTarget(text: string): BanTarget | undefined {
  const trimmed = text.trim();
  if (/[.:]/.test(trimmed)) {
    const network = parseNetwork(trimmed);
    return network === undefined ? undefined : { network };
  }
  const uin = parseUin(trimmed);
  return uin === undefined ? undefined : { uin };
}

const keyOf = (target: BanTarget): string => ('uin' in target ? String(target.uin) : target.network.text);

const isOver = (ban: Ban, now: Time): boolean => ban.until !== undefined && ban.until <= now;
