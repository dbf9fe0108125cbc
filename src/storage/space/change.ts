import { CODEC_DAG_CBOR, cidString } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import { checkError, checkRecord } from '../../repo/cbor/check.ts'
import { checkPathString } from '../../repo/path.ts'
import { SpaceError } from '../../repo/space/errors.ts'

/** A record that was put at a path, or deleted there. */
export interface SpaceChange {
  readonly path: string
  /** DAG-CBOR; undefined for a delete */
  readonly bytes: Uint8Array | undefined
}

/** The same with the record's CID. */
export interface CheckedChange extends SpaceChange {
  readonly cid: string | undefined
}

/** Throws `space.record` unless a record may stand there: a path of a repo, and a map in strict DAG-CBOR. */
export function checkChange({ path, bytes }: SpaceChange, sha256: Sha256): CheckedChange {
  if (!checkPathString(path))
    throw new SpaceError('space.record', { path: path.slice(0, 200), reason: 'path' })
  if (bytes === undefined) return { path, bytes, cid: undefined }
  const failure = checkRecord(bytes, 0, bytes.length)
  if (failure !== 0) {
    const cause = checkError(failure, 0)
    throw new SpaceError('space.record', { path, reason: cause.code }, { cause })
  }
  return { path, bytes, cid: cidString(CODEC_DAG_CBOR, sha256(bytes)) }
}

/** Checks each, and that no path is there twice (`space.changes`). */
export function checkChanges(changes: readonly SpaceChange[], sha256: Sha256): CheckedChange[] {
  const paths = new Set(changes.map(({ path }) => path))
  if (paths.size < changes.length) throw new SpaceError('space.changes', { reason: 'path twice' })
  return changes.map((it) => checkChange(it, sha256))
}
