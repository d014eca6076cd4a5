/** Runs an administrator's operation: in the running server, or on the data directory itself when nobody serves it. */
import {
  askServer,
  CONFIG_KEYS,
  createLog,
  DataDirectoryError,
  existingDataDirectory,
  OperationFailed,
  type OperationInput,
  type OperationName,
  type OperationOutput,
  openService,
  operationsOf,
  takeOwnership,
} from '@seekyou/server';
import type { Command } from 'commander';
import { addConfigOptions, configFrom } from './config-options.ts';
import { ExitCode, Failed } from './exit.ts';

/** @param more settings this command needs besides, when nobody serves */
export function addDataOptions(command: Command, ...more: readonly string[]): Command {
  const needed = ['data', 'old_clients', ...more];
  return addConfigOptions(
    command,
    CONFIG_KEYS.filter(({ name }) => needed.includes(name)),
  );
}

/** How often to ask again for a directory another process is just opening or closing. */
const OWNER_TRIES = 50;
const OWNER_WAIT_MS = 100;

/** @throws Failed */
export async function operate<N extends OperationName>(options: Record<string, unknown>, operation: N, input: OperationInput<N>): Promise<OperationOutput<N>> {
  const config = configFrom(options);
  try {
    const files = existingDataDirectory(config.data);
    for (let attempt = 0; attempt < OWNER_TRIES; attempt++) {
      const asked = await askServer(files.control, operation, input);
      if (asked !== undefined) return asked.result;
      const ownership = takeOwnership(files);
      if (ownership === undefined) {
        await new Promise((resolve) => setTimeout(resolve, OWNER_WAIT_MS));
        continue;
      }
      try {
        const service = await openService(config, files, createLog({ logFile: undefined, logLevel: 'warn' }));
        try {
          return (await operationsOf(service, () => [])[operation](input as never)) as OperationOutput<N>;
        } finally {
          await service.close();
        }
      } finally {
        ownership.release();
      }
    }
    throw new Failed(`another seekyou holds ${config.data} and does not answer on ${files.control}`);
  } catch (error) {
    if (error instanceof OperationFailed && error.usage) throw new Failed(error.message, ExitCode.usage);
    if (error instanceof OperationFailed || error instanceof DataDirectoryError || (error as Error).name === 'StoreFailed')
      throw new Failed((error as Error).message);
    throw error;
  }
}
