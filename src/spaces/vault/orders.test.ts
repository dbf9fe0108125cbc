import { describe, expect, it } from 'vitest'
import { createPrng } from '../../repo/testing/prng.ts'
import type { Vault } from './model.ts'
import { give, link, meet, task, withWorld } from './testing/kit.ts'

const KINDS = ['task', 'profile', 'space'] as const

/** All that a vault shows of the members and of what they wrote, as text. */
function shown(vault: Vault): string {
  const { persons, frozen, heads } = vault.state()
  const entities = KINDS.flatMap((kind) => vault.content.list(kind, { deleted: true, hidden: true }))
  const plain = entities.map(({ unsent: _unsent, ...it }) => it)
  plain.sort((a, b) => (`${a.kind}/${a.id}` < `${b.kind}/${b.id}` ? -1 : 1))
  return JSON.stringify({ persons: [...persons], frozen: [...frozen], heads, plain })
}

describe('vaults that meet now and then', () => {
  it.each([1, 2, 3])('show the same in the end, whoever was put out or made what meanwhile (%i)', (seed) =>
    withWorld(async (world) => {
      const prng = createPrng(seed)
      const below = (n: number): number => (prng.bytes(1)[0] ?? 0) % n
      const anna = await world.profile('Anna')
      const owner = await anna.found()
      const invited = await owner.links.make(link())
      const vaults = [owner]
      for (const name of ['Ben', 'Cleo', 'Dan']) {
        const vault = await (await world.profile(name)).join(invited)
        await give(owner, vault)
        vaults.push(vault)
      }
      await meet(...vaults)
      await owner.acts.setRole(vaults[1]?.row.person ?? '', 'admin')
      await meet(...vaults)
      const any = (): Vault => vaults[below(vaults.length)] ?? owner
      for (let step = 0; step < 40; step++) {
        world.clock.now += 1000
        const [one, other] = [any(), any()]
        const person = other.row.person ?? ''
        const role = one.role()
        const lot = below(20)
        if (lot < 9 && (role === 'writer' || role === 'admin'))
          await one.edit([task(`t${below(6)}`, `${one.row.person?.slice(-4)} ${step}`)])
        else if (lot < 17 && one !== other) await give(one, other)
        else if (lot === 17 && role === 'admin' && other.role() !== 'admin' && one !== other)
          await one.acts.setRole(person, below(2) === 0 ? 'reader' : 'writer')
        else if (lot === 18 && one === owner && other !== owner && step > 20)
          await owner.acts.removePerson(person)
        else if (lot === 19) await one.publishSeen()
      }
      await meet(...vaults)
      const members = vaults.filter((it) => it.role() !== 'none')
      expect(members).toContain(owner)
      for (const it of members) expect(shown(it)).toBe(shown(owner))
    }),
  )
})
