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
    let state: 'wanted' | 'reading' | 'read' = 'wanted'
    let again = false
    const read = async () => {
      const blob = await cairn.library.blob(did, cid)
      state = 'read'
      if (left || blob.size > MAX_PREVIEW_BYTES) return
      const type = imageTypeOf(new Uint8Array(await blob.slice(0, 16).arrayBuffer()))
      if (left || type === undefined) return
      url = URL.createObjectURL(blob.slice(0, blob.size, type))
      setImage({ key: `${did}/${cid}`, url })
    }
    const tryToRead = () => {
      again = state === 'reading'
      if (state !== 'wanted') return
      state = 'reading'
      read().catch(() => {
        if (state !== 'reading') return
        // not kept (yet): the screen shows its own stand-in
        state = 'wanted'
        if (again && !left) tryToRead()
      })
    }
    tryToRead()
    // records are here before the blobs that they name
    const leave = cairn.subscribe((event) => {
      if (event.type === 'repo' && event.did === did) tryToRead()
    })
    return () => {
      left = true
      leave()
      if (url !== undefined) URL.revokeObjectURL(url)
      setImage(undefined)
    }
  }, [cairn, did, cid])
  return image?.key === key ? image.url : undefined
}
