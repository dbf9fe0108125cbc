import { useEffect, useMemo } from 'react'
import type { CairnEvent, Draft, DraftQueue } from '../../cairn/api.ts'
import { useAccount } from './accounts.ts'
import { useEngine } from './engine-context.ts'
import { useLive, type Live } from './live.ts'

const aboutDrafts = (did: string) => (event: CairnEvent) =>
  (event.type === 'drafts' || event.type === 'repo') && event.did === did

/** What is unsent of an account, and how it stands with sending it. */
export function useQueue(did: string): Live<DraftQueue> {
  return useLive(`queue ${did}`, (cairn) => cairn.writing.queue(did), aboutDrafts(did))
}

/** The newest draft of each record, by path. */
export function useDraftsByPath(did: string): ReadonlyMap<string, Draft> {
  const { value } = useQueue(did)
  return useMemo(() => new Map((value?.drafts ?? []).map((draft) => [draft.path, draft])), [value])
}

/** Whether one may write to this repo here: signed in, or was. Undefined while that is being read. */
export function useMayWrite(did: string): boolean | undefined {
  const { value } = useAccount(did)
  return value === undefined ? undefined : value !== null
}

/** Sends what waits as soon as the device says that it has a network again. */
export function useSendWhenOnline(): void {
  const { cairn } = useEngine()
  useEffect(() => {
    if (cairn === undefined) return
    const send = async () => {
      for (const { did } of await cairn.writing.counts()) {
        // why it cannot go shows where the drafts are
        cairn.writing.send(did).catch(() => {})
      }
    }
    const onOnline = () => void send().catch(() => {})
    addEventListener('online', onOnline)
    return () => removeEventListener('online', onOnline)
  }, [cairn])
}
