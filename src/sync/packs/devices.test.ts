import { expect, describe, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { hasCode } from '../../core/errors.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { updateRepo } from '../../storage/head.ts'
import { recheckOf } from '../../storage/testing/contents.ts'
import { applyRetention } from '../keep.ts'
import { headOf } from '../kept.ts'
import { pullDifference } from '../pages/pull-difference.ts'
import { type PagesNode, withNodes } from '../pages/testing/pages-kit.ts'
import type { LocalPds } from '../testing/local-pds.ts'
import { contents, wanted } from '../testing/sync-kit.ts'
import { anyEdits } from './testing/histories.ts'
import { pullList } from './testing/packs-kit.ts'

describe('two devices that each saw heads of their own', () => {
  it(
    'catch up some hundred times, by list or by comparing trees, and never start anew',
    () =>
      withNodes(2, async ({ pds, nodes: [a, b] }) => {
        if (a === undefined || b === undefined) throw new Error('two nodes')
        const tally = { lists: 0, trees: 0, behind: 0 }
        a.serve()
        b.serve()
        for (let n = 0; n < runs(5); n++) {
          const prng = createPrng(`devices ${n}`)
          const alice = await pds.account({ name: `alice${n}`, records: 20 })
          const keepLast = 1 + prng.int(3)
          for (const it of [a, b]) {
            await it.backUp(alice.did)
            await updateRepo(it.storage, alice.did, (row) => ({ ...row, keepLast }))
          }
          for (let round = 0; round < 20; round++) {
            for (let commits = 1 + prng.int(2); commits > 0; commits--) {
              alice.commit(anyEdits(alice.repo, prng))
              // Mostly one of the two looks, now and then each at a head of its own.
              if (prng.chance(0.5)) await prng.pick([a, b]).backUp(alice.did)
            }
            const [ofA, ofB] = await Promise.all([a, b].map((it) => headOf(it.storage, alice.did)))
            const aIsAhead = (ofA?.rev ?? '') > (ofB?.rev ?? '')
            const [ahead, behind] = aIsAhead ? [a, b] : [b, a]
            for (const it of [a, b]) if (prng.chance(0.4)) await applyRetention(it.storage, alice.did)
            await catchUp(pds, alice.did, ahead, behind, tally)
            const heads = await Promise.all([a, b].map((it) => headOf(it.storage, alice.did)))
            expect(heads[0]?.commitCid).toBe(heads[1]?.commitCid)
            expect(heads[0]?.collections).toEqual(heads[1]?.collections)
          }
          for (const { storage } of [a, b]) {
            const head = await headOf(storage, alice.did)
            const repo = alice.history.find((it) => it.rev === head?.rev)
            if (head === undefined || repo === undefined) throw new Error('a head that never was')
            expect(await contents(storage, head)).toEqual(wanted(repo))
            expect(await recheckOf(storage, head)).toBe(repo.records.length)
          }
        }
        console.info('how devices caught up', tally)
        expect(tally.lists + tally.trees).toBeGreaterThan(50)
        expect(tally.lists).toBeGreaterThan(tally.trees)
      }),
    40_000,
  )
})

async function catchUp(
  pds: LocalPds,
  did: string,
  from: PagesNode,
  to: PagesNode,
  tally: { lists: number; trees: number; behind: number },
): Promise<void> {
  try {
    await pullList({ from, to, pds, did })
    tally.lists++
  } catch (error) {
    if (hasCode(error, 'sync.peer-behind')) {
      tally.behind++
      return
    }
    if (!hasCode(error, 'sync.unlisted')) throw error
    await pullDifference(to.host, pds.endpoints, {
      did,
      sources: [from.source(to)],
      work: to.work(),
      label: did,
    })
    tally.trees++
  }
}
