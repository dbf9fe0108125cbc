import { copyRange } from '../../core/bytes.ts'
import { CID_BYTES, CID_HEADER_BYTES, DIGEST_BYTES, readCidHeader } from '../../core/cid.ts'
import type { Cid } from '../../core/cid.ts'
import { checkCodes, checkDagCbor } from '../cbor/check.ts'
import { readEntries } from '../cbor/entries.ts'
import { headLength, readArgument } from '../cbor/head.ts'
import { RepoError } from '../errors.ts'

/** Room for some 1,600 roots; a repository has one, seldom two. */
export const MAX_HEADER_BYTES = 64 * 1024

/** Offset of the digest in a link: tag (2), byte string head (2), 0x00, CID header. */
const DIGEST_IN_LINK = 5 + CID_HEADER_BYTES

/**
 * The roots of a CAR v1 header: strict DAG-CBOR `{ roots: [link…], version: 1 }`. Throws
 * `repo.car-version` for another version and `repo.car-header` for all else. No root at all is legal
 * here; whether it is enough is for the reader of the repository to say.
 */
export function parseCarHeader(bytes: Uint8Array): Cid[] {
  const failure = checkDagCbor(bytes, 0, bytes.length)
  if (failure !== 0) throw malformed(checkCodes[failure]?.reason ?? 'malformed')
  const entries = readEntries(bytes, 0, bytes.length)
  if (entries === undefined) throw malformed('not-a-map')
  const version = entries.get('version')
  if (version === undefined) throw malformed('version')
  if ((bytes[version.from] as number) >> 5 !== 0) throw malformed('version')
  const number = readArgument(bytes, version.from, version.to)
  if (number !== 1) throw new RepoError('repo.car-version', { offset: 0, version: number })
  const roots = entries.get('roots')
  if (roots === undefined || entries.size !== 2) throw malformed('fields')
  return parseRoots(bytes, roots.from, roots.to)
}

function parseRoots(bytes: Uint8Array, from: number, to: number): Cid[] {
  // The check has passed: heads are whole and in shortest form, and `from` is below `to`.
  if ((bytes[from] as number) >> 5 !== 4) throw malformed('roots')
  let at = from + headLength(bytes, from)
  const roots: Cid[] = []
  while (at < to) {
    // The only tag that the check passes is 42, over a byte string of 37.
    if (bytes[at] !== 0xd8) throw malformed('roots')
    roots.push({
      codec: readCidHeader(bytes, at + 5),
      digest: copyRange(bytes, at + DIGEST_IN_LINK, at + DIGEST_IN_LINK + DIGEST_BYTES),
    })
    at += 5 + CID_BYTES
  }
  return roots
}

function malformed(reason: string): RepoError {
  return new RepoError('repo.car-header', { offset: 0, reason })
}
