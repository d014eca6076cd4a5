/** What people do with their own accounts. */
import type { CommandInput } from '../commands.ts';
import { DIRECT_NOBODY } from '../directory/profile.ts';
import type { CommandTable, LiveSession } from '../inside.ts';
import type { Account, AccountChanges } from '../ports.ts';
import { Refused, refuse } from '../refusals.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { Uin } from '../words.ts';
import { isOldPassword } from './passwords.ts';
import { isClientKey, isUsualVerifier } from './scram.ts';

export interface OwnAccountAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  /** How long a session whose password was all it had to prove must wait before it changes that. */
  readonly waitMs: (session: LiveSession) => Promise<number>;
  /** The password is another one now: the account's other sessions end. */
  readonly passwordChanged: (session: LiveSession) => void;
  /** Removes the account and ends its sessions. False when it was gone. */
  readonly leaveForGood: (session: LiveSession) => Promise<boolean>;
  /** Carries a change to live sessions. */
  readonly changed: (uin: Uin) => Promise<void>;
  readonly changeProfile: (uin: Uin, changes: { readonly webAware?: boolean; readonly directPermissions?: number }) => Promise<void | Refused>;
}

export function ownAccountCommands(
  around: OwnAccountAround,
): CommandTable<'account.password' | 'account.credentials' | 'account.unregister' | 'account.permissions'> {
  const { ports } = around;
  const { accounts } = ports.store;

  async function password(session: LiveSession, { password: wanted }: CommandInput<'account.password'>): Promise<void | Refused> {
    const wait = await around.waitMs(session);
    if (wait > 0) return refuse('slow-down', wait);
    const account = await accounts.find(session.uin);
    if (account === undefined) return refuse('no-such-user');
    const changes = await newPassword(around, account, wanted);
    if (changes instanceof Refused) return changes;
    return change(session, changes);
  }

  async function credentials(session: LiveSession, wanted: CommandInput<'account.credentials'>): Promise<{ readonly oldClients: boolean } | Refused> {
    const account = await accounts.find(session.uin);
    if (account === undefined) return refuse('no-such-user');
    if (!isClientKey(ports.secrets, account.main, wanted.clientKey)) return refuse('wrong-credentials');
    const changes = await newCredentials(around, account, wanted);
    if (changes instanceof Refused) return changes;
    const refused = await change(session, changes);
    if (refused instanceof Refused) return refused;
    return { oldClients: ('old' in changes ? changes.old : account.old) !== undefined };
  }

  async function change(session: LiveSession, changes: AccountChanges): Promise<void | Refused> {
    if (!(await accounts.update(session.uin, changes))) return refuse('no-such-user');
    around.passwordChanged(session);
    ports.audit({ event: 'password-changed', uin: session.uin, by: 'owner' });
    return undefined;
  }

  async function unregister(session: LiveSession, given: CommandInput<'account.unregister'>): Promise<void | Refused> {
    const account = await accounts.find(session.uin);
    if (account === undefined) return refuse('no-such-user');
    const proved =
      'clientKey' in given
        ? isClientKey(ports.secrets, account.main, given.clientKey)
        : given.password === oldPasswordOf(ports, account) || (await ports.secrets.proves(given.password, account.main));
    if (!proved) return refuse('wrong-credentials');
    return (await around.leaveForGood(session)) ? undefined : refuse('no-such-user');
  }

  async function permissions(session: LiveSession, wanted: CommandInput<'account.permissions'>): Promise<void | Refused> {
    const { authorisationRequired, webAware, directPermissions } = wanted;
    if (directPermissions !== undefined && ![0, 1, DIRECT_NOBODY].includes(directPermissions)) return refuse('bad-input');
    const hideAddress = directPermissions === undefined ? wanted.hideAddress : directPermissions === DIRECT_NOBODY;
    const changes: AccountChanges = {
      ...(authorisationRequired === undefined ? {} : { authorisationRequired }),
      ...(hideAddress === undefined ? {} : { hideAddress }),
    };
    const refused = await around.changeProfile(session.uin, {
      ...(webAware === undefined ? {} : { webAware }),
      ...(directPermissions === undefined || directPermissions === DIRECT_NOBODY ? {} : { directPermissions }),
    });
    if (refused instanceof Refused || Object.keys(changes).length === 0) return refused;
    if (!(await accounts.update(session.uin, changes))) return refuse('no-such-user');
    await around.changed(session.uin);
    return undefined;
  }

  return { 'account.password': password, 'account.credentials': credentials, 'account.unregister': unregister, 'account.permissions': permissions };
}

/** Who signed on with the old password has proved no more than that, and changes no more, unless it is the main one too. */
async function newPassword({ ports, settings }: OwnAccountAround, account: Account, wanted: string): Promise<AccountChanges | Refused> {
  if (settings.oldClients === 'off') return refuse('old-clients-off');
  if (!isOldPassword(wanted)) return refuse('bad-password');
  const changesMain = settings.oldClients === 'same' && (await isOneWithMain(ports, account));
  if (!changesMain && settings.oldClients === 'own' && (await ports.secrets.proves(wanted, account.main))) return refuse('bad-password');
  const old = ports.secrets.seal(account.uin, wanted);
  return changesMain ? { main: await ports.secrets.verifier(wanted), old } : { old };
}

/** Nobody here learns the main password, so what old clients say can only be told beside it. */
async function newCredentials(
  { ports, settings }: OwnAccountAround,
  account: Account,
  { main, old }: CommandInput<'account.credentials'>,
): Promise<AccountChanges | Refused> {
  if (main === undefined && old === undefined) return refuse('bad-input');
  if (main !== undefined && !isUsualVerifier(ports.secrets, main)) return refuse('bad-password');
  const changes = main === undefined ? {} : { main };
  if (old === undefined) return (await isOneWithMain(ports, account)) ? { ...changes, old: undefined } : changes;
  if (settings.oldClients === 'off') return refuse('old-clients-off');
  if (!isOldPassword(old)) return refuse('bad-password');
  if (settings.oldClients === 'own' && (await ports.secrets.proves(old, main ?? account.main))) return refuse('bad-password');
  return { ...changes, old: ports.secrets.seal(account.uin, old) };
}

async function isOneWithMain(ports: CorePorts, account: Account): Promise<boolean> {
  const old = oldPasswordOf(ports, account);
  return old !== undefined && ports.secrets.proves(old, account.main);
}

function oldPasswordOf({ secrets }: CorePorts, { uin, old }: Account): string | undefined {
  return old === undefined ? undefined : secrets.open(uin, old);
}
