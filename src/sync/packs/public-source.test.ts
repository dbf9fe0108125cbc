import { describe, expect, it } from 'vitest'
import { askFor } from './ask.ts'
import type { PullAsk } from './model.ts'
import { publicSource } from './public-source.ts'
import { withTwo } from './testing/packs-kit.ts'

describe('a list that was made', () => {
  it('is called by what it depends on, whatever else an asker says of any length', () =>
    withTwo(60, async ({ a, b, alice }) => {
      await a.backUp(alice.did)
      await b.backUp(alice.did)
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      const { storage, sha256 } = a.host
      const source = publicSource({ storage, sha256 })
      const pull = (ask: PullAsk) =>
        source.pull(ask, { caller: { peer: 'asker' }, room: 1 << 20, alone: true })
      const ask = await askFor(b.storage, alice.did)
      await pull(ask)
      const kept = await pull(ask)
      expect(kept?.commits).toHaveLength(1)
      expect(await pull({ ...ask, bootstrapState: { any: 'x'.repeat(1 << 20) } })).toBe(kept)
      // Where the asker's chain stands is in it.
      const verifiedRoot = 'ab'.repeat(32)
      const other = await pull({ ...ask, verifiedRoot })
      expect(other?.integrity).not.toEqual(kept?.integrity)
    }))
})
