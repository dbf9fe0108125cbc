import { useCallback, useEffect, useRef, useState } from 'react'
import type { Cairn } from '../../cairn/api.ts'
import type { CairnError } from '../../core/errors.ts'
import { useEngine } from '../lib/engine-context.ts'
import { toCairnError } from '../lib/to-cairn-error.ts'

export interface Once<T> {
  readonly value: T | undefined
  readonly error: CairnError | undefined
  readonly again: () => void
}

/** Asks once when the component comes, and keeps the answer nowhere else: for what is secret, large, or made by asking. */
export function useOnce<T>(load: (cairn: Cairn) => Promise<T>): Once<T> {
  const { cairn } = useEngine()
  const [answer, setAnswer] = useState<{ readonly value?: T; readonly error?: CairnError }>({})
  const latest = useRef(load)
  const asked = useRef(false)
  useEffect(() => {
    latest.current = load
  })
  const again = useCallback(() => {
    if (cairn === undefined) return
    asked.current = true
    setAnswer({})
    latest.current(cairn).then(
      (value) => setAnswer({ value }),
      (error: unknown) => setAnswer({ error: toCairnError(error) }),
    )
  }, [cairn])
  useEffect(() => {
    if (!asked.current) again()
  }, [again])
  return { value: answer.value, error: answer.error, again }
}
