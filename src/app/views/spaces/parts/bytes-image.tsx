import { useEffect, useRef, type ReactNode } from 'react'
import { imageTypeOf } from '../../../../repo/image-type.ts'

interface BytesImageProps {
  readonly bytes: Uint8Array | undefined
  /** what it shows; left out where the words beside it say that */
  readonly alt?: string
  /** shown when the bytes are no image */
  readonly otherwise: ReactNode
}

/** A small picture that came with what stands beside it. What its first bytes do not show to be one is never drawn. */
export function BytesImage({ bytes, alt = '', otherwise }: BytesImageProps) {
  const type = bytes === undefined ? undefined : imageTypeOf(bytes)
  return bytes === undefined || type === undefined ? otherwise : <Drawn bytes={bytes} type={type} alt={alt} />
}

interface DrawnProps {
  readonly bytes: Uint8Array
  readonly type: string
  readonly alt: string
}

function Drawn({ bytes, type, alt }: DrawnProps) {
  const image = useRef<HTMLImageElement>(null)
  useEffect(() => {
    const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type }))
    if (image.current !== null) image.current.src = url
    return () => URL.revokeObjectURL(url)
  }, [bytes, type])
  return <img ref={image} alt={alt} />
}
