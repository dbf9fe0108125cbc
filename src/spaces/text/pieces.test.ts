import { describe, expect, it } from 'vitest'
import { MAX_DELETED_CLIENTS, OWN_FACTOR } from './limits.ts'
import { EMPTY_UPDATE, type TextUpdate } from './model.ts'
import { splitUpdate } from './pieces.ts'
import { readUpdate } from './read-update.ts'
import { addPiece, type Shelf } from './shelf.ts'
import { createReplica, fresh } from './testing/replica.ts'
import { writeUpdate } from './write-update.ts'

const [ANA, BEN] = ['did:key:zAna', 'did:key:zBen']

/** A character of each of so many sessions is gone. */
const deleted = (from: number, to: number): TextUpdate => ({
  ...EMPTY_UPDATE,
  deletes: new Map(Array.from({ length: to - from }, (_, at) => [from + at, [{ from: 0, to: 1 }]])),
})

describe('records', () => {
  it('hold what was pasted, taken back and pasted again in one place, however long it is', () => {
    const ana = createReplica(ANA, 1)
    const ben = createReplica(BEN, 2)
    // four bytes and two units each: it is cut between characters
    const stones = '🪨'.repeat(150_000)
    for (let turn = 0; turn < 4; turn++) {
      ana.editor.type(0, 0, stones)
      ana.editor.erase(0, 0, stones.length)
    }
    ana.editor.type(0, 0, 'x')
    ana.editor.type(0, 1, stones)
    ana.flush()
    ana.editor.type(0, 0, 'and ')
    ana.flush({ settle: true })
    ben.pull(ana)
    expect(ben.text.text()).toBe(`and x${stones}`)
    expect(fresh([ana]).text()).toBe(`and x${stones}`)
  })

  it('hold what is one run of a megabyte and more', () => {
    const ana = createReplica(ANA, 1)
    const stones = `x${'🪨'.repeat(600_000)}`
    ana.editor.type(0, 0, stones)
    ana.flush()
    expect(ana.stored.size).toBeGreaterThan(2)
    expect(fresh([ana]).text()).toBe(stones)
    const shown = createReplica(BEN, 2)
    shown.pull(ana)
    shown.show()
    expect(shown.editor.block(0).length).toBe(stones.length)
  })

  it('speak of no more sessions than a reader takes, however many were deleted from', () => {
    const most = MAX_DELETED_CLIENTS
    const pieces = splitUpdate(deleted(1, 2 * most + 100))
    expect(pieces).toHaveLength(3)
    for (const piece of pieces) expect(readUpdate(writeUpdate(piece))).toEqual(piece)
    // bit by bit, and merged since
    let shelf: Shelf = new Map()
    for (let at = 1; at < 2 * most; at += 2500) shelf = addPiece('n', shelf, deleted(at, at + 2500))
    for (const update of shelf.values()) expect(readUpdate(writeUpdate(update))).toEqual(update)
    // an editor may delete it in one go
    expect(readUpdate(writeUpdate(deleted(1, 2 * most)), OWN_FACTOR).deletes.size).toBe(2 * most - 1)
  })
})
