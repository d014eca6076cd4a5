/** Dissections of UDP packets, for logs of our own mistakes and for golden packets. Stable: the same bytes give the same lines. */
import { type DissectOptions, dissectLayout, type Side } from '../dissect.ts';
import { u16At } from './crypt.ts';
import { layoutOf } from './declaration.ts';
import { metaAnswerOf, metaLayout, metaRequestOf, type MetaForm } from './meta.ts';
import { type ClientPacket, isPacket, parseClientPacket, parseServerPacket, type ServerPacket, type Version } from './packet.ts';
import { commandOf, replyOf } from './registry.ts';
import { Result } from './replies.ts';

export interface DissectUdpOptions extends DissectOptions {
  /** The client's version, where the header does not say it: servers answer versions 4 and 5 in version 3. */
  readonly version?: Version;
  /** The form of META that was asked for. Default: `new`. */
  readonly metaForm?: MetaForm;
}

/** A datagram: its header, then its parameters; offsets count from where these begin. Never throws. */
export function dissectDatagram(data: Uint8Array, from: Side, options: DissectUdpOptions = {}): string {
  const packet = from === 'client' ? parseClientPacket(data) : parseServerPacket(data);
  if (!isPacket<ClientPacket | ServerPacket>(packet)) return `not a packet: ${packet.problem}, ${data.length} bytes from the ${from}`;
  return packetText(packet, from, `${data.length} bytes`, options);
}

/** A packet that was read already. Never throws. */
export function dissectPacket(packet: ClientPacket | ServerPacket, from: Side, options: DissectUdpOptions = {}): string {
  return packetText(packet, from, `${packet.parameters.length} bytes of parameters`, options);
}

function packetText(packet: ClientPacket | ServerPacket, from: Side, size: string, options: DissectUdpOptions): string {
  const version = options.version ?? packet.version;
  const kind = from === 'client' ? commandOf(version, packet.command) : replyOf(version, packet.command);
  const name = kind === undefined ? 'not declared' : `${kind.module} ${kind.name}`;
  const title = `UDP version ${packet.version} ${hex(packet.command, 4)} ${name}, ${numbers(packet, options)}, ${size} from the ${from}`;
  if (kind === undefined) return packet.parameters.length === 0 ? title : `${title}\n${packet.parameters.length} bytes of parameters`;
  const body = dissectLayout(layoutOf(kind.declaration, version), packet.parameters, options);
  return [title, ...(body === '' ? [] : [body]), ...(kind.name === 'metaUser' ? metaLines(packet.parameters, from, options) : [])].join('\n');
}

function numbers(packet: ClientPacket | ServerPacket, options: DissectUdpOptions): string {
  if (packet.version <= 2) return `seq ${packet.seq1}${packet.uin === 0 ? '' : `, UIN ${packet.uin}`}`;
  const session = packet.version < 5 ? '' : options.redact === true ? ', a session' : `, session ${hex(packet.sessionId, 8)}`;
  return `seq ${packet.seq1} and ${packet.seq2}, UIN ${packet.uin}${session}`;
}

/** What the data of a META packet is; offsets count from where its fields begin. */
function metaLines(parameters: Uint8Array, from: Side, options: DissectUdpOptions): readonly string[] {
  if (parameters.length < 2) return [];
  const subtype = u16At(parameters, 0);
  const data = parameters.subarray(2);
  if (from === 'client') {
    const found = metaRequestOf(subtype);
    if (found === undefined) return ['META not declared'];
    return lines(`META ${subtype} ${found.name}, ${found.form} form`, dissectLayout(metaLayout(found.declaration, found.form), data, options));
  }
  const found = metaAnswerOf(subtype);
  if (found === undefined || data.length === 0) return ['META not declared'];
  const title = `META ${subtype} ${found.name}, result ${hex(data[0] as number, 2)}`;
  if (data[0] !== Result.done) return [title];
  return lines(title, dissectLayout(metaLayout(found.declaration, options.metaForm ?? 'new'), data.subarray(1), options));
}

function lines(title: string, body: string): readonly string[] {
  return body === '' ? [title] : [title, body];
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
