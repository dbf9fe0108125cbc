import { fromBase64 } from '@atcute/multibase'
import { concat, equalBytes, utf8 } from '../../core/bytes.ts'
import { CODEC_DAG_CBOR, cidString, parseCid } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import { parseTid } from '../../core/tid.ts'
import { encodeDagCbor } from '../cbor/encode.ts'
import { toJson } from '../json.ts'
import { verifySignature } from '../signature.ts'
import { SpaceError } from './errors.ts'
import { isDeviceDid, parseSpace } from './uri.ts'

/** The signed state of a space repo. Its bytes are described in docs/space-repos.md. */
export interface SpaceCommit extends SpaceCommitFields {
  /** 64 bytes compact */
  readonly sig: Uint8Array
  /** what was signed: the tag, then the map without `sig` */
  readonly signed: Uint8Array
}

export interface SpaceCommitFields {
  /** `at://{spaceDid}/space/{type}/{skey}` */
  readonly space: string
  /** `did:key` of the device's P-256 key */
  readonly author: string
  /** a TID whose time is a safe integer */
  readonly rev: string
  /** CID of the author's commit before this; null for the first */
  readonly prev: string | null
  /** SHA-256 of the LtHash state, 32 bytes */
  readonly hash: Uint8Array
  /** CIDs of the membership heads that the author had seen, ascending as text */
  readonly members: readonly string[]
}

/** Signs what `verifySignature` takes for this key: as `DeviceKey` does. */
export interface SpaceSigner {
  readonly id: string
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

const SPACE_COMMIT_VERSION = 1
/** Before what is signed, so that no other map signed by a device is taken for a commit. */
const SPACE_COMMIT_TAG = 'cairn.space.commit.v1\0'
/** Longest commit. */
const MAX_SPACE_COMMIT_BYTES = 16_384
/** Most membership heads in a commit. */
const MAX_MEMBER_HEADS = 256

const FIELDS = new Set(['ver', 'space', 'author', 'rev', 'prev', 'hash', 'members', 'sig'])
const SIGNATURE_BYTES = 64
const HASH_BYTES = 32

/** The CID of a commit: of the bytes with the signature. */
export const spaceCommitCid = (bytes: Uint8Array, sha256: Sha256): string =>
  cidString(CODEC_DAG_CBOR, sha256(bytes))

/** The microseconds of a rev, a safe integer. Throws `space.rev-malformed`. */
function revMicros(rev: string): number {
  const micros = parseTid(rev)?.micros
  if (micros === undefined || !Number.isSafeInteger(micros)) {
    throw new SpaceError('space.rev-malformed', { rev: rev.slice(0, 32) })
  }
  return micros
}

/**
 * Reads a commit; its signature is not checked here. Every field has exactly its form, none is unknown, and the
 * bytes are the one encoding of what they say. Throws `space.commit-malformed`, `space.commit-version`,
 * `space.rev-malformed`.
 */
export function parseSpaceCommit(bytes: Uint8Array): SpaceCommit {
  if (bytes.length > MAX_SPACE_COMMIT_BYTES) throw malformed('size')
  const fields = readFields(bytes)
  for (const name of fields.keys()) if (!FIELDS.has(name)) throw malformed('unknown-field')
  const version = fields.get('ver')
  if (typeof version !== 'number') throw malformed('ver')
  if (version !== SPACE_COMMIT_VERSION) throw new SpaceError('space.commit-version', { version })
  const commit: SpaceCommitFields = {
    space: textOf(fields.get('space'), 'space', (it) => parseSpace(it) !== undefined),
    author: textOf(fields.get('author'), 'author', isDeviceDid),
    rev: textOf(fields.get('rev'), 'rev', () => true),
    prev: fields.get('prev') === null ? null : linkOf(fields.get('prev'), 'prev'),
    hash: bytesOf(fields.get('hash'), 'hash', HASH_BYTES),
    members: membersOf(fields.get('members')),
  }
  revMicros(commit.rev)
  const sig = bytesOf(fields.get('sig'), 'sig', SIGNATURE_BYTES)
  // JSON does not tell a link from a map that looks like one: only the bytes do.
  if (!equalBytes(encode(commit, sig), bytes)) throw malformed('encoding')
  return { ...commit, sig, signed: signedBytes(commit) }
}

/** A new commit, signed. Throws `space.commit-malformed` for fields that no reader takes, and what the signer throws. */
export async function signSpaceCommit(
  fields: SpaceCommitFields,
  signer: SpaceSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  if (signer.id !== fields.author) throw new SpaceError('space.wrong-author', { found: signer.id })
  const bytes = encode(fields, await signer.sign(signedBytes(fields)))
  // Whatever is wrong is found before it is out in the world.
  await verifySpaceCommit(parseSpaceCommit(bytes))
  return bytes
}

/** Throws `space.bad-signature` or `space.key-unsupported` unless the author's key signed this. */
export async function verifySpaceCommit(commit: SpaceCommit): Promise<void> {
  const { author } = commit
  const result = await verifySignature(author, commit.sig, commit.signed)
  if (result === 'unsupported-key') throw new SpaceError('space.key-unsupported', { author })
  if (result !== 'valid') throw new SpaceError('space.bad-signature', { author, reason: result })
}

const signedBytes = (fields: SpaceCommitFields): Uint8Array =>
  concat([utf8(SPACE_COMMIT_TAG), encode(fields)])

function encode(fields: SpaceCommitFields, sig?: Uint8Array): Uint8Array<ArrayBuffer> {
  const { space, author, rev, prev, hash, members } = fields
  return encodeDagCbor({
    ver: SPACE_COMMIT_VERSION,
    space,
    author,
    rev,
    prev: prev === null ? null : { $link: prev },
    hash,
    members: members.map((it) => ({ $link: it })),
    ...(sig === undefined ? {} : { sig }),
  })
}

function readFields(bytes: Uint8Array): Map<string, unknown> {
  let value: unknown
  try {
    value = toJson(bytes)
  } catch (error) {
    throw malformed('dag-cbor', error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('not-a-map')
  return new Map(Object.entries(value))
}

function textOf(value: unknown, name: string, isSound: (text: string) => boolean): string {
  if (typeof value !== 'string' || !isSound(value)) throw malformed(name)
  return value
}

/** The text under the one key of such an object. */
function wrapped(value: unknown, key: string, name: string): string {
  const [entry, ...more] = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const text: unknown = entry?.[1]
  if (entry?.[0] !== key || more.length > 0 || typeof text !== 'string') throw malformed(name)
  return text
}

function linkOf(value: unknown, name: string): string {
  const text = wrapped(value, '$link', name)
  if (parseCid(text)?.codec !== CODEC_DAG_CBOR) throw malformed(name)
  return text
}

function bytesOf(value: unknown, name: string, length: number): Uint8Array {
  const text = wrapped(value, '$bytes', name)
  let bytes: Uint8Array
  try {
    bytes = fromBase64(text)
  } catch (error) {
    throw malformed(name, error)
  }
  if (bytes.length !== length) throw malformed(name)
  return bytes
}

function membersOf(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > MAX_MEMBER_HEADS) throw malformed('members')
  const links = value.map((it) => linkOf(it, 'members'))
  if (links.some((it, index) => index > 0 && it <= (links[index - 1] ?? ''))) throw malformed('members')
  return links
}

const malformed = (reason: string, cause?: unknown): SpaceError =>
  new SpaceError('space.commit-malformed', { reason }, cause === undefined ? undefined : { cause })
