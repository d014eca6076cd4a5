/**
 * Tells people when somebody signs on to their account from an address it was not used from before. Addresses are kept as
 * marks only (see `Secrets.mark`). Whoever signed on there must not be the one who takes the notice out of the mailbox, so
 * sessions from that address are not given it; the others are, and the mailbox keeps it for the next one.
 */
import { siteOf } from '../accounts/site.ts';
import { shownAddress } from '../audit/events.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { Session } from '../session.ts';
import { type Body, type Message, SYSTEM, type Time, type Uin } from '../words.ts';

/** A place that is in use stays younger than those it competes with. */
const VISIT_MS = 24 * 3_600_000;

/** What a notice of ours tells. */
const NOTICE = /^Somebody signed on to your account \d+ from (\S+), where it was not used before,/;

export interface NewAddressesAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  readonly say: (from: Uin, to: Uin, body: Body) => Promise<unknown>;
}

export class NewAddresses {
  private readonly around: NewAddressesAround;
  private readonly visits = new Map<string, Time>();
  /** Visits that are being looked up. */
  private readonly asking = new Map<string, Promise<void>>();
  /** When somebody first came from an address. */
  private readonly arrivals = new Map<string, Time>();
  /** When an account was told last. */
  private readonly told = new Map<Uin, Time>();

  constructor(around: NewAddressesAround) {
    this.around = around;
  }

  /** A session was opened. Nobody waits for what comes of it. */
  async visited(session: Session): Promise<void> {
    const { ports, settings } = this.around;
    const { uin, peer } = session;
    if (!peer.known || settings.limits.newAddressNoticeMs === 0) return;
    const now = ports.clock.now();
    const site = siteOf(peer.address);
    const visit = `${uin} ${site}`;
    if (now - (this.visits.get(visit) ?? Number.NEGATIVE_INFINITY) < VISIT_MS) return;
    remember(this.visits, visit, now, settings.limits.placeVisitsKeptMax);
    const asking = this.look(session, site, visit, now);
    this.asking.set(visit, asking);
    await asking;
  }

  private async look(session: Session, site: string, visit: string, now: Time): Promise<void> {
    const { ports, settings } = this.around;
    const { uin } = session;
    try {
      const place = await ports.store.places.visit(uin, ports.secrets.mark(uin, site), now, settings.limits.placesMax);
      if (place !== 'new') return;
      remember(this.arrivals, visit, now, settings.limits.placeVisitsKeptMax);
      await this.tell(session);
    } catch (error) {
      this.visits.delete(visit);
      ports.report('the address of a sign-on was not remembered', error);
    } finally {
      this.asking.delete(visit);
    }
  }

  /** How long this session, coming from a new address, has to wait before it may change what lets others in. */
  async waitMs({ uin, peer }: Session): Promise<number> {
    if (!peer.known) return 0;
    const visit = `${uin} ${siteOf(peer.address)}`;
    await this.asking.get(visit);
    const at = this.arrivals.get(visit);
    const { clock } = this.around.ports;
    return at === undefined ? 0 : Math.max(0, at + this.around.settings.limits.newAddressPasswordMs - clock.now());
  }

  /** Whether this session must not be given this message. */
  withholds(session: Session, message: Message): boolean {
    if (message.from !== SYSTEM || message.body.kind !== 'text' || !session.peer.known) return false;
    // The notice itself says where that was, so that this holds after a restart, too.
    const address = NOTICE.exec(message.body.text)?.[1];
    return address !== undefined && siteOf(address) === siteOf(session.peer.address);
  }

  private async tell({ uin, peer, profile }: Session): Promise<void> {
    const { ports, settings, say } = this.around;
    ports.audit({ event: 'new-address', uin, address: shownAddress(peer) ?? '' });
    const at = ports.clock.now();
    const before = this.told.get(uin);
    if (before !== undefined && at - before < settings.limits.newAddressNoticeMs) return;
    remember(this.told, uin, at, settings.limits.placeVisitsKeptMax);
    const when = `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    const text = `Somebody signed on to your account ${uin} from ${peer.address}, where it was not used before, with ${profile.name}, on ${when}. If it was not you, change your password.`;
    await say(SYSTEM, uin, { kind: 'text', text });
  }
}

/** As the newest. */
function remember<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}
