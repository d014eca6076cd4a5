/** Parameters that many clients get alike are encoded once for each version. */
import { type Declaration, encodeParameters, type Version } from '@seekyou/wire/udp';
import type { OutgoingPacket } from './state.ts';

export class Encodings {
  private readonly made = new WeakMap<object, Map<Declaration<any>, (Uint8Array | undefined)[]>>();

  /** @throws WireError when the value does not fit */
  parametersOf({ declaration, value, shared }: Pick<OutgoingPacket, 'declaration' | 'value' | 'shared'>, version: Version): Uint8Array {
    if (shared === undefined) return encodeParameters(declaration, version, value);
    const byVersion = this.versionsOf(shared, declaration);
    return (byVersion[version] ??= encodeParameters(declaration, version, value));
  }

  private versionsOf(shared: object, declaration: Declaration<any>): (Uint8Array | undefined)[] {
    let made = this.made.get(shared);
    if (made === undefined) this.made.set(shared, (made = new Map()));
    let versions = made.get(declaration);
    if (versions === undefined) made.set(declaration, (versions = []));
    return versions;
  }
}
