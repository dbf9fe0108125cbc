import { concat } from '../../core/bytes.ts'
import { isDid } from '../../core/syntax.ts'
import { NetError } from '../../net/errors.ts'
import type { ByteStream, StreamHandler } from '../../net/net.ts'
import { PIECE } from '../../net/piece.ts'
import type { Timers } from '../../core/timers.ts'
import { exportCar } from '../../storage/export-car.ts'
import type { Storage } from '../../storage/port.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { headOf, snapshotsOf } from '../kept.ts'
import { fitsInCar } from './car-size.ts'
import { createPatience, type Patience } from './patience.ts'
import {
  decodeRequest,
  MAX_ANSWER_BYTES,
  MAX_REQUEST_BYTES,
  type RepoSyncRequest,
  STATUS_ERROR,
  STATUS_NOT_FOUND,
  STATUS_OK,
} from './protocol.ts'
import { changesBetween, changesCar } from './since-car.ts'
import { createSlots, type SlotLimits } from './slots.ts'

export interface ServeLimits extends SlotLimits {
  /** most bytes of an answer */
  readonly answerBytes: number
  /** how long the whole request may take, ms */
  readonly requestMs: number
  /** how long the other side may take to move a slice of the answer on, ms */
  readonly idleMs: number
}

/**
 * A receiver that writes to a slow disk stops reading while megabytes of it land, so its pauses are long.
 * The places in all bound memory: each holds a few reads of 256 KB.
 */
export const SERVE_LIMITS: ServeLimits = {
  perPeer: 2,
  inAll: 16,
  answerBytes: MAX_ANSWER_BYTES,
  requestMs: 30_000,
  idleMs: 120_000,
}

type Car = AsyncIterable<Uint8Array>

/** Bytes handed to the stream at once. One slice must be taken within the idle time. */
const SLICE = PIECE

/**
 * Answers `/p2pds/repo-sync/1.0.0` from what is kept here: the head, whole, or what it has beside the
 * snapshot with the rev that `since` names, when that one is kept and little enough differs. Bytes go from
 * the disk to the stream as fast as the other side takes them; few are held.
 *
 * Status 1: not kept, or `mayRead` says no, which looks the same. Status 2: no request, over its limit,
 * more than {@link ServeLimits} allow at once, or a repo larger than an answer may be. What goes wrong after
 * status 0 ends the stream with a reset, so that no cut-off answer passes for a whole one.
 *
 * The handler rejects (NetError, StorageError) when it could not finish; the caller then aborts the stream.
 */
export function serveRepoSync(options: {
  readonly storage: Storage
  readonly timers: Timers
  /** whether this peer may have this repo; everyone may have every repo unless told */
  readonly mayRead?: (peer: string, did: string) => boolean | Promise<boolean>
  readonly limits?: Partial<ServeLimits>
  /** told of bytes that were sent */
  readonly onSent?: (peer: string, did: string, bytes: number) => void
}): StreamHandler {
  const { storage, timers, mayRead } = options
  const limits = { ...SERVE_LIMITS, ...options.limits }
  const slots = createSlots(limits)

  return async (stream) => {
    const { peer } = stream
    const patience = createPatience({
      timers,
      firstMs: limits.requestMs,
      idleMs: limits.idleMs,
      least: SLICE,
      onIdle: (ms) => new NetError('net.timeout', { peer, ms }),
    })
    let leave: (() => void) | undefined
    try {
      const request = await readRequest(stream, patience)
      leave = request && slots.take(peer)
      const answer =
        request === undefined || leave === undefined ? STATUS_ERROR : await answerTo(request, peer)
      if (typeof answer === 'number') await patience.during(stream.write(Uint8Array.of(answer)), () => SLICE)
      else await send(stream, patience, answer, (bytes) => options.onSent?.(peer, request?.did ?? '', bytes))
      await patience.during(stream.closeWrite(), () => SLICE)
    } finally {
      patience.end()
      leave?.()
    }
  }

  /** A status, or the bytes that follow status 0. */
  async function answerTo({ did, since }: RepoSyncRequest, peer: string): Promise<number | Car> {
    if (!isDid(did)) return STATUS_NOT_FOUND
    try {
      if (mayRead !== undefined && !(await mayRead(peer, did))) return STATUS_NOT_FOUND
      const head = await headOf(storage, did)
      if (head === undefined) return STATUS_NOT_FOUND
      const reader = createSegmentReader(storage, did)
      const base =
        since === undefined
          ? undefined
          : (await snapshotsOf(storage, did)).findLast((snapshot) => snapshot.rev === since)
      const changes = base && (await changesBetween(reader, base, head))
      if (changes !== undefined && changes.bytes <= limits.answerBytes)
        return changesCar(reader, head, changes)
      if (!(await fitsInCar(reader, head, limits.answerBytes))) return STATUS_ERROR
      return exportCar(storage, head)
    } catch {
      // Whatever is wrong here is not the other side's to know.
      return STATUS_ERROR
    }
  }

  async function send(
    stream: ByteStream,
    patience: Patience,
    car: Car,
    onSent: (bytes: number) => void,
  ): Promise<void> {
    let sent = 0
    for await (const chunk of car) {
      const bytes = sent === 0 ? concat([Uint8Array.of(STATUS_OK), chunk]) : chunk
      if (sent + bytes.length > limits.answerBytes + 1)
        throw new NetError('net.limit', { what: 'answer', limit: limits.answerBytes })
      for (let at = 0; at < bytes.length; at += SLICE) {
        const slice = bytes.subarray(at, at + SLICE)
        // A slice that was taken is progress, whatever its size.
        await patience.during(stream.write(slice), () => SLICE)
        onSent(slice.length)
      }
      sent += bytes.length
    }
  }
}

/** The request; undefined when what came is none. */
async function readRequest(stream: ByteStream, patience: Patience): Promise<RepoSyncRequest | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  const read = () => patience.during(stream.read(), () => 0)
  for (let chunk = await read(); chunk !== undefined; chunk = await read()) {
    parts.push(chunk)
    size += chunk.length
    // What is left of it nobody needs to read.
    if (size > MAX_REQUEST_BYTES) return undefined
  }
  try {
    return decodeRequest(concat(parts), stream.peer)
  } catch {
    return undefined
  }
}
