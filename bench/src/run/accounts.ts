/** Ten thousand accounts with their rosters, written through the server's own store before it starts. */
import { fork } from 'node:child_process';
import { resolve } from 'node:path';
import type { Tell } from '../load/crowd.ts';
import type { Population } from './smoke.ts';

export interface AccountsOrder {
  readonly data: string;
  readonly population: Population;
  /** `none`: accounts alone. `rosters`: rosters for accounts that are there. */
  readonly contacts: 'none' | 'rosters';
}

/** @throws Error */
export function prepareAccounts({ tell, ...order }: AccountsOrder & { readonly tell: Tell }): Promise<void> {
  return new Promise((resolvePromise, reject) => {
    const child = fork(resolve(import.meta.dirname, 'accounts-main.ts'), {
      execArgv: ['--conditions=source'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (progress: string) => tell(progress));
    child.on('exit', (code) => (code === 0 ? resolvePromise() : reject(new Error('the accounts could not be made'))));
    child.send(order);
  });
}
