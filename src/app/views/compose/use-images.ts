import { useCallback, useEffect, useRef, useState } from 'react'
import type { CairnError } from '../../../core/errors.ts'
import { toCairnError } from '../../lib/to-cairn-error.ts'
import { blobJson, type BlobJson } from './blob-ref.ts'
import { MAX_IMAGES, type PostImage } from './post-record.ts'
import { POST_IMAGE, shrinkImage } from './shrink-image.ts'

/** An image that was chosen, as it will be sent. */
export interface ChosenImage {
  readonly name: string
  readonly file: Blob
  readonly blob: BlobJson
  /** blob: URL, to be shown */
  readonly url: string
  readonly alt: string
  readonly width: number
  readonly height: number
}

export interface Images {
  readonly list: readonly ChosenImage[]
  readonly busy: boolean
  readonly error: CairnError | undefined
  readonly add: (files: readonly File[]) => Promise<void>
  readonly setAlt: (index: number, alt: string) => void
  readonly remove: (index: number) => void
  readonly clear: () => void
}

/** The images of a post that is being written. */
export function useImages(): Images {
  const [list, setList] = useState<readonly ChosenImage[]>([])
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<CairnError>()
  const urls = useRef(new Set<string>())
  useEffect(() => {
    const all = urls.current
    return () => {
      for (const url of all) URL.revokeObjectURL(url)
    }
  }, [])

  const add = useCallback(async (files: readonly File[]) => {
    setBusy(true)
    setError(undefined)
    try {
      for (const input of files.slice(0, MAX_IMAGES)) {
        const { file, width, height } = await shrinkImage(input, POST_IMAGE)
        const blob = await blobJson(file)
        const url = URL.createObjectURL(file)
        urls.current.add(url)
        setList((before) =>
          before.length >= MAX_IMAGES
            ? before
            : [...before, { name: input.name, file, blob, url, alt: '', width, height }],
        )
      }
    } catch (cause) {
      setError(toCairnError(cause))
    } finally {
      setBusy(false)
    }
  }, [])
  const setAlt = useCallback(
    (index: number, alt: string) =>
      setList((before) => before.map((it, i) => (i === index ? { ...it, alt } : it))),
    [],
  )
  const remove = useCallback((index: number) => setList((before) => before.filter((_, i) => i !== index)), [])
  const clear = useCallback(() => setList([]), [])
  return { list, busy, error, add, setAlt, remove, clear }
}

/** As the record names them. */
export const postImages = (list: readonly ChosenImage[]): PostImage[] =>
  list.map(({ blob, alt, width, height }) => ({
    image: blob,
    alt: alt.trim(),
    aspectRatio: { width, height },
  }))
