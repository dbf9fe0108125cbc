import type { TestAccount } from '../../sync/testing/account.ts'
import { createPeerCalls } from '../../sync/peers/calls.ts'
import { type Candidate, createPeerEngine, type PeerEngine } from '../../sync/peers/engine.ts'
import { type PagesNode, type PagesWorld, withNodes } from '../../sync/pages/testing/pages-kit.ts'
import { createActivityLog } from '../activity.ts'
import type { Job, Library } from '../api.ts'
import { createHistory } from '../history.ts'
import type { CairnHost } from '../host.ts'
import { createIndexer } from '../indexer.ts'
import { createJobs, type Jobs } from '../jobs.ts'
import { createLibrary } from '../library.ts'
import { collectionActions } from '../network/collection-actions.ts'
import type { Network } from '../network-model.ts'
import { createRecords } from '../records.ts'
import { writeSettings } from '../settings.ts'
import { createSummaries } from '../summaries.ts'
import type { Tasks } from '../tasks.ts'

/** A library on one device, and two friends that it can take repos from. */
export interface LibraryKit extends PagesWorld {
  readonly me: PagesNode
  readonly friend: PagesNode
  readonly other: PagesNode
  readonly alice: TestAccount
  readonly library: Library
  readonly tasks: Tasks
  readonly jobs: Jobs
  readonly engine: PeerEngine
  /** peers that the directory names */
  readonly announced: Candidate[]
  readonly keepCollection: Network['keepCollection']
  /** Resolves with the job as it ended, when all that followed has ended too. */
  ended(job: string): Promise<Job>
}

export const candidateOf = (node: PagesNode): Candidate => ({ peer: node.id, addresses: [], kind: 'device' })

/** Nothing of the account is kept anywhere yet; both friends serve what they keep. */
export async function withLibrary(use: (kit: LibraryKit) => Promise<void>): Promise<void> {
  await withNodes(3, async (world) => {
    const [me, friend, other] = world.nodes
    if (me === undefined || friend === undefined || other === undefined) throw new Error('three nodes')
    const alice = await world.pds.account({ name: 'alice' })
    friend.serve()
    other.serve()
    const { storage } = me
    const persistence = { supported: false, persisted: async () => false }
    const host: CairnHost = { ...me.host, siblings: undefined, persistence }
    await writeSettings(storage, { endpoints: world.pds.endpoints, blobs: true })
    const jobs = createJobs(host, () => {})
    const records = createRecords(storage, host.sha256)
    const indexer = createIndexer(host, () => {})
    const { library, tasks } = createLibrary({
      ...{ host, jobs, records, indexer },
      log: createActivityLog(host, () => {}),
      history: createHistory(storage, records),
      summaries: createSummaries(storage),
      changed: () => {},
      moved: () => false,
      persist: async () => {},
      fromPeers: () => (did, work) => engine.fetch(did, work),
      blobsFromPeers: () => (did, work) => engine.fetchBlobs(did, work),
    })
    const announced: Candidate[] = []
    const engine = createPeerEngine({
      // Nothing is tried again by itself.
      host: { ...host, timers: { after: () => () => {} } },
      calls: createPeerCalls({
        host,
        net: me.net,
        endpoints: async () => world.pds.endpoints,
        lookup: async () => announced,
      }),
      runPull: (did, run, label) => tasks.peers(did, run, label),
      runCollection: (did, collection, run) => tasks.collection(did, collection, run).ended,
      onCopies: () => {},
    })
    try {
      await use({
        ...world,
        ...{ me, friend, other, alice, library, tasks, jobs, engine, announced },
        ...collectionActions({ host, tasks, engine }, new Map(), {
          takeUp: async () => {},
          reached: async () => {},
        }),
        async ended(id) {
          while (jobs.list().some((it) => it.endedAt === undefined)) await jobs.idle()
          const job = jobs.list().find((it) => it.id === id)
          if (job === undefined) throw new Error('a job that never was')
          return job
        },
      })
    } finally {
      await engine.close()
      await indexer.close()
    }
  })
}
