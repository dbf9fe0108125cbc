import { checkEach } from '../../core/hash.ts'
import { RepoError } from '../../repo/errors.ts'
import type { Host } from '../host.ts'
import { type PageRecord, verifyPage } from './page-walk.ts'
import type { PartialRow } from './partial-rows.ts'
import { collectionRange } from './range.ts'

/**
 * Records of a partial copy in order, from the one after `after` on, each page proven again as it is read.
 *
 * @throws RepoError when the disk does not hold what was kept; StorageError `storage.segment-gone`
 */
export async function* readPartial(
  { storage, sha256, lanes }: Pick<Host, 'storage' | 'sha256' | 'lanes'>,
  { did, collection, commitCid, pages, whole }: PartialRow,
  after?: string,
): AsyncGenerator<PageRecord> {
  const { from, to } = collectionRange(collection)
  for (const [i, page] of pages.entries()) {
    if (after !== undefined && page.last !== undefined && page.last <= after) continue
    const bytes = await storage.readBytes(page.key)
    const range = { from, to, after: page.after }
    const proven = verifyPage(bytes, {
      did,
      root: commitCid,
      range,
      sha256,
      digests: lanes?.check ?? checkEach(sha256),
    })
    const isLast = whole && i === pages.length - 1
    if (proven.end !== isLast || proven.last !== page.last)
      throw new RepoError('repo.car-truncated', { reason: 'page' })
    for (const record of proven.records) if (after === undefined || record.path > after) yield record
  }
}
