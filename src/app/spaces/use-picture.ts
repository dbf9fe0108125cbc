import { useEffect, useState } from 'react'
import type { CairnError } from '../../core/errors.ts'
import { imageTypeOf } from '../../repo/image-type.ts'
import { useEngine } from '../lib/engine-context.ts'
import { toCairnError } from '../lib/to-cairn-error.ts'

/** A decoder may need many times the file's size; larger pictures are saved as files, bytes. */
const MAX_BYTES = 24_000_000

export interface WholePicture {
  /** blob: address for an `<img>`; undefined while it is fetched, and for what is not to be drawn */
  readonly url: string | undefined
  /** all of it is here, and it is too large or no picture */
  readonly undrawable: boolean
  readonly error: CairnError | undefined
}

/** A picture of a space in full: fetched when it is not here, and let go when the component leaves. */
export function usePicture(space: string, id: string): WholePicture {
  const { cairn } = useEngine()
  const [found, setFound] = useState<Partial<WholePicture>>({})
  useEffect(() => {
    if (cairn === undefined) return
    let url: string | undefined
    let left = false
    const read = async () => {
      await cairn.spaces.fetchFile(space, id)
      if (left) return
      const file = await cairn.spaces.file(space, id)
      const type =
        file.size > MAX_BYTES ? undefined : imageTypeOf(new Uint8Array(await file.slice(0, 16).arrayBuffer()))
      if (left) return
      if (type !== undefined) url = URL.createObjectURL(file.slice(0, file.size, type))
      setFound({ url, undrawable: type === undefined })
    }
    read().catch((error: unknown) => {
      if (!left) setFound({ error: toCairnError(error) })
    })
    return () => {
      left = true
      if (url !== undefined) URL.revokeObjectURL(url)
      setFound({})
    }
  }, [cairn, space, id])
  return { url: found.url, undrawable: found.undrawable === true, error: found.error }
}
