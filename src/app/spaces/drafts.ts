import { useCallback, useState } from 'react'

/** What was begun and not sent, by place. In memory only: what is written into a space is never stored in the clear. */
const drafts = new Map<string, string>()

/** A text that is still there when the person comes back to it. */
export function useDraft(place: string): readonly [text: string, set: (text: string) => void] {
  const [text, setText] = useState(() => drafts.get(place) ?? '')
  const set = useCallback(
    (next: string) => {
      if (next === '') drafts.delete(place)
      else drafts.set(place, next)
      setText(next)
    },
    [place],
  )
  return [text, set]
}
