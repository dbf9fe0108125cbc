import { hasCode } from '../../core/errors.ts'
import { SyncError } from '../../sync/errors.ts'
import { createFollower, type FollowedServer } from '../../sync/follow/follow.ts'
import type { OpenSocket } from '../../pds/firehose/socket.ts'
import type { Store } from './model.ts'

/** Changes that come together are taken together, ms. */
const SOON = 1000

/** Keeps what a store has current, by listening to the PDSes that it lives on. */
export interface Following {
  /** What is kept has changed: call it from the store's `onChange`. */
  update(): void
  servers(): readonly FollowedServer[]
  close(): Promise<void>
}

/**
 * Follows the repos of a store. `open` refuses private addresses after resolution, as all that the relay dials
 * for others. Close it before the store.
 */
export function createFollowing(
  store: Store,
  options: {
    readonly open: OpenSocket
    readonly maxServers?: number
    readonly log?: (event: string, fields: Readonly<Record<string, unknown>>) => void
  },
): Following {
  const follower = createFollower({
    host: store.host,
    allowLocal: store.endpoints.allowLocal,
    pull: (did) =>
      store.refresh(did).catch((error: unknown) => {
        // Too much at once is no verdict on this repo: it is asked for again.
        throw hasCode(error, 'store.limit') ? new SyncError('sync.busy', { did }, { cause: error }) : error
      }),
    ...options,
  })
  let cancel: (() => void) | undefined
  const update = (): void => {
    cancel = undefined
    follower.set(store.kept().flatMap(({ did, pds }) => (pds === undefined ? [] : [{ did, pds }])))
  }
  update()
  return {
    update() {
      // Each write to a repo's row says so: many come at once.
      cancel ??= store.host.timers.after(SOON, update)
    },
    servers: () => follower.servers(),
    async close() {
      cancel?.()
      await follower.close()
    },
  }
}
