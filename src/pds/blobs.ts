import { equalBytes } from '../core/bytes.ts'
import { CODEC_RAW, parseCid } from '../core/cid.ts'
import { createGatherer, type Gathered } from '../core/gather.ts'
import { eachChunk } from './body.ts'
import { PdsError } from './errors.ts'
import type { Network } from './network.ts'
import { timingOf, type RepoRequest } from './repo.ts'
import { queryJson, queryStream } from './xrpc.ts'

/** The most that the lexicon lets one page hold. */
const PAGE_SIZE = 1000
/** A million blobs; the largest real accounts have some tens of thousands. */
const MAX_PAGES = 1000
/** A page of 1,000 CIDs is 66 KB. */
const MAX_PAGE_BYTES = 512 * 1024
/** Pages with a cursor and nothing in them; a server may filter some away, but not for ever. */
const MAX_EMPTY_PAGES = 3
/** Real cursors are a CID, characters. */
const MAX_CURSOR = 1024
/** Twice the largest that Bluesky takes (100 MB video), bytes. */
export const MAX_BLOB_BYTES = 200 * 1024 * 1024

export interface BlobListPage {
  readonly cids: readonly string[]
  /** begins the next page; undefined at the end. Kept, a listing can go on after a restart. */
  readonly cursor: string | undefined
}

/**
 * `com.atproto.sync.listBlobs`: the CIDs of an account's blobs, page by page. Texts that are no CID are
 * dropped. `run` may wrap each page's request, to try it again. Throws `pds.bad-response` with reason
 * `cursor-loop` when a server hands out a cursor twice, endless empty pages, or too many pages;
 * otherwise errors as `getRepo`.
 */
export async function* listBlobs(
  network: Network,
  request: RepoRequest & {
    readonly since?: string | undefined
    readonly cursor?: string | undefined
    readonly run?: <T>(page: () => Promise<T>) => Promise<T>
  },
): AsyncGenerator<BlobListPage, void, undefined> {
  const { pds, did, since, run = (page) => page() } = request
  const seen = new Set<string>()
  let cursor = request.cursor
  let empty = 0
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = { did, since, cursor, limit: PAGE_SIZE }
    const query = { service: pds, method: 'com.atproto.sync.listBlobs', params }
    const answer = await run(() =>
      queryJson(network, query, { ...timingOf(request), maxBytes: MAX_PAGE_BYTES }),
    )
    const next = readPage(pds, answer)
    empty = next.cids.length === 0 ? empty + 1 : 0
    if (next.cursor !== undefined && (seen.has(next.cursor) || empty > MAX_EMPTY_PAGES)) throw loop(pds)
    yield next
    if (next.cursor === undefined) return
    seen.add(next.cursor)
    cursor = next.cursor
  }
  throw loop(pds)
}

/**
 * `com.atproto.sync.getBlob`: one blob, hashed as it arrives and given out only when it is what its CID
 * says. A small one comes as bytes; of a large one no more than a piece is ever in memory. Its bytes are hostile all the same, and its type is not known from here. Errors:
 * `pds.blob-missing`, `pds.blob-mismatch { reason: 'hash' | 'unsupported-cid' }`, `pds.too-large`, and
 * those of `getRepo`.
 */
export async function getBlob(
  network: Network,
  request: RepoRequest & { readonly cid: string; readonly maxBytes?: number },
): Promise<Gathered['whole']> {
  const { pds, did, cid, maxBytes = MAX_BLOB_BYTES } = request
  const host = new URL(pds).host
  const expected = parseCid(cid)
  if (expected?.codec !== CODEC_RAW) {
    throw new PdsError('pds.blob-mismatch', { host, did, cid, reason: 'unsupported-cid' })
  }
  const query = { service: pds, method: 'com.atproto.sync.getBlob', params: { did, cid } }
  const answer = await queryStream(network, query, { ...timingOf(request), maxBytes }).catch(
    (error: unknown) => {
      throw isMissing(error) ? new PdsError('pds.blob-missing', { host, did, cid }, { cause: error }) : error
    },
  )
  const gatherer = await createGatherer()
  await eachChunk(answer.body, gatherer.add)
  const { digest, whole } = gatherer.end()
  if (!equalBytes(expected.digest, digest)) {
    throw new PdsError('pds.blob-mismatch', { host, did, cid, reason: 'hash' })
  }
  return whole
}

/** A PDS says `BlobNotFound` or, of old, only in words; a CDN in front of it says 404. */
function isMissing(error: unknown): boolean {
  if (!(error instanceof PdsError) || error.code !== 'pds.http') return false
  const { status, error: name, message } = error.fields
  return (
    status === 404 || name === 'BlobNotFound' || (status === 400 && /blob not found/i.test(String(message)))
  )
}

function readPage(pds: string, answer: Record<string, unknown>): BlobListPage {
  const { cids, cursor } = answer
  const fail = (reason: string): PdsError =>
    new PdsError('pds.bad-response', { host: new URL(pds).host, reason })
  if (!Array.isArray(cids)) throw fail('cids')
  if (cursor !== undefined && cursor !== null && (typeof cursor !== 'string' || cursor.length > MAX_CURSOR)) {
    throw fail('cursor')
  }
  return {
    cids: cids.filter(
      (cid: unknown): cid is string => typeof cid === 'string' && parseCid(cid) !== undefined,
    ),
    cursor: typeof cursor === 'string' && cursor !== '' ? cursor : undefined,
  }
}

function loop(pds: string): PdsError {
  return new PdsError('pds.bad-response', { host: new URL(pds).host, reason: 'cursor-loop' })
}
