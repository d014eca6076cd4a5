/** The `seekyou` command. Exit codes: 0 done, 1 failed, 2 wrong usage, 77 cannot run here. */
import { Command, CommanderError } from 'commander';
import { registerBackup } from './backup.ts';
import { registerBan } from './ban.ts';
import { registerClient } from './client.ts';
import { ExitCode, Failed } from './exit.ts';
import { registerServe } from './serve.ts';
import { registerUser } from './user.ts';

const program = new Command('seekyou')
  .description('A messaging system that ICQ clients of every generation can join')
  .exitOverride()
  .showHelpAfterError('(seekyou COMMAND --help tells more)');

for (const register of [registerServe, registerUser, registerBan, registerBackup, registerClient]) register(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
  else if (error instanceof Failed) {
    process.stderr.write(`seekyou: ${error.message}\n`);
    process.exitCode = error.exitCode;
  } else {
    process.stderr.write(`seekyou: ${(error as Error).stack ?? String(error)}\nThis is a fault of seekyou; please report it with the lines above.\n`);
    process.exitCode = ExitCode.failed;
  }
}
