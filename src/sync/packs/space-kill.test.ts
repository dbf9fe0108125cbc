import { describe, expect, it } from 'vitest'
import { hasCode } from '../../core/errors.ts'
import type { Storage } from '../../storage/port.ts'
import { commitOf, contentOf, put, remove, testDevice } from '../../storage/space/testing/kit.ts'
import { createFaulty } from '../../storage/testing/faulty.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { takeSpace } from './space-sync.ts'
import { answererOf, createReplica, hasty, type Replica } from './testing/space-kit.ts'

const source = { pageBytes: 400, listBytes: 0 }
const device = testDevice(2)
const { repo } = device
const OTHERS = Array.from({ length: 28 }, (_, n) => put(n, n))

const rowsOf = async (storage: Storage): Promise<readonly string[]> => [
  ...(await storage.keys('space-records')),
  ...(await storage.keys('space-repos')),
]

/** A transfer that is killed at every write in turn, before it and after it, and goes on each time. */
async function killed(author: Replica, prepare: (reader: Replica) => Promise<void>): Promise<number> {
  const from = answererOf(author)
  const content = await contentOf(author.store, repo)
  const clean = await withLevel(async (storage) => {
    const reader = await createReplica(hasty(storage))
    await prepare(reader)
    const counted = createFaulty(hasty(storage))
    from.log.length = 0
    await takeSpace((await createReplica(counted)).taker, repo, from, { compare: true })
    expect(await contentOf(reader.store, repo)).toEqual(content)
    return { writes: counted.writes, rows: await rowsOf(storage), asked: from.log.length }
  })
  let saved = 0
  for (let at = 1; at <= clean.writes; at++) {
    for (const when of ['before', 'after'] as const) {
      await withLevel(async (storage) => {
        const before = await createReplica(hasty(storage))
        await prepare(before)
        const head = await before.store.head(repo)
        const kept = await contentOf(before.store, repo)
        const dying = await createReplica(createFaulty(hasty(storage), at, when))
        const death: unknown = await takeSpace(dying.taker, repo, from, { compare: true }).catch(
          (it: unknown) => it,
        )
        expect(hasCode(death, 'storage.gone')).toBe(true)

        // Nothing of it is to be seen, or all.
        const reborn = await createReplica(hasty(storage))
        const now = await reborn.store.head(repo)
        const isMoved = now?.cid !== head?.cid
        expect(await contentOf(reborn.store, repo)).toEqual(isMoved ? content : kept)
        if (now !== undefined) await reborn.store.recheck(repo)

        from.log.length = 0
        const taken = await takeSpace(reborn.taker, repo, from, { compare: true })
        expect(taken.kind).toBe(isMoved ? 'nothing' : 'moved')
        if (!isMoved && from.log.length < clean.asked) saved++
        expect(await contentOf(reborn.store, repo)).toEqual(content)
        await reborn.store.recheck(repo)
        expect(await rowsOf(storage)).toEqual(clean.rows)
      })
    }
  }
  return saved
}

describe('a transfer that is killed at any write', { timeout: 60_000 }, () => {
  it('of a repo that is new here goes on from its last page', () =>
    withLevel(async (storage) => {
      const author = await createReplica(hasty(storage), { name: 'author', source })
      await commitOf(author.store, device, OTHERS)
      expect(await killed(author, async () => {})).toBeGreaterThan(5)
    }))

  it('over a head that is kept shows that head until all is there', () =>
    withLevel(async (storage) => {
      const author = await createReplica(hasty(storage), { name: 'author', source })
      const first = await commitOf(author.store, device, OTHERS)
      await commitOf(author.store, device, [
        ...OTHERS.slice(0, 9).map((_, n) => put(n * 3, n + 500)),
        ...[1, 2, 4, 28].map(remove),
        put(99, 99),
      ])
      const prepare = async (reader: Replica) => {
        await reader.store.apply(repo, { commit: first, changes: OTHERS, from: 'author' })
      }
      expect(await killed(author, prepare)).toBeGreaterThan(2)
    }))
})
