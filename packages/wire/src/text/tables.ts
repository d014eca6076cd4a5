/**
 * The tables of code pages, made by asking the platform's decoder about every byte and pair of bytes.
 *
 * The same tables then decode the double-byte pages too, because platforms differ there: Node knows no more of
 * Korean than KS X 1001, and turns some control characters of Shift_JIS round.
 */

type Decoder = InstanceType<typeof TextDecoder>;

export interface Table {
  /** By UTF-16 code unit: one or two bytes as a number, 0 for none. */
  readonly codes: Uint16Array;
  /** Of a double-byte page, by code: the UTF-16 code unit, 0 for none. */
  readonly units: Uint16Array | undefined;
}

const decoders = new Map<string, Decoder>();
const tables = new Map<string, Table>();

/** The platform's decoder for a name of the Encoding Standard. */
export function decoderOf(name: string): Decoder {
  let decoder = decoders.get(name);
  if (decoder === undefined) {
    decoder = new TextDecoder(name, { ignoreBOM: true });
    decoders.set(name, decoder);
  }
  return decoder;
}

/** Made when first needed: about a millisecond for a single-byte page, 20 for a double-byte one; 128 KB and 256 KB. */
export function tableOf(name: string): Table {
  let table = tables.get(name);
  if (table === undefined) {
    table = makeTable(name);
    tables.set(name, table);
  }
  return table;
}

export function isDoubleByte(name: string): boolean {
  return name in LEADS;
}

type Range = readonly [first: number, last: number];

/** Lead bytes, in the order in which a character that stands twice is looked for: Windows writes the first of these. */
const LEADS: Readonly<Record<string, readonly Range[]>> = {
  // NEC's selection of IBM characters (ED, EE) stands again in FA–FC.
  shift_jis: [
    [0x81, 0x9f],
    [0xe0, 0xec],
    [0xef, 0xfc],
    [0xed, 0xee],
  ],
  gbk: [[0x81, 0xfe]],
  'euc-kr': [[0x81, 0xfe]],
  // Two ideographs stand among the symbols of A1–A3 too; F9 and above repeats box lines; the rest is for users.
  big5: [
    [0xa4, 0xf8],
    [0xa1, 0xa3],
    [0xf9, 0xfe],
    [0x81, 0xa0],
  ],
};

const REPLACEMENT = 0xfffd;

function makeTable(name: string): Table {
  const leads = LEADS[name];
  const codes = new Uint16Array(0x10000);
  const units = leads === undefined ? undefined : new Uint16Array(0x10000);
  const table = { codes, units };
  for (let byte = 0; byte < 0x100; byte++) {
    if (leads?.some(([first, last]) => byte >= first && byte <= last)) continue;
    // Neither a character nor the first half of one; said here, so that the byte after it is not taken for its second.
    if (units !== undefined) units[byte] = REPLACEMENT;
    add(table, byte < 0x80 ? String.fromCharCode(byte) : decoderOf(name).decode(Uint8Array.of(byte)), byte);
  }
  for (const [first, last] of leads ?? []) for (let lead = first; lead <= last; lead++) addPairs(table, name, lead);
  if (name === 'euc-kr') addKoreanSyllables(table);
  return table;
}

const TRAILS = Array.from({ length: 0xff - 0x40 }, (_, i) => 0x40 + i);

/** One call for all trail bytes: a line feed after each pair ends whatever the pair left open. */
function addPairs(table: Table, name: string, lead: number): void {
  const lines = decoderOf(name)
    .decode(Uint8Array.from(TRAILS.flatMap((trail) => [lead, trail, 0x0a])))
    .split('\n');
  for (const [i, trail] of TRAILS.entries()) add(table, lines[i] as string, (lead << 8) | trail);
}

function add({ codes, units }: Table, characters: string, code: number): void {
  const unit = characters.charCodeAt(0);
  if (characters.length !== 1 || unit === REPLACEMENT) return;
  if (units !== undefined) units[code] = unit;
  if (codes[unit] === 0) codes[unit] = code;
}

/**
 * Page 949 is KS X 1001 and, in the gaps before it, the 8,822 syllables that misses, in Unicode's order.
 * Platforms that know them already agree; Node does not know them.
 */
function addKoreanSyllables(table: Table): void {
  const gaps = koreanGaps();
  for (let syllable = 0xac00; syllable <= 0xd7a3; syllable++) {
    const code = table.codes[syllable] as number;
    const isKsX1001 = code >>> 8 >= 0xa1 && (code & 0xff) >= 0xa1;
    if (!isKsX1001) add(table, String.fromCharCode(syllable), gaps.next().value as number);
  }
  add(table, '€', 0xa2e6);
  add(table, '®', 0xa2e7);
}

function* koreanGaps(): Generator<number> {
  for (let lead = 0x81; lead <= 0xc6; lead++) {
    for (let trail = 0x41; trail <= (lead < 0xa1 ? 0xfe : 0xa0); trail++) {
      if (trail <= 0x5a || (trail >= 0x61 && trail <= 0x7a) || trail >= 0x81) yield (lead << 8) | trail;
    }
  }
}

/** Text for bytes of a double-byte page; what it does not define becomes U+FFFD, and an ASCII byte is never swallowed. */
export function decodePairs(bytes: Uint8Array, units: Uint16Array): string {
  const text = new Uint16Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    let unit = units[byte] as number;
    if (unit === 0 && byte !== 0) {
      const trail = bytes[at + 1] ?? 0;
      unit = (units[(byte << 8) | trail] as number) || REPLACEMENT;
      if (unit !== REPLACEMENT || trail > 0x7f) at++;
    }
    text[length++] = unit;
  }
  return fromUnits(text.subarray(0, length));
}

const CHUNK = 4096;

function fromUnits(units: Uint16Array): string {
  let text = '';
  for (let at = 0; at < units.length; at += CHUNK) text += String.fromCharCode(...units.subarray(at, at + CHUNK));
  return text;
}
