/** What a person or a script can say to the line-mode client. One table: the help, both parsers and the actions come from it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Client, PICTURE_BYTES_MAX } from '@seekyou/client';
import { FieldError, groupFrom, info, searchFrom, tell } from './client-directory.ts';

/** Said to the person who typed it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** What could not be understood, as far as it is an object. */
  readonly given: Given | undefined;

  constructor(message: string, given?: Given) {
    super(message);
    this.given = given;
  }
}

/** The fields of a command, before they were looked at. */
export type Given = Readonly<Record<string, unknown>>;

/** A command in JSON: `{ "do": "send", "to": 100002, "text": "hello" }`; every other field comes back in the answer. */
export interface ClientCommand {
  readonly do: CommandName;
  readonly [field: string]: unknown;
}

/** `name`: one word, or several in quotes. `secret`: the same, and never said again. */
type Kind = 'uin' | 'words' | 'word' | 'words?' | 'word?' | 'name' | 'secret' | 'secret?';

interface Definition {
  readonly about: string;
  /** Field names in the order a person types them. */
  readonly fields: Readonly<Record<string, Kind>>;
  readonly run: (client: Client, command: ClientCommand) => unknown;
}

const STATUSES = ['online', 'away', 'not-available', 'occupied', 'do-not-disturb', 'free-for-chat', 'invisible'];

const uin = (command: ClientCommand, field = 'uin'): number => command[field] as number;
const words = (command: ClientCommand, field: string): string => (command[field] as string | undefined) ?? '';

export const COMMANDS = {
  send: {
    about: 'send a message; it waits for people who are off line',
    fields: { to: 'uin', text: 'words' },
    run: (client, command) => client.send(uin(command, 'to'), words(command, 'text')),
  },
  typing: {
    about: 'say that you are typing: begun, paused, finished',
    fields: { to: 'uin', what: 'word' },
    run: (client, command) => client.typing(uin(command, 'to'), oneOf(command, 'what', ['begun', 'paused', 'finished', 'closed']) as 'begun'),
  },
  add: {
    about: 'add a contact; asks for authorisation when it is needed',
    fields: { uin: 'uin', nickname: 'word?', reason: 'words?' },
    run: (client, command) => client.add(uin(command), command['nickname'] as string | undefined, words(command, 'reason')),
  },
  remove: { about: 'remove a contact', fields: { uin: 'uin' }, run: (client, command) => client.remove(uin(command)) },
  rename: {
    about: 'give a contact another name',
    fields: { uin: 'uin', nickname: 'words' },
    run: (client, command) => client.rename(uin(command), words(command, 'nickname')),
  },
  ask: {
    about: 'ask for authorisation once more',
    fields: { uin: 'uin', reason: 'words?' },
    run: (client, command) => client.requestAuthorisation(uin(command), words(command, 'reason')),
  },
  grant: { about: 'allow somebody to see you', fields: { uin: 'uin' }, run: (client, command) => client.answerAuthorisation(uin(command), true) },
  deny: {
    about: 'do not allow it',
    fields: { uin: 'uin', reason: 'words?' },
    run: (client, command) => client.answerAuthorisation(uin(command), false, words(command, 'reason')),
  },
  status: {
    about: `set your status: ${STATUSES.join(', ')}`,
    fields: { status: 'word' },
    run: (client, command) => {
      const status = oneOf(command, 'status', STATUSES);
      client.setStatus(status === 'invisible' ? 'online' : (status as 'online'), status === 'invisible');
    },
  },
  away: {
    about: 'say why you are away, until you sign off; without a text, nothing',
    fields: { text: 'words?' },
    run: (client, command) => client.awayTexts.set(words(command, 'text')),
  },
  'away-of': {
    about: 'what somebody says of his status',
    fields: { uin: 'uin' },
    run: (client, command) => client.awayTexts.of(uin(command)),
  },
  list: {
    about: 'put somebody on a list: visible, invisible, ignore',
    fields: { list: 'word', uin: 'uin' },
    run: (client, command) => client.list(oneOf(command, 'list', ['visible', 'invisible', 'ignore']) as 'ignore', uin(command), true),
  },
  unlist: {
    about: 'take somebody off a list',
    fields: { list: 'word', uin: 'uin' },
    run: (client, command) => client.list(oneOf(command, 'list', ['visible', 'invisible', 'ignore']) as 'ignore', uin(command), false),
  },
  contacts: {
    about: 'your contacts and their status',
    fields: {},
    run: (client) => client.contacts().map((contact) => ({ ...contact, ...client.statusOf(contact.uin) })),
  },
  rooms: {
    about: 'public rooms, or those with this in their names',
    fields: { name: 'words?' },
    run: (client, command) => client.rooms.list(words(command, 'name')),
  },
  join: {
    about: 'go into a room; it is made when there is none of that name',
    fields: { room: 'words' },
    run: (client, command) => join(client, words(command, 'room'), false),
  },
  private: {
    about: 'go into a private room of yours, to which you can /invite others',
    fields: { room: 'words' },
    run: (client, command) => join(client, words(command, 'room'), true),
  },
  say: {
    about: 'say something in a room; a name with blanks stands in quotes',
    fields: { room: 'name', text: 'words' },
    run: (client, command) => client.rooms.say(words(command, 'room'), words(command, 'text')),
  },
  whisper: {
    about: 'say something to one alone in a room',
    fields: { room: 'name', to: 'uin', text: 'words' },
    run: (client, command) => client.rooms.say(words(command, 'room'), words(command, 'text'), uin(command, 'to')),
  },
  invite: {
    about: 'ask somebody into a room you are in',
    fields: { room: 'name', uin: 'uin', text: 'words?' },
    run: async (client, command) => void (await client.rooms.invite(words(command, 'room'), uin(command), words(command, 'text'))),
  },
  leave: { about: 'leave a room', fields: { room: 'words' }, run: (client, command) => client.rooms.leave(words(command, 'room')) },
  picture: {
    about: 'show a picture from a file (GIF, JPEG, PNG or BMP, 32 KB or less); without one, none',
    fields: { file: 'words?' },
    run: (client, command) => (command['file'] === undefined ? client.avatars.clear() : client.avatars.show(pictureIn(words(command, 'file')))),
  },
  'picture-of': {
    about: 'save the picture somebody shows',
    fields: { uin: 'uin', file: 'words' },
    run: (client, command) => savePicture(client, uin(command), words(command, 'file')),
  },
  info: {
    about: 'what somebody tells of himself',
    fields: { uin: 'uin' },
    run: (client, command) => info(client, uin(command)),
  },
  search: {
    about: 'find people, such as: last=nowak city=Łódź nickname=ann* onlineOnly',
    fields: { for: 'words' },
    run: (client, command) => fielded(() => client.directory.search(searchFrom(words(command, 'for')))),
  },
  set: {
    about: 'tell something of yourself, such as: nickname Anna; without a value, nothing. docs/clients/seekyou.md lists the fields',
    fields: { field: 'word', value: 'words?' },
    run: (client, command) => fielded(() => tell(client, words(command, 'field'), words(command, 'value'))),
  },
  meetable: {
    about: 'let others meet you by chance in a group, 1 to 11; 0 ends it',
    fields: { group: 'word' },
    run: (client, command) => fielded(() => client.directory.meetable(groupFrom(words(command, 'group')))),
  },
  meet: {
    about: 'somebody of a group, whoever',
    fields: { group: 'word' },
    run: (client, command) => fielded(async () => (await client.directory.meet(groupFrom(words(command, 'group')))) ?? null),
  },
  password: {
    about: 'change your password; your other sessions end. One with blanks stands in quotes',
    fields: { present: 'secret', wanted: 'secret' },
    run: (client, command) => client.account.changePassword(words(command, 'present'), words(command, 'wanted')),
  },
  'old-password': {
    about: 'let old clients sign on with a password of their own, 1 to 8 ASCII characters',
    fields: { present: 'secret', wanted: 'secret' },
    run: (client, command) => client.account.changeOldPassword(words(command, 'present'), words(command, 'wanted')),
  },
  unregister: {
    about: 'remove your account for good: this cannot be undone. Asks for your password',
    fields: { password: 'secret?' },
    run: (client, command) => unregister(client, command['password'] as string | undefined),
  },
  help: { about: 'this list', fields: {}, run: () => helpLines() },
  quit: { about: 'sign off', fields: {}, run: () => undefined },
} as const satisfies Readonly<Record<string, Definition>>;

/** @throws CommandError when a field is wrong */
async function fielded<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof FieldError ? new CommandError(error.message) : error;
  }
}

/** @throws CommandError that says what would be lost, without the password */
async function unregister(client: Client, password: string | undefined): Promise<void> {
  if (password === undefined) {
    throw new CommandError(
      `this removes ${client.uin} with its contacts, messages and details, and cannot be undone. To do it, say it with your password: /unregister PASSWORD`,
    );
  }
  await client.account.unregister(password);
}

async function join(client: Client, name: string, isPrivate: boolean): Promise<unknown> {
  const { id } = await client.rooms.join(name, { private: isPrivate });
  return client.rooms.joined().find((room) => room.id === id);
}

/** @throws CommandError */
function pictureIn(path: string): Uint8Array {
  let picture: Uint8Array;
  try {
    picture = readFileSync(path);
  } catch (error) {
    throw new CommandError(`${path}: ${(error as Error).message}`);
  }
  if (picture.length > PICTURE_BYTES_MAX) throw new CommandError(`${path} has ${picture.length} bytes; a picture has ${PICTURE_BYTES_MAX} at most`);
  return picture;
}

/** Never over something that is there. @throws CommandError */
async function savePicture(client: Client, uin: number, path: string): Promise<{ readonly bytes: number }> {
  const picture = await client.avatars.of(uin);
  if (picture === undefined) return { bytes: 0 };
  try {
    writeFileSync(path, picture, { flag: 'wx' });
  } catch (error) {
    throw new CommandError(`${path}: ${(error as Error).message}`);
  }
  return { bytes: picture.length };
}

export type CommandName = keyof typeof COMMANDS;

const QUOTED: ReadonlySet<Kind> = new Set(['name', 'secret', 'secret?']);

/** Of any command: who mistypes the name of one gave its passwords nevertheless. And `type`, which says what an answer is. */
const NOT_SHOWN: ReadonlySet<string> = new Set([
  'type',
  ...Object.values(COMMANDS).flatMap(({ fields }) =>
    Object.entries(fields).flatMap(([field, kind]: [string, Kind]) => (kind.startsWith('secret') ? [field] : [])),
  ),
]);

/** A command as its answer repeats it: that goes to logs and screens. */
export function shown(command: Given): Given {
  return Object.fromEntries(Object.entries(command).filter(([field]) => !NOT_SHOWN.has(field)));
}

/** Other words people try. */
const ALIASES: Readonly<Record<string, CommandName>> = {
  msg: 'send',
  m: 'send',
  exit: 'quit',
  q: 'quit',
  who: 'contacts',
  authorise: 'grant',
  authorize: 'grant',
};

function definitionOf(name: unknown): readonly [CommandName, Definition] {
  const known = typeof name === 'string' ? (ALIASES[name] ?? name) : '';
  if (!Object.hasOwn(COMMANDS, known)) throw new CommandError(`${String(name)} is no command; /help lists them`);
  return [known as CommandName, COMMANDS[known as CommandName]];
}

/** `/send 100002 hello there`. @throws CommandError */
export function parseLine(line: string): ClientCommand {
  const match = /^\/([\w-]+)\s*(.*)$/s.exec(line.trim());
  if (match === null) throw new CommandError('begin with a command, such as /send 100002 hello; /help lists them');
  const [name, definition] = definitionOf(match[1]);
  let left = match[2] as string;
  const command: Record<string, unknown> = {};
  for (const [field, kind] of Object.entries(definition.fields)) {
    const [, word = '', after = ''] = (QUOTED.has(kind) ? /^"([^"]*)"\s*(.*)$/s.exec(left) : null) ?? (/^(\S*)\s*(.*)$/s.exec(left) as RegExpExecArray);
    const value = kind.startsWith('words') ? left : word;
    left = kind.startsWith('words') ? '' : after;
    command[field] = valueOf(name, definition, field, kind, value === '' ? undefined : value);
  }
  return { do: name, ...command };
}

/** @throws CommandError */
export function parseJson(line: string): ClientCommand {
  let given: unknown;
  try {
    given = JSON.parse(line);
  } catch {
    throw new CommandError('that line is not JSON');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new CommandError('a command is an object such as {"do":"send","to":100002,"text":"hello"}');
  const fields = given as Given;
  try {
    const [name, definition] = definitionOf(fields['do']);
    const checked = Object.entries(definition.fields).map(([field, kind]) => [field, valueOf(name, definition, field, kind, fields[field])]);
    return { ...fields, ...(Object.fromEntries(checked) as Given), do: name };
  } catch (error) {
    throw error instanceof CommandError ? new CommandError(error.message, fields) : error;
  }
}

function valueOf(name: CommandName, definition: Definition, field: string, kind: Kind, value: unknown): unknown {
  if ((value === undefined || value === '') && kind.endsWith('?')) return undefined;
  if (kind === 'uin') {
    const number = typeof value === 'string' && /^[\d-]+$/.test(value) ? Number(value.replaceAll('-', '')) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number > 0 && number <= 0xffffffff) return number;
  } else if (typeof value === 'string' && value !== '') return value;
  throw new CommandError(`${usage(name, definition)}: ${field} is ${value === undefined ? 'missing' : 'wrong'}`);
}

function oneOf(command: ClientCommand, field: string, allowed: readonly string[]): string {
  const value = command[field] as string;
  if (!allowed.includes(value)) throw new CommandError(`${value} is not possible; allowed: ${allowed.join(', ')}`);
  return value;
}

function usage(name: string, definition: Definition): string {
  return [
    `/${name}`,
    ...Object.entries(definition.fields).map(([field, kind]) => (kind.endsWith('?') ? `[${field.toUpperCase()}]` : field.toUpperCase())),
  ].join(' ');
}

function helpLines(): string[] {
  return Object.entries(COMMANDS).map(([name, definition]) => `${usage(name, definition).padEnd(32)} ${definition.about}`);
}
