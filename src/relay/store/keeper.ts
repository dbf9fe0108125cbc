import { readChunks } from '../../core/chunk-reader.ts'
import { leftOf } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import { type Turns, createTurns } from '../../cairn/turns.ts'
import { readCarCommit } from '../../storage/car-commit.ts'
import { headOf, repoRow } from '../../sync/kept.ts'
import { SyncError } from '../../sync/errors.ts'
import { takeIn } from '../../sync/take-in.ts'
import { drain } from '../../sync/transfer.ts'
import { admitAsker } from './admission.ts'
import { type Asks, OPERATOR } from './asks.ts'
import { StoreError } from './errors.ts'
import { cleanUp, type Fetching, fetchRepo, type Source, storeWork } from './fetch-repo.ts'
import type { Gate } from './gate.ts'
import type { Admission, Asker, KeepInput, StoreLimits } from './model.ts'

/** A repo that was brought up to date so lately is not asked for again because a peer asks, ms. */
const FRESH_FOR = 60_000
/** Nor so soon when the peer says that it holds something newer, whatever it says, ms. */
const FRESH_BEHIND = 5_000
/** Askers of one repo: keys cost nothing, and so many wishes are as good as more. */
const MAX_ASKERS = 100
/** Repos whose last failure is remembered. */
const MAX_FAILURES = 1000

export interface KeeperParts {
  readonly fetching: Fetching
  readonly gate: Gate
  readonly asks: Asks
  readonly admission: Admission
  readonly limits: StoreLimits
  /** gives up one lapsed repo; false when there is none */
  readonly freePlace: (forOperator: boolean) => Promise<boolean>
  /** a repo was brought up to date */
  readonly onKept: (did: string) => void
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/** Brings repos in: one transfer a repo, so many at once, each for someone who may ask for it. */
export interface Keeper {
  byDid(did: string, input: KeepInput): Promise<void>
  byFile(file: Blob, name: string, input: KeepInput): Promise<string>
  /** Takes in a file of a kept repo for nobody in particular. False when the head did not move. */
  byUpload(did: string, file: Blob, name: string): Promise<boolean>
  /** A head moved by other means than a transfer: what follows a transfer follows. */
  took(did: string): void
  refresh(did: string): Promise<void>
  isBusy(did: string): boolean
  /** the code that the last try failed with */
  failure(did: string): string | undefined
  readonly active: number
  readonly waiting: number
  idle(): Promise<void>
}

export const nameOf = (by: Asker): string => (by === OPERATOR ? OPERATOR : by.peer)

export function createKeeper(parts: KeeperParts): Keeper {
  const { fetching, gate, asks, limits } = parts
  const { host, signal } = fetching
  const turns: Turns = createTurns(limits.atOnce)
  const running = new Map<string, Promise<void>>()
  const failures = new Map<string, string>()
  /** repos that are looked at again within seconds */
  const later = new Set<string>()
  let active = 0

  const remember = (did: string, error: unknown): void => {
    failures.delete(did)
    failures.set(did, codeOf(error))
    const [oldest] = failures.keys()
    if (failures.size > MAX_FAILURES && oldest !== undefined) failures.delete(oldest)
  }

  const inTurn = async (did: string, run: () => Promise<void>): Promise<void> => {
    if (!(await turns.take(signal))) throw new SyncError('sync.cancelled')
    active++
    try {
      await run()
      failures.delete(did)
      parts.onKept(did)
    } catch (error) {
      if (!signal.aborted) remember(did, error)
      throw error
    } finally {
      active--
      turns.done()
    }
  }

  /** Joins the transfer that is at work on this repo, or begins one. */
  const transfer = (did: string, run: () => Promise<void>): Promise<void> => {
    const known = running.get(did)
    if (known !== undefined) return known
    if (running.size >= limits.atOnce + limits.waiting)
      throw new StoreError('store.limit', { what: 'waiting', limit: limits.waiting })
    const mine = inTurn(did, run).finally(() => running.delete(did))
    running.set(did, mine)
    return mine
  }

  /** A transfer of the same repo would be joined, and the file not read: its end is waited for. */
  const transferFile = async (
    did: string,
    file: Blob,
    name: string,
    identity: KeepInput['identity'],
  ): Promise<boolean> => {
    let moved = false
    const run = async (): Promise<void> => {
      const work = storeWork(fetching, did)
      const input = { did, source: 'file', label: name, work, once: true, identity } as const
      try {
        fetching.foresee(did, file.size)
        const { snapshot } = await takeIn(host, fetching.endpoints, {
          ...input,
          feed: (session) => drain(session, readChunks(file.stream()), work),
        })
        moved = snapshot !== undefined
      } catch (error) {
        await cleanUp(fetching, did, error)
        throw error
      }
    }
    for (let other = running.get(did); other !== undefined; other = running.get(did))
      await other.catch(() => {})
    await transfer(did, run)
    return moved
  }

  /** Writes the wish down, after all that it may be refused for. True when it is new. */
  const admit = async (did: string, by: Asker): Promise<boolean> => {
    const name = nameOf(by)
    const isKnown = asks.has(did, name)
    admitAsker(parts.admission, by, did, isKnown)
    if (!isKnown) await checkCounts(did, by)
    return asks.note(did, name)
  }

  const checkCounts = async (did: string, by: Asker): Promise<void> => {
    if (by !== OPERATOR) {
      const mine = asks.by(by.peer).length
      if (mine >= limits.reposPerPeer)
        throw new StoreError('store.limit', { what: 'repos-of-peer', limit: limits.reposPerPeer })
      if (asks.of(did).length >= MAX_ASKERS)
        throw new StoreError('store.limit', { what: 'askers', limit: MAX_ASKERS })
    }
    const known = new Set([...gate.repos.keys(), ...asks.dids()])
    if (known.has(did) || known.size < limits.repos) return
    if (!(await parts.freePlace(by === OPERATOR)))
      throw new StoreError('store.limit', { what: 'repos', limit: limits.repos })
  }

  /** Whether it was brought up to date so lately that it need not be now; and if the asker holds a newer one, for how long, ms. */
  const freshness = async (
    did: string,
    rev: string | undefined,
  ): Promise<{ readonly isFresh: boolean; readonly behindFor: number | undefined }> => {
    const row = await repoRow(host.storage, did)
    const head = await headOf(host.storage, did)
    if (row === undefined || head === undefined) return { isFresh: false, behindFor: undefined }
    const isBehind = rev !== undefined && (head.rev ?? '') < rev
    const left = leftOf(isBehind ? FRESH_BEHIND : FRESH_FOR, row.upstreamCheckedAt ?? 0, host.clock.now())
    return { isFresh: left > 0, behindFor: isBehind && left > 0 ? left : undefined }
  }

  /** Looks once more when it may, at what a peer said too soon: it is not said twice. */
  const lookAfter = (did: string, ms: number, source: Source): void => {
    if (later.has(did)) return
    const look = async (): Promise<void> => {
      later.delete(did)
      signal.removeEventListener('abort', cancel)
      try {
        await transfer(did, () => fetchRepo(fetching, did, source))
      } catch (error) {
        if (!signal.aborted) parts.log('store.update-failed', { did, code: codeOf(error) })
      }
    }
    later.add(did)
    // It rejects with nothing.
    const cancel = host.timers.after(ms, () => void look())
    signal.addEventListener('abort', cancel)
  }

  /** An update that fails leaves a kept head, which is what was asked for. */
  const orKept = async (did: string, by: string, isNew: boolean, error: unknown): Promise<void> => {
    if (signal.aborted) throw error
    if ((await headOf(host.storage, did)) !== undefined) {
      parts.log('store.update-failed', { did, code: codeOf(error) })
      return
    }
    if (isNew) await asks.remove(did, by)
    throw error
  }

  return {
    isBusy: (did) => running.has(did),
    failure: (did) => failures.get(did),
    get active() {
      return active
    },
    get waiting() {
      return running.size - active
    },
    async byDid(did, { by, relays = [], rev }) {
      const isNew = await admit(did, by)
      const source: Source | undefined = by === OPERATOR ? undefined : { peer: by.peer, relays }
      if (source !== undefined) {
        const { isFresh, behindFor } = await freshness(did, rev)
        if (behindFor !== undefined) lookAfter(did, behindFor, source)
        if (isFresh) return
      }
      const fetchIt = (): Promise<void> => transfer(did, () => fetchRepo(fetching, did, source))
      const joined = running.has(did)
      try {
        await fetchIt().catch(async (error: unknown) => {
          // Another's transfer failed, which could not ask this peer.
          if (!joined || source === undefined || signal.aborted) throw error
          await fetchIt()
        })
      } catch (error) {
        await orKept(did, nameOf(by), isNew, error)
      }
    },
    async byFile(file, name, { by, identity }) {
      const { did } = (await readCarCommit(file)).commit
      const isNew = await admit(did, by)
      try {
        await transferFile(did, file, name, identity)
      } catch (error) {
        const kept = (await headOf(host.storage, did)) !== undefined
        if (isNew && !kept) await asks.remove(did, nameOf(by))
        throw error
      }
      return did
    },
    async byUpload(did, file, name) {
      if ((await headOf(host.storage, did)) === undefined) throw new StoreError('store.not-kept', { did })
      return transferFile(did, file, name, undefined)
    },
    took(did) {
      failures.delete(did)
      parts.onKept(did)
    },
    async refresh(did) {
      await transfer(did, () => fetchRepo(fetching, did, undefined))
    },
    async idle() {
      while (running.size > 0) await Promise.allSettled(running.values())
    },
  }
}

/** The code of an error, for whoever asked and for the log. */
export function codeOf(error: unknown): string {
  if (hasCode(error, 'storage.quota')) return 'store.full'
  return error instanceof Error && 'code' in error ? String(error.code) : 'store.failed'
}
