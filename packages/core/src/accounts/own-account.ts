/** What people do with their own accounts. */
import type { CommandInput } from '../commands.ts';
import type { CommandTable, LiveSession } from '../inside.ts';
import type { Account, AccountChanges } from '../ports.ts';
import { Refused, refuse } from '../refusals.ts';
import type { CorePorts, CoreSettings } from '../service.ts';
import type { Uin } from '../words.ts';
import { isMainPassword, isOldPassword } from './passwords.ts';

export interface OwnAccountAround {
  readonly ports: CorePorts;
  readonly settings: CoreSettings;
  /** The password is another one now: the account's other sessions end. */
  readonly passwordChanged: (session: LiveSession) => void;
  /** Removes the account and ends its sessions. False when it was gone. */
  readonly leaveForGood: (session: LiveSession) => Promise<boolean>;
  /** Carries a change to live sessions. */
  readonly changed: (uin: Uin) => Promise<void>;
  readonly changeProfile: (uin: Uin, changes: { readonly webAware?: boolean; readonly directPermissions?: number }) => Promise<void | Refused>;
}

export function ownAccountCommands(around: OwnAccountAround): CommandTable<'account.password' | 'account.unregister' | 'account.permissions'> {
  const { ports } = around;
  const { accounts } = ports.store;

  async function password(session: LiveSession, { password: wanted }: CommandInput<'account.password'>): Promise<void | Refused> {
    const account = await accounts.find(session.uin);
    if (account === undefined) return refuse('no-such-user');
    const changes = await newPasswords(around, session, account, wanted);
    if (changes instanceof Refused) return changes;
    if (!(await accounts.update(session.uin, changes))) return refuse('no-such-user');
    around.passwordChanged(session);
    ports.audit({ event: 'password-changed', uin: session.uin, by: 'owner' });
    return undefined;
  }

  async function unregister(session: LiveSession, { password: given }: CommandInput<'account.unregister'>): Promise<void | Refused> {
    const account = await accounts.find(session.uin);
    if (account === undefined) return refuse('no-such-user');
    const proved = given === oldPasswordOf(ports, account) || (await ports.secrets.proves(given, account.main));
    if (!proved) return refuse('wrong-credentials');
    return (await around.leaveForGood(session)) ? undefined : refuse('no-such-user');
  }

  async function permissions(session: LiveSession, wanted: CommandInput<'account.permissions'>): Promise<void | Refused> {
    const { authorisationRequired, hideAddress, webAware, directPermissions } = wanted;
    if (directPermissions !== undefined && ![0, 1, 2].includes(directPermissions)) return refuse('bad-input');
    const changes: AccountChanges = {
      ...(authorisationRequired === undefined ? {} : { authorisationRequired }),
      ...(hideAddress === undefined ? {} : { hideAddress }),
    };
    const refused = await around.changeProfile(session.uin, {
      ...(webAware === undefined ? {} : { webAware }),
      ...(directPermissions === undefined ? {} : { directPermissions }),
    });
    if (refused instanceof Refused || Object.keys(changes).length === 0) return refused;
    if (!(await accounts.update(session.uin, changes))) return refuse('no-such-user');
    await around.changed(session.uin);
    return undefined;
  }

  return { 'account.password': password, 'account.unregister': unregister, 'account.permissions': permissions };
}

/** Who signed on with the old password has proved no more than that, and changes no more, unless it is the main one too. */
async function newPasswords(around: OwnAccountAround, session: LiveSession, account: Account, wanted: string): Promise<AccountChanges | Refused> {
  const { ports, settings } = around;
  const old = oldPasswordOf(ports, account);
  const same = old !== undefined && (await ports.secrets.proves(old, account.main));
  const own = session.profile.protocol === 'own';
  if (own ? !isMainPassword(wanted) : !isOldPassword(wanted)) return refuse('bad-password');
  const one = same && settings.oldClients === 'same';
  const changesMain = own || one;
  const changesOld = !own || (one && isOldPassword(wanted));
  if (!changesMain && settings.oldClients === 'own' && (await ports.secrets.proves(wanted, account.main))) return refuse('bad-password');
  return {
    ...(changesMain ? { main: await ports.secrets.verifier(wanted) } : {}),
    ...(changesOld ? { old: ports.secrets.seal(session.uin, wanted) } : {}),
  };
}

function oldPasswordOf({ secrets }: CorePorts, { uin, old }: Account): string | undefined {
  return old === undefined ? undefined : secrets.open(uin, old);
}
