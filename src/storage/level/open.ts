import { copyRange } from '../../core/bytes.ts'
import { access, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { hasCode } from '../../core/errors.ts'
import { StorageError } from '../errors.ts'
import { isEmptyRange, limitOf } from '../key-rules.ts'
import type { Range, Row, Storage, WriteOp, WriteOptions } from '../port.ts'
import { dropStaged, readRanges, stageBlob, sweepStaged } from './byte-values.ts'
import { toStorageError } from './errors.ts'
import { bytesPrefix, levelRange, readRow, rowPrefix, type Head, type Level } from './layout.ts'
import { createLockQueue } from './lock-queue.ts'
import { checkGuards, plan, type ReadyOp } from './pending.ts'

/** The whole of a value, as a range. */
const TO_END = Number.POSITIVE_INFINITY

/**
 * Opens the storage in `directory` (made when absent) on LevelDB. One process owns a directory, so
 * locks and guards only have to hold within it.
 *
 * Errors: `storage.blocked` when another process owns it, `storage.failed`.
 */
export async function openLevel(directory: string): Promise<Storage> {
  // Segments are compressed or compact already, and Snappy would only cost time.
  const db: Level = new ClassicLevel(directory, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    compression: false,
  })
  const locks = createLockQueue()
  const writers = createLockQueue()
  const listeners = new Set<() => void>()
  let ending: 'closed' | 'deleted' | undefined

  /** Tells of the loss of the directory, once. */
  function lose(): void {
    if (ending !== undefined) return
    ending = 'deleted'
    for (const listener of listeners) listener()
    listeners.clear()
  }

  function assertOpen(): void {
    if (ending !== undefined) throw new StorageError('storage.gone', { reason: ending })
  }

  /** LevelDB goes on writing into files that were removed; only the directory itself tells. */
  async function assertThere(): Promise<void> {
    const isThere = await access(join(directory, 'CURRENT')).then(
      () => true,
      () => false,
    )
    if (!isThere && ending === undefined) lose()
    assertOpen()
  }

  async function run<T>(work: () => Promise<T>, needed?: () => number): Promise<T> {
    assertOpen()
    try {
      return await work()
    } catch (error) {
      const mapped = toStorageError(error, needed)
      if (hasCode(mapped, 'storage.failed')) await assertThere()
      assertOpen()
      throw mapped
    }
  }

  /** Brings in large Blobs ahead of the write; their heads are added to `staged` as they get there. */
  async function stage(ops: readonly WriteOp[], staged: Head[]): Promise<ReadyOp[]> {
    const ready: ReadyOp[] = []
    for (const op of ops) {
      if (op.type !== 'put-blob') {
        ready.push(op)
        continue
      }
      const head = await stageBlob(db, op.blob)
      staged.push(head)
      ready.push({ type: 'put-head', key: op.key, head })
    }
    return ready
  }

  async function apply(
    ops: readonly ReadyOp[],
    staged: Head[],
    { durability = 'strict', guards = [] }: WriteOptions,
  ): Promise<void> {
    await checkGuards(db, guards)
    const pending = await plan(db, ops)
    const batch = [...pending].map(([key, value]) =>
      value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value },
    )
    // From here on a failure may have come after the fact, and what is staged may be in use.
    staged.length = 0
    await db.batch(batch, { sync: durability === 'strict' })
    if (durability === 'strict') await assertThere()
  }

  await db.open().catch((error: unknown) => {
    throw toStorageError(error)
  })
  await run(() => sweepStaged(db))

  return {
    get: (table, key) => run(async () => readRow(await db.get(rowPrefix(table) + key))),
    getMany: (table, keys) =>
      run(async () => (await db.getMany(keys.map((key) => rowPrefix(table) + key))).map(readRow)),
    list: (table, range = {}) =>
      run(async () => {
        if (isEmptyRange(range)) return []
        const prefix = rowPrefix(table)
        const entries = await db.iterator(levelRange(prefix, range)).all()
        return entries.map(([key, value]): Row => ({ key: key.slice(prefix.length), value: readRow(value) }))
      }),
    keys: (table, range) => run(() => listKeys(db, rowPrefix(table), range)),
    count: (table, range = {}) =>
      run(async () => Math.min((await listKeys(db, rowPrefix(table), range)).length, limitOf(range))),

    write: (ops, options = {}) => {
      const own = ops.map(ownBytes)
      return run(
        async () => {
          const staged: Head[] = []
          try {
            const ready = await stage(own, staged)
            await writers.run('write', { mode: 'exclusive' }, () => apply(ready, staged, options))
          } catch (error) {
            // What is not taken back here has a mark that the next opening goes by.
            for (const head of staged) await dropStaged(db, head).catch(() => {})
            throw error
          }
        },
        () => sizeOf(ops),
      )
    },

    readBytes: (key, from = 0, to = TO_END) =>
      run(async () => {
        const [bytes = new Uint8Array(0)] = await readRanges(db, [{ key, from, to }])
        return bytes
      }),
    readRanges: (ranges) => run(() => readRanges(db, ranges)),
    readBlob: (key) => run(async () => new Blob(await readRanges(db, [{ key, from: 0, to: TO_END }]))),
    byteKeys: (range) => run(() => listKeys(db, bytesPrefix(), range)),

    async lock(name, options, work) {
      assertOpen()
      return locks.run(name, options, work)
    },
    estimate: () => run(() => estimate(directory)),
    onLost(listener) {
      if (ending === 'deleted') queueMicrotask(listener)
      else listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      ending ??= 'closed'
      await db.close()
    },
    async destroy() {
      ending ??= 'closed'
      await db.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function listKeys(db: Level, prefix: string, range: Range = {}): Promise<string[]> {
  if (isEmptyRange(range)) return []
  const keys = await db.keys(levelRange(prefix, range)).all()
  return keys.map((key) => key.slice(prefix.length))
}

/** Bytes of byte values in a write: what LevelDB asks of the disk, but for the rows. */
function sizeOf(ops: readonly WriteOp[]): number {
  let sum = 0
  for (const op of ops) {
    if (op.type === 'put-bytes') for (const part of op.parts) sum += part.byteLength
    if (op.type === 'put-blob') sum += op.blob.size
  }
  return sum
}

/** Bytes of the caller's buffers, which it may fill anew as soon as it has its promise. */
function ownBytes(op: WriteOp): WriteOp {
  return op.type === 'put-bytes'
    ? { ...op, parts: op.parts.map((part) => copyRange(part, 0, part.length)) }
    : op
}

async function estimate(directory: string): Promise<{ usage: number; quota: number }> {
  let usage = 0
  for (const name of await readdir(directory)) {
    // Compaction removes files at any time.
    usage += await stat(join(directory, name)).then(
      (file) => file.size,
      () => 0,
    )
  }
  const { bavail, bsize } = await statfs(directory)
  return { usage, quota: usage + bavail * bsize }
}
