import { useCallback, useEffect, useState } from 'react'
import type { Account, CairnEvent, LeavingAccount, Need } from '../../cairn/api.ts'
import { useAction, type Action } from './engine-context.ts'
import { useLive, type Live } from './live.ts'

const aboutAccounts = (event: CairnEvent) => event.type === 'accounts'

export function useAccounts(): Live<readonly Account[]> {
  return useLive('accounts', (cairn) => cairn.accounts.list(), aboutAccounts)
}

/** null: nobody is signed in to it here. */
export function useAccount(did: string): Live<Account | null> {
  return useLive(
    `account ${did}`,
    async (cairn) => (await cairn.accounts.list()).find((account) => account.did === did) ?? null,
    aboutAccounts,
  )
}

export function useLeaving(): Live<readonly LeavingAccount[]> {
  return useLive('leaving', (cairn) => cairn.accounts.leaving(), aboutAccounts)
}

export interface GoSignIn {
  /** Asks the server of `who` to let Cairn do this, and goes to its page; comes back to where it was begun. */
  readonly go: (who: string, needs: readonly Need[]) => void
  /** asking, or leaving already */
  readonly busy: boolean
  readonly error: Action['error']
  readonly clear: () => void
}

/** Leaves for the page of an account's server. */
export function useSignIn(): GoSignIn {
  const { run, running, error, clear } = useAction()
  const [leaving, setLeaving] = useState(false)
  useEffect(() => {
    // come back to by the browser's own button, as it was left
    const back = (event: PageTransitionEvent) => {
      if (event.persisted) setLeaving(false)
    }
    addEventListener('pageshow', back)
    return () => removeEventListener('pageshow', back)
  }, [])
  const go = useCallback(
    (who: string, needs: readonly Need[]) =>
      void run(async (cairn) => {
        const { url } = await cairn.accounts.begin(who, { needs, back: location.pathname + location.search })
        setLeaving(true)
        location.assign(url)
      }),
    [run],
  )
  return { go, busy: running || leaving, error, clear }
}

/** What an account is called by: its handle, or its DID. */
export const accountName = ({ did, handle }: Pick<Account, 'did' | 'handle'>): string =>
  handle === undefined ? did : `@${handle}`

export const hostOf = (pds: string): string => (URL.canParse(pds) ? new URL(pds).host : pds)
