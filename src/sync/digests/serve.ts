import { CairnError } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader } from '../../net/frames.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import type { StreamHandler } from '../../net/net.ts'
import type { Storage } from '../../storage/port.ts'
import { isOver, patient } from '../pages/patient.ts'
import { createSlots, type SlotLimits } from '../repo-sync/slots.ts'
import { answerGroup, answerList, TooMany } from './answer.ts'
import { type HeadsOf, keptHeads } from './kept-heads.ts'
import { MAX_REQUEST_BYTES, type Refusal, type Request, requestShape } from './protocol.ts'

export interface ServeDigestsOptions {
  readonly storage: Storage
  readonly timers: Timers
  readonly sha256: Sha256
  /** Whether a peer may hear of a repo, as for `heads` of `/cairn/repo-pages/1.0.0`; anyone may when absent. */
  readonly mayRead?: (peer: string, id: string) => boolean | Promise<boolean>
  /** Where heads are read; from the tables of public repos when absent. */
  readonly headsOf?: HeadsOf
  /**
   * The repos of a group, for a peer that may hear of every one of them; undefined for a group that is not here, or
   * not for this peer. Without it there are no groups.
   */
  readonly membersOf?: (group: string, peer: string) => Promise<readonly string[] | undefined>
  readonly limits?: ServeDigestsLimits
}

export interface ServeDigestsLimits extends SlotLimits {
  /** a peer that neither asks nor takes for so long is let go, ms */
  readonly idleMs: number
  /** requests on one stream; who needs more asks for what is still to come on another */
  readonly requests: number
}

/** Each that answers holds one answer, and what it says of a group's members. */
export const DIGESTS_LIMITS: ServeDigestsLimits = { perPeer: 2, inAll: 24, idleMs: 60_000, requests: 1000 }

class Refused extends CairnError {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super('sync.refused', { refusal })
    this.refusal = refusal
  }
}

/**
 * Serves `/cairn/repo-digests/1.0.0` from what is kept. Nothing is remembered between requests, so there is nothing
 * that a head which moves could leave behind: of a list only the rows of its repos are read, of a group those of its
 * members once, and those of buckets that differ once more.
 */
export function serveDigests(options: ServeDigestsOptions): StreamHandler {
  const { timers, limits = DIGESTS_LIMITS } = options
  const slots = createSlots(limits)
  return async (raw) => {
    const free = slots.take(raw.peer)
    const stream = patient(raw, timers, limits.idleMs)
    const frames = createFrameReader(stream)
    try {
      if (free === undefined) {
        await writeMessage(stream, { refused: 'too-many' satisfies Refusal })
        return
      }
      for (let i = 0; i < limits.requests; i++) {
        stream.begin()
        const frame = await frames.read(MAX_REQUEST_BYTES).catch(isOver)
        if (frame === undefined) return
        await writeMessage(stream, await answer(options, frame, raw.peer))
      }
    } finally {
      stream.release()
      free?.()
    }
  }
}

async function answer(
  options: ServeDigestsOptions,
  frame: Uint8Array,
  peer: string,
): Promise<Record<string, unknown>> {
  const { storage, sha256, headsOf = keptHeads(storage), membersOf } = options
  try {
    const request = readRequest(frame, peer)
    if (request.type === 'list')
      return await answerList(request, { sha256, headsOf: permitted(options, headsOf, peer) })
    const members = await membersOf?.(request.group, peer)
    if (members === undefined) throw new Refused('not-kept')
    return await answerGroup(request, members, { sha256, headsOf })
  } catch (error) {
    if (error instanceof TooMany) return { refused: 'too-many' satisfies Refusal }
    if (error instanceof Refused) return { refused: error.refusal }
    throw error
  }
}

/** Heads of what the peer may hear of. What is kept and unlisted is nobody's business, as if it were not here. */
const permitted =
  ({ mayRead }: ServeDigestsOptions, headsOf: HeadsOf, peer: string): HeadsOf =>
  async (ids) => {
    if (mayRead === undefined) return headsOf(ids)
    const allowed = await Promise.all(ids.map(async (id) => mayRead(peer, id)))
    const heads = await headsOf(ids.filter((_, i) => allowed[i]))
    const byId = new Map(heads.map((head) => [head?.id, head]))
    return ids.map((id) => byId.get(id))
  }

function readRequest(frame: Uint8Array, peer: string): Request {
  try {
    return decodeMessage(frame, requestShape, peer)
  } catch (error) {
    if (error instanceof NetError) throw new Refused('bad-request')
    throw error
  }
}
