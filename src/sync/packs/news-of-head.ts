import type { Sha256 } from '../../core/hash.ts'
import type { ImportSession } from '../../storage/import-session.ts'
import { nextTask } from '../../storage/next-task.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { MAX_SENT_CHANGES } from './sent-limits.ts'
import type { SentList, sentListOf } from './sent-list.ts'

/**
 * What leads from one head to the next as a list to be sent; undefined for what cannot travel so. Made once, by what the
 * first who asks has for it: an engine that has just started has not loaded it.
 */
export type HeadNews = (make: typeof sentListOf) => SentList | undefined

/**
 * @param session which takes the head in; its changes are known once the head is about to be written
 * @param before the head that it follows; after none there is no list
 */
export function newsOfHead(
  session: Pick<ImportSession, 'news'>,
  {
    sha256,
    before,
    head,
  }: {
    readonly sha256: Sha256
    readonly before: SnapshotRow | undefined
    readonly head: SnapshotRow
  },
): HeadNews {
  let made: { readonly list: SentList | undefined } | undefined
  const listBy = (make: typeof sentListOf): SentList | undefined => {
    const changes = session.news(MAX_SENT_CHANGES)
    return before && changes && make({ before, head, changes, sha256 })
  }
  return (make) => (made ??= { list: listBy(make) }).list
}

/**
 * Makes it in the next turn, which the thread has to itself while the disk is at work: those who wait for word of the
 * head would wait for it else. What fails then fails again for whoever asks.
 */
export async function makeAhead(news: HeadNews): Promise<void> {
  await nextTask()
  try {
    const { sentListOf } = await import('./sent-list.ts')
    news(sentListOf)
  } catch {
    // Nobody has asked yet.
  }
}
