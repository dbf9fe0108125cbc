import type { Subscription } from '../../pack/model.ts'
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
   * Takes it in as if it had been asked for.
   *
   * @throws as `takeList`
   */
  take(ready: ReadySent, work: Work): Promise<BackupResult>
}

/** Repos whose head is remembered as it was stored last. */
const MAX_REMEMBERED = 64

export function createSentLists(host: Host, identities: Identities): SentLists {
  /** A burst of edits reads nothing: where another moved the head meanwhile, storing fails, and it is read. */
  const remembered = new Map<string, OpenRepo>()
  const remember = (did: string, repo: OpenRepo): void => {
    remembered.set(did, repo)
    const [oldest] = remembered.keys()
    if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
  }
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
      const result = await takeList(host, undefined, input)
      if (result.now !== undefined) remember(did, result.now)
      return result
    },
  }
}
