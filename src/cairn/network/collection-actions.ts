import { isDid, isNsid } from '../../core/syntax.ts'
import { createIdentityResolver } from '../../pds/identity.ts'
import { SyncError } from '../../sync/errors.ts'
import { networkOf } from '../../sync/host.ts'
import { headOf } from '../../sync/kept.ts'
import type { Candidate, PeerEngine } from '../../sync/peers/engine.ts'
import type { KeepLink, Network } from '../network-model.ts'
import { readSettings } from '../settings.ts'
import { readKeepLink } from './keep-link.ts'
import type { ServiceParts } from './parts.ts'

/** What the network does before others are asked. */
export interface Reaching {
  /** Uses what a link names besides the account. */
  takeUp(link: Omit<KeepLink, 'url'>): Promise<void>
  /** Resolves when each relay was reached, or has failed once. */
  reached(): Promise<void>
}

/** What a person does about single collections of repos. `hints`: peers that links named, by DID. */
export function collectionActions(
  { host, tasks, engine }: Pick<ServiceParts, 'host' | 'tasks'> & { readonly engine: PeerEngine },
  hints: ReadonlyMap<string, readonly Candidate[]>,
  { takeUp, reached }: Reaching,
): Pick<Network, 'keepCollection'> {
  const didOf = async (input: string): Promise<string> => {
    if (isDid(input)) return input
    const link = readKeepLink(input)
    if (link !== undefined) {
      await takeUp(link)
      return link.did
    }
    const { endpoints } = await readSettings(host.storage)
    return (await createIdentityResolver({ ...networkOf(host, endpoints), endpoints }).resolve(input)).did
  }

  return {
    async keepCollection(input, collection) {
      if (!isNsid(collection)) throw new SyncError('sync.bad-collection', { collection })
      const did = await didOf(input)
      const { job } = tasks.collection(did, collection, async (work) => {
        // Whoever has the whole repo has this, too.
        if ((await headOf(host.storage, did)) !== undefined) return undefined
        work.report({ phase: 'connecting', did })
        await reached()
        work.check()
        return engine.fetchCollection(did, collection, work, hints.get(did))
      })
      return { job: job.id, did }
    },
  }
}
