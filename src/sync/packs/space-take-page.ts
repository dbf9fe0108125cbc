import type { Sha256 } from '../../core/hash.ts'
import { checkChunk } from '../../pack/chunk.ts'
import { checkManifestDigest } from '../../pack/manifest.ts'
import type { Snapshot } from '../../pack/model.ts'
import { scopeDigest } from '../../pack/scope-digest.ts'
import { SpaceError } from '../../repo/space/errors.ts'
import type { Page } from '../../storage/space/pages.ts'
import type { SpaceTakeRow } from '../../storage/space/rows.ts'
import { cursorOf } from './cursor.ts'
import type { Gzip } from './space-gzip.ts'
import { formatState, PAGE_ROWS } from './space-state.ts'
import { MAX_TABLE_BYTES, readSpaceTable, type SpaceTable } from './space-table.ts'
import type { SpaceGiver } from './space-take.ts'
import { canonicalJson } from '../../pack/canonical-json.ts'
import { equalBytes } from '../../core/bytes.ts'

export interface FetchPage {
  readonly repo: string
  readonly take: SpaceTakeRow
  readonly table: SpaceTable
  readonly snapshot: Snapshot
  readonly giver: SpaceGiver
  readonly sha256: Sha256
  readonly gzip: Gzip
}

/**
 * The records of a page that was told of: what is said of it must be what follows in this transfer, its chunk what
 * was said, and its rows between its cursors. Throws `space.bad-answer`, `space.record`, `space.chunk-gone`, and
 * PackErrors.
 */
export async function fetchPage(input: FetchPage): Promise<Page> {
  const { repo, table, giver, sha256, gzip } = input
  const { ref, after, upTo } = checkTold(input)
  const compressed = await giver.chunk(ref.id, { repo })
  if (compressed === undefined) throw new SpaceError('space.chunk-gone', { chunk: ref.id.slice(0, 64) })
  checkChunk(ref, compressed, sha256)
  const bytes = await gzip.decompress(compressed, MAX_TABLE_BYTES)
  if (bytes === undefined) throw bad('gzip')
  const records = readSpaceTable(table, bytes, sha256)
  const [first, last] = [records[0], records.at(-1)]
  if (records.length > PAGE_ROWS) throw bad('rows')
  if (first !== undefined && after !== null && first.path <= after) throw bad('row-before-cursor')
  if (last !== undefined && upTo !== null && last.path > upTo) throw bad('row-after-cursor')
  if (table === 'wanted') {
    const asked = new Set(input.take.wants)
    if (!records.every(({ path }) => asked.has(path))) throw bad('not-wanted')
  }
  return { records, upTo }
}

/** What is said of a page, before its bytes are fetched. */
function checkTold({ repo, take, table, snapshot, sha256 }: FetchPage) {
  const { manifest, chunks = [], bootstrapStateAfter } = snapshot
  const [ref, ...more] = chunks
  if (manifest === undefined || ref === undefined || more.length > 0) throw bad('chunks')
  checkManifestDigest(manifest, sha256)
  const { rowCursor, nextRowCursor: upTo } = manifest
  if (manifest.scopeDigest !== scopeDigest({ repo }, sha256)) throw bad('scope')
  if (manifest.asOfCommitSeq !== cursorOf(take.asOf.rev)) throw bad('asOfCommitSeq')
  if (ref.byteLength > MAX_TABLE_BYTES) throw bad('too-large')
  const isWanted = table === 'wanted'
  const after = isWanted ? null : take.after
  if (rowCursor !== after || manifest.isFirstPage !== (rowCursor === null)) throw bad('cursor')
  if (manifest.isLastPage !== (upTo === null)) throw bad('cursor')
  // A page that leads nowhere could come without end.
  if (upTo !== null && after !== null && upTo <= after) throw bad('cursor')
  if (isWanted && upTo !== null && !take.wants.includes(upTo)) throw bad('cursor')
  const then = upTo === null ? 'list' : take.mode
  const expected = formatState({
    asOf: { rev: take.asOf.rev, commit: take.asOf.cid },
    mode: isWanted ? take.mode : then,
    rowCursor: isWanted ? take.after : upTo,
    want: [],
  })
  // The order of keys is the sender's.
  if (
    bootstrapStateAfter === undefined ||
    !equalBytes(canonicalJson(bootstrapStateAfter), canonicalJson(expected))
  ) {
    throw bad('state-after')
  }
  return { ref, after, upTo }
}

const bad = (reason: string): SpaceError => new SpaceError('space.bad-answer', { reason })
