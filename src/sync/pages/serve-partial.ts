import { equalBytes } from '../../core/bytes.ts'
import { parseCommit } from '../../repo/commit.ts'
import { RepoError } from '../../repo/errors.ts'
import { binary } from '../../repo/mst/diff.ts'
import { parseNode } from '../../repo/mst/node.ts'
import { childDigest, valueOf } from '../../repo/mst/read.ts'
import type { Place, StoredChild } from '../../repo/mst/stored.ts'
import type { Storage } from '../../storage/port.ts'
import { buildBare } from './bare.ts'
import { buildFragment, readFragment } from './fragment.ts'
import { buildPage, type Page, type PageForm, type PageTree } from './page-plan.ts'
import { type PartialRow, partialRows } from './partial-rows.ts'
import type { Refusal, RequestOf } from './protocol.ts'
import { collectionRange } from './range.ts'

/** What is told of a repo of which some collections are kept; the newest of them stands for it. */
export function partialHead(
  rows: readonly PartialRow[],
  most: number,
):
  | (Pick<PartialRow, 'rev' | 'commitCid' | 'records' | 'bytes'> & { readonly told: readonly PartialRow[] })
  | undefined {
  const newest = newestOf(rows)
  if (newest === undefined) return undefined
  const sum = (of: 'records' | 'bytes'): number => rows.reduce((all, row) => all + row[of], 0)
  const { rev, commitCid } = newest
  return { rev, commitCid, records: sum('records'), bytes: sum('bytes'), told: rows.slice(0, most) }
}

/**
 * A page of a partial copy, for whom the range lies within its collection. It goes no further than one of the
 * pages that are kept, each of which has all the nodes that prove a part of it.
 *
 * @throws StorageError `storage.segment-gone` when the copy was replaced meanwhile
 */
export async function partialPage(
  storage: Storage,
  request: RequestOf<'page'>,
  options: PageForm,
): Promise<(Page & { readonly root: string }) | Refusal> {
  const { did, root, from, to, after } = request
  const rows = (await partialRows(storage, did)).filter(({ collection }) => {
    const range = collectionRange(collection)
    return from !== undefined && to !== undefined && from >= range.from && to <= range.to
  })
  const row = root === undefined ? rows[0] : rows.find((it) => it.commitCid === root)
  if (row === undefined) return rows.length === 0 ? 'not-kept' : 'root-gone'
  // What is asked for begins after this path, or with `from`.
  const isPast = (last: string | undefined): boolean =>
    last !== undefined && (after === undefined ? last >= (from ?? '') : last > after && last >= (from ?? ''))
  const kept = row.pages.find((it) => isPast(it.last)) ?? row.pages.at(-1)
  if (kept === undefined) return 'not-kept'
  const tree = fragmentTree(await storage.readBytes(kept.key))
  const { data } = parseCommit(row.commit)
  const at = tree.placeOf(data)
  if (at === undefined) throw new RepoError('repo.node-missing', { did })
  const { commit, commitCid } = row
  return {
    ...(await buildPage(tree, { commit, commitCid, data, root: at }, request, options)),
    root: commitCid,
  }
}

/** The signed commit and the root node, with which a walk of a partial copy begins. */
export async function partialBeginning(
  storage: Storage,
  { did, root, bare }: RequestOf<'blocks'>,
): Promise<{ readonly bytes: Uint8Array; readonly root: string } | Refusal> {
  const rows = await partialRows(storage, did)
  const row = root === undefined ? newestOf(rows) : rows.find((it) => it.commitCid === root)
  const [kept] = row?.pages ?? []
  if (row === undefined || kept === undefined) return rows.length === 0 ? 'not-kept' : 'root-gone'
  const [commit, node] = readFragment(await storage.readBytes(kept.key), undefined)
  const { data } = parseCommit(row.commit)
  if (commit === undefined || node === undefined || !equalBytes(node.digest, data))
    throw new RepoError('repo.node-missing', { did })
  return { bytes: (bare === true ? buildBare : buildFragment)([commit, node]), root: row.commitCid }
}

function newestOf(rows: readonly PartialRow[]): PartialRow | undefined {
  return rows.reduce<PartialRow | undefined>(
    (best, row) => (best === undefined || (row.rev ?? '') > (best.rev ?? '') ? row : best),
    undefined,
  )
}

/** The part of a tree whose blocks are in one page. */
function fragmentTree(page: Uint8Array): PageTree & { placeOf(digest: Uint8Array): StoredChild | undefined } {
  const places = new Map<string, StoredChild>()
  for (const { digest, bytes } of readFragment(page, undefined)) {
    const offset = bytes.byteOffset - page.byteOffset
    places.set(binary(digest), { segment: 0, offset, length: bytes.length, records: 0, bytes: 0 })
  }
  const placeOf = (digest: Uint8Array | undefined): StoredChild | undefined =>
    digest === undefined ? undefined : places.get(binary(digest))
  const nodeAt = ({ offset, length }: Place) => {
    const node = parseNode(page, offset, offset + length)
    return {
      node,
      records: Array.from({ length: node.count }, (_, i) => placeOf(valueOf(node, i))),
      children: Array.from({ length: node.count + 1 }, (_, i) => placeOf(childDigest(node, i))),
    }
  }
  return {
    placeOf,
    held: nodeAt,
    load: async (at) => nodeAt(at),
    async copyRecords(wanted, out, at) {
      for (const [i, { offset, length }] of wanted.entries())
        out.set(page.subarray(offset, offset + length), at[i])
    },
  }
}
