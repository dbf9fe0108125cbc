import { useCallback, useState } from 'react'

/** Longer is no text of a post, characters; sessionStorage is small. */
const MAX = 20_000
const keyOf = (place: string): string => `cairn.composer ${place}`

/** A text that is still there after a reload of this tab; it is public once it is sent, so it lies in the clear. */
export function useTextDraft(place: string): readonly [text: string, set: (text: string) => void] {
  const [text, setText] = useState(() => sessionStorage.getItem(keyOf(place)) ?? '')
  const set = useCallback(
    (next: string) => {
      if (next === '' || next.length > MAX) sessionStorage.removeItem(keyOf(place))
      else sessionStorage.setItem(keyOf(place), next)
      setText(next)
    },
    [place],
  )
  return [text, set]
}
