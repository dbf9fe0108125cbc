import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import { type BlobRef, findBlobRefs } from '../../repo/cbor/blob-refs.ts'
import { MAX_RECORD_BYTES } from '../../repo/cbor/check.ts'
import { fromJson } from '../../repo/json.ts'
import { checkPathString } from '../../repo/path.ts'
import { WritingError } from './errors.ts'
import type { RecordValue } from './model.ts'

export interface EncodedRecord {
  /** with its `$type`, which servers put in where it is missing */
  readonly value: RecordValue
  readonly cid: string
  /** length as DAG-CBOR */
  readonly bytes: number
  /** CIDs, each once */
  readonly blobs: readonly BlobRef[]
}

/**
 * A record as its server will sign it. The same value has the same CID everywhere, so a write can be found again in
 * a repo without trusting anyone's word.
 *
 * @throws WritingError `writing.bad-path`, `writing.wrong-type`, `writing.too-large`; RepoError `repo.json-invalid`
 */
export function encodeRecord(path: string, value: RecordValue, sha256: Sha256): EncodedRecord {
  checkPath(path)
  const collection = path.slice(0, path.indexOf('/'))
  const found = value['$type']
  if (found !== undefined && found !== collection) {
    const said = typeof found === 'string' ? found.slice(0, 100) : typeof found
    throw new WritingError('writing.wrong-type', { expected: collection, found: said })
  }
  const whole = { $type: collection, ...value }
  const bytes = fromJson(whole)
  if (bytes.length > MAX_RECORD_BYTES) {
    throw new WritingError('writing.too-large', { bytes: bytes.length, limit: MAX_RECORD_BYTES })
  }
  const blobs = new Map(findBlobRefs(bytes).map((ref) => [ref.cid, ref]))
  return {
    value: whole,
    cid: cidString(CODEC_DAG_CBOR, sha256(bytes)),
    bytes: bytes.length,
    blobs: [...blobs.values()],
  }
}

/** @throws WritingError `writing.bad-path` */
export function checkPath(path: string): void {
  if (!checkPathString(path)) throw new WritingError('writing.bad-path', { path: path.slice(0, 200) })
}

/** The files that a record names. */
export const blobsOf = (value: RecordValue | undefined): readonly BlobRef[] =>
  value === undefined ? [] : findBlobRefs(fromJson(value))
