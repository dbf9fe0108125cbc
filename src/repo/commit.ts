import { concat, copyRange, fromUtf8Strict } from '../core/bytes.ts'
import { CID_BYTES, CID_HEADER_BYTES, cidString, CODEC_DAG_CBOR, readCidHeader } from '../core/cid.ts'
import { isDid, isTid } from '../core/syntax.ts'
import { checkCodes, checkDagCbor } from './cbor/check.ts'
import { encodeDagCbor } from './cbor/encode.ts'
import { readEntries } from './cbor/entries.ts'
import type { Entry } from './cbor/entries.ts'
import { headLength, readArgument } from './cbor/head.ts'
import { RepoError } from './errors.ts'

/**
 * The signed root of a repository. Spec: atproto "repository", commit objects; version 2 is the form
 * of files before 2023-08, which may lack a rev.
 */
export interface Commit {
  readonly did: string
  readonly version: 2 | 3
  /** a TID; version 2 may have none */
  readonly rev: string | undefined
  /** digest of the tree's root node, 32 bytes */
  readonly data: Uint8Array
  /** CID of an earlier commit; null when it says there is none, undefined when it says nothing */
  readonly prev: string | null | undefined
  /** as found, of any length; `verifySignature` judges it */
  readonly sig: Uint8Array
  /** the exact bytes that were signed: the same map without `sig` */
  readonly unsigned: Uint8Array
}

/** Most bytes of a commit: a DID of 2,048 and some fixed fields fit well. */
export const MAX_COMMIT_BYTES = 8192

/** Most bytes of a signature field; a compact one has 64, a DER one some 72. */
const MAX_SIG_BYTES = 256

const FIELDS: ReadonlySet<string> = new Set(['did', 'rev', 'sig', 'data', 'prev', 'version'])

/**
 * Reads a commit block. Every field has exactly its type and none is unknown, since an unknown one
 * would be signed and not understood. Throws `repo.commit-malformed`, `repo.commit-version`,
 * `repo.rev-malformed`.
 */
export function parseCommit(bytes: Uint8Array): Commit {
  if (bytes.length > MAX_COMMIT_BYTES) throw malformed('size')
  const failure = checkDagCbor(bytes, 0, bytes.length)
  if (failure !== 0) throw malformed(checkCodes[failure]?.reason ?? 'malformed')
  const entries = readEntries(bytes, 0, bytes.length)
  if (entries === undefined) throw malformed('not-a-map')
  for (const name of entries.keys()) {
    if (!FIELDS.has(name)) throw malformed('unknown-field')
  }
  const version = readVersion(bytes, entries.get('version'))
  const did = readText(bytes, entries.get('did'))
  if (did === undefined || !isDid(did)) throw malformed('did')
  const sigEntry = entries.get('sig')
  const sig = readBytes(bytes, sigEntry)
  if (sigEntry === undefined || sig === undefined || sig.length > MAX_SIG_BYTES) throw malformed('sig')
  const data = readLink(bytes, entries.get('data'))
  if (data === undefined || data.codec !== CODEC_DAG_CBOR) throw malformed('data')
  return {
    did,
    version,
    rev: readRev(bytes, entries.get('rev'), version),
    data: data.digest,
    prev: readPrev(bytes, entries.get('prev')),
    sig,
    unsigned: withoutEntry(bytes, sigEntry),
  }
}

/** The fields of a commit to be written; `prev` is null in all that is written today. */
export interface CommitFields {
  readonly did: string
  readonly version: 2 | 3
  readonly rev?: string
  /** digest of the tree's root node */
  readonly data: Uint8Array
  readonly prev?: string | null
}

/** The bytes of a commit: without `sig` those to be signed, with it the block. */
export function encodeCommit(fields: CommitFields, sig?: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeDagCbor({
    did: fields.did,
    version: fields.version,
    data: { $link: cidString(CODEC_DAG_CBOR, fields.data) },
    ...(fields.rev === undefined ? {} : { rev: fields.rev }),
    ...(fields.prev === undefined ? {} : { prev: fields.prev === null ? null : { $link: fields.prev } }),
    ...(sig === undefined ? {} : { sig }),
  })
}

function readVersion(bytes: Uint8Array, entry: Entry | undefined): 2 | 3 {
  if (entry === undefined) throw malformed('version')
  if ((bytes[entry.from] as number) >> 5 !== 0) throw malformed('version')
  const version = readArgument(bytes, entry.from, entry.to)
  if (version !== 2 && version !== 3) throw new RepoError('repo.commit-version', { version })
  return version
}

function readRev(bytes: Uint8Array, entry: Entry | undefined, version: 2 | 3): string | undefined {
  if (entry === undefined || (version === 2 && bytes[entry.from] === 0xf6)) {
    if (version === 3) throw malformed('rev')
    return undefined
  }
  const rev = readText(bytes, entry)
  if (rev === undefined) throw malformed('rev')
  if (!isTid(rev)) throw new RepoError('repo.rev-malformed')
  return rev
}

function readPrev(bytes: Uint8Array, entry: Entry | undefined): string | null | undefined {
  if (entry === undefined) return undefined
  if (bytes[entry.from] === 0xf6) return null
  const link = readLink(bytes, entry)
  if (link === undefined || link.codec !== CODEC_DAG_CBOR) throw malformed('prev')
  return cidString(link.codec, link.digest)
}

/** The text of a checked entry, or undefined when its value is of another type. */
function readText(bytes: Uint8Array, entry: Entry | undefined): string | undefined {
  if (entry === undefined || (bytes[entry.from] as number) >> 5 !== 3) return undefined
  return fromUtf8Strict(bytes, entry.from + headLength(bytes, entry.from), entry.to)
}

function readBytes(bytes: Uint8Array, entry: Entry | undefined): Uint8Array | undefined {
  if (entry === undefined || (bytes[entry.from] as number) >> 5 !== 2) return undefined
  return copyRange(bytes, entry.from + headLength(bytes, entry.from), entry.to)
}

function readLink(
  bytes: Uint8Array,
  entry: Entry | undefined,
): { codec: number; digest: Uint8Array } | undefined {
  if (entry === undefined || (bytes[entry.from] as number) >> 5 !== 6) return undefined
  const cid = entry.to - CID_BYTES
  return { codec: readCidHeader(bytes, cid), digest: copyRange(bytes, cid + CID_HEADER_BYTES, entry.to) }
}

/** The map with one pair less. It has at most six, so its head is one byte. */
function withoutEntry(bytes: Uint8Array, entry: Entry): Uint8Array {
  const head = Uint8Array.of((bytes[0] as number) - 1)
  return concat([head, bytes.subarray(1, entry.key), bytes.subarray(entry.to)])
}

function malformed(reason: string): RepoError {
  return new RepoError('repo.commit-malformed', { reason })
}
