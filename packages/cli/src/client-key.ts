/** The question about a server's first key. */
import { createInterface } from 'node:readline';
import { formatEndpoint, type PresentedKey } from '@seekyou/client';

/** Asks the person at the terminal until there is an answer; the end of the input is a no. */
export function askAboutKey({ server, address, fingerprint }: PresentedKey): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: 'Are they the same? (yes/no) ' });
  process.stdout.write(
    [
      `The key of ${formatEndpoint(server.host, server.port)} is not known here yet.`,
      `  ${address} presents ${fingerprint}`,
      'The server prints its own when it starts, and shows it on its page. If they differ, somebody is in between.',
      '',
    ].join('\n'),
  );
  lines.prompt();
  return new Promise((resolve) => {
    const settle = (answer: boolean): void => {
      resolve(answer);
      lines.close();
    };
    lines.on('close', () => resolve(false));
    lines.on('line', (line) => {
      const answer = line.trim().toLowerCase();
      if (answer === 'yes') settle(true);
      else if (answer === 'no' || answer === 'n') settle(false);
      else lines.prompt();
    });
  });
}
