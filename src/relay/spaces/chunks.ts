import { hash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import type { Guard, Storage, WriteOp } from '../../storage/port.ts'
import { MAX_CHUNK_BYTES } from '../../sync/spaces/chunk-protocol.ts'
import type { ReplicaChunks } from '../../sync/spaces/model.ts'
import { LIVED_FOR } from '../store/eviction.ts'
import { StoreError } from '../store/errors.ts'
import { rows } from '../store/ledger.ts'
import { chunkBytesKey, chunkKey, type ChunkRow } from './rows.ts'
import { spaceTag } from './tag.ts'

/** That a chunk was asked about is noted no more often, ms. */
const NOTE_EVERY = 24 * 60 * 60_000
/** What a row and its key weigh, at most. */
const ROW_BYTES = 2500
const ID = /^[0-9a-f]{64}$/

/**
 * Sealed chunks of one space. Nothing tells a store which of them are of files that are gone: when the space is full,
 * chunks that no member has asked about for 30 days make room for new ones, those first that were asked about longest
 * ago. Devices ask which are here whenever they hand some over.
 */
export function createChunks(storage: Storage, space: string, clock: Clock): ReplicaChunks {
  const tag = spaceTag(space)

  const read = async (ids: readonly string[]): Promise<(ChunkRow | undefined)[]> => {
    const known = ids.map((id) => chunkKey(space, ID.test(id) ? id : ''))
    // Only this room writes these rows on a relay.
    return (await storage.getMany('space-files', known)) as (ChunkRow | undefined)[]
  }

  const sameRow = (id: string, row: ChunkRow): Guard => ({
    table: 'space-files',
    key: chunkKey(space, id),
    holds: (now) => (now as ChunkRow | undefined)?.askedAt === row.askedAt,
  })

  /** Notes that one is asked about; false when it is gone. Never makes a row larger, so it needs no room. */
  const note = async (id: string, row: ChunkRow): Promise<boolean> => {
    if (clock.now() - row.askedAt < NOTE_EVERY) return true
    const value: ChunkRow = { ...row, askedAt: clock.now() }
    return unlessChanged(
      storage.write([{ type: 'put', table: 'space-files', key: chunkKey(space, id), value }], {
        durability: 'relaxed',
        guards: [sameRow(id, row)],
      }),
    )
  }

  /** Takes away so many bytes of what nobody asked about for long. False, and nothing goes, when it is not so much. */
  const makeRoom = async (bytes: number): Promise<boolean> => {
    const old: { readonly id: string; readonly row: ChunkRow }[] = []
    for await (const { key, value } of rows(storage, 'space-files', { from: `${space}/`, to: `${space}0` })) {
      const row = value as ChunkRow
      if (clock.now() - row.askedAt > LIVED_FOR) old.push({ id: key.slice(space.length + 1), row })
    }
    if (old.reduce((sum, { row }) => sum + row.size, 0) < bytes) return false
    old.sort((a, b) => a.row.askedAt - b.row.askedAt)
    let freed = 0
    for (const { id, row } of old) {
      if (freed >= bytes) break
      const ops: WriteOp[] = [
        { type: 'delete', table: 'space-files', key: chunkKey(space, id) },
        { type: 'delete-bytes', key: chunkBytesKey(tag, id) },
      ]
      if (await unlessChanged(storage.write(ops, { guards: [sameRow(id, row)] }))) freed += row.size
    }
    return freed >= bytes
  }

  return {
    async has(ids) {
      const found = await read(ids)
      const here: boolean[] = []
      for (const [i, id] of ids.entries()) {
        const row = found[i]
        here.push(row !== undefined && (await note(id, row)))
      }
      return here
    },
    async get(id) {
      const [row] = await read([id])
      if (row === undefined || !(await note(id, row))) return undefined
      try {
        return await storage.readBytes(chunkBytesKey(tag, id))
      } catch (error) {
        // It made room for another meanwhile.
        if (hasCode(error, 'storage.segment-gone')) return undefined
        throw error
      }
    },
    async put(id, bytes) {
      if (bytes.length > MAX_CHUNK_BYTES)
        throw new StoreError('store.limit', { what: 'chunk', limit: MAX_CHUNK_BYTES })
      if (!ID.test(id) || hash('sha256', bytes) !== id)
        throw new StoreError('store.unproven', { what: 'chunk' })
      const row: ChunkRow = { size: bytes.length, askedAt: clock.now() }
      const ops: WriteOp[] = [
        { type: 'put', table: 'space-files', key: chunkKey(space, id), value: row },
        { type: 'put-bytes', key: chunkBytesKey(tag, id), parts: [bytes] },
      ]
      // One that is here stays as it is: its name is its content.
      const [known] = await read([id])
      if (known !== undefined && (await note(id, known))) return
      try {
        await storage.write(ops)
      } catch (error) {
        if (!hasCode(error, 'store.quota')) throw error
        const { limit, used } = error.fields
        if (!(await makeRoom(Number(used) + bytes.length + ROW_BYTES - Number(limit)))) throw error
        await storage.write(ops)
      }
    },
  }
}

/** False when a guard did not hold. */
async function unlessChanged(writing: Promise<void>): Promise<boolean> {
  try {
    await writing
    return true
  } catch (error) {
    if (hasCode(error, 'storage.conflict')) return false
    throw error
  }
}
