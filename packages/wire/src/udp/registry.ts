/** Every declared UDP packet by name and number. */
import type { Layout } from '../schema.ts';
import * as commands from './commands.ts';
import { type Declaration, encodeParameters, layoutOf } from './declaration.ts';
import * as meta from './meta.ts';
import { type ClientPacket, type ServerFormat, serverFormat, type ServerPacket, type Version } from './packet.ts';
import * as replies from './replies.ts';
import { Reader } from '../reader.ts';

export interface RegisteredUdp {
  readonly module: 'commands' | 'replies';
  /** `sendMessage`: the export. */
  readonly name: string;
  readonly declaration: Declaration<unknown>;
}

export interface RegisteredMeta {
  readonly module: 'meta';
  readonly name: string;
  readonly declaration: meta.MetaDeclaration<unknown>;
}

function registered(module: 'commands' | 'replies', exports: object): readonly RegisteredUdp[] {
  return Object.entries(exports).flatMap(([name, exported]: [string, unknown]) =>
    typeof exported === 'object' && exported !== null && 'forms' in exported ? [{ module, name, declaration: exported as Declaration<unknown> }] : [],
  );
}

/** In the order of their modules, then of their numbers. */
export const UDP_REGISTRY: readonly RegisteredUdp[] = [...registered('commands', commands), ...registered('replies', replies)].sort(
  (a, b) => a.module.localeCompare(b.module) || a.declaration.code - b.declaration.code,
);

export const META_REGISTRY: readonly RegisteredMeta[] = Object.entries(meta)
  .flatMap(([name, exported]: [string, unknown]): RegisteredMeta[] =>
    typeof exported === 'object' && exported !== null && 'newBody' in exported
      ? [{ module: 'meta', name, declaration: exported as meta.MetaDeclaration<unknown> }]
      : [],
  )
  .sort((a, b) => (a.declaration.old ?? 0) - (b.declaration.old ?? 0));

const key = (version: number, code: number): number => version * 0x10000 + code;

const commandsByNumber = new Map<number, RegisteredUdp>();
const repliesByNumber = new Map<number, RegisteredUdp>();
for (const entry of UDP_REGISTRY) {
  const { code, since, until } = entry.declaration;
  const byNumber = entry.module === 'commands' ? commandsByNumber : repliesByNumber;
  for (let version: number = since; version <= until; version++) byNumber.set(key(version, code), entry);
}

/** What a command's number means to a version; undefined for an unknown one. */
export function commandOf(version: Version, code: number): RegisteredUdp | undefined {
  return commandsByNumber.get(key(version, code));
}

/** @param version the client's */
export function replyOf(version: Version, code: number): RegisteredUdp | undefined {
  return repliesByNumber.get(key(version, code));
}

export interface Decoded extends RegisteredUdp {
  readonly value: unknown;
}

/** @returns undefined for a command nobody declared. @throws WireError for parameters that are not what it has */
export function decodeCommand({ version, command, parameters }: ClientPacket): Decoded | undefined {
  const entry = commandOf(version, command);
  return entry === undefined ? undefined : { ...entry, value: read(layoutOf(entry.declaration, version), parameters) };
}

/** @param version the client's; a version 3 packet may be for versions 3, 4 and 5. @throws WireError */
export function decodeReply(version: Version, { command, parameters }: ServerPacket): Decoded | undefined {
  const entry = replyOf(version, command);
  return entry === undefined ? undefined : { ...entry, value: read(layoutOf(entry.declaration, version), parameters) };
}

function read(layout: Layout<unknown>, parameters: Uint8Array): unknown {
  return layout.read(new Reader(parameters));
}

/** Who a reply is for, and its numbers. */
export interface ReplyHeader {
  readonly seq1: number;
  /** That of the request it answers; 0 for what nobody asked. */
  readonly seq2: number;
  readonly uin: number;
  readonly sessionId: number;
  /** Header, where it is not the version's own. */
  readonly format?: ServerFormat;
}

/** A reply as a packet for `buildServerPacket`. @throws WireError when the value does not fit */
export function encodeReply<T>(version: Version, declaration: Declaration<T>, value: T, { format, ...header }: ReplyHeader): ServerPacket {
  return { ...header, version: format ?? serverFormat(version), command: declaration.code, parameters: encodeParameters(declaration, version, value) };
}
