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

// Whoever read what is printed may go away: `| head`, a collector of logs that starts anew. Or it goes to a disk that is full.
// Nobody is left to tell; a service goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ENOSPC') throw error;
    if (process.argv[2] !== 'serve') process.exit(ExitCode.failed);
  });
}

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
