import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SecurityEvent, Uin } from '@seekyou/core';
import { testClock } from '@seekyou/core/testing';
import { type AuditOptions, openAuditLog } from './audit.ts';

const directory = mkdtempSync(join(tmpdir(), 'seekyou-audit-'));
after(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;

function log(more: Partial<AuditOptions> = {}) {
  const clock = testClock();
  const file = more.file ?? join(directory, `${++files}.log`);
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  return { clock, file, problems, log: openAuditLog({ clock, report, ...more, file }) };
}

const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const uin = 100_001 as Uin;
const signOn: SecurityEvent = { event: 'sign-on', uin, address: '192.0.2.7', client: 'climm' };
const refused = (address: string | null): SecurityEvent => ({ event: 'sign-on-refused', uin, address, why: 'wrong-credentials' });

test('each event is a line with its time, for the owner alone', async () => {
  const { log: audit, file } = log();
  audit.write(signOn);
  audit.write({ event: 'banned', target: '192.0.2.0/24', reason: 'a "quoted"\nreason', until: Date.UTC(2001, 1, 4) });
  audit.write({ event: 'banned', target: '100001', reason: '', until: null });
  await audit.close();
  const time = '2001-02-03T04:05:06.000Z';
  assert.deepEqual(linesOf(file), [
    { time, ...signOn },
    { time, event: 'banned', target: '192.0.2.0/24', reason: 'a "quoted"\nreason', until: '2001-02-04T00:00:00.000Z' },
    { time, event: 'banned', target: '100001', reason: '', until: null },
  ]);
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a log that is there is continued, and made private', async () => {
  const { log: first, file } = log();
  first.write(signOn);
  await first.close();
  chmodSync(file, 0o644);
  const { log: second } = log({ file });
  second.write(signOn);
  await second.close();
  assert.equal(linesOf(file).length, 2);
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a file that is large enough makes room for the next; the oldest is forgotten', async () => {
  const file = join(directory, 'rotated.log');
  for (let turn = 0; turn < 5; turn++) {
    const { log: audit } = log({ file, bytesMax: 250, olderKept: 2 });
    audit.write({ ...signOn, client: `turn ${turn} ${'x'.repeat(100)}` } as SecurityEvent);
    await audit.close();
  }
  const turns = (name: string): string[] => linesOf(name).map(({ client }) => (client as string).slice(0, 6));
  assert.deepEqual([turns(`${file}.2`), turns(`${file}.1`), turns(file)], [['turn 2'], ['turn 3'], ['turn 4']]);
  assert.equal(existsSync(`${file}.3`), false);
});

test('of a flood of refusals some are written, the rest is counted by address', async () => {
  const { log: audit, file, clock } = log({ refusalsPerMinute: 3 });
  for (let n = 0; n < 10; n++) audit.write(refused('192.0.2.7'));
  for (let n = 0; n < 2; n++) audit.write(refused(null));
  audit.write(signOn);
  clock.advance(60_000);
  audit.write(refused('192.0.2.8'));
  await audit.close();
  assert.deepEqual(
    linesOf(file).map(({ event, address, times }) => [event, address, times]),
    [
      ['sign-on-refused', '192.0.2.7', undefined],
      ['sign-on-refused', '192.0.2.7', undefined],
      ['sign-on-refused', '192.0.2.7', undefined],
      ['sign-on', '192.0.2.7', undefined],
      ['sign-ons-refused', '192.0.2.7', 7],
      ['sign-ons-refused', 'behind a relay', 2],
      ['sign-on-refused', '192.0.2.8', undefined],
    ],
  );
});

test('a flood from everywhere takes bounded room, and what was dropped is told', async () => {
  const { log: audit, file } = log({ refusalsPerMinute: 0 });
  for (let n = 0; n < 1_000; n++) audit.write(refused(`192.0.${n >> 8}.${n & 255}`));
  await audit.close();
  const counted = linesOf(file);
  assert.equal(counted.length, 101);
  assert.equal(
    counted.reduce((sum, { times }) => sum + (times as number), 0),
    1_000,
  );
  const { log: hasty, file: hastily } = log();
  for (let n = 0; n < 50_000; n++) hasty.write(signOn);
  await hasty.close();
  const lines = linesOf(hastily);
  const told = lines.find(({ event }) => event === 'lost');
  const written = lines.filter(({ event }) => event === 'sign-on').length;
  assert.ok(statSync(hastily).size < 2 * 1024 * 1024);
  assert.equal(written + (told?.['lines'] as number), 50_000);
});

test('without a place to write there is no start, and a failure later is reported', async () => {
  assert.throws(() => log({ file: join(directory, 'missing', 'audit.log') }), /audit_log .*missing/);
  const { log: lost, problems: told } = log({ file: join(directory, 'gone.log') });
  rmSync(join(directory, 'gone.log'));
  mkdirSync(join(directory, 'gone.log'));
  lost.write(signOn);
  await lost.close();
  assert.deepEqual(told, ['the audit log could not be written']);
});
