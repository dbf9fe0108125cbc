import { utf8 } from '../core/bytes.ts'
import type { Sha256 } from '../core/hash.ts'
import { sha256Hex } from './canonical-json.ts'
import { CHUNK_COMPRESSION, CHUNK_ENCODING, MANIFEST_VERSION } from './manifest-model.ts'
import type { ChunkRef, SnapshotManifest } from './manifest-model.ts'
import { digestLines, type DigestLine } from './digest-lines.ts'
import { PackError } from './errors.ts'
import { isHexDigest } from './forms.ts'
import type { Snapshot } from './model.ts'
import { isJsonObject, type JsonObject, type JsonValue } from './values.ts'

const MANIFEST_KEYS = new Set(
  (
    'version digest table asOfCommitSeq scopeDigest rowCursor rowLimit nextRowCursor isFirstPage isLastPage ' +
    'chunks'
  ).split(' '),
)
const CHUNK_KEYS = new Set('id byteLength sha256 encoding compression'.split(' '))

/** A manifest without its digest. */
export type ManifestDraft = Omit<SnapshotManifest, 'digest' | 'version'>

/** The manifest of what the draft says, with its digest. */
export function makeManifest(draft: ManifestDraft, sha256: Sha256): SnapshotManifest {
  return { version: MANIFEST_VERSION, ...draft, digest: manifestDigest(draft, sha256) }
}

/** Throws `pack.manifest` when the digest is not that of what the manifest says. */
export function checkManifestDigest(manifest: SnapshotManifest, sha256: Sha256): void {
  if (manifestDigest(manifest, sha256) !== manifest.digest) throw refused('digest')
}

function manifestDigest(draft: ManifestDraft, sha256: Sha256): string {
  const lines: DigestLine[] = [
    ['version', MANIFEST_VERSION],
    ['table', draft.table],
    ['asOfCommitSeq', draft.asOfCommitSeq],
    ['scopeDigest', draft.scopeDigest],
    ['rowCursor', draft.rowCursor],
    ['rowLimit', draft.rowLimit],
    ['nextRowCursor', draft.nextRowCursor],
    ['isFirstPage', draft.isFirstPage],
    ['isLastPage', draft.isLastPage],
    ['chunkCount', draft.chunks.length],
  ]
  for (const [index, chunk] of draft.chunks.entries()) {
    lines.push(
      [`chunk.${index}.index`, index],
      [`chunk.${index}.id`, chunk.id],
      [`chunk.${index}.byteLength`, chunk.byteLength],
      [`chunk.${index}.sha256`, chunk.sha256],
      [`chunk.${index}.encoding`, chunk.encoding],
      [`chunk.${index}.compression`, chunk.compression],
    )
  }
  return sha256Hex(utf8(digestLines('syncular.snapshot-manifest.v1', lines)), sha256)
}

/**
 * The manifest that JSON holds. Keys that the digest would not cover are refused. Throws `pack.manifest`; the
 * digest is not checked here.
 */
export function parseManifest(value: JsonObject): SnapshotManifest {
  if (!onlyKeys(value, MANIFEST_KEYS)) throw refused('key')
  const { chunks } = value
  const sound =
    value['version'] === MANIFEST_VERSION &&
    isDigest(value['digest']) &&
    typeof value['table'] === 'string' &&
    isCount(value['asOfCommitSeq'], Number.MIN_SAFE_INTEGER) &&
    isDigest(value['scopeDigest']) &&
    isCursor(value['rowCursor']) &&
    isCursor(value['nextRowCursor']) &&
    isCount(value['rowLimit'], 1) &&
    typeof value['isFirstPage'] === 'boolean' &&
    typeof value['isLastPage'] === 'boolean' &&
    Array.isArray(chunks) &&
    chunks.every(isChunk)
  if (!sound) throw refused('form')
  // Each field was checked above.
  return value as unknown as SnapshotManifest
}

/**
 * Checks what a snapshot says of itself: chunks have a manifest that lists them, nothing else has one, and
 * artifacts come alone. Throws `pack.manifest`.
 */
export function checkSnapshot(snapshot: Snapshot): void {
  const { chunks = [], manifest, artifacts = [] } = snapshot
  if (artifacts.length > 0 && (snapshot.rows.length > 0 || chunks.length > 0 || manifest !== undefined)) {
    throw refused('artifacts')
  }
  if (chunks.length === 0) {
    if (manifest !== undefined) throw refused('not wanted')
    return
  }
  if (manifest === undefined) throw refused('missing')
  if (manifest.table !== snapshot.table) throw refused('table')
  if (manifest.isFirstPage !== snapshot.isFirstPage || manifest.isLastPage !== snapshot.isLastPage) {
    throw refused('page')
  }
  const after = snapshot.bootstrapStateAfter
  if (after !== undefined && after['asOfCommitSeq'] !== manifest.asOfCommitSeq) throw refused('asOfCommitSeq')
  if (manifest.chunks.length !== chunks.length) throw refused('chunks')
  if (!manifest.chunks.every((chunk, index) => sameChunk(chunk, chunks[index]))) throw refused('chunks')
}

function sameChunk(a: ChunkRef, b: ChunkRef | undefined): boolean {
  return (
    b !== undefined &&
    a.id === b.id &&
    a.byteLength === b.byteLength &&
    a.sha256 === b.sha256 &&
    a.encoding === b.encoding &&
    a.compression === b.compression
  )
}

function isChunk(value: JsonValue): boolean {
  return (
    isJsonObject(value) &&
    onlyKeys(value, CHUNK_KEYS) &&
    typeof value['id'] === 'string' &&
    isCount(value['byteLength'], 0) &&
    isDigest(value['sha256']) &&
    value['encoding'] === CHUNK_ENCODING &&
    value['compression'] === CHUNK_COMPRESSION
  )
}

const onlyKeys = (value: JsonObject, keys: ReadonlySet<string>): boolean =>
  Object.keys(value).every((key) => keys.has(key))
const isDigest = (value: JsonValue | undefined): boolean => typeof value === 'string' && isHexDigest(value)
const isCursor = (value: JsonValue | undefined): boolean => value === null || typeof value === 'string'
const isCount = (value: JsonValue | undefined, least: number): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least

const refused = (reason: string): PackError => new PackError('pack.manifest', { reason })
