/** `seekyou backup` and `seekyou restore`. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataDirectoryError, OperationFailed, restoreBackup } from '@seekyou/server';
import type { Command } from 'commander';
import { addDataOptions, operate } from './data.ts';
import { Failed } from './exit.ts';

export function registerBackup(program: Command): void {
  addDataOptions(program.command('backup').description('copy everything into one file, while the server runs or not'), 'tls_cert', 'tls_key')
    .argument('<file>', 'a file that does not exist yet')
    .option('--with-key', 'include secret.key: who has the file can then read old-client passwords')
    .action(async (file: string, options: Record<string, unknown>) => {
      // The server may stand in another directory than the person who asks.
      const target = resolve(file);
      if (existsSync(target)) throw new Failed(`${file} exists; a backup does not overwrite`);
      const { bytes, missing } = await operate(options, 'backup', { file: target, withKey: options['withKey'] === true });
      process.stdout.write(`${file}: ${bytes} bytes\n`);
      if (missing.length > 0)
        process.stdout.write(`Not in it, because options or variables say it and no file: ${missing.join(', ')}. Write that down elsewhere.\n`);
    });

  program
    .command('restore')
    .description('make a new data directory from a backup')
    .argument('<file>', 'what `seekyou backup` wrote')
    .requiredOption('--data <directory>', 'a new or empty directory')
    .action((file: string, options: { data: string }) => {
      try {
        const { accounts, withoutOldSignOn, tlsWas } = restoreBackup(resolve(file), resolve(options.data));
        process.stdout.write(`${accounts} accounts restored to ${options.data}\n`);
        if (withoutOldSignOn > 0) {
          process.stdout.write(
            `The backup has no secret.key: ${withoutOldSignOn} accounts cannot sign on from old ICQ clients until \`seekyou user passwd\` gives them a password. ` +
              'Main passwords still work. If the old secret.key is to be had, copy it into the directory before the first start.\n',
          );
        }
        if (tlsWas !== undefined) {
          const [key, cert, settings] = ['tls.key', 'tls.crt', 'seekyou.toml'].map((name) => join(options.data, name));
          process.stdout.write(
            `The TLS key and certificate were in ${tlsWas.key} and ${tlsWas.cert}; now they are in ${key} and ${cert}. ` +
              `Take tls_key and tls_cert out of ${settings} (or the options), and these are used; or copy them to where those settings point.\n`,
          );
        }
      } catch (error) {
        if (error instanceof OperationFailed || error instanceof DataDirectoryError) throw new Failed(error.message);
        throw error;
      }
    });
}
