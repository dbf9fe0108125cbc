import type { Sha256 } from '../../core/hash.ts'
import type { Subscription } from '../../pack/model.ts'
import type { ToldChange } from '../../storage/import-session.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { packOf } from './answer-pull.ts'
import { cursorOf, NO_CURSOR } from './cursor.ts'
import { listOf } from './make-list.ts'
import type { HeadName, PullAsk } from './model.ts'
import { readAnswer } from './read-answer.ts'
import { MAX_SENT_BYTES } from './sent-limits.ts'

/**
 * A list that nobody asked for: it goes along with word of a new head, where it is small, and spares those who have
 * the head before it the question. It is a pack like any answer; its chain begins with it, as nobody said where theirs
 * stands.
 */
export interface SentList {
  /** CID of the commit that it leads on from */
  readonly after: string
  readonly pack: Uint8Array<ArrayBuffer>
}

/** What leads from one head to the next as a list to be sent; undefined for what cannot travel so, or is too long. */
export function sentListOf(input: {
  readonly before: Pick<SnapshotRow, 'commitCid'>
  readonly head: Pick<SnapshotRow, 'did' | 'rev' | 'commit'>
  readonly changes: readonly ToldChange[]
  readonly sha256: Sha256
}): SentList | undefined {
  const { before, head, changes, sha256 } = input
  if (cursorOf(head.rev) === undefined) return undefined
  const list = listOf({ head, changes, verifiedRoot: undefined, sha256 })
  const pack = packOf({ ok: true, pull: { ok: true, subscriptions: [list] } })
  return pack.length > MAX_SENT_BYTES ? undefined : { after: before.commitCid, pack }
}

/** What such a list answers: what was never asked. */
export const askBefore = (did: string, held: HeadName): PullAsk => ({
  id: did,
  held,
  cursor: cursorOf(held.rev) ?? NO_CURSOR,
})

/**
 * The list of one repo in a pack that came unasked; undefined when there is none in it.
 *
 * @throws as `readAnswer`
 */
export const readSentList = (list: SentList, ask: PullAsk, peer: string): Subscription | undefined =>
  readAnswer(list.pack, { peer, pull: [ask], push: [] }).pulled.get(ask.id)
