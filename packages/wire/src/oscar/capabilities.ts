/** Capabilities: 16-byte ids a client announces in 02/04 and others see in the user-info block. @see oscar.md §11 */
import { WireError } from '../errors.ts';
import type { Reader } from '../reader.ts';
import { be, type Layout } from '../schema.ts';
import type { Writer } from '../writer.ts';

/** A 16-byte id as 32 upper-case hexadecimal digits: its GUID without the hyphens. */
export type Capability = string;

/** The ids our programs care about. The full list is in icq-tables.json. */
export const Capability = {
  shortCapabilities: '094600004C7F11D18222444553540000',
  xhtml: '094600024C7F11D18222444553540000',
  hostStatusText: '0946010A4C7F11D18222444553540000',
  liveVideo: '094601014C7F11D18222444553540000',
  camera: '094601024C7F11D18222444553540000',
  microphone: '094601034C7F11D18222444553540000',
  liveAudio: '094601044C7F11D18222444553540000',
  talk: '094613414C7F11D18222444553540000',
  directPlay: '094613424C7F11D18222444553540000',
  fileTransfer: '094613434C7F11D18222444553540000',
  reverseConnection: '094613444C7F11D18222444553540000',
  directIm: '094613454C7F11D18222444553540000',
  buddyIcon: '094613464C7F11D18222444553540000',
  stocks: '094613474C7F11D18222444553540000',
  getFile: '094613484C7F11D18222444553540000',
  /** Channel-2 messages in ICQ's own format. */
  serverRelay: '094613494C7F11D18222444553540000',
  games: '0946134A4C7F11D18222444553540000',
  contactTransfer: '0946134B4C7F11D18222444553540000',
  flashAvatar: '0946134C4C7F11D18222444553540000',
  aimInterop: '0946134D4C7F11D18222444553540000',
  utf8: '0946134E4C7F11D18222444553540000',
  rtf: '97B12751243C4334AD22D6ABF73F1492',
  icq2001: '2E7A6475FADF4DC8886FEA3595FDB6DF',
  icq2001Marker: 'A0E93F374C7F11D18222444553540000',
  icq2001PluginMarker: 'A0E93F374FE9D311BCD20004AC96DD96',
  icq2002Marker: '10CF40D14C7F11D18222444553540000',
  icq2002PluginMarker: '10CF40D14FE9D311BCD20004AC96DD96',
  typing: '563FC8090B6F41BD9F79422609DFA2F3',
  xtraz: '1A093C6CD7FD4EC59D51A6474E34F5A0',
  tZers: 'B2EC8F167C6F451BBD79DC58497888B9',
  html: '0138CA7B769A491588F213FC00979EA8',
  chatRooms: '748F2420628711D18222444553540000',
  /** New ICQ Lite, ICQ 7. */
  icq7: 'C8953A9F21F14FAAB0B26DE663ABF5B7',
  /** Our own clients: "seekyou client 1" in ASCII. @see own.ts */
  seekyou: '7365656B796F7520636C69656E742031',
} as const;

const SHORT = /^0946([0-9A-F]{4})4C7F11D18222444553540000$/;

/** The 16-bit form of an id, or `undefined` when it has none. */
export function shortCapability(id: Capability): number | undefined {
  const digits = SHORT.exec(id)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/** The id that a 16-bit form stands for. */
export function capabilityFromShort(short: number): Capability {
  return `0946${hexOf(short >>> 8)}${hexOf(short & 0xff)}4C7F11D18222444553540000`;
}

/** An id from its 16 bytes. */
export function capabilityFromBytes(id: Uint8Array): Capability {
  let text = '';
  for (const byte of id) text += hexOf(byte);
  return text;
}

/** The 16 bytes of an id. @throws WireError `bad-value` when `id` is not 32 hexadecimal digits */
export function capabilityBytes(id: Capability): Uint8Array {
  const data = new Uint8Array(16);
  let wrong = id.length !== 32;
  for (let i = 0; i < 16; i++) {
    const byte = (digit(id.charCodeAt(i * 2)) << 4) | digit(id.charCodeAt(i * 2 + 1));
    wrong ||= byte < 0;
    data[i] = byte;
  }
  if (wrong) throw new WireError('bad-value', -1, `a capability is 32 hexadecimal digits, not ${JSON.stringify(id)}`);
  return data;
}

const HEX = Array.from({ length: 0x100 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

function hexOf(byte: number): string {
  return HEX[byte] as string;
}

/** -1 when the character is no hexadecimal digit. */
function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** One id. */
export const capability: Layout<Capability> = {
  doc: { type: 'capability' },
  min: 16,
  read: (r) => capabilityFromBytes(r.bytes(16)),
  write: (w, id) => w.bytes(capabilityBytes(id)),
  sample: (chance) => capabilityFromBytes(Uint8Array.from({ length: 16 }, () => Math.floor(chance() * 0x100))),
};

/** Ids to the end. A cut last one is left out: Jimm sends a list whose length is wrong (oscar.md §1.3). */
export const capabilities: Layout<readonly Capability[]> = whole(capability, 16, 'capabilities (to the end)');

/** 16-bit ids to the end. */
export const shortCapabilities: Layout<readonly number[]> = whole(be.u16, 2, 'short capabilities (to the end)');

/** As many items of `size` bytes as there are whole ones. */
function whole<T>(item: Layout<T>, size: number, type: string): Layout<readonly T[]> {
  return {
    doc: { type },
    read(r: Reader) {
      const items: T[] = [];
      while (r.left >= size) items.push(item.read(r));
      return items;
    },
    write(w: Writer, items) {
      for (const one of items) item.write(w, one);
    },
    sample: (chance) => Array.from({ length: Math.floor(chance() * 4) }, () => item.sample(chance)),
  };
}
