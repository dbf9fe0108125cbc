import { NetError } from '../../net/errors.ts'
import type { ByteStream, Net } from '../../net/net.ts'
import type { Timers } from '../../core/timers.ts'
import { SyncError } from '../errors.ts'
import { createPatience } from './patience.ts'
import {
  encodeRequest,
  MAX_ANSWER_BYTES,
  REPO_SYNC_PROTOCOL,
  STATUS_ERROR,
  STATUS_NOT_FOUND,
  STATUS_OK,
} from './protocol.ts'

export interface FetchLimits {
  /** most bytes of an answer; what the storage can hold, when that is less */
  readonly answerBytes: number
  /** how long the answer may take to begin, ms */
  readonly firstByteMs: number
  /** how long it may take to go on by 64 KiB, ms */
  readonly idleMs: number
}

/** Nodes of the kind that this protocol comes from gather a whole repo before they send its first byte. */
export const FETCH_LIMITS: FetchLimits = {
  answerBytes: MAX_ANSWER_BYTES,
  firstByteMs: 120_000,
  idleMs: 60_000,
}

const LEAST = 64 * 1024

export interface FetchRepoSync {
  readonly did: string
  /** rev of the head that is kept: only what is newer need come, though all of it may */
  readonly since?: string | undefined
  /** multiaddrs of the peer to try besides those that are known */
  readonly addresses?: readonly string[]
  readonly timers: Timers
  readonly signal?: AbortSignal
  readonly limits?: Partial<FetchLimits>
}

/**
 * Asks a peer for a repo over `/p2pds/repo-sync/1.0.0` and gives the CAR's bytes as they come, no faster than
 * they are taken. Nothing is proven here. The stream is opened by the first step, and whoever stops early
 * (`return`, `break`) ends it.
 *
 * @throws SyncError `sync.peer-lacks` (status 1), `sync.peer-failed` (status 2), `sync.over-budget`
 * @throws NetError `net.malformed` ({ reason: `empty` or `status` }), `net.timeout`, `net.cancelled`, and
 * what opening and reading a stream throws
 */
export async function* fetchRepoSync(
  net: Net,
  peer: string,
  options: FetchRepoSync,
): AsyncGenerator<Uint8Array> {
  const { did, since, addresses, timers, signal } = options
  const limits = { ...FETCH_LIMITS, ...options.limits }
  const stream = await net.open(peer, REPO_SYNC_PROTOCOL, {
    ...(signal === undefined ? {} : { signal }),
    ...(addresses === undefined ? {} : { addresses }),
  })
  const patience = createPatience({
    timers,
    firstMs: limits.firstByteMs,
    idleMs: limits.idleMs,
    least: LEAST,
    onIdle: (ms) => new NetError('net.timeout', { peer, ms }),
  })
  const onAbort = (): void => patience.fail(new NetError('net.cancelled'))
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted === true) onAbort()
  let ended = false
  try {
    const read = (): Promise<Uint8Array | undefined> =>
      patience.during(stream.read(), (chunk) => chunk?.length ?? 0)
    await patience.during(ask(stream, encodeRequest({ did, since })), () => 0)
    let chunk = await read()
    while (chunk?.length === 0) chunk = await read()
    checkStatus(chunk?.[0], peer, did)
    let received = -1
    for (; chunk !== undefined; chunk = await read()) {
      const bytes = received < 0 ? chunk.subarray(1) : chunk
      received += chunk.length
      if (received > limits.answerBytes)
        throw new SyncError('sync.over-budget', { peer, did, limit: limits.answerBytes })
      if (bytes.length > 0) yield bytes
    }
    ended = true
  } finally {
    signal?.removeEventListener('abort', onAbort)
    patience.end()
    if (!ended) stream.abort()
  }
}

async function ask(stream: ByteStream, request: Uint8Array): Promise<void> {
  await stream.write(request)
  await stream.closeWrite()
}

function checkStatus(status: number | undefined, peer: string, did: string): void {
  switch (status) {
    case STATUS_OK:
      return
    case STATUS_NOT_FOUND:
      throw new SyncError('sync.peer-lacks', { peer, did })
    case STATUS_ERROR:
      throw new SyncError('sync.peer-failed', { peer, did })
    case undefined:
      throw new NetError('net.malformed', { peer, reason: 'empty' })
    default:
      throw new NetError('net.malformed', { peer, reason: 'status', status })
  }
}
