import { createContext, useCallback, useContext, useState } from 'react'
import type { Cairn } from '../../cairn/api.ts'
import type { CairnError } from '../../core/errors.ts'
import { toCairnError } from './to-cairn-error.ts'

export interface EngineState {
  /** undefined until the engine has been started, after first paint */
  readonly cairn: Cairn | undefined
}

export const EngineContext = createContext<EngineState>({ cairn: undefined })

export function useEngine(): EngineState {
  return useContext(EngineContext)
}

export interface Action {
  /** Runs `work` with the engine; false when it failed (then `error` says why) or when one is running. */
  readonly run: (work: (cairn: Cairn) => Promise<unknown>) => Promise<boolean>
  readonly running: boolean
  readonly error: CairnError | undefined
  readonly clear: () => void
}

/** One thing that a person asked for: its running state and its error belong beside its button. */
export function useAction(): Action {
  const { cairn } = useEngine()
  const [running, setRunning] = useState(false)
  const [error, setError] = useState<CairnError>()
  const run = useCallback(
    async (work: (cairn: Cairn) => Promise<unknown>) => {
      if (cairn === undefined) return false
      setRunning(true)
      setError(undefined)
      try {
        await work(cairn)
        return true
      } catch (cause) {
        setError(toCairnError(cause))
        return false
      } finally {
        setRunning(false)
      }
    },
    [cairn],
  )
  const clear = useCallback(() => setError(undefined), [])
  return { run, running, error, clear }
}
