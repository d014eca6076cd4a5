/** How the line-mode client speaks: sentences for people, JSON for scripts. */
import type { Client, ClientEvent } from '@seekyou/client';
import type { ClientCommand } from './client-commands.ts';

export interface Output {
  registered(uin: number): void;
  signedOn(client: Client): void;
  event(client: Client, event: ClientEvent): void;
  done(command: ClientCommand, result: unknown): void;
  failed(error: Error, command?: ClientCommand): void;
}

export function jsonOutput(): Output {
  const print = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  return {
    registered: (uin) => print({ type: 'registered', uin }),
    signedOn: (client) => print({ type: 'signed-on', uin: client.uin, contacts: client.contacts() }),
    event: (_client, event) => print(event.type === 'closed' ? { type: 'closed', code: event.error.code, message: event.error.message } : event),
    done: (command, result) => print({ type: 'done', ...command, ...(result === undefined ? {} : { result }) }),
    failed: (error, command) => print({ type: 'failed', ...command, code: (error as { code?: unknown }).code ?? null, message: error.message }),
  };
}

/** Anything a terminal could obey is shown, never obeyed: a message must not move somebody's cursor. */
export function harmless(text: string): string {
  return Array.from(text, (c) => (isControl(c.charCodeAt(0)) ? (c === '\r' ? '' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`) : c)).join('');
}

/** C0 and C1 controls, without tab and line feed. */
function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09 && code !== 0x0a) || (code >= 0x7f && code < 0xa0);
}

export function textOutput(stream: NodeJS.WriteStream): Output {
  const print = (line: string): void => {
    // Over a half-typed line: it is drawn again by the prompt.
    if (stream.isTTY) stream.write('\r\u001b[K');
    stream.write(`${line}\n`);
  };
  const named = (client: Client, uin: number): string => {
    const nickname = client.contacts().find((contact) => contact.uin === uin)?.nickname;
    return nickname === undefined || nickname === String(uin) ? String(uin) : `${harmless(nickname)} (${uin})`;
  };
  const clock = (iso: string, stored: boolean): string => (stored ? iso.slice(0, 16).replace('T', ' ') : iso.slice(11, 16));
  return {
    registered: (uin) => print(`your new UIN is ${uin}`),
    signedOn: (client) => {
      print(`signed on as ${client.uin}; /help lists the commands`);
      for (const contact of client.contacts().filter((one) => one.awaiting)) print(`${named(client, contact.uin)}: waiting for authorisation`);
    },
    event: (client, event) => {
      switch (event.type) {
        case 'presence':
          return print(`${named(client, event.uin)} is ${event.status.status}${event.status.invisible ? ', invisible to others' : ''}`);
        case 'message':
          return print(`${clock(event.time, event.stored)} ${named(client, event.from)}: ${harmless(event.text)}`);
        case 'url':
          return print(`${clock(event.time, event.stored)} ${named(client, event.from)}: ${harmless(event.caption)} <${harmless(event.url)}>`);
        case 'typing':
          return event.typing === 'begun' ? print(`${named(client, event.from)} is typing`) : undefined;
        case 'authorisation-asked':
          return print(
            `${named(client, event.from)} asks to add you${event.reason === '' ? '' : `: ${harmless(event.reason)}`}   (/grant ${event.from} or /deny ${event.from})`,
          );
        case 'authorisation-answered':
          return print(
            `${named(client, event.from)} ${event.granted ? 'lets you add him' : 'does not let you add him'}${event.reason === '' ? '' : `: ${harmless(event.reason)}`}`,
          );
        case 'added-by':
          return print(`${named(client, event.from)} added you`);
        case 'roster':
          return undefined;
        case 'rate':
          return print(event.limited ? 'too fast: the server takes nothing for a moment' : 'slower, please: the server is about to refuse');
        case 'trouble':
          return print(`something the server sent (${event.packet}) could not be read: ${event.message}`);
        case 'closed':
          return print(event.error.message);
      }
    },
    done: (command, result) => {
      if (command.do === 'help') for (const line of result as readonly string[]) print(line);
      else if (command.do === 'contacts') {
        for (const contact of result as readonly { uin: number; nickname: string; status: string; awaiting: boolean }[]) {
          print(
            `${String(contact.uin).padEnd(11)} ${(contact.awaiting ? 'waiting for authorisation' : contact.status).padEnd(16)} ${harmless(contact.nickname)}`,
          );
        }
      } else if (command.do === 'add') {
        const { awaiting } = result as { awaiting: boolean };
        print(awaiting ? `${String(command['uin'])} wants to be asked: waiting for authorisation` : `${String(command['uin'])} is added`);
      }
    },
    failed: (error) => print(error.message),
  };
}
