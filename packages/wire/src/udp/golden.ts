/** Golden datagrams: a whole UDP packet as one layout, so that it is checked like any other golden packet. For tests. */
import type { Side } from '../dissect.ts';
import { WireError } from '../errors.ts';
import { Reader } from '../reader.ts';
import { encode, type Layout } from '../schema.ts';
import { layoutOf } from './declaration.ts';
import { dissectDatagram } from './dissect.ts';
import { decodeMeta, decodeMetaAnswer, encodeMetaAnswer, encodeMetaRequest, type MetaForm, metaFailure } from './meta.ts';
import {
  buildClientPacket,
  buildServerPacket,
  type ClientChoice,
  type ClientPacket,
  isPacket,
  parseClientPacket,
  parseServerPacket,
  type ServerPacket,
  type Version,
} from './packet.ts';
import { META_REGISTRY, type RegisteredMeta, type RegisteredUdp, UDP_REGISTRY } from './registry.ts';

/** What a golden file says beside its bytes. */
export interface DatagramFacts {
  /** The sender's two choices, see `ClientChoice`. Default: `zero`. */
  readonly check: ClientChoice | 'zero';
  /** The client's version, where the header does not say it. */
  readonly client?: Version;
  /** Default: `new`. */
  readonly metaForm?: MetaForm;
}

export interface GoldenDatagram {
  readonly layout: Layout<unknown>;
  readonly from: Side;
  readonly dissect: (bytes: Uint8Array) => string;
}

/** What `packet:` names, as in `udp/commands login`; undefined when nothing is called so. */
export function goldenDatagram(module: string, name: string, facts: DatagramFacts): GoldenDatagram | undefined {
  const entry = [...UDP_REGISTRY, ...META_REGISTRY].find((one) => one.module === module && one.name === name);
  if (entry === undefined) return undefined;
  const from = entry.declaration.from;
  const options = { ...(facts.client === undefined ? {} : { version: facts.client }), ...(facts.metaForm === undefined ? {} : { metaForm: facts.metaForm }) };
  return { layout: datagram(entry, facts), from, dissect: (bytes) => dissectDatagram(bytes, from, options) };
}

type Whole = Omit<ClientPacket | ServerPacket, 'parameters' | 'command'> & { readonly body: unknown };

function datagram(entry: RegisteredUdp | RegisteredMeta, facts: DatagramFacts): Layout<unknown> {
  const isClients = entry.declaration.from === 'client';
  return {
    doc: { type: 'datagram' },
    read(r) {
      const wire = r.bytes(r.left);
      const packet = isClients ? parseClientPacket(wire) : parseServerPacket(wire);
      if (!isPacket<ClientPacket | ServerPacket>(packet)) throw new WireError('bad-value', 0, `no packet: ${packet.problem}`);
      const { parameters, command, ...numbers } = packet;
      if (command !== codeOf(entry)) throw new WireError('bad-value', 0, `command ${command} is not ${entry.name}`);
      return { ...numbers, body: readBody(entry, facts, packet.version, parameters) };
    },
    write(w, value) {
      const { body, ...numbers } = value as Whole;
      const packet = { ...numbers, command: codeOf(entry), parameters: writeBody(entry, facts, numbers.version, body) };
      w.bytes(isClients ? buildClientPacket(packet as ClientPacket, facts.check) : buildServerPacket(packet as ServerPacket, facts.check));
    },
    sample: () => undefined,
  };
}

const META_REQUEST = 0x064a;
const META_ANSWER = 0x03de;

function codeOf(entry: RegisteredUdp | RegisteredMeta): number {
  if (entry.module === 'meta') return entry.declaration.from === 'client' ? META_REQUEST : META_ANSWER;
  return entry.declaration.code;
}

function bodyLayout(entry: RegisteredUdp, facts: DatagramFacts, version: Version): Layout<unknown> {
  return layoutOf(entry.declaration, facts.client ?? version);
}

/** A META body is its fields; an answer that is not done is its result. */
function readBody(entry: RegisteredUdp | RegisteredMeta, facts: DatagramFacts, version: Version, parameters: Uint8Array): unknown {
  if (entry.module !== 'meta') return readAll(bodyLayout(entry, facts, version), parameters);
  if (parameters.length < 2) throw new WireError('short', 0, 'no subtype');
  const data = parameters.subarray(2);
  if (entry.declaration.from === 'client') return decodeMeta(entry.declaration, facts.metaForm ?? 'new', data);
  const { result, value } = decodeMetaAnswer(entry.declaration, facts.metaForm ?? 'new', data);
  return value ?? result;
}

function readAll(layout: Layout<unknown>, parameters: Uint8Array): unknown {
  return layout.read(new Reader(parameters));
}

function writeBody(entry: RegisteredUdp | RegisteredMeta, facts: DatagramFacts, version: Version, body: unknown): Uint8Array {
  if (entry.module !== 'meta') return encode(bodyLayout(entry, facts, version), body);
  const { subtype, data } = writeMeta(entry.declaration, facts.metaForm ?? 'new', body);
  return Uint8Array.of(subtype & 0xff, subtype >>> 8, ...data);
}

function writeMeta(declaration: RegisteredMeta['declaration'], form: MetaForm, body: unknown): { readonly subtype: number; readonly data: Uint8Array } {
  if (declaration.from === 'client') return encodeMetaRequest(declaration, form, body);
  return typeof body === 'number' ? metaFailure(declaration, body) : encodeMetaAnswer(declaration, form, body);
}
