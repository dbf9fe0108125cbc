import { StorageError } from '../errors.ts'
import { checkKey } from '../key-rules.ts'
import type { Guard, WriteOp } from '../port.ts'
import { splitParts } from './byte-values.ts'
import {
  bytesPrefix,
  chunkKey,
  chunkKeys,
  headBytes,
  levelRange,
  markKey,
  newVersion,
  readHead,
  readRow,
  rowBytes,
  rowPrefix,
  type Head,
  type Level,
} from './layout.ts'

/** An operation whose large Blob has been brought in already, under `head.version`. */
export type ReadyOp = Exclude<WriteOp, { type: 'put-blob' }> | { type: 'put-head'; key: string; head: Head }

/** What one write leads to: the last word on each key that it touches. */
export type Pending = Map<string, Uint8Array | undefined>

/** Throws `storage.conflict` unless every guard holds. The caller holds the write lock. */
export async function checkGuards(db: Level, guards: readonly Guard[]): Promise<void> {
  const values = await db.getMany(guards.map((guard) => rowPrefix(guard.table) + guard.key))
  for (const [at, guard] of guards.entries()) {
    if (guard.holds(readRow(values[at]))) continue
    throw new StorageError('storage.conflict', { table: guard.table, key: guard.key })
  }
}

/**
 * Plays `ops` in order over what the database holds, so that each sees those before it, and returns
 * the outcome; nothing is written. The caller holds the write lock.
 */
export async function plan(db: Level, ops: readonly ReadyOp[]): Promise<Pending> {
  const pending: Pending = new Map()

  const isTaken = async (key: string) => (pending.has(key) ? pending.get(key) !== undefined : db.has(key))
  const current = async (key: string) => (pending.has(key) ? pending.get(key) : db.get(key))

  async function dropBytes(headKey: string): Promise<void> {
    const old = await current(headKey)
    if (old === undefined) return
    for (const key of chunkKeys(readHead(old))) pending.set(key, undefined)
    pending.set(headKey, undefined)
  }

  /** Keys of a range that exist at this point of the write. */
  async function existing(prefix: string, from: string, to: string): Promise<string[]> {
    if (from >= to) return []
    const range = levelRange(prefix, { from, to })
    const found = new Set(await db.keys(range).all())
    for (const [key, value] of pending) {
      if (key < range.gte || key >= range.lt) continue
      if (value === undefined) found.delete(key)
      else found.add(key)
    }
    return [...found]
  }

  for (const op of ops) {
    switch (op.type) {
      case 'add':
      case 'put': {
        checkKey(op.key)
        const key = rowPrefix(op.table) + op.key
        if (op.type === 'add' && (await isTaken(key))) {
          throw new StorageError('storage.exists', { table: op.table, key: op.key })
        }
        pending.set(key, rowBytes(op.value))
        break
      }
      case 'delete':
        pending.set(rowPrefix(op.table) + op.key, undefined)
        break
      case 'delete-range':
        for (const key of await existing(rowPrefix(op.table), op.from, op.to)) pending.set(key, undefined)
        break
      case 'put-bytes': {
        checkKey(op.key)
        await dropBytes(bytesPrefix() + op.key)
        const version = newVersion()
        let length = 0
        for (const [at, chunk] of splitParts(op.parts).entries()) {
          pending.set(chunkKey(version, at), chunk)
          length += chunk.byteLength
        }
        pending.set(bytesPrefix() + op.key, headBytes({ version, length }))
        break
      }
      case 'put-head':
        checkKey(op.key)
        await dropBytes(bytesPrefix() + op.key)
        pending.set(bytesPrefix() + op.key, headBytes(op.head))
        pending.set(markKey(op.head.version), undefined)
        break
      case 'delete-bytes':
        await dropBytes(bytesPrefix() + op.key)
        break
      case 'delete-bytes-range':
        for (const key of await existing(bytesPrefix(), op.from, op.to)) await dropBytes(key)
        break
    }
  }
  return pending
}
