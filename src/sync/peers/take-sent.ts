import type { Subscription } from '../../pack/model.ts'
import { hasCode } from '../../core/errors.ts'
import type { KnownHead } from '../../storage/head.ts'
import type { BackupResult } from '../backup.ts'
import type { Identities } from '../follow/identities.ts'
import type { Host } from '../host.ts'
import { type OpenRepo, openRepo } from '../kept.ts'
import type { PullAsk } from '../packs/model.ts'
import { askBefore, readSentList, type SentList } from '../packs/sent-list.ts'
import { takeList } from '../packs/take-list.ts'
import type { Work } from '../work.ts'

/** A list that was sent along with word of a new head, read, and found to lead on from the head that is kept. */
export interface ReadySent {
  readonly peer: string
  readonly repo: OpenRepo
  readonly ask: PullAsk
  readonly subscription: Subscription
  /** what a person knows the repo by */
  readonly label: string
}

/** Lists that are sent along, by one who takes them in. */
export interface SentLists {
  /**
   * Undefined when it does not lead on from the head that is kept: then the peer has to be asked.
   *
   * @throws as `readAnswer`
   */
  read(peer: string, did: string, list: SentList): Promise<ReadySent | undefined>
  /**
   * Takes it in as if it had been asked for. Without a snapshot where the head was moved by others meanwhile.
   *
   * @throws as `takeList`
   */
  take(ready: ReadySent, work: Work): Promise<BackupResult>
  /** A head was stored, however it came: the next list may lead on from it. */
  moved(now: KnownHead): void
}

/** Repos whose head is remembered as it was stored last. */
const MAX_REMEMBERED = 64

export function createSentLists(host: Host, identities: Identities): SentLists {
  /** A burst of edits reads nothing: where another moved the head meanwhile, storing fails. */
  const remembered = new Map<string, OpenRepo>()
  const moved = (now: KnownHead): void => {
    const { did } = now.head
    remembered.delete(did)
    remembered.set(did, now)
    const [oldest] = remembered.keys()
    if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
  }
  /** Who reads it now learns who moved it. */
  const isRaced = (error: unknown): boolean =>
    hasCode(error, 'storage.conflict') && error.fields['table'] === 'repos'
  return {
    async read(peer, did, list) {
      const leads = (repo: OpenRepo | undefined): boolean => repo?.head?.commitCid === list.after
      const known = remembered.get(did)
      remembered.delete(did)
      const repo = leads(known) ? known : await openRepo(host.storage, did)
      const head = repo?.head
      if (repo === undefined || head?.rev === undefined || !leads(repo)) return undefined
      const ask = askBefore(did, { rev: head.rev, commit: head.commitCid })
      const subscription = readSentList(list, ask, peer)
      return subscription && { peer, repo, ask, subscription, label: repo.row.handle ?? did }
    },
    async take({ peer, repo, ask, subscription, label }, work) {
      const { id: did } = ask
      const asked = identities.of(did, work)
      asked.catch(() => {})
      const input = { ask, repo, subscription, peer, work, label, asked }
      try {
        const result = await takeList(host, undefined, input)
        if (result.now !== undefined) moved(result.now)
        return result
      } catch (error) {
        if (!isRaced(error)) throw error
        return { did, snapshot: undefined, before: repo.head }
      }
    },
    moved,
  }
}
