import { isDid, isNsid } from '../../core/syntax.ts'
import { SyncError } from '../../sync/errors.ts'
import { headOf } from '../../sync/kept.ts'
import type { Candidate, PeerEngine } from '../../sync/peers/engine.ts'
import type { Network } from '../network-model.ts'
import type { ServiceParts } from './parts.ts'

/** What a person does about single collections of repos. `hints`: peers that links named, by DID. */
export function collectionActions(
  { host, tasks, engine }: Pick<ServiceParts, 'host' | 'tasks'> & { readonly engine: PeerEngine },
  hints: ReadonlyMap<string, readonly Candidate[]>,
): Pick<Network, 'keepCollection'> {
  return {
    async keepCollection(did, collection) {
      if (!isDid(did) || !isNsid(collection)) throw new SyncError('sync.bad-collection', { did, collection })
      const { job } = tasks.collection(did, collection, async (work) => {
        // Whoever has the whole repo has this, too.
        if ((await headOf(host.storage, did)) !== undefined) return undefined
        return engine.fetchCollection(did, collection, work, hints.get(did))
      })
      return { job: job.id }
    },
  }
}
