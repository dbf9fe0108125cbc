import { createIdentityResolver } from '../../pds/identity.ts'
import { parseAccountName } from '../../pds/input.ts'
import { openLevel } from '../../storage/level/open.ts'
import { createSegmentReader, type SegmentReader } from '../../storage/segment-reader.ts'
import { settleHead } from '../../storage/settle.ts'
import { readBackUnder } from '../../sync/damage.ts'
import type { Storage } from '../../storage/port.ts'
import { networkOf } from '../../sync/host.ts'
import { sweep, sweepsDue } from '../../sync/keep.ts'
import { openRepo } from '../../sync/kept.ts'
import { createBlobFetching } from './blob-fetching.ts'
import { openAsks, OPERATOR } from './asks.ts'
import { StoreError } from './errors.ts'
import { isSpace } from './eviction.ts'
import type { Fetching } from './fetch-repo.ts'
import { createGate } from './gate.ts'
import { hostOf } from './host.ts'
import { codeOf, createKeeper, nameOf } from './keeper.ts'
import type { RepoState, Store, StoredRepo, StoreOptions } from './model.ts'
import {
  deleteUnwanted,
  freePlace,
  freeRoom,
  heldRoom,
  type Holder,
  possibleRoom,
  type RoomParts,
  type SpacesInStore,
} from './room.ts'
import { createStoreHandler } from './serve.ts'
import { trim } from './upkeep.ts'

export type * from './model.ts'

/** Repos whose readers are held: 2 MB of windows each at most. */
const READERS = 50

/** A CAR takes at least this share of its bytes when stored; less would refuse what fits. */
const STORED_SHARE = 0.8

/**
 * Opens a relay's store: the storage port on LevelDB behind the gate, and the same engine that keeps repos in
 * a browser. No search index and no activity log are made: nobody looks at a relay's screens.
 *
 * @throws StorageError `storage.blocked` when another process has the folder
 */
export async function createStore(options: StoreOptions): Promise<Store> {
  const inner = await openLevel(options.dataDir)
  try {
    return await assemble(options, inner)
  } catch (error) {
    await inner.close()
    throw error
  }
}

async function assemble(options: StoreOptions, inner: Storage): Promise<Store> {
  const { limits, log = () => {}, endpoints } = options
  const controller = new AbortController()
  const { signal } = controller
  const readers = new Map<string, SegmentReader>()
  let making: Promise<unknown> = Promise.resolve()

  const gate = await createGate(inner, {
    limit: limits.bytes,
    allowance: (it) => (isSpace(it) ? (spaces?.allowance(it) ?? 0) : allowanceOf(it)),
    makeRoom: (most, did) => makeRoom(most, did),
    onRepo(did) {
      if (!gate.repos.has(did)) readers.delete(did)
      options.onChange?.(did)
    },
  })
  const { storage } = gate
  const host = await hostOf(options, storage)
  const asks = await openAsks(storage, host.clock)

  /** What a repo may take: as much as the most generous of its askers has left. Of nobody's: what it has. */
  const allowanceOf = (did: string): number => {
    const all = asks.of(did)
    if (all.some((it) => it.by === OPERATOR)) return Number.POSITIVE_INFINITY
    const left = all.map((it) => {
      const others = asks.by(it.by).filter((other) => other !== did)
      return limits.bytesPerPeer - others.reduce((sum, other) => sum + gate.usedBy(other), 0)
    })
    return Math.max(gate.usedBy(did), ...left)
  }

  const forOperator = (did: string | undefined): boolean => did !== undefined && asks.has(did, OPERATOR)

  /** One at a time: two that look for room would give up the same repo twice. */
  const makeRoom = (most: number, did: string | undefined): Promise<boolean> => {
    const mine = making.then(() => freeRoom(room, { most, did, forOperator: forOperator(did) }))
    making = mine.catch(() => {})
    return mine
  }

  const foresee = (did: string, bytes: number, beside = 0): void => {
    const adds = bytes * STORED_SHARE - gate.usedBy(did)
    const limit = allowanceOf(did)
    if (adds > limit - gate.usedBy(did))
      throw new StoreError('store.quota', { did, limit, used: gate.usedBy(did) })
    const free = limits.bytes - gate.used + possibleRoom(room, did, forOperator(did)) - beside
    if (adds > free)
      throw new StoreError('store.full', { needed: bytes, limit: limits.bytes, used: gate.used })
  }

  const fetching: Fetching = { host, endpoints, signal, pull: options.pull, foresee }
  const blobs = createBlobFetching(fetching, log)
  const keeping = new Set<Promise<StoredRepo>>()
  const background = new Set<Promise<void>>()
  const inBackground = (event: string, did: string, run: () => Promise<unknown>): void => {
    const mine: Promise<void> = run()
      .then(
        () => {},
        (error: unknown) => {
          if (!signal.aborted) log(event, { did, code: codeOf(error) })
        },
      )
      .finally(() => background.delete(mine))
    background.add(mine)
  }

  const keeper = createKeeper({
    fetching,
    gate,
    asks,
    admission: options.admission,
    limits,
    freePlace: (operator) => freePlace(room, operator),
    onKept(did) {
      if (options.blobs !== false) blobs.due(did)
      inBackground('store.trim-failed', did, () => trim(storage, did, host.clock))
    },
    log,
  })
  let holder: Holder | undefined
  let spaces: SpacesInStore | undefined
  const room: RoomParts = {
    ...{ storage, gate, asks, log },
    clock: host.clock,
    busy: (did) => keeper.isBusy(did),
    holder: () => holder,
    spaces: () => spaces,
  }

  const describe = async (did: string): Promise<StoredRepo | undefined> => {
    const opened = await openRepo(storage, did)
    if (opened === undefined) return undefined
    const all = asks.of(did)
    return {
      did,
      handle: opened.row.handle,
      pds: opened.row.pds,
      rev: opened.head?.rev,
      commit: opened.head?.commitCid,
      bytes: gate.usedBy(did),
      records: opened.head?.root.records ?? 0,
      askers: all.map((it) => it.by),
      askedAt: Math.max(0, ...all.map((it) => it.askedAt)),
    }
  }

  const stateOf = (did: string, kept: StoredRepo | undefined): RepoState['state'] => {
    if (keeper.isBusy(did)) return 'fetching'
    if (kept?.commit !== undefined) return 'kept'
    if (keeper.failure(did) !== undefined) return 'failed'
    // Asked for, and not begun yet.
    return asks.of(did).length > 0 ? 'fetching' : 'none'
  }

  const resolve = async (name: string): Promise<string> => {
    const account = parseAccountName(name)
    if (account.type === 'did') return account.did
    const resolver = createIdentityResolver({ ...networkOf(host, endpoints), endpoints })
    return (await resolver.resolve(account.handle, { signal })).did
  }

  const keep: Store['keep'] = async (what, input) => {
    const did =
      typeof what === 'string' ? await resolve(what) : await keeper.byFile(what.file, what.name, input)
    if (typeof what === 'string') await keeper.byDid(did, input)
    const kept = await describe(did)
    if (kept === undefined) throw new StoreError('store.not-kept', { did })
    return kept
  }

  /** What fails with one repo is told, and holds up no other. */
  const unless =
    (event: string, did: string) =>
    (error: unknown): undefined => {
      if (!signal.aborted) log(event, { did, code: codeOf(error) })
    }
  /** What a stop cut off: heads are read back, sweeps go on, and what was asked for and never came is fetched. */
  const goOn = async (): Promise<void> => {
    const lacking = asks.dids().filter((did) => !gate.repos.has(did))
    for (const did of [...gate.repos.keys()]) {
      if (signal.aborted) return
      const settle = async (): Promise<string | undefined> => {
        if (!(await readBackUnder(storage, did, host.sha256))) log('store.head-damaged', { did })
        return settleHead(storage, did, host.sha256)
      }
      const dropped = await settle().catch(unless('store.settle-failed', did))
      if (dropped !== undefined) log('store.head-dropped', { did, snapshot: dropped })
    }
    for (const did of await sweepsDue(storage))
      await sweep(storage, did, signal).catch(unless('store.sweep-failed', did))
    for (const did of lacking) {
      if (signal.aborted) return
      await keeper.refresh(did).catch(unless('store.fetch-failed', did))
    }
  }
  inBackground('store.start-failed', '', goOn)

  const store: Store = {
    storage,
    host,
    endpoints,
    keep(what, input) {
      const mine = keep(what, input).finally(() => keeping.delete(mine))
      keeping.add(mine)
      return mine
    },
    async drop(did, by) {
      const name = nameOf(by)
      if (!asks.has(did, name)) throw new StoreError('store.not-kept', { did })
      await asks.remove(did, name)
      await deleteUnwanted(storage, asks, did, signal)
    },
    refresh: (did) => keeper.refresh(did),
    takeFile: (did, file, name) => keeper.byUpload(did, file, name),
    took: (did) => keeper.took(did),
    holdRoom(by) {
      holder = by
      return heldRoom(gate, foresee)
    },
    holdSpaces: (by) => void (spaces = by),
    usedBy: (owner) => gate.usedBy(owner),
    async states(dids) {
      return Promise.all(
        dids.map(async (did): Promise<RepoState> => {
          const kept = await describe(did)
          const state = stateOf(did, kept)
          return {
            did,
            state,
            rev: kept?.rev,
            commit: kept?.commit,
            bytes: kept?.bytes,
            error: keeper.failure(did),
          }
        }),
      )
    },
    async list() {
      const all = await Promise.all([...gate.repos.keys()].map(describe))
      return all.filter((it) => it !== undefined)
    },
    didOf(handle) {
      for (const [did, it] of gate.repos) if (it.handle === handle) return did
      return undefined
    },
    kept: () => [...gate.repos].map(([did, { pds }]) => ({ did, pds })),
    async head(did) {
      const opened = await openRepo(storage, did)
      return opened?.head === undefined ? undefined : { row: opened.row, head: opened.head }
    },
    reader(did) {
      const reader = readers.get(did) ?? createSegmentReader(storage, did)
      readers.delete(did)
      readers.set(did, reader)
      const [oldest] = readers.keys()
      if (readers.size > READERS && oldest !== undefined) readers.delete(oldest)
      return reader
    },
    serve: (stream) => handler(stream),
    usage: () => ({
      bytes: gate.used,
      limit: limits.bytes,
      repos: gate.repos.size,
      peers: asks.peers,
      active: keeper.active,
      waiting: keeper.waiting,
    }),
    async idle() {
      while (keeping.size > 0) await Promise.allSettled(keeping)
      await keeper.idle()
      await blobs.idle()
      while (background.size > 0) await Promise.all(background)
    },
    async close() {
      controller.abort()
      blobs.stop()
      await store.idle()
      await inner.close()
    },
  }
  const handler = createStoreHandler({ store, asks, timers: host.timers, signal })
  return store
}
