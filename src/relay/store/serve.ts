import { CairnError } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import { createMessageReader, writeMessage } from '../../net/messages.ts'
import type { ByteStream, StreamHandler } from '../../net/net.ts'
import type { Timers } from '../../core/timers.ts'
import {
  MAX_STORE_REQUEST,
  type StoreAnswer,
  storeRequest,
  type StoreRequest,
} from '../../sync/store/messages.ts'
import type { Asks } from './asks.ts'
import type { RepoState, Store } from './model.ts'

/** A peer that says nothing for so long is let go, ms. */
const IDLE = 60_000
/** `keep` is answered with how far it is when the repo takes longer to come in, ms. */
const PATIENCE = 10_000
/** Requests on one stream. */
const MAX_REQUESTS = 1000
/** Longest text of an answer's field, characters. */
const MAX_TEXT = 512

/** Serves `/cairn/store/1.0.0`: see `sync/store/messages.ts`. */
export function createStoreHandler(parts: {
  readonly store: Store
  readonly asks: Asks
  readonly timers: Timers
  readonly signal: AbortSignal
}): StreamHandler {
  const { store, asks, timers } = parts

  const keep = async (
    request: Extract<StoreRequest, { type: 'keep' }>,
    peer: string,
  ): Promise<RepoState[]> => {
    const { did, token, relays, rev } = request
    const keeping = store.keep(did, { by: { peer, token }, relays, rev })
    // What it is refused for at once is answered; what comes later is told by `status`.
    await within(keeping, timers)
    return store.states([did])
  }

  const answer = async (request: StoreRequest, peer: string): Promise<StoreAnswer> => {
    if (request.type === 'drop') await store.drop(request.did, { peer })
    if (request.type === 'status')
      for (const did of request.dids) if (asks.has(did, peer)) await asks.note(did, peer)
    const states =
      request.type === 'keep'
        ? await keep(request, peer)
        : await store.states(request.type === 'drop' ? [request.did] : request.dids)
    return { type: 'states', states: states.map(plain) }
  }

  return async (stream) => {
    const reader = createMessageReader(stream, storeRequest, MAX_STORE_REQUEST)
    for (let count = 0; count < MAX_REQUESTS; count++) {
      const request = await inTime(stream, timers, () => reader.read())
      if (request === undefined) break
      const told = await answer(request, stream.peer).catch((error: unknown) => refusal(error))
      await inTime(stream, timers, () => writeMessage(stream, told))
    }
    await stream.closeWrite()
  }
}

async function inTime<T>(stream: ByteStream, timers: Timers, run: () => Promise<T>): Promise<T> {
  const stop = timers.after(IDLE, () =>
    stream.abort(new NetError('net.timeout', { peer: stream.peer, ms: IDLE })),
  )
  try {
    return await run()
  } finally {
    stop()
  }
}

/** Resolves when the work has ended or has taken long; rejects with what it failed with before that. */
function within(work: Promise<unknown>, timers: Timers): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = timers.after(PATIENCE, resolve)
    work.then(
      () => {
        stop()
        resolve()
      },
      (error: unknown) => {
        stop()
        // After patience ran out nobody hears it here any more; `status` tells it.
        reject(error instanceof Error ? error : new Error('keep failed', { cause: error }))
      },
    )
  })
}

function plain({ did, state, rev, commit, bytes, error }: RepoState) {
  return {
    did,
    state,
    ...(rev === undefined ? {} : { rev }),
    ...(commit === undefined ? {} : { commit }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(error === undefined ? {} : { error }),
  }
}

/** What a peer may know of an error: its code, and fields that are texts and whole numbers. */
function refusal(error: unknown): StoreAnswer {
  if (!(error instanceof CairnError)) throw error
  const fields: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(error.fields)) {
    if (typeof value === 'string') fields[name] = value.slice(0, MAX_TEXT)
    if (typeof value === 'number' && Number.isSafeInteger(value)) fields[name] = value
  }
  return { type: 'refused', code: error.code, fields }
}
