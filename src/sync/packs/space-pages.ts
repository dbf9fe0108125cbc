import { toHex } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import { chunkRef } from '../../pack/chunk.ts'
import { makeManifest } from '../../pack/manifest.ts'
import type { Snapshot } from '../../pack/model.ts'
import { scopeDigest } from '../../pack/scope-digest.ts'
import type { Page } from '../../storage/space/pages.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import type { ChunkCache } from './space-chunks.ts'
import { cursorOf } from './cursor.ts'
import type { Gzip } from './space-gzip.ts'
import { formatState, PAGE_ROWS, type SpaceState } from './space-state.ts'
import { PAGE_BYTES, type SpaceTable, writeSpaceTable } from './space-table.ts'

export interface PageMaker {
  readonly store: SpaceStore
  readonly sha256: Sha256
  readonly gzip: Gzip
  readonly chunks: ChunkCache
  /** bytes of paths and records in a page */
  readonly pageBytes?: number
}

/** A state of which it is known where it began. */
export type BegunState = SpaceState & { readonly asOf: NonNullable<SpaceState['asOf']> }

/**
 * The next page of a bootstrap, and the state after it. It holds what is here now, whatever was here when the
 * bootstrap began: what changed since then comes with the list at the end.
 */
export async function makePage(
  maker: PageMaker,
  repo: string,
  state: BegunState,
): Promise<{ readonly snapshot: Snapshot; readonly after: BegunState }> {
  const { store, sha256, gzip, chunks } = maker
  const { mode, rowCursor, want } = state
  const limits = { maxBytes: maker.pageBytes ?? PAGE_BYTES, maxRows: PAGE_ROWS }
  const table: SpaceTable = want.length > 0 ? 'wanted' : mode === 'index' ? 'index' : 'records'
  const page: Page =
    table === 'wanted'
      ? await store.wanted(repo, want, limits)
      : await store.page(repo, { ...limits, after: rowCursor, withBytes: table === 'records' })
  const { upTo } = page
  const bytes = await gzip.compress(writeSpaceTable(table, page.records))
  const id = toHex(sha256(bytes))
  chunks.put(repo, id, bytes)
  const refs = [chunkRef(id, bytes, sha256)]
  const after: BegunState =
    table === 'wanted'
      ? { ...state, want: upTo === null ? [] : want.filter((path) => path > upTo) }
      : { ...state, mode: upTo === null ? 'list' : mode, rowCursor: upTo }
  const from = table === 'wanted' ? null : rowCursor
  const isFirstPage = from === null
  const isLastPage = upTo === null
  const manifest = makeManifest(
    {
      table,
      asOfCommitSeq: cursorOf(state.asOf.rev) ?? 0,
      scopeDigest: scopeDigest({ repo }, sha256),
      rowCursor: from,
      rowLimit: PAGE_ROWS,
      nextRowCursor: upTo,
      isFirstPage,
      isLastPage,
      chunks: refs,
    },
    sha256,
  )
  // What is wanted is the asker's to know.
  const bootstrapStateAfter = formatState({ ...after, want: [] })
  return {
    snapshot: { table, rows: [], chunks: refs, isFirstPage, isLastPage, bootstrapStateAfter, manifest },
    after,
  }
}
