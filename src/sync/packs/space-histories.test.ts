import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { hasCode } from '../../core/errors.ts'
import type { Storage } from '../../storage/port.ts'
import { headKey, heldKey, type SpaceHeadRow, under } from '../../storage/space/rows.ts'
import { commitOf, contentOf, put, remove, testDevice } from '../../storage/space/testing/kit.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { answererOf, createReplica, hasty, type Replica } from './testing/space-kit.ts'
import type { SpaceSourceOptions } from './space-source.ts'
import { takeSpace } from './space-sync.ts'

type Step =
  | { readonly kind: 'edit'; readonly edits: readonly (readonly [key: number, value: number])[] }
  /** one ask and its answer: a transfer in pages may be left unfinished */
  | { readonly kind: 'pull'; readonly to: number; readonly from: number; readonly compare: boolean }
  /** as if so many heads had come that all but the last are known no more */
  | { readonly kind: 'forget'; readonly of: number }

const few = fc.array(fc.tuple(fc.nat(14), fc.nat(6)), { minLength: 1, maxLength: 8 })
/** So many at once that they lie together where they are kept. */
const many = fc
  .tuple(fc.nat(10), fc.integer({ min: 32, max: 40 }), fc.nat(5))
  .map(([from, count, value]) => Array.from({ length: count }, (_, n) => [from + n, value] as const))
const edits = fc.oneof({ weight: 4, arbitrary: few }, { weight: 1, arbitrary: many })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('edit'), edits }),
  fc
    .record({
      kind: fc.constant('pull'),
      to: fc.integer({ min: 1, max: 2 }),
      from: fc.nat(2),
      compare: fc.boolean(),
    })
    .filter(({ to, from }) => to !== from),
  fc.record({ kind: fc.constant('forget'), of: fc.nat(2) }),
)

async function forgetHeads(storage: Storage, repo: string): Promise<void> {
  const head = (await storage.get('space-repos', headKey(repo))) as SpaceHeadRow | undefined
  if (head === undefined) return
  const { from, to } = under(`held/${repo}`)
  await storage.write([
    { type: 'delete-range', table: 'space-repos', from, to },
    { type: 'put', table: 'space-repos', key: heldKey(repo, head.rev), value: head.cid },
    { type: 'put', table: 'space-repos', key: headKey(repo), value: { ...head, held: 1 } },
  ])
}

describe('random histories', () => {
  it('of an author and two replicas end equal, however they were cut off', { timeout: 60_000 }, () =>
    withLevel((a) =>
      withLevel((b) =>
        withLevel(async (c) => {
          const make = (source: Partial<SpaceSourceOptions>): Promise<Replica[]> =>
            Promise.all(
              [a, b, c].map((storage, n) => createReplica(hasty(storage), { name: `replica ${n}`, source })),
            )
          // Whole repos go in pages of a few records, more than one to an answer; or as lists, as small ones do.
          const [paged, listed] = [await make({ pageBytes: 200, listBytes: 0 }), await make({})]
          let seed = 0
          let pages = 0
          let reached = 0
          await fc.assert(
            fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
              const device = testDevice(++seed)
              const replicas = seed % 2 === 0 ? listed : paged
              const [author, ...readers] = replicas
              if (author === undefined) throw new Error('no author')
              const { repo } = device
              const there = new Set<number>()
              const edit = async (list: readonly (readonly [number, number])[]) => {
                const changes = new Map(
                  list.map(([key, value]) => [
                    key,
                    value === 0 ? remove(key) : put(key, value + key * 10, value === 6 ? 3000 : value * 20),
                  ]),
                )
                for (const [key, { bytes }] of changes) {
                  if (bytes === undefined) there.delete(key)
                  else there.add(key)
                }
                await commitOf(author.store, device, [...changes.values()])
              }
              await edit([[1, 1]])
              if (replicas === listed && readers[0] !== undefined)
                await takeSpace(readers[0].taker, repo, answererOf(author))
              for (const one of steps) {
                if (one.kind === 'edit') {
                  await edit(one.edits)
                  continue
                }
                if (one.kind === 'forget') {
                  await forgetHeads([a, b, c][one.of] ?? a, repo)
                  continue
                }
                const [to, from] = [replicas[one.to], replicas[one.from]]
                if (to === undefined || from === undefined) continue
                const answerer = answererOf(from)
                const ask = await to.taker.ask(repo, from.name, { compare: one.compare })
                const answer = await answerer.pull(ask)
                if (answer.bootstrap) pages++
                try {
                  await to.taker.take(ask, answer, answerer)
                } catch (error) {
                  // Two sources in turns, each of which begins anew.
                  if (!hasCode(error, 'space.restarts')) throw error
                }
              }
              if (replicas === listed) {
                await edit([[2, seed]])
                await forgetHeads(a, repo)
              }
              const content = await contentOf(author.store, repo)
              expect(Object.keys(content)).toHaveLength(there.size)
              for (const reader of readers) {
                const head = await reader.store.head(repo)
                const isKnown =
                  head === undefined ||
                  (await author.store.wasHeld(repo, { rev: head.rev, commit: head.cid }))
                const from = answererOf(author)
                const taken = await takeSpace(reader.taker, repo, from)
                expect(['moved', 'nothing']).toContain(taken.kind)
                if (!isKnown && from.log.join() === 'active') reached++
                expect(await contentOf(reader.store, repo)).toEqual(content)
                expect((await reader.store.recheck(repo))?.head.cid).toBe(
                  (await author.store.head(repo))?.cid,
                )
              }
              for (const { store } of replicas) await store.drop(repo)
            }),
            { numRuns: runs(40) },
          )
          expect(pages).toBeGreaterThan(runs(20) / 3)
          // Lists that went on from a head that their giver knew no more.
          expect(reached).toBeGreaterThan(0)
          for (const storage of [a, b, c]) {
            expect(await storage.keys('space-records')).toEqual([])
            expect(await storage.keys('space-repos')).toEqual([])
          }
        }),
      ),
    ),
  )
})
