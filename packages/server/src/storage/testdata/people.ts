/** Who writes to whom in the tests that fill disks and kill processes. */
import type { Account, MailboxLimits, MessageDraft, Uin } from '@seekyou/core';

export const ALICE = 10_001 as Uin;
export const CALLERS: readonly Uin[] = Array.from({ length: 20 }, (_, n) => (20_000 + n) as Uin);
export const LIMITS: MailboxLimits = { messagesMax: Infinity, bytesMax: Infinity, perSenderMax: Infinity };

export function account(uin: Uin): Account {
  const none = new Uint8Array(0);
  const main = { salt: none, iterations: 1, storedKey: none, serverKey: none };
  return { uin, state: 'active', createdAt: 0, main, nickname: '', authorisationRequired: false, hideAddress: false };
}

/**
 * Message so-and-so; the same number is the same message, and can be sent again.
 *
 * @param there whether Alice is on line: then the journal has it first
 */
export function draft(from: Uin, number: number, there: boolean): MessageDraft {
  const body = { kind: 'text', text: textOf(number) } as const;
  return { from, to: ALICE, body, sentAt: 1_000 + number, senderId: number.toString(16).padStart(32, '0'), limited: !there, checked: there };
}

export const textOf = (number: number): string => `message ${number} ${'ы'.repeat(number % 100)}`;
