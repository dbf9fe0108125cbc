import { useBlobImage } from '../lib/blob-image.ts'
import { initialOf } from '../lib/graphemes.ts'

interface AvatarProps {
  readonly did: string
  /** CID of the picture's blob, when the profile names one */
  readonly cid: string | undefined
  readonly name: string
  readonly size?: 36 | 44 | 60
}

/** The account's picture when its blob is kept and is an image, else its initial. The name stands beside it. */
export function Avatar({ did, cid, name, size = 44 }: AvatarProps) {
  const url = useBlobImage(did, cid)
  const tint = did.charCodeAt(did.length - 1) % 2 === 0 ? ' moss' : ''
  return (
    <span className={`ava s${size}${url === undefined ? tint : ''}`} aria-hidden="true">
      {url === undefined ? (
        initialOf(name.replace(/^(@|did:[a-z]+:)/, ''))
      ) : (
        <img src={url} alt="" width={size} height={size} />
      )}
    </span>
  )
}
