/** SNACs as frames. What many clients get alike is encoded once. */
import { Buffer } from 'node:buffer';
import { Writer } from '@seekyou/wire';
import { encodeSnac, FLAP_HEADER_BYTES, SERVER_REQUEST_ID, type SnacDeclaration, writeSnac } from '@seekyou/wire/oscar';
import type { Counters } from '../runtime/counters.ts';
import { count } from './counters.ts';
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
  private readonly writer = new Writer(4_096);
  private spoken = 0;

  constructor(counters: Counters) {
    this.counters = counters;
  }

  /**
   * The SNAC in a new array, behind room for the header of a FLAP frame.
   *
   * @throws WireError when the value does not fit its layout: our mistake
   */
  frame(packet: OutgoingSnac): Uint8Array {
    // An answer is for one client alone: it has the number of that client's request.
    if (packet.shared === undefined || packet.requestId !== undefined) return this.fresh(packet);
    const bytes = this.once(packet, packet.shared);
    const frame = Buffer.allocUnsafe(FLAP_HEADER_BYTES + bytes.length);
    frame.set(bytes, FLAP_HEADER_BYTES);
    return frame;
  }

  private fresh({ declaration, value, requestId, flags, versionBlock }: OutgoingSnac): Uint8Array {
    const { writer } = this;
    writer.reset();
    writeSnac(writer, declaration, value, requestId ?? this.unaskedId(), flags, versionBlock);
    // Straight into the frame, which is from Node's pool: three times cheaper than an array of its own, and every frame is written soon.
    const frame = Buffer.allocUnsafe(FLAP_HEADER_BYTES + writer.length);
    writer.copyTo(frame, FLAP_HEADER_BYTES);
    return frame;
  }

  private once(packet: OutgoingSnac, shared: object): Uint8Array {
    const { declaration, value, flags = 0, versionBlock } = packet;
    let encodings = this.shared.get(shared);
    const known = encodings?.find((one) => one.declaration === declaration && one.flags === flags && one.versionBlock === versionBlock);
    if (known !== undefined) {
      count(this.counters, 'oscar_encodings_shared');
      return known.bytes;
    }
    const bytes = encodeSnac(declaration, value, this.unaskedId(), flags, versionBlock);
    if (encodings === undefined) {
      encodings = [];
      this.shared.set(shared, encodings);
    }
    encodings.push({ declaration, flags, versionBlock, bytes });
    return bytes;
  }

  private unaskedId(): number {
    this.spoken = (this.spoken + 1) & 0x7fffffff;
    return (SERVER_REQUEST_ID | this.spoken) >>> 0;
  }
}
