/** The whole service in one place: everything meets here, nothing is decided here. */
import { existsSync, statSync } from 'node:fs';
import { type Account, createCore, type Core, type CoreSettings, type Secrets, type SecurityEvent } from '@seekyou/core';
import { backupFiles, notInBackup } from '../admin/backup.ts';
import { serveControl } from '../admin/control.ts';
import { adminUrl, serveAdminHttp } from '../admin/http.ts';
import { createMetrics } from '../admin/metrics.ts';
import type { Counters } from './counters.ts';
import { createOperations, type OperationOutput, type Operations } from '../admin/operations.ts';
import { createInProcessBus } from '../bus/in-process.ts';
import { createOscarFrontEnd } from '../oscar/front-end.ts';
import { openSqliteStore, type SqliteStore } from '../storage/sqlite/open.ts';
import { openAuditLog } from './audit.ts';
import { systemChance } from './chance.ts';
import { systemClock } from './clock.ts';
import { type Config, networks } from './config.ts';
import { createDataDirectory, DataDirectoryError, type DataFiles, keepPrivate, type Ownership, takeOwnership } from './data-directory.ts';
import { openListeners } from './listener.ts';
import type { Log } from './log.ts';
import { createSecrets, loadOrCreateKey } from './secrets.ts';
import { serveUdp } from './serve-udp.ts';
import { turns } from './turns.ts';

/** Longest a stop may take; then the process ends with what is written. */
export const STOP_MS_MAX = 10_000;

export interface RunningServer {
  /** `127.0.0.1:5190`, one for each listener. */
  readonly addresses: readonly string[];
  /** The same for the old clients, which speak UDP. */
  readonly udpAddresses: readonly string[];
  readonly adminUrl: string;
  /** Of the TLS key. */
  readonly fingerprint: () => string;
  readonly core: Core;
  readonly counters: Counters;
  readonly store: Pick<SqliteStore, 'stats'>;
  /** Resolves when the server cannot go on: the database failed. */
  readonly failed: Promise<Error>;
  /** Accounts stored, so that a first user is told how to make one. */
  accounts(): Promise<number>;
  /** Stops accepting, tells clients, flushes. */
  stop(): Promise<void>;
}

/** What serving and administering a directory nobody serves have in common. */
export interface OpenedService {
  readonly core: Core;
  /** For what the core knows nothing of: keys. */
  readonly audit: (event: SecurityEvent) => void;
  readonly store: SqliteStore;
  readonly config: Config;
  readonly secrets: Secrets;
  backup(file: string, withKey: boolean): Promise<OperationOutput<'backup'>>;
  close(): Promise<void>;
}

/**
 * Opens the store and the core of a directory this process owns.
 *
 * @param onFailure the database cannot be relied on any more: there is nothing left to do but end
 * @throws StoreFailed, DataDirectoryError
 */
export async function openService(config: Config, files: DataFiles, log: Log, onFailure: (error: Error) => void = () => {}): Promise<OpenedService> {
  keepPrivate(files.secretKey);
  const report = (problem: string, error: unknown): void => log.error({ err: error }, problem);
  const auditLog = config.auditLog === undefined ? undefined : openAuditLog({ file: config.auditLog, clock: systemClock(), report });
  const audit = (event: SecurityEvent): void => auditLog?.write(event);
  const hadKey = existsSync(files.secretKey);
  const key = loadOrCreateKey(files.secretKey);
  if (!hadKey) audit({ event: 'new-key', key: 'secret', fingerprint: null });
  const secrets = createSecrets(key);
  const store = await openSqliteStore({ file: files.database, onFailure });
  const core = createCore(
    {
      clock: systemClock(),
      chance: systemChance(),
      secrets,
      store,
      bus: createInProcessBus(systemClock(), report),
      report,
      audit,
    },
    coreSettings(config),
  );
  try {
    await core.start();
    const accounts = hadKey ? 0 : await withOldPassword(store);
    if (accounts > 0) log.warn({ accounts, file: files.secretKey }, KEY_WAS_LOST);
  } catch (error) {
    await store.close();
    throw error;
  }
  return {
    core,
    audit,
    store,
    config,
    secrets,
    backup: async (file, withKey) => {
      await store.backup(file, backupFiles(files, config, withKey));
      return { bytes: statSync(file).size, missing: notInBackup(config) };
    },
    close: async () => {
      await core.stop('server-stopping');
      await store.close();
      await auditLog?.close();
    },
  };
}

const KEY_WAS_LOST =
  'there was no secret.key, so a new one was made: these accounts cannot sign on from old ICQ clients until `seekyou user passwd` gives ' +
  'them a password. If the old one is to be had, stop, and copy it here';

/** Accounts asked for at a time. */
const ACCOUNTS_AT_ONCE = 1_000;

/** Looks at every account, which only happens where a key is made: nearly always there are none yet. */
async function withOldPassword({ accounts }: SqliteStore): Promise<number> {
  let found = 0;
  let page = await accounts.list(0, ACCOUNTS_AT_ONCE);
  while (page.length > 0) {
    found += page.filter(({ state, old }) => state !== 'deleted' && old !== undefined).length;
    page = await accounts.list((page.at(-1) as Account).uin, ACCOUNTS_AT_ONCE);
  }
  return found;
}

function coreSettings(config: Config): CoreSettings {
  return {
    limits: config.limits,
    registration: config.registration,
    oldClients: config.oldClients,
    direct: config.direct,
    defaultCodepage: config.defaultCodepage,
  };
}

export function operationsOf(service: OpenedService, addresses: () => readonly string[]): Operations {
  return createOperations({
    core: service.core,
    addresses,
    accounts: () => service.store.accounts.count(),
    backup: (file, withKey) => service.backup(file, withKey),
    config: service.config,
    secrets: service.secrets,
  });
}

/** @throws with a sentence for the person who started it; everything opened before is closed again */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  const files = createDataDirectory(config.data);
  const ownership = takeOwnership(files);
  if (ownership === undefined) throw new DataDirectoryError(`another seekyou is using ${config.data}; stop it first, or choose another directory with --data`);
  const opened: (() => Promise<void> | void)[] = [() => ownership.release()];
  try {
    const server = await startOn(config, files, log, opened, ownership);
    turns.forget();
    return server;
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function startOn(config: Config, files: DataFiles, log: Log, opened: (() => Promise<void> | void)[], _ownership: Ownership): Promise<RunningServer> {
  const failure = Promise.withResolvers<Error>();
  const service = await openService(config, files, log, failure.resolve);
  opened.push(() => service.close());
  // Before the listeners, so that it is closed after them: whoever is connected to it must not keep them open.
  let addresses: readonly string[] = [];
  const control = await serveControl(
    files.control,
    operationsOf(service, () => addresses),
    systemClock(),
  );
  opened.push(() => control.close());
  const counters: Counters = {};
  const frontEnd = createOscarFrontEnd({
    core: service.core,
    clock: systemClock(),
    chance: systemChance(),
    limits: config.limits,
    settings: {
      clearSignOn: config.clearSignOn,
      oldClients: config.oldClients,
      advertise: config.advertise,
      defaultCodepage: config.defaultCodepage,
      liftRates: config.limitsProfile === 'bench',
      hidesClients: networks(config.plainRelays),
    },
    log,
    counters,
  });
  opened.push(() => frontEnd.stop());
  const newKey = (fingerprint: string): void => service.audit({ event: 'new-key', key: 'tls', fingerprint });
  let udpPort: number | undefined;
  const parts = { config, files, core: service.core, frontEnd, clock: systemClock(), counters, log, newKey, udpPort: () => udpPort };
  const { addresses: listening, fingerprint } = await openListeners(parts, opened);
  addresses = listening;
  const udpAddresses = await serveUdp(config, service.core, counters, log, opened);
  if (udpAddresses[0] !== undefined) udpPort = Number(udpAddresses[0].replace(/^.*:/, ''));
  let stopping = false;
  const admin = await serveAdminHttp({
    at: config.admin,
    token: config.adminToken,
    metrics: createMetrics({ counters, figures: () => service.core.figures(), connections: () => frontEnd.connections, store: () => service.store.stats() }),
    notReady: () => (stopping ? 'the server is stopping' : undefined),
  });
  opened.push(() => admin.close());
  return {
    addresses,
    udpAddresses,
    fingerprint,
    adminUrl: adminUrl(admin.address),
    core: service.core,
    counters,
    store: service.store,
    failed: failure.promise,
    accounts: () => service.store.accounts.count(),
    stop: async () => {
      stopping = true;
      await closeAll(opened);
    },
  };
}

/** In the reverse order of opening; one that fails does not keep the others open. */
async function closeAll(opened: (() => Promise<void> | void)[]): Promise<void> {
  for (const close of opened.splice(0).toReversed()) {
    try {
      await close();
    } catch {
      // Closing is all that is left to do; what failed before was said where it failed.
    }
  }
}
