/** Passwords asked for at a terminal, where nobody sees them: options stand in the list of processes. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ExitCode, Failed } from './exit.ts';

/**
 * @param remedy what to do where nobody can be asked
 * @throws Failed without a terminal, and when the person gives up (Ctrl-C, Ctrl-D)
 */
export async function askSecret(question: string, remedy: string): Promise<string> {
  if (!process.stdin.isTTY) throw new Failed(remedy, ExitCode.usage);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(`${question}: `);
  const answer = await new Promise<string | undefined>((resolve) => {
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => resolve(undefined));
    lines.question('', resolve);
  });
  lines.close();
  process.stderr.write('\n');
  if (answer === undefined) throw new Failed(`no ${question} was given`);
  return answer;
}

/** The same, twice: nobody saw what was typed. */
export async function askNewSecret(question: string, remedy: string): Promise<string> {
  const first = await askSecret(question, remedy);
  if ((await askSecret(`${question} once more`, remedy)) === first) return first;
  throw new Failed('the two are not the same; nothing was changed');
}
