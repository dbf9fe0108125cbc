/** Where a compressed table of a snapshot can be had, and which bytes it must be. */
export interface ChunkRef {
  readonly id: string
  /** of the compressed bytes, as is the digest */
  readonly byteLength: number
  readonly sha256: string
  readonly encoding: typeof CHUNK_ENCODING
  readonly compression: typeof CHUNK_COMPRESSION
}

export const CHUNK_ENCODING = 'binary-table-v1'
export const CHUNK_COMPRESSION = 'gzip'

/** What one page of a snapshot consists of. */
export interface SnapshotManifest {
  readonly version: typeof MANIFEST_VERSION
  readonly digest: string
  readonly table: string
  readonly asOfCommitSeq: number
  readonly scopeDigest: string
  /** after which row the page begins, and after which the next does; null at either end */
  readonly rowCursor: string | null
  readonly nextRowCursor: string | null
  readonly rowLimit: number
  readonly isFirstPage: boolean
  readonly isLastPage: boolean
  readonly chunks: readonly ChunkRef[]
}

export const MANIFEST_VERSION = 1
