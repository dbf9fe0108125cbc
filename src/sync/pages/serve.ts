import { hasCode } from '../../core/errors.ts'
import { utf8 } from '../../core/bytes.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader, writeLongFrame } from '../../net/frames.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import type { StreamHandler } from '../../net/net.ts'
import type { Timers } from '../../core/timers.ts'
import type { Storage } from '../../storage/port.ts'
import { blobBytesKey } from '../../storage/rows.ts'
import { headOf, type IdentityRow, openRepo } from '../kept.ts'
import { keptBlob } from '../lost-blobs.ts'
import { createSlots } from '../repo-sync/slots.ts'
import { findBlocks } from './find-blocks.ts'
import { createHeldSnapshots, type Held, type HeldSnapshots } from './held.ts'
import { isOver, patient } from './patient.ts'
import { type PartialRow, partialRows } from './partial-rows.ts'
import type { Pins } from './pins.ts'
import { createRecentPages } from './recent-pages.ts'
import { orRefused, Refused } from './refused.ts'
import { createPageServer, type PageServer } from './serve-page.ts'
import { partialBeginning, partialHead } from './serve-partial.ts'
import {
  MAX_COLLECTIONS,
  MAX_FRAME_BYTES,
  MAX_REQUEST_BYTES,
  PAGE_BYTES,
  type Refusal,
  type Request,
  requestShape,
  type RequestOf,
} from './protocol.ts'

/** Of pages that a device keeps, in bytes: some for each of those who take a repo from it at a time. */
const RECENT_BYTES = 8 << 20

export interface ServePagesOptions {
  readonly storage: Storage
  readonly timers: Timers
  /** Whether a peer may read a repo; anyone may when absent. */
  readonly mayRead?: (peer: string, did: string) => boolean | Promise<boolean>
  /** what retention asks before it drops a snapshot */
  readonly pins?: Pins
  readonly limits?: ServePagesLimits
  /** DEFLATE (RFC 1951) where the host has a quicker one than `CompressionStream`; the bytes do not change meanwhile */
  readonly deflate?: (bytes: Uint8Array) => Promise<Uint8Array>
  /** of pages that are kept for others who ask the same, and for those who ask for the next */
  readonly recentBytes?: number
  /**
   * Told of bytes as they leave: pages, the tree nodes and records of a walk, blobs. What only begins one (heads,
   * identities, signed commits) is not told of.
   */
  readonly onSent?: (peer: string, did: string, bytes: number, what: SentKind) => void
}

/** What is sent of a repo: pages of it, what a difference walk asks for, or its blobs. */
export type SentKind = 'repo' | 'changes' | 'blobs'

export interface ServePagesLimits {
  /** streams at once, to one peer and in all; each holds some 4 MB while it answers, and the page that comes next */
  readonly perPeer: number
  readonly inAll: number
  /** a peer that neither asks nor takes for so long is let go, ms */
  readonly idleMs: number
}

export const PAGES_LIMITS: ServePagesLimits = { perPeer: 3, inAll: 24, idleMs: 60_000 }

/** A head, and the bytes that follow it. */
interface Answer {
  readonly head: Record<string, unknown>
  readonly bytes?: Uint8Array
  /** what is told of as its bytes leave */
  readonly sends?: { readonly did: string; readonly what: SentKind }
}

/**
 * Serves `/cairn/repo-pages/1.0.0` from what is kept, whole or in part: request by request, one answer in memory at a time and
 * the page after it. What cannot be answered is refused by name, and the stream goes on; bytes that are no messages end it.
 */
export function servePages(options: ServePagesOptions): StreamHandler {
  const { storage, timers, limits = PAGES_LIMITS } = options
  const slots = createSlots(limits)
  const recent = createRecentPages(options.recentBytes ?? RECENT_BYTES)
  return async (raw) => {
    const free = slots.take(raw.peer)
    let sends: Answer['sends']
    const stream = patient(raw, timers, limits.idleMs, (sent) => {
      if (sends !== undefined) options.onSent?.(raw.peer, sends.did, sent, sends.what)
    })
    const frames = createFrameReader(stream)
    const held = createHeldSnapshots(storage)
    const pages = createPageServer({
      storage,
      hold: (request) => hold(options, held, request),
      recent,
      deflate: options.deflate,
    })
    try {
      if (free === undefined) {
        await writeMessage(stream, { refused: 'too-many' satisfies Refusal })
        return
      }
      for (;;) {
        stream.begin()
        const frame = await frames.read(MAX_REQUEST_BYTES).catch(isOver)
        if (frame === undefined) return
        const { head, bytes, sends: told } = await answer(options, { held, pages }, frame, raw.peer)
        await writeMessage(stream, head)
        if (bytes === undefined) continue
        sends = told
        await writeLongFrame(stream, bytes)
        sends = undefined
      }
    } finally {
      stream.release()
      await pages.settled()
      free?.()
    }
  }
}

async function answer(
  options: ServePagesOptions,
  { held, pages }: { readonly held: HeldSnapshots; readonly pages: PageServer },
  frame: Uint8Array,
  peer: string,
): Promise<Answer> {
  try {
    const request = readRequest(frame, peer)
    if (request.type === 'heads') return await heads(options, request, peer)
    if (options.mayRead !== undefined && !(await options.mayRead(peer, request.did)))
      // The same as for one that is not here: what is kept and unlisted is nobody's business.
      throw new Refused('not-kept')
    switch (request.type) {
      case 'identity':
        return await identity(options.storage, request)
      case 'page':
        return sending('repo', request, await pages.answer(request))
      case 'blocks':
        return request.wants.length === 0
          ? await blocks(options, held, request)
          : sending('changes', request, await blocks(options, held, request))
      case 'blob':
        return sending('blobs', request, await blob(options.storage, request))
    }
  } catch (error) {
    if (error instanceof Refused) return { head: { refused: error.refusal } }
    // Swept while it was read.
    if (!hasCode(error, 'storage.segment-gone')) throw error
    held.forget()
    return { head: { refused: 'root-gone' satisfies Refusal } }
  }
}

const sending = (what: SentKind, { did }: { readonly did: string }, from: Answer): Answer => ({
  ...from,
  sends: { did, what },
})

function readRequest(frame: Uint8Array, peer: string): Request {
  try {
    return decodeMessage(frame, requestShape, peer)
  } catch (error) {
    if (error instanceof NetError) throw new Refused('bad-request')
    throw error
  }
}

async function heads(
  { storage, mayRead }: ServePagesOptions,
  { dids }: RequestOf<'heads'>,
  peer: string,
): Promise<Answer> {
  const out: Record<string, unknown>[] = []
  let room = MAX_COLLECTIONS
  for (const did of new Set(dids)) {
    if (mayRead !== undefined && !(await mayRead(peer, did))) continue
    const head = await headOf(storage, did)
    if (head !== undefined) {
      const { root } = head
      out.push({ did, ...signedOf(head), records: root.records, bytes: root.bytes })
      continue
    }
    const part = partialHead(await partialRows(storage, did), room)
    if (part === undefined) continue
    const { records, bytes, told } = part
    room -= told.length
    const collections = told.map((it) => ({ nsid: it.collection, ...signedOf(it) }))
    out.push({ did, ...signedOf(part), records, bytes, partial: true, collections })
  }
  return { head: { heads: out } }
}

/** The encoder has no word for what is absent. */
const signedOf = ({ rev, commitCid }: Pick<PartialRow, 'rev' | 'commitCid'>) => ({
  ...(rev === undefined ? {} : { rev }),
  commit: commitCid,
})

/** What proves the author, as it is kept with the head. */
async function identity(storage: Storage, { did }: RequestOf<'identity'>): Promise<Answer> {
  const head = await headOf(storage, did)
  const kept = head === undefined ? await partialRows(storage, did) : [head]
  if (kept.length === 0) throw new Refused('not-kept')
  const key = kept.findLast((it) => it.identity !== undefined)?.identity
  if (key === undefined) throw new Refused('not-provable')
  // Our own row, written by this code.
  const row = (await storage.get('identities', key)) as IdentityRow | undefined
  // A document alone proves nothing to someone who did not fetch it.
  if (row?.plcLog === undefined) throw new Refused('not-provable')
  const bytes = utf8(JSON.stringify({ document: row.document, plcLog: row.plcLog }))
  if (bytes.length > MAX_FRAME_BYTES) throw new Refused('not-provable')
  return { head: {}, bytes }
}

/** Undefined when the repo is not kept whole. */
async function hold(
  { pins }: ServePagesOptions,
  held: HeldSnapshots,
  { did, root }: { readonly did: string; readonly root?: string | undefined },
): Promise<Held | undefined> {
  const found = await held.find(did, root)
  if (found === 'not-kept') return undefined
  if (found === 'root-gone') throw new Refused(found)
  pins?.pin(did, found.snapshot.id)
  return found
}

/** What the head says of the form of the bytes. */
const formOf = ({ bare }: { readonly bare?: boolean | undefined }) => (bare === true ? { bare } : {})

async function blocks(
  options: ServePagesOptions,
  held: HeldSnapshots,
  request: RequestOf<'blocks'>,
): Promise<Answer> {
  const whole = await hold(options, held, request)
  if (whole === undefined) {
    // What leads from block to block is kept of some collections only.
    if (request.wants.length > 0) throw new Refused('not-kept')
    const { bytes, root } = orRefused(await partialBeginning(options.storage, request))
    return { head: { root, answered: 0, missing: [], ...formOf(request) }, bytes }
  }
  const { snapshot, reader } = whole
  const found = await findBlocks(reader, snapshot, request.wants, PAGE_BYTES, request.bare)
  const { bytes, answered, missing } = found
  return { head: { root: snapshot.commitCid, answered, missing, ...formOf(request) }, bytes }
}

async function blob(storage: Storage, { did, cid, offset }: RequestOf<'blob'>): Promise<Answer> {
  if ((await openRepo(storage, did)) === undefined) throw new Refused('not-kept')
  const row = await keptBlob(storage, did, cid)
  if (row?.bytes === undefined) throw new Refused('not-kept')
  if (offset > row.bytes) throw new Refused('bad-request')
  const bytes = await storage.readBytes(blobBytesKey(did, cid), offset, offset + PAGE_BYTES)
  return { head: { size: row.bytes }, bytes }
}
