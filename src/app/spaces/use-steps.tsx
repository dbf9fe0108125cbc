import { useState } from 'react'

/** The first rows of a list, and a way to more: what nobody asked for costs nothing. */
export interface Steps<T> {
  readonly shown: readonly T[]
  /** how many are left out */
  readonly left: number
  readonly more: () => void
}

/** `end`: the last ones are shown, and what comes before them is asked for. `upTo`: a row that shows at any rate. */
export function useSteps<T>(
  all: readonly T[],
  step: number,
  { end = false, upTo = -1 }: { readonly end?: boolean; readonly upTo?: number } = {},
): Steps<T> {
  const [asked, setAsked] = useState(step)
  const limit = Math.max(asked, upTo + 1)
  return {
    shown: all.length <= limit ? all : end ? all.slice(-limit) : all.slice(0, limit),
    left: Math.max(0, all.length - limit),
    more: () => setAsked(limit + step),
  }
}

/** The button for the rest, where there is any. */
export function ShowMore({
  steps: { left, more },
  label = 'Show more',
}: {
  readonly steps: Pick<Steps<unknown>, 'left' | 'more'>
  readonly label?: string
}) {
  if (left === 0) return null
  return (
    <div className="line center show-more">
      <button type="button" className="btn" onClick={more}>
        {label}
      </button>
    </div>
  )
}
