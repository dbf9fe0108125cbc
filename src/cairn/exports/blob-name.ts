import { imageTypeOf } from '../../repo/image-type.ts'

/** First bytes that are looked at. */
export const MAGIC_BYTES = 16

const IMAGES: Readonly<Record<string, string>> = {
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/gif': '.gif',
  'image/webp': '.webp',
  'image/avif': '.avif',
}

/** Formats that only play or show: nothing that a double click would run. */
const OTHERS: readonly (readonly [at: number, magic: string, extension: string])[] = [
  [4, 'ftyp', '.mp4'],
  [0, '\x1a\x45\xdf\xa3', '.webm'],
  [0, 'OggS', '.ogg'],
  [0, 'ID3', '.mp3'],
  [0, 'fLaC', '.flac'],
  [0, '%PDF-', '.pdf'],
]

/** `blobs/<cid>` with an extension told by the first bytes; what the record claims does not count. */
export function blobName(cid: string, head: Uint8Array): string {
  const image = imageTypeOf(head)
  const extension =
    image === undefined ? OTHERS.find(([at, magic]) => startsAt(head, at, magic))?.[2] : IMAGES[image]
  return `blobs/${cid}${extension ?? ''}`
}

function startsAt(head: Uint8Array, at: number, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) if (head[at + i] !== magic.charCodeAt(i)) return false
  return true
}
