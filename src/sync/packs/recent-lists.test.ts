import { describe, expect, it } from 'vitest'
import type { Subscription } from '../../pack/model.ts'
import { createRecentLists, type Made } from './recent-lists.ts'

const read = new Uint8Array(1000).fill(7)

/** A list of one record, which lies in bytes that were read with others. */
function listOf(id: string): Subscription {
  const scopes = { repo: id }
  const row = { record: read.subarray(10, 20) }
  const change = { table: 'a.b.c', rowId: 'x', op: 'upsert', row, scopes } as const
  const commit = { commitSeq: 1, createdAt: '', actorId: id, changes: [change], schemas: [] }
  return { id, status: 'active', scopes, bootstrap: false, nextCursor: 1, commits: [commit] }
}

/** What makes lists of so many bytes, and counts how often it did. */
function maker(bytes: number) {
  let made = 0
  return {
    make: async (): Promise<Made> => {
      made++
      return { subscription: listOf('did:plc:a'), bytes }
    },
    get made() {
      return made
    },
  }
}

describe('lists that were made last', () => {
  it('are made once for all who ask at the same time, and for who asks later', async () => {
    const recent = createRecentLists(100)
    const one = maker(10)
    const [a, b] = await Promise.all([recent.of('n', one.make), recent.of('n', one.make)])
    const c = await recent.of('n', one.make)
    expect(one.made).toBe(1)
    expect([b, c]).toEqual([a, a])
    await recent.of('m', one.make)
    expect(one.made).toBe(2)
  })

  it('keep records in bytes of their own, not all that was read with them', async () => {
    const recent = createRecentLists(100)
    await recent.of('n', maker(10).make)
    const { subscription } = await recent.of('n', maker(10).make)
    const row = subscription?.commits[0]?.changes[0]?.row
    expect(row).toEqual({ record: read.slice(10, 20) })
    expect((row as { record: Uint8Array }).record.buffer.byteLength).toBe(10)
  })

  it('go, the longest unasked first, when there is no more room', async () => {
    const recent = createRecentLists(100)
    const all = ['a', 'b', 'c'].map((name) => ({ name, it: maker(40) }))
    const [a, b, c] = all
    for (const { name, it } of [a, b, a, c].filter((one) => one !== undefined)) await recent.of(name, it.make)
    for (const { name, it } of [a, c].filter((one) => one !== undefined)) await recent.of(name, it.make)
    expect(all.map(({ it }) => it.made)).toEqual([1, 1, 1])
    await recent.of('b', b?.it.make ?? (() => Promise.reject(new Error('none'))))
    expect(b?.it.made).toBe(2)
  })

  it('are not kept when one takes more than half of the room, nor what is no list', async () => {
    const recent = createRecentLists(100)
    const large = maker(51)
    const none = maker(0)
    for (const it of [large, none]) {
      await recent.of('n', it.make)
      await recent.of('n', it.make)
      expect(it.made).toBe(2)
    }
  })

  it('are made anew when making one failed, which all who waited hear of', async () => {
    const recent = createRecentLists(100)
    const failing = (): Promise<Made> => Promise.reject(new Error('gone'))
    const both = await Promise.allSettled([recent.of('n', failing), recent.of('n', failing)])
    expect(both.map((it) => it.status)).toEqual(['rejected', 'rejected'])
    const one = maker(10)
    await recent.of('n', one.make)
    expect(one.made).toBe(1)
  })
})
