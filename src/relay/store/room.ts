import type { Clock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import type { Storage } from '../../storage/port.ts'
import { deleteRepo } from '../../sync/keep.ts'
import { exclusively } from '../../sync/work.ts'
import { type Asks, OPERATOR } from './asks.ts'
import { type Candidate, chooseEvicted, isSpace, mayGo } from './eviction.ts'
import { StoreError } from './errors.ts'
import type { Gate } from './gate.ts'
import type { HeldRoom } from './model.ts'
import { trim } from './upkeep.ts'

export interface RoomParts {
  readonly storage: Storage
  readonly gate: Gate
  readonly asks: Asks
  readonly clock: Clock
  /** at work on just now, or pinned by whoever asks for room */
  readonly busy: (did: string) => boolean
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
  /** whoever holds room beside the database */
  readonly holder: () => Holder | undefined
  /** whoever keeps spaces in the same database */
  readonly spaces: () => SpacesInStore | undefined
}

/** Spaces whose bytes count against the same cap. */
export interface SpacesInStore {
  /** the most that one may take, bytes */
  allowance(space: string): number
  candidates(): readonly Candidate[]
  /** Gives one up with all that is kept of it. False when something is at work on it. */
  evict(space: string): Promise<boolean>
}

/** Holds room beside the database for what may be kept later: it goes before anything that is kept does. */
export interface Holder {
  /** bytes that could be let go now */
  readonly spare: number
  /** Lets go of so many bytes, or of all that it can. */
  letGo(bytes: number): Promise<void>
}

export interface Need {
  /** bytes that may be used afterwards, at most */
  readonly most: number
  /** for a write to this repo, which itself stays */
  readonly did: string | undefined
  readonly forOperator: boolean
}

/** Gives up what has to go, in the order that `eviction.ts` states. False, and no repo given up, when that is not enough. */
export async function freeRoom(parts: RoomParts, need: Need): Promise<boolean> {
  const { gate, storage, clock } = parts
  const target = need.most
  if (gate.used > target) await parts.holder()?.letGo(gate.used - target)
  for (const did of gate.repos.keys()) {
    if (gate.used <= target) return true
    if (did === need.did || parts.busy(did)) continue
    if (await trim(storage, did, clock, { anyway: true })) parts.log('store.trimmed', { did })
  }
  if (gate.used <= target) return true
  const chosen = chooseEvicted(candidates(parts, need), {
    bytes: gate.used - target,
    now: clock.now(),
    forOperator: need.forOperator,
  })
  for (const { did } of chosen) await (isSpace(did) ? parts.spaces()?.evict(did) : evict(parts, did))
  return chosen.length > 0 && gate.used <= target
}

/** The most that could be free for a write to this repo once everything that may go is gone, bytes. */
export function possibleRoom(parts: RoomParts, did: string, forOperator: boolean): number {
  const need: Need = { most: 0, did, forOperator }
  return candidates(parts, need)
    .filter((it) => mayGo(it, { now: parts.clock.now(), forOperator }))
    .reduce((sum, it) => sum + it.bytes, parts.holder()?.spare ?? 0)
}

/** @param foresee throws when so many bytes could not be taken in while others lie beside the database */
export const heldRoom = (
  gate: Gate,
  foresee: (did: string, bytes: number, beside: number) => void,
): HeldRoom => ({
  foresee(did, bytes) {
    if (!gate.repos.has(did)) throw new StoreError('store.not-kept', { did })
    foresee(did, bytes, bytes)
  },
  take: (bytes) => gate.hold(bytes),
  async give(bytes) {
    await gate.hold(-bytes)
  },
})

/** Gives up one lapsed repo, whatever its size, so that another may be counted. */
export async function freePlace(parts: RoomParts, forOperator: boolean): Promise<boolean> {
  const need: Need = { most: 0, did: undefined, forOperator }
  const [first] = chooseEvicted(
    [...parts.gate.repos.keys()].map((did) => candidateOf(parts, did, need)),
    { bytes: 1, now: parts.clock.now(), forOperator },
  )
  return first === undefined ? false : evict(parts, first.did)
}

/** Repos and spaces. What room is made for stays itself. */
function candidates(parts: RoomParts, need: Need): Candidate[] {
  const spaces = parts.spaces()?.candidates() ?? []
  return [
    ...[...parts.gate.repos.keys()].map((did) => candidateOf(parts, did, need)),
    ...spaces.map((it) => (it.did === need.did ? { ...it, busy: true } : it)),
  ]
}

function candidateOf({ gate, asks, busy }: RoomParts, did: string, need: Need) {
  const all = asks.of(did)
  return {
    did,
    bytes: gate.usedBy(did),
    askedAt: all.length === 0 ? undefined : Math.max(...all.map((it) => it.askedAt)),
    byOperator: all.some((it) => it.by === OPERATOR),
    busy: did === need.did || busy(did),
  }
}

async function evict({ storage, asks, log, gate }: RoomParts, did: string): Promise<boolean> {
  const bytes = gate.usedBy(did)
  try {
    await deleteRepo(storage, did, { exclusively: (name, run) => exclusively(storage, name, run) })
  } catch (error) {
    // Something began on it meanwhile: it is wanted after all.
    if (hasCode(error, 'sync.busy')) return false
    throw error
  }
  await asks.removeAll(did)
  log('store.evicted', { did, bytes })
  return true
}

/** Deletes a repo that nobody asks for any more, once nothing is at work on it. */
export async function deleteUnwanted(
  storage: Storage,
  asks: Asks,
  did: string,
  signal: AbortSignal,
): Promise<void> {
  const wanted = new StoreError('store.limit', { what: 'askers' })
  const lock: Parameters<typeof deleteRepo>[2] = {
    exclusively: (repo, run) =>
      exclusively(
        storage,
        repo,
        async () => {
          // Someone may have asked for it while this waited.
          if (asks.of(did).length > 0) throw wanted
          return run()
        },
        signal,
      ),
  }
  await deleteRepo(storage, did, lock).catch((error: unknown) => {
    if (error !== wanted) throw error
  })
}
