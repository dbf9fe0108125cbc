import { describe, expect, it } from 'vitest'
import { StorageError } from '../../storage/errors.ts'
import type { Storage } from '../../storage/port.ts'
import { judgeHeads } from './judge-seen.ts'
import type { Vault } from './model.ts'
import { codeOf, give, link, meet, task, withWorld } from './testing/kit.ts'

const PAUSE = 30_000
const YEARS = 5 * 365 * 24 * 60 * 60_000

async function offeredBy(vault: Vault): Promise<Map<string, { rev: string; commit: string }>> {
  const heads = await vault.store.heads(`${vault.row.space}/`, { limit: 100 })
  return new Map(
    heads.map(({ repo, head }) => [
      repo.slice(repo.lastIndexOf('/') + 1),
      { rev: head.rev, commit: head.cid },
    ]),
  )
}

describe('what members say they have seen', () => {
  it('names a source that offers less', () =>
    withWorld(async (world) => {
      const [anna, ben, cleo] = [
        await world.profile('Anna'),
        await world.profile('Ben'),
        await world.profile('Cleo'),
      ]
      const a = await anna.found()
      const invited = await a.links.make(link())
      const [b, c] = [await ben.join(invited), await cleo.join(invited)]
      await meet(a, b, c)
      const old = await offeredBy(a)
      await c.edit([task('c', 'Dig')])
      await give(c, b)
      world.clock.now += PAUSE
      expect(await b.publishSeen()).toBe(true)
      expect(await b.publishSeen()).toBe(false)
      // Cleo's work was seen by Ben, and is kept back from Anna.
      await give(b, a, (author) => author === b.device().id)
      expect((await a.judgeSeen(await offeredBy(b))).withheld).toEqual([])
      const { withheld, forks } = await a.judgeSeen(old)
      expect(forks).toEqual([])
      const found = withheld.find((it) => it.device === c.device().id)
      expect(found).toMatchObject({ by: b.device().id, offered: old.get(c.device().id)?.rev })
      expect(found?.seen).toBe((await offeredBy(b)).get(c.device().id)?.rev)
    }))

  it('is said at most every 30 seconds, and ends when there is nothing new', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      await b.edit([task('b', 'Dig')])
      await meet(a, b)
      const said: number[] = []
      for (let turn = 0; turn < 6; turn++) {
        world.clock.now += PAUSE
        said.push(Number(await a.publishSeen()) + Number(await b.publishSeen()))
        await meet(a, b)
      }
      expect(said[0]).toBeGreaterThan(0)
      expect(said.slice(2)).toEqual([0, 0, 0, 0])
    }))

  it('is said also when the clock was years ahead the last time', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      world.clock.now += YEARS
      await b.edit([task('b', 'Dig')])
      await give(b, a)
      expect(await a.publishSeen()).toBe(true)
      world.clock.now -= YEARS
      await b.edit([task('c', 'Rake')])
      await give(b, a)
      expect(await a.publishSeen()).toBe(true)
    }))

  it('is said with the next commit when one with it failed', () =>
    withWorld(async (world) => {
      let isFull = false
      const disk = (storage: Storage): Storage => ({
        ...storage,
        async write(ops, options) {
          if (isFull && ops.some((it) => it.type === 'put' && it.table === 'space-repos'))
            throw new StorageError('storage.quota')
          return storage.write(ops, options)
        },
      })
      const [anna, ben] = [await world.profile('Anna', disk), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      world.clock.now += PAUSE
      await b.edit([task('b', 'Dig')])
      await give(b, a)
      isFull = true
      expect(await codeOf(a.edit([task('a', 'Water')]))).toBe('storage.quota')
      isFull = false
      expect(await a.publishSeen()).toBe(true)
    }))

  it('tells of forks, and asks of a stopped device no more than stays', () => {
    const at = (rev: string, commit = `c-${rev}`) => ({ rev, commit })
    const words = new Map([
      [
        'x',
        new Map([
          ['d', at('5')],
          ['f', at('9')],
          ['v', at('4')],
        ]),
      ],
      ['y', new Map([['d', at('5', 'other')]])],
    ])
    const frozen = new Map([
      ['f', at('7')],
      ['v', undefined],
    ])
    const held = new Map([['d', at('5')]])
    const offered = new Map([
      ['d', at('5')],
      ['f', at('7')],
    ])
    const { withheld, forks } = judgeHeads(words, held, offered, frozen)
    expect(withheld).toEqual([])
    expect(forks).toEqual([
      {
        device: 'd',
        rev: '5',
        commits: [
          { commit: 'c-5', by: ['self', 'offered', 'x'] },
          { commit: 'other', by: ['y'] },
        ],
      },
    ])
    const less = judgeHeads(words, held, new Map([['f', at('6')]]), frozen)
    expect(less.withheld).toEqual([
      { device: 'd', offered: undefined, seen: '5', by: 'x' },
      { device: 'f', offered: '6', seen: '7', by: 'x' },
    ])
  })
})
