import { acceptPushes } from '../../sync/packs/accept-pushes.ts'
import { createPackHandler, type PackHandler } from '../../sync/packs/handler.ts'
import type { PackSource } from '../../sync/packs/model.ts'
import { publicSource } from '../../sync/packs/public-source.ts'
import { errorFields, type Log } from '../http/log.ts'
import type { Store } from '../store/model.ts'

/** Of lists that are kept for others who ask the same: a store has many who follow one account. Bytes. */
const RECENT_BYTES = 16 << 20

export interface RelayPacks {
  /** one for streams and for HTTP */
  readonly handler: PackHandler
  /** Ends pushes at work. */
  close(): void
}

/**
 * Answers for what a store keeps, and takes pushes for it: anyone may push, since a commit proves itself.
 *
 * A push takes none of the store's turns for transfers. It is some megabytes at most and done in a moment, and
 * behind a repo of a gigabyte whoever pushed would have gone by then; two at a time is their own bound
 * (`accept-pushes.ts`). The repo's lock keeps them apart from a transfer of the same repo, and the gate from
 * writing more than there is room for. Once taken it is as any new head: blobs, and what it replaced.
 *
 * @param more sources of other repos
 */
export function createRelayPacks(
  store: Pick<Store, 'host' | 'storage' | 'endpoints' | 'took'>,
  log: Log,
  more: readonly PackSource[] = [],
): RelayPacks {
  const { host, storage, endpoints } = store
  const stopping = new AbortController()
  const onFailure = (event: string, error: unknown): void => {
    if (!stopping.signal.aborted) log('warn', event, errorFields(error))
  }
  const source = publicSource({
    storage,
    sha256: host.sha256,
    weave: host.lanes?.weave,
    recentBytes: RECENT_BYTES,
  })
  const accepting = acceptPushes(source, {
    host,
    endpoints,
    signal: stopping.signal,
    onTaken(did) {
      log('info', 'packs.push-taken', { did })
      store.took(did)
    },
    onFailure,
  })
  return {
    handler: createPackHandler({ sources: [accepting, ...more], onFailure }),
    close: () => stopping.abort(),
  }
}
