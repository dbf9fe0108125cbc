import { describe, expect, it } from 'vitest'
import type { Profile } from '../../spaces/vault/testing/kit.ts'
import { give, link, meet, task, withWorld, type World } from '../../spaces/vault/testing/kit.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import type { Vault } from '../../spaces/vault/model.ts'
import type { OfferedHead } from '../../sync/spaces/model.ts'
import { createActivityLog } from '../activity.ts'
import type { CairnHost } from '../host.ts'
import { createSpaceFaults, type SpaceFaults } from './faults.ts'

const PAUSE = 30_000
const REPEAT = 10 * 60_000

interface Watched {
  readonly faults: SpaceFaults
  /** what a person reads of this space in Activity, oldest first: the kind, who, and why */
  read(): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** What a device has noted of a space that it has open. */
function watch(world: World, { storage }: Profile, vault: Vault): Watched {
  const host: CairnHost = {
    ...{ storage, sha256 },
    fetch: () => Promise.reject(new Error('nothing is fetched here')),
    timers: { after: () => () => {} },
    clock: { now: () => world.clock.now },
    random: () => 0,
    siblings: undefined,
    persistence: { supported: false, persisted: async () => false },
  }
  const written: Promise<void>[] = []
  const log = createActivityLog(host, () => {})
  const faults = createSpaceFaults(
    {
      host,
      log: {
        ...log,
        note(item) {
          const mine = log.note(item)
          written.push(mine)
          return mine
        },
      },
      net: () => undefined,
    },
    vault,
  )
  vault.onIgnored(faults.ignored)
  vault.onChange(faults.changed)
  return {
    faults,
    async read() {
      await Promise.all(written)
      const items = await log.list({ limit: 100 })
      return items.reverse().map(({ kind, level, fields }) => ({ kind, level, ...fields }))
    },
  }
}

const headsOf = async (vault: Vault): Promise<Map<string, OfferedHead>> => {
  const heads = await vault.store.heads(`${vault.row.space}/`, { limit: 100 })
  return new Map(
    heads.map(({ repo, head }) => [
      repo.slice(repo.lastIndexOf('/') + 1),
      { rev: head.rev, commit: head.cid },
    ]),
  )
}

/** Anna, who owns the space, Ben and Cleo, who write, all in step. */
async function three(world: World): Promise<{ profiles: Profile[]; vaults: [Vault, Vault, Vault] }> {
  const profiles = [await world.profile('Anna'), await world.profile('Ben'), await world.profile('Cleo')]
  const [anna, ben, cleo] = profiles as [Profile, Profile, Profile]
  const a = await anna.found()
  const invited = await a.links.make(link())
  const vaults: [Vault, Vault, Vault] = [a, await ben.join(invited), await cleo.join(invited)]
  await meet(...vaults)
  return { profiles, vaults }
}

describe('Activity says', () => {
  it('whose work counts for nothing: written after a removal, or as a reader', () =>
    withWorld(async (world) => {
      const { profiles, vaults } = await three(world)
      const [a, b, c] = vaults
      const cleo = watch(world, profiles[2] as Profile, c)
      await b.edit([task('late', 'After')])
      // Cleo has it before she hears of the removal, by which nothing of it stays.
      await give(b, c)
      await a.acts.removePerson(b.row.person ?? '')
      await give(a, c)
      expect(await cleo.read()).toMatchObject([
        {
          ...{ kind: 'space.ignored', level: 'warning', code: 'spaces.frozen', name: 'Ben' },
          ...{ device: b.device().id, space: a.row.space, title: 'Garden' },
        },
      ])

      // What a reader signs is refused where it arrives; who signed it is named, and who brought it.
      await a.acts.setRole(c.row.person ?? '', 'reader')
      await c.edit([task('mine', 'As if a writer')])
      const anna = watch(world, profiles[0] as Profile, a)
      const [code = ''] = await give(c, a, (author) => author === c.device().id)
      expect(code).toBe('space.not-allowed')
      const fault = { code, peer: 'peer-c', fields: { author: c.device().id } }
      anna.faults.fault(fault)
      anna.faults.fault(fault)
      expect(await anna.read()).toMatchObject([
        { kind: 'space.ignored', code: 'spaces.commit-beyond', device: c.device().id, name: 'Cleo' },
        { kind: 'space.fault', code, peer: 'peer-c' },
      ])
    }))

  it('who offers less than members have seen, once in a while', () =>
    withWorld(async (world) => {
      const { profiles, vaults } = await three(world)
      const [a, b, c] = vaults
      const anna = watch(world, profiles[0] as Profile, a)
      const old = await headsOf(a)
      await c.edit([task('c', 'Dig')])
      await give(c, b)
      world.clock.now += PAUSE
      await b.publishSeen()
      await give(b, a, (author) => author === b.device().id)
      await anna.faults.judge('store', await headsOf(b))
      expect(await anna.read()).toEqual([])
      for (let round = 0; round < 3; round++) await anna.faults.judge('store', old)
      const told = { kind: 'space.withheld', level: 'warning', peer: 'store', title: 'Garden' }
      expect(await anna.read()).toMatchObject([{ ...told, by: b.device().id }])
      world.clock.now += REPEAT
      await anna.faults.judge('store', old)
      expect(await anna.read()).toMatchObject([told, told])
    }))

  it('who signed two things as one, with both where they are at hand', () =>
    withWorld(async (world) => {
      const { profiles, vaults } = await three(world)
      const [a, b] = vaults
      const anna = watch(world, profiles[0] as Profile, a)
      const heads = await headsOf(a)
      const { rev = '', commit = '' } = heads.get(b.device().id) ?? {}
      await anna.faults.judge('peer-b', new Map([[b.device().id, { rev, commit: 'another' }]]))
      const forked = { kind: 'space.forked', level: 'warning', device: b.device().id, name: 'Ben' }
      expect(await anna.read()).toMatchObject([{ ...forked, rev }])
      world.clock.now += REPEAT
      const proof = { heldCommit: new Uint8Array([1, 2]), otherCommit: new Uint8Array([3]) }
      const fields = { author: b.device().id, rev, held: commit, other: 'another', ...proof }
      anna.faults.fault({ code: 'space.equivocation', peer: 'peer-c', fields })
      expect((await anna.read())[1]).toMatchObject({ ...forked, rev, ...proof })
    }))

  it('the same again when the clock was ahead the last time', () =>
    withWorld(async (world) => {
      const { profiles, vaults } = await three(world)
      const anna = watch(world, profiles[0] as Profile, vaults[0])
      const fault = { code: 'space.rollback', peer: 'peer-c', fields: {} }
      world.clock.now += 1000 * REPEAT
      anna.faults.fault(fault)
      world.clock.now -= 1000 * REPEAT
      anna.faults.fault(fault)
      anna.faults.fault(fault)
      expect(await anna.read()).toHaveLength(2)
    }))
})
