import type { Timers } from '../../core/timers.ts'
import { createFrameReader, writeFrame } from '../../net/frames.ts'
import type { StreamHandler } from '../../net/net.ts'
import { isOver, patient } from '../pages/patient.ts'
import { createSlots } from '../repo-sync/slots.ts'
import { type PackHandler, type PackReply, replyBytes } from './handler.ts'
import { MAX_REQUEST_BYTES } from './model.ts'
import { refusalOf } from './refusal.ts'
import { PackWireError } from './wire-errors.ts'

export interface ServePacksLimits {
  /** streams at once, to one peer and in all */
  readonly perPeer: number
  readonly inAll: number
  /** a peer that neither asks nor takes for so long is let go, ms */
  readonly idleMs: number
  /** bytes of answers that peers have yet to take, in all: beyond it new requests are told to come again */
  readonly heldBytes: number
}

export const PACKS_LIMITS: ServePacksLimits = { perPeer: 3, inAll: 64, idleMs: 60_000, heldBytes: 64 << 20 }

export interface ServePacksOptions {
  readonly handler: PackHandler
  readonly timers: Timers
  readonly limits?: ServePacksLimits
}

/**
 * Serves `/cairn/pack-sync/1.0.0`: requests as JSON and answers as packs alternate on one stream, each behind its
 * length as a varint. In place of an answer there may be a refusal, as JSON, and the stream goes on. Bytes that
 * are no messages end it, as does a request longer than any.
 */
export function servePacks({ handler, timers, limits = PACKS_LIMITS }: ServePacksOptions): StreamHandler {
  const slots = createSlots(limits)
  let held = 0
  return async (raw) => {
    const free = slots.take(raw.peer)
    const stream = patient(raw, timers, limits.idleMs)
    const frames = createFrameReader(stream)
    try {
      if (free === undefined) {
        await writeFrame(stream, replyBytes(tooBusy()))
        return
      }
      for (;;) {
        stream.begin()
        const request = await frames.read(MAX_REQUEST_BYTES).catch(isOver)
        if (request === undefined) return
        const isFull = held >= limits.heldBytes
        const bytes = replyBytes(isFull ? tooBusy() : await handler.answer(request, { peer: raw.peer }))
        held += bytes.length
        try {
          await writeFrame(stream, bytes)
        } finally {
          held -= bytes.length
        }
      }
    } finally {
      stream.release()
      free?.()
    }
  }
}

const tooBusy = (): PackReply => ({ type: 'refused', ...refusalOf(new PackWireError('sync.too-busy')) })
