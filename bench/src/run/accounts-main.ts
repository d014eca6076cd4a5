/** The process that makes accounts and rosters: takes one order from its parent, and ends. */
import { asUin, type RosterItem, type Uin } from '@seekyou/core';
import { createDataDirectory, createLog, createSecrets, dataFiles, loadConfig, loadOrCreateKey, openService } from '@seekyou/server';
import { encode } from '@seekyou/wire';
import { feedbag } from '@seekyou/wire/oscar';
import type { AccountsOrder } from './accounts.ts';
import { contactsOf, type Population } from './smoke.ts';

type OpenedService = Awaited<ReturnType<typeof openService>>;

/** Operations in flight: what one transaction carries comfortably. */
const AT_ONCE = 500;
const GROUP_ID = 1;

const uinAt = ({ first }: Population, index: number): Uin => asUin(first + index) as Uin;

async function inBatches(count: number, what: string, one: (index: number) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < count; at += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => one(at + i)));
    if (at % (AT_ONCE * 4) === 0) process.send?.(`${at} of ${count} ${what}`);
  }
}

/** One password for all, so one verifier: making ten thousand takes minutes on purpose. The sealed copies differ by UIN. */
async function makeAccounts(service: OpenedService, population: Population, keyFile: string): Promise<void> {
  const secrets = createSecrets(loadOrCreateKey(keyFile));
  const main = await secrets.verifier(population.password);
  const createdAt = Date.now();
  await inBatches(population.count, 'accounts', async (index) => {
    const uin = uinAt(population, index);
    const made = await service.store.accounts.create({
      uin,
      state: 'active',
      createdAt,
      main,
      old: secrets.seal(uin, population.password),
      nickname: `person ${index}`,
      authorisationRequired: false,
      hideAddress: false,
    });
    if (!made) throw new Error(`${uin} exists already`);
  });
}

function rosterOf(population: Population, index: number): RosterItem[] {
  const contacts = contactsOf(index);
  const attributes = (value: feedbag.ItemAttributes): Uint8Array => encode(feedbag.itemAttributes, value);
  const { ItemType } = feedbag;
  return [
    { groupId: 0, itemId: 0, kind: 'group', type: ItemType.group, name: '', attributes: attributes({ members: [GROUP_ID] }) },
    { groupId: GROUP_ID, itemId: 0, kind: 'group', type: ItemType.group, name: 'People', attributes: attributes({ members: contacts.map((_, i) => i + 1) }) },
    ...contacts.map((contact, i): RosterItem => {
      const uin = uinAt(population, contact);
      const nickname = `person ${contact}`;
      return {
        groupId: GROUP_ID,
        itemId: i + 1,
        kind: 'contact',
        type: ItemType.buddy,
        name: String(uin),
        uin,
        nickname,
        attributes: attributes({ nickname }),
      };
    }),
  ];
}

async function makeRosters(service: OpenedService, population: Population): Promise<void> {
  const stamp = Math.floor(Date.now() / 1000);
  await inBatches(population.count, 'rosters', (index) =>
    service.store.rosters.save(uinAt(population, index), { put: rosterOf(population, index), remove: [], stamp }),
  );
}

async function carryOut({ data, population, contacts }: AccountsOrder): Promise<void> {
  const config = loadConfig({ options: { data }, environment: {} });
  createDataDirectory(data);
  const files = dataFiles(data);
  const service = await openService(config, files, createLog(config));
  if (contacts === 'none') await makeAccounts(service, population, files.secretKey);
  else await makeRosters(service, population);
  await service.close();
}

process.once('message', (order: AccountsOrder) => {
  carryOut(order).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${(error as Error).stack}\n`);
      process.exit(1);
    },
  );
});
