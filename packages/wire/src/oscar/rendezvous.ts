/** Channel 2 of family 04: what stands in TLV 05 of a message. @see oscar.md §6.4, §6.5 */
import { ascii, be, bytes, bytesOf, empty, fixed, le, optional, rest, struct, tlvs, u8, type Value, within } from '../schema.ts';
import { capability } from './capabilities.ts';
import { ipv4, lnts } from './strings.ts';

/** `type` of the envelope. */
export const RendezvousType = { request: 0, cancel: 1, accept: 2 } as const;

/** Why a rendezvous was cancelled, TLV 0B. */
export const CancelReason = { unknown: 0, declined: 1, timeout: 2, acceptedElsewhere: 3 } as const;

/** What TLV 05 of a channel-2 message holds. @see oscar.md §6.4 */
export const rendezvousData = struct({
  /** One of {@link RendezvousType}. */
  type: be.u16,
  /** The message's own cookie: climm drops the message otherwise. */
  cookie: bytes(fixed(8)),
  /** What it is about. */
  capability,
  tlvs: tlvs({
    /** 1 first proposal, 2 counter-proposal, … */
    sequence: [0x0a, be.u16],
    /** The server should look whether the recipient has the capability. */
    requestHostCheck: [0x0f, empty],
    channel: [0x01, be.u16],
    ip: [0x02, ipv4],
    /** As the client claims; `serverIp` as the server saw it. Both tell where somebody is. */
    clientIp: [0x03, ipv4],
    serverIp: [0x04, ipv4],
    port: [0x05, be.u16],
    /** `ip` and `port` with every bit turned, against rewriting NATs. */
    ipCheck: [0x16, be.u32],
    portCheck: [0x17, be.u16],
    useProxy: [0x10, empty],
    useTls: [0x11, empty],
    cancelReason: [0x0b, be.u16],
    invitationType: [0x0d, ascii(rest)],
    invitationLanguage: [0x0e, ascii(rest)],
    invitation: [0x0c, bytes(rest)],
    versionMax: [0x12, be.u16],
    versionMin: [0x13, be.u16],
    counterReason: [0x14, be.u16],
    dataType: [0x15, ascii(rest)],
    addresses: [0x18, bytes(rest)],
    /** Its layout depends on `capability`. */
    service: [0x2711, bytes(rest)],
    serviceCharset: [0x2712, ascii(rest)],
  }),
});
export type RendezvousData = Value<typeof rendezvousData>;

/** The same with every TLV in `extra`, in the order it came: for servers, which relay what they do not change. */
export const rendezvousEnvelope = struct({ type: be.u16, cookie: bytes(fixed(8)), capability, tlvs: tlvs({}) });
export type RendezvousEnvelope = Value<typeof rendezvousEnvelope>;

/** Accept status of an acknowledgement. @see oscar.md §6.4.1 */
export const AcceptStatus = { ok: 0, refused: 1, away: 4, occupied: 9, doNotDisturb: 0x0a, notAvailable: 0x0e } as const;

/** Sixteen zeros for ordinary messages, else what a plug-in signs with. */
const signature = bytes(fixed(16));

/**
 * TLV 2711 of capability 09461349, and the data of a 04/0B with reason 3: a message in ICQ's own format.
 *
 * @see oscar.md §6.4.1
 */
export const relayData = struct({
  /** 27 bytes. */
  header: within(
    bytesOf(le.u16),
    struct({
      /** Of direct connections: 7–11. */
      version: le.u16,
      signature,
      unknown: be.u16,
      /** 3. */
      features: le.u32,
      /** As in the DC info, 0 or 4. */
      kind: u8,
      /** Counts down from 0xFFFF. */
      sequence: le.u16,
    }),
  ),
  /** 14 bytes. */
  header2: within(bytesOf(le.u16), struct({ sequence: le.u16, zeros: bytes(fixed(12)) })),
  /** Of {@link MessageType}; absent from plug-in signatures' bodies, which relay as `tail`. */
  type: u8,
  flags: u8,
  /** A request's own status, an answer's {@link AcceptStatus}. */
  status: le.u16,
  priority: le.u16,
  text: lnts,
  /** Depends on the type: {@link plainTail}, {@link fileTail}, {@link pluginTail}. */
  tail: bytes(rest),
});
export type RelayData = Value<typeof relayData>;

/** After the text of a relayed plain message. @see oscar.md §6.4.1 */
export const plainTail = struct({
  /** Bytes R, G, B, 0. */
  foreground: optional(le.u32),
  background: optional(le.u32),
  /** How the text is written: UTF-8 or RTF, a GUID in braces. */
  format: optional(ascii(bytesOf(le.u32))),
});
export type PlainTail = Value<typeof plainTail>;

/** `format` values of {@link plainTail}. */
export const TextFormat = { utf8: '{0946134E-4C7F-11D1-8222-444553540000}', rtf: '{97B12751-243C-4334-AD22-D6ABF73F1492}' } as const;

/** After the text of a file request or its acknowledgement. @see oscar.md §6.4.1 */
export const fileTail = struct({
  /** Big-endian copy of `port`. */
  portReversed: be.u16,
  unknown: be.u16,
  names: lnts,
  totalSize: le.u32,
  /** 0 in a request. */
  port: le.u32,
});
export type FileTail = Value<typeof fileTail>;

/** After the text of a chat request. @see oscar.md §6.4.1 */
export const chatTail = struct({ participants: lnts, portReversed: be.u16, unknown: be.u16, port: le.u32 });
export type ChatTail = Value<typeof chatTail>;

/** After the empty text of type 1A. @see oscar.md §6.5 */
export const pluginTail = struct({
  header: within(
    bytesOf(le.u16),
    struct({
      guid: capability,
      function: le.u16,
      name: ascii(bytesOf(le.u32)),
      flags: bytes(rest),
    }),
  ),
  /** What follows, by its length. */
  body: within(
    bytesOf(le.u32),
    struct({
      text: bytes(bytesOf(le.u32)),
      tail: bytes(rest),
    }),
  ),
});
export type PluginTail = Value<typeof pluginTail>;

/** TLV 2711 of capability 09461344, 27 bytes: "I cannot connect to you, please connect to me". @see oscar.md §6.4.3 */
export const reverseConnection = struct({
  /** Must be the sender's. */
  uin: le.u32,
  ip: ipv4,
  /** TCP, to connect to. */
  port: le.u32,
  kind: u8,
  portTried: le.u32,
  portAgain: le.u32,
  version: le.u16,
  /** What the callee must present. */
  session: le.u32,
});
export type ReverseConnection = Value<typeof reverseConnection>;

/** TLV 2711 of capability 09461343: the files on offer. @see oscar.md §6.4.4 */
export const fileOffer = struct({
  /** 1 one file, 2 several or a directory. */
  kind: be.u16,
  files: be.u16,
  totalBytes: be.u32,
  /** NUL-terminated. */
  name: bytes(rest),
});
export type FileOffer = Value<typeof fileOffer>;
