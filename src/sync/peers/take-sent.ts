import type { Subscription } from '../../pack/model.ts'
import type { BackupResult } from '../backup.ts'
import type { Identities } from '../follow/identities.ts'
import type { Endpoints, Host } from '../host.ts'
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

/**
 * Undefined when it does not lead on from the head that is kept: then the peer has to be asked.
 *
 * @throws as `readAnswer`
 */
export async function readSent(
  { storage }: Pick<Host, 'storage'>,
  peer: string,
  did: string,
  list: SentList,
): Promise<ReadySent | undefined> {
  const repo = await openRepo(storage, did)
  const head = repo?.head
  if (repo === undefined || head?.rev === undefined || head.commitCid !== list.after) return undefined
  const ask = askBefore(did, { rev: head.rev, commit: head.commitCid })
  const subscription = readSentList(list, ask, peer)
  return subscription && { peer, repo, ask, subscription, label: repo.row.handle ?? did }
}

/**
 * Takes it in as if it had been asked for.
 *
 * @throws as `takeList`
 */
export async function takeSent(
  parts: {
    readonly host: Host
    readonly endpoints: () => Promise<Endpoints>
    readonly identities: Identities
  },
  { peer, repo, ask, subscription, label }: ReadySent,
  work: Work,
): Promise<BackupResult> {
  const { host, endpoints, identities } = parts
  const asked = identities.of(ask.id, work)
  asked.catch(() => {})
  return takeList(host, await endpoints(), { ask, repo, subscription, peer, work, label, asked })
}
