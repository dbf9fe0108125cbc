import type { Storage, WriteOp } from '../port.ts'
import { type Page, readPage } from './pages.ts'
import { readHead, readRows } from './read.ts'
import { dropRepoOps, keep, recordKey } from './rows.ts'
import { live } from './tally.ts'

/** No repo is called so, and no list of repos shows it. */
const asideOf = (repo: string): string => `!${repo}`
/** Table `space-repos`: what lies aside is whole. */
const markKey = (repo: string): string => `aside/${repo}`

const PAGE = { maxBytes: 1 << 20, maxRows: 1024, withBytes: true }

/**
 * Moves all records of a repo aside and drops the repo, unless its head is another one by now (false). For an author's
 * own work that has to go back to an older head and must not be lost. What lies aside already stays as it is: it is
 * newer. The caller holds the repo's lock alone.
 */
export async function setAside(storage: Storage, repo: string, head: string): Promise<boolean> {
  if ((await readHead(storage, repo))?.cid !== head) return false
  // Left by a crash: copied in part, while the repo went on.
  if (!(await hasAside(storage, repo))) await storage.write(dropRepoOps(asideOf(repo)))
  let after: string | null = null
  do {
    const page: Page = await readPage(storage, repo, { ...PAGE, after })
    const paths = page.records.map(({ path }) => path)
    const kept = await readRows(storage, asideOf(repo), paths)
    const ops = page.records.flatMap(({ path, cid, bytes }, index): WriteOp[] => {
      if (bytes === undefined || live(kept[index]) !== undefined) return []
      const { row, ops: more } = keep(asideOf(repo), path, cid, bytes)
      return [
        { type: 'put', table: 'space-records', key: recordKey(asideOf(repo), path), value: row },
        ...more,
      ]
    })
    if (ops.length > 0) await storage.write(ops)
    after = page.upTo
  } while (after !== null)
  await storage.write([
    ...dropRepoOps(repo),
    { type: 'put', table: 'space-repos', key: markKey(repo), value: { head } },
  ])
  return true
}

export const hasAside = async (storage: Storage, repo: string): Promise<boolean> =>
  (await storage.get('space-repos', markKey(repo))) !== undefined

/** Records that lie aside, by path. */
export const readAside = (storage: Storage, repo: string, after: string | null): Promise<Page> =>
  readPage(storage, asideOf(repo), { ...PAGE, after })

export const dropAside = (storage: Storage, repo: string): Promise<void> =>
  storage.write([{ type: 'delete', table: 'space-repos', key: markKey(repo) }, ...dropRepoOps(asideOf(repo))])
