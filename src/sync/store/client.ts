import { NetError } from '../../net/errors.ts'
import { createMessageReader, writeMessage } from '../../net/messages.ts'
import type { Net } from '../../net/net.ts'
import type { Timers } from '../../core/timers.ts'
import {
  MAX_STORE_ANSWER,
  STORE_PROTOCOL,
  storeAnswer,
  type StoreRepoState,
  type StoreRequest,
} from './messages.ts'

/** A store answers `keep` after at most 10 s with how far it is; longer is silence, ms. */
const PATIENCE = 30_000

export interface StoreClient {
  /** Asks it to keep a repo: `kept` when it has it, `fetching` while it still comes in. */
  keep(
    did: string,
    options?: {
      readonly token?: string
      readonly relays?: readonly string[]
      /** the rev held here: the store has news to get when its own is older */
      readonly rev?: string | undefined
      readonly signal?: AbortSignal
    },
  ): Promise<StoreRepoState>
  drop(did: string, options?: { readonly signal?: AbortSignal }): Promise<void>
  status(
    dids: readonly string[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly StoreRepoState[]>
}

/**
 * Asks one relay's store, a stream a request.
 *
 * @throws NetError from its methods: `net.refused` ({ reason: the store's code, why: the reason that it names, … }), `net.timeout`, those of
 * `Net.open` and of messages
 */
export function createStoreClient(net: Net, timers: Timers, peer: string): StoreClient {
  const ask = async (
    request: StoreRequest,
    signal: AbortSignal | undefined,
  ): Promise<readonly StoreRepoState[]> => {
    const stream = await net.open(peer, STORE_PROTOCOL, signal === undefined ? {} : { signal })
    const late = new NetError('net.timeout', { peer, ms: PATIENCE })
    let failure: NetError | undefined
    const abort = (error: NetError): void => {
      failure ??= error
      stream.abort(error)
    }
    const onAbort = (): void => abort(new NetError('net.cancelled'))
    const stop = timers.after(PATIENCE, () => abort(late))
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await writeMessage(stream, request)
      await stream.closeWrite()
      const answer = await createMessageReader(stream, storeAnswer, MAX_STORE_ANSWER).expect()
      if (answer.type === 'refused') {
        const { reason: why, ...fields } = answer.fields ?? {}
        throw new NetError('net.refused', {
          ...fields,
          ...(why === undefined ? {} : { why }),
          peer,
          reason: answer.code,
        })
      }
      return answer.states
    } catch (error) {
      if (failure === undefined) stream.abort()
      throw failure ?? error
    } finally {
      stop()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  return {
    async keep(did, { token, relays, rev, signal } = {}) {
      const request: StoreRequest = {
        type: 'keep',
        did,
        ...(token === undefined ? {} : { token }),
        ...(relays === undefined ? {} : { relays: [...relays] }),
        ...(rev === undefined ? {} : { rev }),
      }
      const state = (await ask(request, signal)).find((it) => it.did === did)
      if (state === undefined) throw new NetError('net.malformed', { peer, reason: 'shape' })
      return state
    },
    async drop(did, { signal } = {}) {
      await ask({ type: 'drop', did }, signal)
    },
    status: (dids, { signal } = {}) => ask({ type: 'status', dids: [...dids] }, signal),
  }
}
