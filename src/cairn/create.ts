import { hasCode } from '../core/errors.ts'
import { sweepsDue } from '../sync/keep.ts'
import { readBackUnder } from '../sync/damage.ts'
import { repoRange } from '../storage/rows.ts'
import { settleHead } from '../storage/settle.ts'
import { createAccountRoom } from './accounts/create.ts'
import { createActivityLog } from './activity.ts'
import type { Cairn, CairnEvent, Spaces } from './api.ts'
import { createDevice } from './device.ts'
import { createHistory } from './history.ts'
import type { CairnHost } from './host.ts'
import { createIndexer } from './indexer.ts'
import { createJobs } from './jobs.ts'
import { createLibrary } from './library.ts'
import { createListPreparation } from './list-preparation.ts'
import { createMovingRoom } from './moving/create.ts'
import { createNetwork, type RunningNetwork } from './network/create.ts'
import { noNetwork } from './network/off.ts'
import { createRecords } from './records.ts'
import { methodsOf } from './remote-methods.ts'
import { askedSpaces, noSpaces } from './spaces/asked.ts'
import { ownSpaces } from './spaces/own.ts'
import { createSummaries } from './summaries.ts'
import { backUpNow } from './writing/back-up.ts'
import { askedWriting } from './writing/asked.ts'

/** Puts Cairn together on a host. Work that a stop cut off (sweeps, indexes, blobs) goes on by itself. */
export function createCairn(host: CairnHost): Cairn {
  const { storage } = host
  const listeners = new Set<(event: CairnEvent) => void>()
  const records = createRecords(storage, host.sha256)
  const history = createHistory(storage, records)
  const summaries = createSummaries(storage)
  let network: RunningNetwork | undefined

  const tell = (event: CairnEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const emit = (event: CairnEvent): void => {
    tell(event)
    network?.heard(event)
    writing.heard(event)
    host.siblings?.send(event)
  }
  const forget = (did: string): void => summaries.forget(did)
  const changed = (did: string): void => {
    if (network?.fromPeers() !== undefined) void lists?.soon()
    forget(did)
    emit({ type: 'repo', did })
    emit({ type: 'repos' })
  }

  const accounts = createAccountRoom(host, host.network?.app, () => emit({ type: 'accounts' }))
  const jobs = createJobs(host, (job) => emit({ type: 'job', job }))
  // A service worker runs for seconds.
  const lists = host.network?.context === 'page' ? createListPreparation(host, jobs) : undefined
  const log = createActivityLog(host, () => emit({ type: 'activity' }))
  const indexer = createIndexer(host, (event) => {
    if (event.type === 'repo') forget(event.did)
    emit(event)
  })
  const stopping = new AbortController()
  const isStopping = (): boolean => stopping.signal.aborted
  const stop = async (): Promise<void> => {
    stopping.abort()
    accounts.close()
    await moving.close()
    await begun
    writing.close()
    for (const job of jobs.list()) jobs.cancel(job.id)
    await Promise.all([jobs.idle(), indexer.close(), lists?.close(), resumed])
  }
  const device = createDevice({
    host,
    summaries,
    onSettings: () => emit({ type: 'settings' }),
    onPersistWanted: () => tell({ type: 'persist-wanted' }),
    stop,
  })
  const { library, tasks } = createLibrary({
    host,
    jobs,
    log,
    records,
    history,
    summaries,
    indexer,
    changed,
    moved: (result) => network?.moved(result) ?? false,
    persist: () => device.askToPersist(),
    fromPeers: () => network?.fromPeers(),
    blobsFromPeers: () => network?.blobsFromPeers(),
  })
  const writing = askedWriting({
    host,
    sessions: accounts.sessions,
    log,
    emit,
    backUp: backUpNow(jobs, (did) => tasks.backup(did)),
  })
  const moving = createMovingRoom({
    host,
    sessions: accounts.sessions,
    ...{ library, jobs, log },
    changed: (did) => emit({ type: 'moving', did }),
  })
  if (host.network !== undefined) {
    const place = host.network
    network = createNetwork({
      host,
      network: place,
      emit,
      standing: {
        methods: methodsOf('spaces'),
        async begin(fenced) {
          const { startSpaces } = await import('./spaces/service.ts')
          return startSpaces({ host: fenced, app: new URL('/', place.app).href, emit, log, library })
        },
      },
      start: async (fenced) => {
        // The largest part of the engine, and nothing that a first screen waits for.
        const { startService } = await import('./network/service.ts')
        void lists?.soon()
        return startService({
          ...{ host: fenced, network: place, emit, jobs, tasks, library, log },
          sessions: accounts.sessions,
        })
      },
    })
  }

  const spaces: Spaces =
    network === undefined
      ? noSpaces
      : askedSpaces(
          network.askStanding,
          ownSpaces(host, () => spaces),
        )

  const stopHearing = host.siblings?.listen((event) => {
    if (event.type === 'job') jobs.heard(event.job)
    if (event.type === 'repo') forget(event.did)
    network?.heard(event)
    writing.heard(event)
    tell(event)
  })
  const stopLost = storage.onLost(() => {
    void wasUpgraded(storage).then((upgraded) => tell({ type: 'storage-lost', upgraded }))
  })

  /** Gives the repos of which something may be damaged. */
  const settleAll = async (): Promise<string[]> => {
    const suspect: string[] = []
    for (const did of await storage.keys('repos')) {
      if (isStopping()) break
      const settle = async (): Promise<string | undefined> => {
        if (!(await readBackUnder(storage, did, host.sha256))) suspect.push(did)
        return settleHead(storage, did, host.sha256)
      }
      const dropped = await settle().catch((error: unknown) => {
        // What cannot be read now is looked at after the next start. All that follows must not wait for one repo.
        if (hasCode(error, 'storage.gone')) throw error
        return undefined
      })
      if (dropped !== undefined) {
        await log.note({
          did,
          kind: 'head.dropped',
          fields: { snapshot: dropped, left: (await storage.keys('snapshots', repoRange(did))).length },
          level: 'bad',
        })
        changed(did)
      }
    }
    return suspect
  }

  const goOn = async (): Promise<void> => {
    const suspect = await settleAll()
    const due = await sweepsDue(storage)
    const kept = await storage.keys('repos')
    if (isStopping()) return
    for (const did of due) tasks.sweep(did)
    for (const did of kept) indexer.start(did)
    for (const did of suspect) await tasks.verify(did)
    await accounts.start()
    writing.start()
  }
  // The storage may be lost at any time; whoever uses it next is told so.
  const begun = goOn().catch(() => {})
  const resumed = begun.then(() => tasks.resumeBlobs(stopping.signal)).catch(() => {})

  return {
    library,
    activity: {
      list: (page) => log.list(page),
      jobs: async () => jobs.list(),
      clear: () => log.clear(),
    },
    device: {
      storage: () => device.storage(),
      settings: () => device.settings(),
      setSettings: (change) => device.setSettings(change),
      persistAsked: () => device.persistAsked(),
      async wipe() {
        // a broken storage must not stand in the way of wiping it
        await accounts.leaveAll().catch(() => {})
        await device.wipe()
      },
    },
    network: network?.api ?? noNetwork,
    spaces,
    accounts: accounts.api,
    moving: moving.api,
    writing: writing.api,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      stopHearing?.()
      stopLost()
      await network?.close()
      await stop()
      await storage.close()
    },
  }
}

/** Of a lost storage: it says why to whoever uses it. */
const wasUpgraded = (storage: CairnHost['storage']): Promise<boolean> =>
  storage.keys('meta', { limit: 1 }).then(
    () => false,
    (error: unknown) => hasCode(error, 'storage.gone') && error.fields['reason'] === 'upgraded',
  )
