import { useEffect, useState } from 'react'
import { imageTypeOf } from '../../repo/image-type.ts'
import { useEngine } from './engine-context.ts'

/** A decoder may need many times the file's size; larger images are offered as files. */
const MAX_PREVIEW_BYTES = 24_000_000

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
