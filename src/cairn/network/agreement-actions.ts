import type { Agreements } from '../../sync/agreements/agreements.ts'
import type { KeptAgreement } from '../../sync/agreements/model.ts'
import type { Storage } from '../../storage/port.ts'
import type { Agreement, Network } from '../network-model.ts'
import { peerName } from './copies.ts'
import { quietly, type ServiceParts } from './parts.ts'

const keptFor = (did: string): string => `kept-for/${did}`

/** A repo that is kept only because it was agreed: its copy goes with the agreement, others stay. */
export async function isKeptFor(storage: Storage, did: string): Promise<boolean> {
  return (await storage.get('network', keptFor(did))) !== undefined
}

/** From now on the copy stays when an agreement about it ends. */
export async function keepForOurselves(storage: Storage, did: string): Promise<void> {
  await storage.write([{ type: 'delete', table: 'network', key: keptFor(did) }])
}

/** What was agreed to is done, whichever side said the last word: their repo is kept from now on. */
export async function keepTheirs(
  { host, jobs, tasks }: Pick<ServiceParts, 'host' | 'jobs' | 'tasks'>,
  { theirs, state }: Pick<KeptAgreement, 'theirs' | 'state'>,
): Promise<void> {
  const { storage } = host
  if (theirs === undefined || state !== 'active') return
  if ((await storage.get('repos', theirs)) !== undefined) return
  await storage.write([{ type: 'put', table: 'network', key: keptFor(theirs), value: true }])
  // Told of more than once while it comes in.
  if (jobs.list().some((it) => it.did === theirs && it.endedAt === undefined)) return
  tasks.backup(theirs)
}

/** Goes on with what a stop cut off. */
export async function keepAllTheirs(
  parts: Pick<ServiceParts, 'host' | 'jobs' | 'tasks'>,
  agreements: Pick<Agreements, 'list'>,
): Promise<void> {
  for (const it of await agreements.list())
    if (it.theirs !== undefined && (await isKeptFor(parts.host.storage, it.theirs)))
      quietly(keepTheirs(parts, it))
}

/** What a person does about agreements. */
export function agreementActions(
  { host }: ServiceParts,
  agreements: Agreements,
): Pick<Network, 'agreements' | 'offer' | 'accept' | 'endAgreement'> {
  const { storage } = host
  const named = async (agreement: KeptAgreement): Promise<Agreement> => ({
    ...agreement,
    name: await peerName(storage, agreement.peer),
  })
  /** Told at once where the other side is there; else it waits. */
  const tell = async ({ id, peer }: KeptAgreement): Promise<KeptAgreement | undefined> => {
    await agreements.deliver(peer)
    return (await agreements.list()).find((it) => it.id === id)
  }
  return {
    agreements: async () => Promise.all((await agreements.list()).map(named)),
    async offer(input) {
      const offered = await agreements.offer(input)
      return named((await tell(offered)) ?? offered)
    },
    async accept(id) {
      const accepted = await agreements.accept(id)
      return named((await tell(accepted)) ?? accepted)
    },
    async endAgreement(id, purge) {
      await tell(await agreements.end(id, purge))
    },
  }
}
