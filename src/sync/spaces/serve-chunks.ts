import { toHex } from '../../core/bytes.ts'
import { CairnError } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader, type FrameReader, writeFrame } from '../../net/frames.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import type { ByteStream, StreamHandler } from '../../net/net.ts'
import { isOver, patient } from '../pages/patient.ts'
import { createSlots, type SlotLimits } from '../repo-sync/slots.ts'
import type { SpaceAccess } from './access.ts'
import {
  type ChunkRefusal,
  type ChunkRequest,
  chunkRequestShape,
  ID_BYTES,
  MAX_CHUNK_BYTES,
  MAX_REQUEST_BYTES,
} from './chunk-protocol.ts'
import type { SpaceReplica } from './model.ts'

export interface ServeChunksOptions {
  readonly timers: Timers
  readonly sha256: Sha256
  readonly access: Pick<SpaceAccess, 'mayRead'>
  readonly find: (space: string) => SpaceReplica | undefined
  /** Whether peers may put chunks here: stores. A device takes only what it asks for. */
  readonly takesChunks: boolean
  readonly limits?: ServeChunksLimits
}

export interface ServeChunksLimits extends SlotLimits {
  /** a peer that neither asks nor takes for so long is let go, ms */
  readonly idleMs: number
}

/** A stream is for one space, and holds one chunk. */
const CHUNKS_LIMITS: ServeChunksLimits = { perPeer: 8, inAll: 48, idleMs: 60_000 }

/** Serves `/cairn/space-chunks/1.0.0`: one chunk in memory for each stream. */
export function serveChunks(options: ServeChunksOptions): StreamHandler {
  const { timers, limits = CHUNKS_LIMITS } = options
  const slots = createSlots(limits)
  return async (raw) => {
    const free = slots.take(raw.peer)
    const stream = patient(raw, timers, limits.idleMs)
    const frames = createFrameReader(stream)
    try {
      if (free === undefined) return await refuse(stream, 'too-many')
      for (;;) {
        stream.begin()
        const frame = await frames.read(MAX_REQUEST_BYTES).catch(isOver)
        if (frame === undefined) return
        const request = readRequest(frame, raw.peer)
        // A chunk may follow that nobody could tell from requests.
        if (request === undefined) return await refuse(stream, 'bad-request')
        await answer(options, stream, frames, request)
      }
    } finally {
      stream.release()
      free?.()
    }
  }
}

function readRequest(frame: Uint8Array, peer: string): ChunkRequest | undefined {
  try {
    return decodeMessage(frame, chunkRequestShape, peer)
  } catch (error) {
    if (error instanceof NetError) return undefined
    throw error
  }
}

const refuse = (stream: ByteStream, refused: ChunkRefusal): Promise<void> => writeMessage(stream, { refused })

async function answer(
  { access, find, sha256, takesChunks }: ServeChunksOptions,
  stream: ByteStream,
  frames: FrameReader,
  request: ChunkRequest,
): Promise<void> {
  const { space } = request
  // What follows is read whatever becomes of it: the stream goes on.
  const sent = request.type === 'put' ? await frames.expect(MAX_CHUNK_BYTES) : undefined
  const replica = access.mayRead(stream.peer, space) ? find(space) : undefined
  if (replica === undefined) return refuse(stream, 'not-kept')
  const { chunks } = replica
  switch (request.type) {
    case 'has': {
      const ids: string[] = []
      for (let at = 0; at < request.ids.length; at += ID_BYTES)
        ids.push(toHex(request.ids.subarray(at, at + ID_BYTES)))
      const has = await chunks.has(ids)
      return writeMessage(stream, { has: Uint8Array.from(has, (it) => (it ? 1 : 0)) })
    }
    case 'get': {
      const bytes = await chunks.get(toHex(request.id))
      if (bytes === undefined || bytes.length === 0 || bytes.length > MAX_CHUNK_BYTES)
        return refuse(stream, 'lacking')
      await writeMessage(stream, { size: bytes.length })
      return writeFrame(stream, bytes)
    }
    case 'put': {
      if (!takesChunks) return refuse(stream, 'not-kept')
      const id = toHex(request.id)
      if (sent === undefined || sent.length !== request.size || toHex(sha256(sent)) !== id)
        return refuse(stream, 'bad-chunk')
      try {
        await chunks.put(id, new Uint8Array(sent))
      } catch (error) {
        // Whatever this disk says: there is no room, and no more is told.
        if (error instanceof CairnError) return refuse(stream, 'full')
        throw error
      }
      return writeMessage(stream, { stored: true })
    }
  }
}
