/** Looks into the mailboxes of a directory nobody serves. */
import { asUin, type Uin } from '@seekyou/core';
import { createLog, dataFiles, loadConfig, openService } from '@seekyou/server';

export interface StoredText {
  readonly id: number;
  readonly from: number;
  readonly text: string;
}

const PAGE = 1_000;

/** Messages after each person's cursor, delivered or not, oldest first. @throws Error */
export async function readMailboxes(data: string, cursors: ReadonlyMap<number, number>, uins: readonly number[]): Promise<Map<number, readonly StoredText[]>> {
  const config = loadConfig({ options: { data }, environment: {} });
  const service = await openService(config, dataFiles(data), createLog(config));
  const found = new Map<number, StoredText[]>();
  try {
    for (const uin of uins) {
      const messages: StoredText[] = [];
      for (let after = cursors.get(uin) ?? 0; ; ) {
        const page = await service.store.mailboxes.since(asUin(uin) as Uin, after, PAGE);
        for (const { id, from, body } of page) messages.push({ id, from, text: body.kind === 'text' ? body.text : `(${body.kind})` });
        if (page.length < PAGE) break;
        after = page.at(-1)?.id ?? after;
      }
      found.set(uin, messages);
    }
  } finally {
    await service.close();
  }
  return found;
}
