import { useEffect, useState } from 'react'
import type { BlobItem } from '../../cairn/api.ts'
import { useEngine } from './engine-context.ts'

export type ImageType = NonNullable<BlobItem['imageType']>

/** A decoder may need many times the file's size; larger images are offered as files. */
const MAX_PREVIEW_BYTES = 24_000_000

/**
 * The type of an image by its first bytes, never by what a record claims. SVG is none of them: it is a
 * document, not a picture.
 */
export function imageTypeOf(head: Uint8Array): ImageType | undefined {
  const ascii = String.fromCharCode(...head.subarray(0, 16))
  if (ascii.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (ascii.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (ascii.startsWith('GIF87a') || ascii.startsWith('GIF89a')) return 'image/gif'
  if (ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP') return 'image/webp'
  if (ascii.slice(4, 8) === 'ftyp' && /^avi[fs]/.test(ascii.slice(8, 12))) return 'image/avif'
  return undefined
}

/**
 * A blob: URL for a kept image, to be put in an `<img>` and nowhere else; undefined while reading, when
 * it is not kept, and when it is no image. It is revoked when the component leaves.
 */
export function useBlobImage(did: string, cid: string | undefined): string | undefined {
  const { cairn } = useEngine()
  const [image, setImage] = useState<{ key: string; url: string }>()
  const key = `${did}/${cid}`
  useEffect(() => {
    if (cairn === undefined || cid === undefined) return
    let url: string | undefined
    let left = false
    const read = async () => {
      const blob = await cairn.library.blob(did, cid)
      if (left || blob.size > MAX_PREVIEW_BYTES) return
      const type = imageTypeOf(new Uint8Array(await blob.slice(0, 16).arrayBuffer()))
      if (left || type === undefined) return
      url = URL.createObjectURL(blob.slice(0, blob.size, type))
      setImage({ key: `${did}/${cid}`, url })
    }
    // not kept (yet): the screen shows its own stand-in
    read().catch(() => {})
    return () => {
      left = true
      if (url !== undefined) URL.revokeObjectURL(url)
      setImage(undefined)
    }
  }, [cairn, did, cid])
  return image?.key === key ? image.url : undefined
}
