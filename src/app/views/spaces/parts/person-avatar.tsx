import type { ReactNode } from 'react'
import { initialOf } from '../../../lib/graphemes.ts'
import { useHere } from '../../../spaces/here.ts'
import { partsOf } from '../../../spaces/items.ts'
import { useEntity } from '../../../spaces/reads.ts'
import { BytesImage } from './bytes-image.tsx'

interface PersonAvatarProps {
  readonly person: string
  readonly size?: 24 | 36 | 60
}

/** A member's picture, or the initial of the name that stands beside it. */
export function PersonAvatar({ person, size = 36 }: PersonAvatarProps) {
  const { personOf, nameOf } = useHere()
  const picture = personOf(person)?.picture
  const tint = person.charCodeAt(person.length - 1) % 2 === 0 ? ' moss' : ''
  const initial = initialOf(nameOf(person))
  return (
    <span className={`ava s${size}${tint}`} aria-hidden="true">
      {picture === undefined ? initial : <Picture item={picture} otherwise={initial} />}
    </span>
  )
}

function Picture({ item, otherwise }: { readonly item: string; readonly otherwise: ReactNode }) {
  const { space } = useHere()
  const { value: file } = useEntity(space, 'file', partsOf(item).id)
  return <BytesImage bytes={file?.fields.preview} otherwise={otherwise} />
}
