import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { hasCode } from '../../core/errors.ts'
import { commitOf, contentOf, put, remove, testDevice } from '../../storage/space/testing/kit.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { answererOf, createReplica, hasty, type Replica } from './testing/space-kit.ts'
import { takeSpace } from './space-sync.ts'

type Step =
  | { readonly kind: 'edit'; readonly edits: readonly (readonly [key: number, value: number])[] }
  /** one ask and its answer: a transfer in pages may be left unfinished */
  | { readonly kind: 'pull'; readonly to: number; readonly from: number; readonly compare: boolean }

const edits = fc.array(fc.tuple(fc.nat(14), fc.nat(6)), { minLength: 1, maxLength: 8 })
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
)

describe('random histories', () => {
  it('of an author and two replicas end equal, however they were cut off', { timeout: 60_000 }, () =>
    withLevel((a) =>
      withLevel((b) =>
        withLevel(async (c) => {
          const replicas: Replica[] = []
          for (const [n, storage] of [a, b, c].entries()) {
            // Whole repos go in pages of a few records, more than one to an answer.
            const source = { pageBytes: 200, listBytes: 0 }
            replicas.push(await createReplica(hasty(storage), { name: `replica ${n}`, source }))
          }
          const [author, ...readers] = replicas
          if (author === undefined) throw new Error('no author')
          let seed = 0
          let pages = 0
          await fc.assert(
            fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
              const device = testDevice(++seed)
              const { repo } = device
              const there = new Set<number>()
              const edit = async (list: readonly (readonly [number, number])[]) => {
                const changes = new Map(
                  list.map(([key, value]) => [
                    key,
                    value === 0 ? remove(key) : put(key, value + key * 10, value * 20),
                  ]),
                )
                for (const [key, { bytes }] of changes) {
                  if (bytes === undefined) there.delete(key)
                  else there.add(key)
                }
                await commitOf(author.store, device, [...changes.values()])
              }
              await edit([[1, 1]])
              for (const one of steps) {
                if (one.kind === 'edit') {
                  await edit(one.edits)
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
              const content = await contentOf(author.store, repo)
              expect(Object.keys(content)).toHaveLength(there.size)
              for (const reader of readers) {
                const taken = await takeSpace(reader.taker, repo, answererOf(author))
                expect(['moved', 'nothing']).toContain(taken.kind)
                expect(await contentOf(reader.store, repo)).toEqual(content)
                expect((await reader.store.recheck(repo))?.head.cid).toBe(
                  (await author.store.head(repo))?.cid,
                )
              }
              for (const { store } of replicas) await store.drop(repo)
            }),
            { numRuns: runs(20) },
          )
          expect(pages).toBeGreaterThan((runs(20) * 2) / 3)
          for (const storage of [a, b, c]) {
            expect(await storage.keys('space-records')).toEqual([])
            expect(await storage.keys('space-repos')).toEqual([])
          }
        }),
      ),
    ),
  )
})
