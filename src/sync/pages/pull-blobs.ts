import { equalBytes } from '../../core/bytes.ts'
import { CODEC_RAW, parseCid } from '../../core/cid.ts'
import { hasCode } from '../../core/errors.ts'
import { createGatherer, type Gatherer } from '../../core/gather.ts'
import { NetError } from '../../net/errors.ts'
import { type FetchedBlobs, type GotBlob, takeWanted } from '../blob-queue.ts'
import { SyncError } from '../errors.ts'
import type { Host } from '../host.ts'
import { repoRow } from '../kept.ts'
import type { Work } from '../work.ts'
import { createSources, type OnOut, type PageSource, type Sources } from './sources.ts'

/**
 * Fetches from peers the blobs of a kept repo that are wanted and not here: those that its records name. A
 * blob counts as kept only when it is what its CID says; one that breaks off goes on where it was, with the
 * same peer or another. A peer that sends other bytes is asked no more. What none of them has stays wanted.
 *
 * @throws SyncError `sync.not-kept`; NetError when no peer is left to ask
 */
export async function pullBlobs(
  host: Host,
  {
    did,
    sources: from,
    work,
    onOut,
    onFrom,
  }: {
    readonly did: string
    readonly sources: readonly PageSource[]
    readonly work: Work
    readonly onOut?: OnOut
    /** hears for each blob that came whose bytes ended it */
    readonly onFrom?: (peer: string) => void
  },
): Promise<FetchedBlobs> {
  const { storage } = host
  if ((await repoRow(storage, did)) === undefined) throw new SyncError('sync.not-kept', { did })
  work.report({ did, phase: 'blobs' })
  // Each peer by itself: one that has not a blob may have the next.
  const peers = from.map((source) => createSources([source], host, work, onOut))
  const live = new Set(peers)
  try {
    const get = async (cid: string, maxBytes: number): Promise<GotBlob> => {
      const parts: Parts = { all: await createGatherer(), from: new Set() }
      let last: NetError | undefined
      for (const peer of live) {
        try {
          const got = await getFrom(peer, { did, cid, maxBytes }, parts)
          if (typeof got !== 'string' && peer.peer !== undefined) onFrom?.(peer.peer)
          if (got !== 'absent') return got
        } catch (error) {
          work.check()
          if (!(error instanceof NetError)) throw error
          last = error
          live.delete(peer)
        }
      }
      if (live.size === 0 && last !== undefined) throw last
      return 'absent'
    }
    return await takeWanted({ storage, did, work, get })
  } catch (error) {
    const deleted = hasCode(error, 'storage.conflict') && (await repoRow(storage, did)) === undefined
    throw deleted ? new SyncError('sync.not-kept', { did }, { cause: error }) : error
  } finally {
    await Promise.all(peers.map((it) => it.close()))
  }
}

/** What has come of one blob, and from whom. */
interface Parts {
  all: Gatherer
  readonly from: Set<string>
}

const empty = async (parts: Parts): Promise<void> => {
  parts.all = await createGatherer()
  parts.from.clear()
}

async function getFrom(
  peer: Sources,
  { did, cid, maxBytes }: { readonly did: string; readonly cid: string; readonly maxBytes: number },
  parts: Parts,
): Promise<GotBlob> {
  const expected = parseCid(cid)
  if (expected?.codec !== CODEC_RAW) return 'failed'
  return peer.use(async (client) => {
    for (;;) {
      const answer = await client.blob({ did, cid, offset: parts.all.size }).catch(isAbsent)
      if (answer === undefined) return 'absent'
      const { size, bytes } = answer
      if (size > maxBytes) return 'larger'
      const left = size - parts.all.size
      const fits = bytes.length <= left && (bytes.length > 0 || left === 0)
      if (fits) {
        parts.all.add(bytes)
        parts.from.add(client.peer)
        if (parts.all.size < size) continue
        const { digest, whole } = parts.all.end()
        if (equalBytes(digest, expected.digest)) {
          peer.progress()
          return whole
        }
      }
      // Of several, any may have sent what is wrong: this one alone tells.
      const mixed = [...parts.from].some((it) => it !== client.peer)
      await empty(parts)
      if (!mixed) throw new NetError('net.malformed', { peer: client.peer, reason: 'blob' })
    }
  })
}

/** That a peer has it not is no failure of the peer. */
function isAbsent(error: unknown): undefined {
  if (hasCode(error, 'net.refused') && error.fields['reason'] !== 'too-many') return undefined
  throw error
}
