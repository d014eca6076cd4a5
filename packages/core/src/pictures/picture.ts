/** Pictures of people: which an account shows, by the hash of its bytes. */

/** `icon`: the ordinary one. `flash`: one that moves (ICQ's "devils"). */
export type PictureKind = 'small' | 'icon' | 'big' | 'flash';

export const PICTURE_KINDS: readonly PictureKind[] = ['small', 'icon', 'big', 'flash'];

/** MD5 of a picture's bytes, 32 lower-case hexadecimal digits: the protocols call pictures so. */
export type PictureHash = string;

export interface Picture {
  readonly kind: PictureKind;
  readonly hash: PictureHash;
}

/** What a picture's bytes are, by how they begin. */
export type PictureFormat = 'gif' | 'jpeg' | 'png' | 'bmp' | 'flash' | 'xml';

/** `undefined` when it is none that clients show. */
export function pictureFormat(data: Uint8Array): PictureFormat | undefined {
  const begins = (text: string): boolean => data.length > text.length && Array.from(text).every((char, at) => data[at] === char.charCodeAt(0));
  if (begins('GIF87a') || begins('GIF89a')) return 'gif';
  if (begins('\xff\xd8\xff')) return 'jpeg';
  if (begins('\x89PNG\r\n\x1a\n')) return 'png';
  if (begins('BM')) return 'bmp';
  if (begins('FWS') || begins('CWS')) return 'flash';
  return begins('<?xml') ? 'xml' : undefined;
}

/** Programs that a client would run are pictures of one kind only. */
export function fits(kind: PictureKind, format: PictureFormat): boolean {
  return kind === 'flash' || (format !== 'flash' && format !== 'xml');
}
