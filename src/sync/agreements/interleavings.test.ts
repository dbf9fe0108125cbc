import fc from 'fast-check'
import { expect, it } from 'vitest'
import { withAgreements, type Side } from './testing/agreement-kit.ts'

const REPOS = [
  { x: 'did:plc:alice', y: 'did:plc:bob' },
  { x: 'did:plc:carol', y: undefined },
] as const

const step = fc.record({
  side: fc.constantFrom<0 | 1>(0, 1),
  what: fc.constantFrom('offer', 'offer', 'accept', 'accept', 'end', 'deliver', 'deliver', 'deliver both'),
  which: fc.nat(7),
  purge: fc.boolean(),
  fault: fc.option(fc.record({ writes: fc.nat(2), answered: fc.boolean() }), { nil: undefined }),
})

/** What one side holds, as the other should see it. */
const mirror = { offered: 'incoming', incoming: 'offered', active: 'active', ended: 'ended' } as const

/** Agreements that have not ended, whichever side looks. */
async function live(side: Side, of: 'own' | 'mirrored'): Promise<unknown[]> {
  const list = (await side.list()).filter((it) => it.state !== 'ended')
  const seen = list.map(({ ours, theirs, state, minCopies, intervalSec, priority }) => ({
    pair: of === 'own' ? [ours, theirs] : [theirs, ours],
    state: of === 'own' ? state : mirror[state],
    terms: state === 'active' ? [minCopies, intervalSec, priority] : [],
  }))
  return seen.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

it('two sides agree in the end, whatever they wished, in any order, with anything lost on the way', () =>
  withAgreements(async ({ side }) => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        run++
        const pair = [await side(`a${run}`), await side(`b${run}`)] as const
        for (const { side: n, what, which, purge, fault } of steps) {
          const [me, other] = [pair[n], pair[n === 0 ? 1 : 0]]
          me.breakAfter = fault
          const list = await me.list()
          const repos = REPOS[which % 2] ?? REPOS[0]
          const [ours, theirs] = n === 0 ? [repos.x, repos.y] : [repos.y, repos.x]
          const incoming = list.filter((it) => it.state === 'incoming')
          const it = (what === 'accept' ? incoming : list)[which % 4]
          if (what === 'offer')
            await me.offer({
              peer: other.peer,
              ...(ours === undefined ? {} : { ours }),
              ...(theirs === undefined ? {} : { theirs }),
              terms: { minCopies: 1 + which, priority: which },
            })
          else if (what === 'accept' && it !== undefined) await me.accept(it.id)
          else if (what === 'end' && it !== undefined) await me.end(it.id, purge)
          else if (what === 'deliver') await me.deliver(other.peer)
          else if (what === 'deliver both')
            await Promise.all([me.deliver(other.peer), other.deliver(me.peer)])
        }
        for (const it of pair) it.breakAfter = undefined
        const [a, b] = pair
        for (let round = 0; round < 2; round++) {
          await a.deliver(b.peer)
          await b.deliver(a.peer)
        }
        expect([await a.waiting(), await b.waiting()]).toEqual([[], []])
        expect(await live(a, 'own')).toEqual(await live(b, 'mirrored'))
      }),
      { numRuns: 60 },
    )
  }))
