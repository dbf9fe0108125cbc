import { Fragment } from 'react'
import { listedNames } from './sentences.ts'

interface NamesProps {
  readonly names: readonly string[]
  /** how many are told; the rest is counted */
  readonly most?: number
}

/** "Ana", "Ana and Jun", "Ana, Jun and 3 others": each name in a direction of its own, the sentence around it in its own. */
export function Names({ names, most }: NamesProps) {
  const { told, rest } = listedNames(names, most)
  const last = told.length - 1
  return (
    <>
      {told.map((name, index) => (
        <Fragment key={`${index} ${name}`}>
          {index > 0 && (index === last && rest === '' ? ' and ' : ', ')}
          <bdi>{name}</bdi>
        </Fragment>
      ))}
      {rest !== '' && ` and ${rest}`}
    </>
  )
}
