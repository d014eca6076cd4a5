/** Where the core's rooms meet. */
import { Accounts } from './accounts/accounts.ts';
import { LastSeen } from './accounts/last-seen.ts';
import { ownAccountCommands } from './accounts/own-account.ts';
import { shownAddress } from './audit/events.ts';
import { Bans, type BanTarget, type NewBan } from './bans/bans.ts';
import type { CommandInput, CommandName, CommandOutput } from './commands.ts';
import { Directory } from './directory/directory.ts';
import type { EndReason, UserNotice } from './events.ts';
import type { CommandTable, LiveSession, People } from './inside.ts';
import { Confirmations } from './messages/confirmations.ts';
import { Delivery } from './messages/delivery.ts';
import { Messages } from './messages/messages.ts';
import { startPruning } from './messages/pruning.ts';
import { createPeople } from './people.ts';
import { Pictures } from './pictures/pictures.ts';
import { type Ban, StoreFailed } from './ports.ts';
import { Refused, refuse } from './refusals.ts';
import { calmReport } from './reporting.ts';
import { Rooms } from './rooms/rooms.ts';
import { AccountBudget } from './security/account-budget.ts';
import { NewAddresses } from './security/new-addresses.ts';
import { Penalties } from './security/penalties.ts';
import type { Core, CorePorts, CoreSettings } from './service.ts';
import type { Session } from './session.ts';
import { type CoreSession, factsOf, type SessionHost } from './sessions/core-session.ts';
import { Registry } from './sessions/registry.ts';
import { Sessions } from './sessions/sessions.ts';
import type { Uin } from './words.ts';

type OwnAccountName = keyof ReturnType<typeof ownAccountCommands>;

/** A notice as it travels: a node knows its own by its name, and has acted on those already. */
interface Posted {
  readonly node: string;
  readonly notice: UserNotice;
}

/** The service, complete. It begins to forget old messages, and does so until `stop`. */
export function createCore(outside: CorePorts, settings: CoreSettings): Core {
  const ports: CorePorts = { ...outside, report: calmReport(outside.report, outside.clock) };
  const node = Array.from(ports.chance.bytes(8), (byte) => byte.toString(16).padStart(2, '0')).join('');

  const registry = new Registry(listen);
  const people = createPeople({ ports, settings, sessions: registry, send: (from, to, body) => messages.say(from, to, body) });
  const rooms = new Rooms({ ports, settings, people });
  const pictures = new Pictures({ ports, settings, people, sessions: registry });
  const confirmations = new Confirmations(ports, settings.limits.confirmationsWaitingMax);
  const penalties = new Penalties(settings.limits, ports.clock);
  const directory = new Directory({ ports, settings, people, sessions: registry });
  const bans = new Bans({ ports, settings, node, banned });
  const newAddresses = new NewAddresses({ ports, settings, say: (from, to, body) => messages.say(from, to, body) });
  const withholds = newAddresses.withholds.bind(newAddresses);
  const delivery = new Delivery({ ports, settings, registry, people, confirmations, withholds, overrun: (session) => sessions.end(session, 'too-slow') });
  const messages = new Messages({ ports, settings, registry, people, delivery, publish });
  const lastSeen = new LastSeen(ports);
  const accounts = new Accounts(ports, settings, changed, (uin) => bans.holds(uin), penalties);
  const host: SessionHost = {
    written: (session, id) => delivery.written(session, id),
    confirmed: (session, id) => delivery.confirmed(session, id),
    heard: (session, drained) => delivery.heard(session, drained),
    left: (session) => sessions.leave(session),
    closed(session, clean) {
      delivery.closed(session, clean);
      sessions.leave(session);
    },
    failed: (error) => ports.report('a front end failed to take an event', error),
  };
  const sessions = new Sessions({
    ports,
    settings,
    registry,
    people: {
      ...people,
      leave(session) {
        rooms.leave(session);
        pictures.leave(session);
        directory.leave(session);
        people.leave(session);
        delivery.left(session as CoreSession);
      },
    },
    host,
    arrive: (session) => delivery.arrive(session),
    waitMs: (uin) => penalties.waitMs(uin),
    banned: ({ uin, peer }) => bans.holds(uin) || !bans.admits(peer.address),
    opened,
    seen: (uin) => lastSeen.note(uin),
  });
  const stopPruning = startPruning(ports, settings);
  const ownAccounts = ownAccountCommands({
    ports,
    settings,
    waitMs: (session) => newAddresses.waitMs(session),
    passwordChanged,
    leaveForGood,
    changed: (uin) => changed(uin),
    changeProfile: (uin, changes) => directory.change(uin, changes),
  });
  const commands = { ...tableOf(people, messages, delivery), ...rooms.commands, ...pictures.commands, ...directory.commands, ...ownAccounts };
  const banWatchers = new Set<() => void>();
  const budgets = budgetsFor(ports, settings);
  const failures: Partial<Record<CommandName, (error: unknown) => Refused>> = {};
  let running = 0;
  let whenIdle: (() => void) | undefined;

  function opened(session: CoreSession): void {
    const { uin, id, signedOnAt, coexist, own, peer, profile } = session;
    publish(uin, { type: 'session.opened', session: id, at: signedOnAt, coexist, own });
    ports.audit({ event: 'sign-on', uin, address: shownAddress(peer), client: profile.name });
    void newAddresses.visited(session);
  }

  function banned(target: BanTarget): void {
    if ('uin' in target) sessions.endAccount(target.uin, 'account-suspended');
    else sessions.endWhere((session) => !bans.admits(session.peer.address), 'account-suspended');
    for (const close of banWatchers) close();
  }

  async function ban(request: NewBan): Promise<Ban | Refused> {
    const made = await bans.add(request);
    if (!(made instanceof Refused)) ports.audit({ event: 'banned', target: made.target, reason: made.reason, until: made.until ?? null });
    return made;
  }

  async function unban(target: string): Promise<boolean> {
    const lifted = await bans.remove(target);
    if (lifted) ports.audit({ event: 'unbanned', target });
    return lifted;
  }

  async function remove(uin: Uin, by: 'administrator' | 'owner' = 'administrator'): Promise<boolean> {
    if (!(await accounts.remove(uin, by))) return false;
    // Whoever gets this number by name some day is somebody else.
    await people.forget(uin);
    await bans.remove(String(uin));
    return true;
  }

  /** To the other nodes on which this account may be on line. */
  function publish(uin: Uin, notice: UserNotice): void {
    if (!ports.bus.alone) ports.bus.publish(`user.${uin}`, { node, notice } satisfies Posted);
  }

  function listen(uin: Uin): () => void {
    return ports.bus.alone ? () => undefined : ports.bus.subscribe(`user.${uin}`, (payload) => heardOf(uin, payload as Posted));
  }

  /** What another node did concerns an account that is here. */
  function heardOf(uin: Uin, posted: Posted): void {
    if (posted.node === node) return;
    const { notice } = posted;
    switch (notice.type) {
      case 'message.stored':
        delivery.deliver(notice.message);
        break;
      case 'passing':
        messages.passHere(notice.from, notice.to, notice.passing);
        break;
      case 'session.opened':
        if (!notice.coexist && !notice.own) sessions.openedElsewhere(uin, notice.session, notice.at);
        break;
      case 'account.changed':
        void applyChange(uin, notice.end);
        break;
      default:
        notice satisfies never;
    }
  }

  async function changed(uin: Uin, end?: EndReason): Promise<void> {
    await applyChange(uin, end);
    publish(uin, end === undefined ? { type: 'account.changed' } : { type: 'account.changed', end });
  }

  /** Its owner proved himself; whoever else is signed on may not be he. */
  function passwordChanged(session: LiveSession): void {
    sessions.endAccount(session.uin, 'password-changed', session);
    publish(session.uin, { type: 'account.changed', end: 'password-changed' });
  }

  /** All its sessions end, the one that asked when its client has the answer. False when the account was gone. */
  async function leaveForGood(session: LiveSession): Promise<boolean> {
    const { uin } = session;
    if (!(await remove(uin, 'owner'))) return false;
    sessions.endAccount(uin, 'account-removed', session);
    publish(uin, { type: 'account.changed', end: 'account-removed' });
    ports.clock.after(0, () => sessions.end(session as CoreSession, 'account-removed'));
    return true;
  }

  /** Administration changed an account: its sessions here end, or know it. */
  async function applyChange(uin: Uin, end: EndReason | undefined): Promise<void> {
    if (end !== undefined) sessions.endAccount(uin, end);
    try {
      const account = registry.of(uin).length === 0 ? undefined : await ports.store.accounts.find(uin);
      if (account !== undefined) for (const session of registry.of(uin)) session.account = factsOf(account);
      await people.refresh(uin);
    } catch (error) {
      ports.report('live sessions did not hear of a change of their account', error);
    }
  }

  function run<C extends CommandName>(session: Session, command: C, input: CommandInput<C>): Promise<CommandOutput<C> | Refused> {
    const live = session as CoreSession;
    if (live.ended) return Promise.resolve(refuse('unavailable'));
    const tooOften = budgets[command]?.spend(live.uin);
    if (tooOften !== undefined) return Promise.resolve(tooOften);
    let answer: unknown;
    live.commandStarts();
    try {
      answer = (commands[command] as (session: CoreSession, input: CommandInput<C>) => unknown)(live, input);
    } catch (error) {
      answer = failed(command, error);
    }
    live.commandStarted();
    if (!(answer instanceof Promise)) return Promise.resolve(answer as CommandOutput<C> | Refused);
    running++;
    return (answer as Promise<CommandOutput<C> | Refused>).then(finished, failing(command));
  }

  /** Made once for each command, not for each time it is run. */
  function failing(command: CommandName): (error: unknown) => Refused {
    return (failures[command] ??= failureOf(command));
  }

  function failureOf(command: CommandName): (error: unknown) => Refused {
    return (error) => finished(failed(command, error));
  }

  function finished<T>(answer: T): T {
    if (--running === 0) whenIdle?.();
    return answer;
  }

  function failed(command: CommandName, error: unknown): Refused {
    ports.report(error instanceof StoreFailed ? `the store failed: ${error.code}` : `${command} failed`, error);
    return refuse('unavailable');
  }

  async function stop(reason: EndReason): Promise<void> {
    sessions.stop(reason);
    stopPruning();
    bans.stop();
    delivery.stop();
    if (running > 0) await new Promise<void>((resolve) => (whenIdle = resolve));
    await Promise.all([confirmations.stop(), lastSeen.flush()]);
  }

  return {
    start: () => bans.load(),
    admits: (peer) => bans.admits(peer.address),
    flooded: (uin) => penalties.add(uin),
    whenBanned(close) {
      banWatchers.add(close);
      return () => void banWatchers.delete(close);
    },
    verify: (signOn, peer) => accounts.verify(signOn, peer),
    scram: { start: (uin) => accounts.challenge(uin), finish: (proof, peer) => accounts.verifyScram(proof, peer) },
    register: (account, peer) => accounts.register(account, peer),
    reserve: (account, peer) => accounts.reserve(account, peer),
    open: (request) => sessions.open(request),
    run,
    admin: {
      create: (account) => accounts.create(account, account.uin),
      show: (uin) => accounts.show(uin),
      list: (after, limit) => accounts.list(after, limit),
      set: (uin, changes) => accounts.set(uin, changes),
      passwd: (uin, password, oldPassword) => accounts.passwd(uin, password, oldPassword),
      suspend: (uin, suspended) => accounts.suspend(uin, suspended),
      remove: (uin) => remove(uin),
      sessionsOf: (uin) => registry.of(uin),
      ban,
      unban,
      bans: (after, limit) => bans.list(after, limit),
    },
    figures: () => ({
      sessions: registry.sessions,
      usersOnLine: registry.users,
      rooms: rooms.count,
      messagesStored: messages.stored,
      messagesDelivered: confirmations.total,
      signOnsRefused: accounts.signOnsRefused,
    }),
    stop,
  };
}

/** What looks through everybody, and what tries a password: limited for each account, whatever protocol it asks in. */
function budgetsFor({ clock }: CorePorts, { limits }: CoreSettings): Partial<Record<CommandName, AccountBudget>> {
  const entriesMax = limits.brakeEntriesMax;
  const searches = new AccountBudget({ atOnceMax: limits.searchesAtOnceMax, everyMs: limits.searchMs, entriesMax }, clock);
  const passwords = new AccountBudget({ atOnceMax: limits.passwordTriesMax, everyMs: limits.passwordTryMs, entriesMax }, clock);
  return {
    'directory.search': searches,
    'random.find': searches,
    'rooms.list': searches,
    'account.password': passwords,
    'account.credentials': passwords,
    'account.unregister': passwords,
  };
}

function tableOf(
  people: People,
  messages: Messages,
  delivery: Delivery,
): CommandTable<Exclude<CommandName, keyof Rooms['commands'] | keyof Pictures['commands'] | keyof Directory['commands'] | OwnAccountName>> {
  // The core makes all its sessions itself.
  const own = (session: Session): CoreSession => session as CoreSession;
  return {
    ...people.commands,
    async 'presence.ready'(session, input) {
      const wasReady = session.ready;
      const answer = await people.commands['presence.ready'](session, input);
      if (!wasReady && session.ready) delivery.ready(own(session));
      return answer;
    },
    'messages.send': (session, input) => messages.send(own(session), input),
    'messages.pass': (session, input) => messages.pass(own(session), input),
    'messages.fetch': (session, cursor) => delivery.fetch(own(session), cursor?.after),
    'messages.given': (session) => delivery.given(own(session)),
    'messages.fetched': (session) => delivery.fetched(own(session)),
  };
}
