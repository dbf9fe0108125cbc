import { copyRange } from '../../core/bytes.ts'
import type { Storage, WriteOp, WriteOptions } from '../../storage/port.ts'
import type { RepoRow, SnapshotRow } from '../../storage/rows.ts'
import { StoreError } from './errors.ts'
import { openLedger, rows } from './ledger.ts'

/** Each time room was made, others may have taken it; not this often. */
const ROUNDS = 8

/**
 * Left free for marks of work that makes room, bytes: such a write must not wait for the room that it is to
 * make. Enough for a mark of each of some hundreds of repos at a time.
 */
const RESERVE = 64 * 1024

/** What the store's index knows of a kept repo. */
export interface IndexEntry {
  readonly handle: string | undefined
  readonly pds: string | undefined
}

export interface GateRules {
  /** everything, bytes */
  readonly limit: number
  /** the most that one repo may take, bytes; asked at each write that adds to it */
  allowance(did: string): number
  /** Gives something up so that no more than `most` bytes are used, for a write to this repo. False when it may not. */
  makeRoom(most: number, did: string | undefined): Promise<boolean>
  onRepo(did: string): void
}

export interface Gate {
  readonly storage: Storage
  /** everything that counts, bytes: the database, and what is held beside it */
  readonly used: number
  /**
   * Counts so many bytes more beside the database, or with a negative number fewer. False, and nothing counts,
   * when there is no room for them: nothing is given up for what is only held.
   */
  hold(bytes: number): Promise<boolean>
  usedBy(did: string): number
  /** kept repos by DID */
  readonly repos: ReadonlyMap<string, IndexEntry>
}

/**
 * The one way into a store's database. Whoever writes (a backup, a peer's transfer, blobs) goes through it, so
 * three things hold whatever anyone else forgets:
 * - the total, with what is held beside it, never passes the cap, and no repo its allowance: the write that would is refused, whole;
 * - no head is shown whose author is not proven (`store.unproven`);
 * - the index of kept repos is what the database says.
 *
 * Writes are weighed and applied one after another, as LevelDB applies them anyway.
 *
 * @throws StoreError from `write`: `store.full`, `store.quota`, `store.unproven`
 */
export async function createGate(inner: Storage, rules: GateRules): Promise<Gate> {
  const ledger = await openLedger(inner)
  const repos = new Map<string, IndexEntry>()
  for await (const { key, value } of rows(inner, 'repos', {})) repos.set(key, entryOf(value))
  let tail: Promise<unknown> = Promise.resolve()
  let held = 0

  const inTurn = async <T>(run: () => Promise<T>): Promise<T> => {
    const mine = tail.then(run)
    tail = mine.catch(() => {})
    return mine
  }

  const note = (ops: readonly WriteOp[]): void => {
    for (const op of ops) {
      if (!('table' in op) || op.table !== 'repos') continue
      if (op.type === 'put' || op.type === 'add') {
        repos.set(op.key, entryOf(op.value))
        rules.onRepo(op.key)
      }
      if (op.type === 'delete' && repos.delete(op.key)) rules.onRepo(op.key)
    }
  }

  /** Writes, or says how much it adds, how little may be used for that, and which repo grows. */
  const attempt = (
    ops: readonly WriteOp[],
    options: WriteOptions | undefined,
  ): Promise<{ bytes: number; most: number; did: string | undefined } | undefined> =>
    inTurn(async () => {
      const change = await ledger.weigh(ops)
      let grows: string | undefined
      for (const [did, bytes] of change.byDid) {
        if (bytes <= 0) continue
        grows = did
        const limit = rules.allowance(did)
        const used = ledger.usedBy(did)
        if (used + bytes > limit) throw new StoreError('store.quota', { did, limit, used })
      }
      const limit = ops.every(isMark) ? rules.limit : rules.limit - RESERVE
      const most = limit - change.total
      if (change.total > 0 && ledger.used + held > most) return { bytes: change.total, most, did: grows }
      await inner.write(ops, options)
      ledger.enter(change)
      note(ops)
      return undefined
    })

  const storage: Storage = {
    ...inner,
    async write(ops, options) {
      refuseUnproven(ops)
      // Taken over before the promise is given: whoever writes may fill its buffers anew at once.
      const own = ops.map(ownBytes)
      for (let round = 1; ; round++) {
        const short = await attempt(own, options)
        if (short === undefined) return
        if (round === ROUNDS || !(await rules.makeRoom(short.most, short.did)))
          throw new StoreError('store.full', {
            needed: short.bytes,
            limit: rules.limit,
            used: ledger.used + held,
          })
      }
    },
  }

  return {
    storage,
    repos,
    get used() {
      return ledger.used + held
    },
    hold: (bytes) =>
      inTurn(async () => {
        if (bytes > 0 && ledger.used + held + bytes > rules.limit - RESERVE) return false
        held += bytes
        return true
      }),
    usedBy: (did) => ledger.usedBy(did),
  }
}

function refuseUnproven(ops: readonly WriteOp[]): void {
  for (const op of ops) {
    if ((op.type !== 'put' && op.type !== 'add') || op.table !== 'snapshots') continue
    // Our own row, made by the import.
    const snapshot = op.value as SnapshotRow | null
    if (snapshot?.signature === 'unchecked') throw new StoreError('store.unproven', { did: snapshot.did })
  }
}

/** Says that a sweep is due: written before what it frees is deleted. */
const isMark = (op: WriteOp): boolean =>
  op.type === 'put' && op.table === 'meta' && op.key.startsWith('sweep/')

function ownBytes(op: WriteOp): WriteOp {
  return op.type === 'put-bytes'
    ? { ...op, parts: op.parts.map((part) => copyRange(part, 0, part.length)) }
    : op
}

function entryOf(value: unknown): IndexEntry {
  // Our own row, written by this code.
  const row = value as RepoRow | null
  return { handle: row?.handle, pds: row?.pds }
}
