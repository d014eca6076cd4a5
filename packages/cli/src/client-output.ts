/** How the line-mode client speaks: sentences for people, JSON for scripts. */
import { type Client, ClientError, type ClientEvent, type PresentedKey } from '@seekyou/client';
import { type ClientCommand, type Given, shown } from './client-commands.ts';
import { foundLines, infoLines } from './client-directory.ts';
import { harmless, harmlessLines } from './harmless.ts';

export interface Output {
  registered(uin: number): void;
  /** A key was accepted that nobody compared. */
  trusted(key: PresentedKey): void;
  signedOn(client: Client): void;
  event(client: Client, event: ClientEvent): void;
  done(command: ClientCommand, result: unknown): void;
  /** @param command as far as it was understood */
  failed(error: Error, command?: Given): void;
}

export function jsonOutput(): Output {
  const print = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  return {
    registered: (uin) => print({ type: 'registered', uin }),
    trusted: ({ address, fingerprint }) => print({ type: 'trusted', fingerprint, address }),
    signedOn: (client) => print({ type: 'signed-on', uin: client.uin, contacts: client.contacts() }),
    event: (_client, event) => print('error' in event ? { ...event, error: undefined, ...plain(event.error) } : event),
    done: (command, result) => print({ type: 'done', ...shown(command), ...(result === undefined ? {} : { result }) }),
    failed: (error, command) => print({ type: 'failed', ...(command === undefined ? {} : shown(command)), ...plain(error) }),
  };
}

function plain(error: Error): object {
  const { code } = error as { code?: unknown };
  return { code: code ?? null, message: error.message, ...(error instanceof ClientError && error.key !== undefined ? { key: error.key } : {}) };
}

/** Who had the web or mail server say it, as far as he told. */
function writerOf({ name, email }: { readonly name: string; readonly email: string }): string {
  const writer = [harmless(name), email === '' ? '' : `<${harmless(email)}>`].filter((part) => part !== '').join(' ');
  return writer === '' ? '' : `, from ${writer}`;
}

export function textOutput(stream: NodeJS.WriteStream): Output {
  const print = (line: string): void => {
    // Over a half-typed line: it is drawn again by the prompt.
    if (stream.isTTY) stream.write('\r\u001b[K');
    stream.write(`${line}\n`);
  };
  // Some of ours have several lines, and some tell what a server said.
  const printError = (error: Error): void => print(error.message.split('\n').map(harmless).join('\n'));
  const named = (client: Client, uin: number): string => {
    const nickname = client.contacts().find((contact) => contact.uin === uin)?.nickname;
    return nickname === undefined || nickname === String(uin) ? String(uin) : `${harmless(nickname)} (${uin})`;
  };
  const clock = (iso: string, stored: boolean): string => (stored ? iso.slice(0, 16).replace('T', ' ') : iso.slice(11, 16));
  return {
    registered: (uin) => print(`your new UIN is ${uin}`),
    trusted: ({ address, fingerprint }) => print(`trusting ${fingerprint} from now on, as presented by ${address}`),
    signedOn: (client) => {
      print(`signed on as ${client.uin}; /help lists the commands`);
      for (const contact of client.contacts().filter((one) => one.awaiting)) print(`${named(client, contact.uin)}: waiting for authorisation`);
    },
    event: (client, event) => {
      switch (event.type) {
        case 'presence':
          return print(`${named(client, event.uin)} is ${event.status.status}${event.status.invisible ? ', invisible to others' : ''}`);
        case 'message':
          return print(`${clock(event.time, event.stored)} ${named(client, event.from)}: ${harmlessLines(event.text)}`);
        case 'url':
          return print(`${clock(event.time, event.stored)} ${named(client, event.from)}: ${harmless(event.caption)} <${harmless(event.url)}>`);
        case 'contacts':
          return print(
            `${clock(event.time, event.stored)} ${named(client, event.from)} sends contacts: ${event.contacts.map(({ uin, nickname }) => `${uin} ${harmless(nickname)}`).join(', ')}`,
          );
        case 'notice':
          return print(`${clock(event.time, event.stored)} ${named(client, event.from)}${writerOf(event)}: ${harmlessLines(event.text)}`);
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
        case 'room-joined':
          return print(`${harmless(client.rooms.called(event))}: ${named(client, event.uin)} comes in`);
        case 'room-left':
          return print(`${harmless(client.rooms.called(event))}: ${named(client, event.uin)} leaves`);
        case 'room-line':
          return print(
            `${clock(event.time, false)} ${harmless(client.rooms.called(event))}: ${named(client, event.from)}${event.whisper ? ' whispers' : ''}: ${harmlessLines(event.text)}`,
          );
        case 'room-invitation':
          return print(
            `${named(client, event.from)} asks you into a room${event.text === '' ? '' : `: ${harmless(event.text)}`}   (/join ${harmless(event.id)})`,
          );
        case 'room-closed':
          return print(`${harmless(client.rooms.called(event))}: you are no longer in this room`);
        case 'trouble':
          return print(`something the server sent (${event.packet}) could not be read: ${harmless(event.message)}`);
        case 'reconnecting':
          return print(`${harmless(event.error.message)}; coming back in ${Math.ceil(event.inMs / 1000)} s`);
        case 'reconnected':
          return print('on line again');
        case 'closed':
          return printError(event.error);
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
      } else if (command.do === 'rooms') {
        for (const room of result as readonly { name: string; private: boolean; members: number }[]) {
          print(`${harmless(room.name).padEnd(32)} ${room.private ? 'private, ' : ''}${room.members} there`);
        }
      } else if (command.do === 'join' || command.do === 'private') {
        const room = result as { name: string; private: boolean; uins: readonly number[] };
        print(`you are in ${room.private ? 'the private room ' : ''}${harmless(room.name)} with ${room.uins.join(', ')}`);
      } else if (command.do === 'picture-of') {
        const { bytes } = result as { bytes: number };
        print(bytes === 0 ? `${String(command['uin'])} shows no picture` : `${bytes} bytes in ${harmless(String(command['file']))}`);
      } else if (command.do === 'away-of') {
        print(result === '' ? `${String(command['uin'])} says nothing of his status` : harmlessLines(result as string));
      } else if (command.do === 'info') {
        for (const line of infoLines(result as Parameters<typeof infoLines>[0])) print(line);
      } else if (command.do === 'search') {
        for (const line of foundLines(result as Parameters<typeof foundLines>[0])) print(line);
      } else if (command.do === 'meet') {
        print(result === null ? 'there is nobody to meet' : `you meet ${result as number}`);
      } else if (command.do === 'password') {
        print('your password is changed');
        if (!(result as { oldClients: boolean }).oldClients) print('old clients cannot sign on any more; /old-password gives them a password of their own');
      } else if (command.do === 'old-password') {
        print('old clients sign on with that password from now on');
      } else if (command.do === 'unregister') {
        print('your account is removed');
      } else if (command.do === 'add') {
        const { awaiting } = result as { awaiting: boolean };
        print(awaiting ? `${String(command['uin'])} wants to be asked: waiting for authorisation` : `${String(command['uin'])} is added`);
      }
    },
    failed: (error) => printError(error),
  };
}
