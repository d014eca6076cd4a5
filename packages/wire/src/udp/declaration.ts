/** One kind of UDP packet: its number, who sends it, in which versions, and its layout in each. */
import { Reader, type Trace } from '../reader.ts';
import { encode, type Layout } from '../schema.ts';
import type { Version } from './packet.ts';

/** A layout from one version on, until the next one. */
export type Form<T> = readonly [since: Version, body: Layout<T>];

export interface Declaration<T> {
  readonly code: number;
  readonly from: 'client' | 'server';
  /** First and last version of the clients that use it. */
  readonly since: Version;
  readonly until: Version;
  /** Chapter of docs/protocol. */
  readonly ref: string;
  /** One where the bytes do not differ; ascending. The value is the same type in all of them. */
  readonly forms: readonly Form<T>[];
}

interface Spec<T> {
  readonly code: number;
  readonly ref: string;
  /** Default: 1 and 5. */
  readonly since?: Version;
  readonly until?: Version;
  readonly body: Layout<T> | readonly Form<T>[];
}

function declare<T>(from: 'client' | 'server', { code, ref, since = 1, until = 5, body }: Spec<T>): Declaration<T> {
  return { code, from, since, until, ref, forms: 'read' in body ? [[since, body]] : body };
}

/** Client → server. */
export function command<T>(spec: Spec<T>): Declaration<T> {
  return declare('client', spec);
}

/** Server → client. */
export function reply<T>(spec: Spec<T>): Declaration<T> {
  return declare('server', spec);
}

/** Its layout in the packets of a version; before the first one declared, the first. */
export function layoutOf<T>({ forms }: Declaration<T>, version: Version): Layout<T> {
  let body = (forms[0] as Form<T>)[1];
  for (const [since, layout] of forms) if (since <= version) body = layout;
  return body;
}

/**
 * Reads a packet's parameters. What follows the declared fields is ignored.
 *
 * @param version the client's, also for what the server sends to it
 * @throws WireError with the field path; offsets count from the start of the parameters
 */
export function decodeParameters<T>(declaration: Declaration<T>, version: Version, parameters: Uint8Array, trace?: Trace): T {
  return layoutOf(declaration, version).read(new Reader(parameters, 0, parameters.length, trace));
}

/** @throws WireError when the value does not fit the layout of that version */
export function encodeParameters<T>(declaration: Declaration<T>, version: Version, value: T): Uint8Array {
  return encode(layoutOf(declaration, version), value);
}
