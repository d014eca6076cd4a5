/** SNACs as bytes. What many clients get alike is encoded once. */
import { encodeSnac, SERVER_REQUEST_ID, type SnacDeclaration } from '@seekyou/wire/oscar';
import { count, type Counters } from './counters.ts';
import type { OutgoingSnac } from './state.ts';

interface Encoding {
  readonly declaration: SnacDeclaration<any>;
  readonly flags: number;
  readonly versionBlock: number | undefined;
  readonly bytes: Uint8Array;
}

export class Encodings {
  private readonly counters: Counters;
  private readonly shared = new WeakMap<object, Encoding[]>();
  private spoken = 0;

  constructor(counters: Counters) {
    this.counters = counters;
  }

  /** @throws WireError when the value does not fit its layout: our mistake */
  encode(packet: OutgoingSnac): Uint8Array {
    // An answer is for one client alone: it has the number of that client's request.
    return packet.shared === undefined || packet.requestId !== undefined ? this.fresh(packet) : this.once(packet, packet.shared);
  }

  private once(packet: OutgoingSnac, shared: object): Uint8Array {
    const { declaration, flags = 0, versionBlock } = packet;
    let encodings = this.shared.get(shared);
    const known = encodings?.find((one) => one.declaration === declaration && one.flags === flags && one.versionBlock === versionBlock);
    if (known !== undefined) {
      count(this.counters, 'oscar_encodings_shared');
      return known.bytes;
    }
    const bytes = this.fresh(packet);
    if (encodings === undefined) {
      encodings = [];
      this.shared.set(shared, encodings);
    }
    encodings.push({ declaration, flags, versionBlock, bytes });
    return bytes;
  }

  private fresh({ declaration, value, requestId, flags, versionBlock }: OutgoingSnac): Uint8Array {
    return encodeSnac(declaration, value, requestId ?? this.unaskedId(), flags, versionBlock);
  }

  private unaskedId(): number {
    this.spoken = (this.spoken + 1) & 0x7fffffff;
    return (SERVER_REQUEST_ID | this.spoken) >>> 0;
  }
}
