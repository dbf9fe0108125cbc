import { describe, expect, it } from 'vitest'
import { headOf } from '../kept.ts'
import { PAGES_PROTOCOL } from '../pages/protocol.ts'
import type { PagesNode } from '../pages/testing/pages-kit.ts'
import { MAX_SENT_BYTES } from '../packs/sent-limits.ts'
import { type SentList, sentListOf } from '../packs/sent-list.ts'
import { contents, wanted } from '../testing/sync-kit.ts'
import { type EngineKit, lies, withEngine } from './testing/engine-kit.ts'

/** The next commit at one device, and the list that it sends along with word of it. */
async function edit({ alice }: EngineKit, from: PagesNode, create = 1): Promise<SentList | undefined> {
  alice.commit({ create })
  const { before, snapshot, news } = await from.backUp(alice.did)
  if (before === undefined || snapshot === undefined) throw new Error('no commit')
  return news?.(sentListOf)
}

const some = (list: SentList | undefined): SentList => {
  if (list === undefined) throw new Error('no list')
  return list
}

/** Nobody can be asked for anything. */
const mute = (node: PagesNode): (() => void) =>
  node.net.handle(PAGES_PROTOCOL, async () => {
    throw new Error('silent')
  })

const expectNewest = async ({ b, alice }: EngineKit): Promise<void> => {
  const head = await headOf(b.storage, alice.did)
  if (head === undefined) throw new Error('no head')
  expect(head).toMatchObject({ rev: alice.repo.rev, signature: 'current-key', source: 'peer' })
  expect(await contents(b.storage, head)).toEqual(wanted(alice.repo))
}

describe('a list that comes along with word of a new head', () => {
  it('is taken in without a question, edit after edit', () =>
    withEngine(async (kit) => {
      const { a, alice, engine, candidate, pulls, pulled, meet, row } = kit
      await meet(a)
      mute(a)
      for (const create of [1, 3, 0]) {
        const list = some(await edit(kit, a, create))
        await engine.hear(candidate(a), alice.did, alice.repo.rev, list)
        await engine.idle()
        await expectNewest(kit)
      }
      expect(pulls).toEqual(['done', 'done', 'done', 'done'])
      expect(pulled()).toEqual({ peer: a.id, rung: 'pack', resumed: false, tried: [] })
      const commit = (await headOf(a.storage, alice.did))?.commitCid
      expect(await row(a)).toMatchObject({ rev: alice.repo.rev, commit, failures: 0, partial: false })
    }))

  it('of another head than the kept one has the peer asked', () =>
    withEngine(async (kit) => {
      const { a, alice, engine, candidate, meet, pulled } = kit
      await meet(a)
      await edit(kit, a)
      const list = some(await edit(kit, a))
      await engine.hear(candidate(a), alice.did, alice.repo.rev, list)
      await engine.idle()
      await expectNewest(kit)
      expect(pulled()).toMatchObject({ rung: 'difference', peer: a.id })
      // The head that it leads to is here.
      await engine.hear(candidate(a), alice.did, alice.repo.rev, list)
      await engine.idle()
      await expectNewest(kit)
    }))

  it('moves no head when it is wrong in any bit, and has its sender left alone for a while', () =>
    withEngine(async (kit) => {
      const { a, c, alice, engine, candidate, pulls, pauses, meet, row, rev } = kit
      await meet(a)
      const list = some(await edit(kit, a))
      const before = await rev()
      const bend = (at: number): SentList => ({
        ...list,
        pack: list.pack.with(at, (list.pack[at] ?? 0) ^ 1),
      })
      lies(c, a, () => undefined)
      for (let at = 0; at < list.pack.length; at += 97) {
        pulls.length = 0
        // It cannot be asked for anything else, which is no matter here.
        await engine.hear(candidate(c), alice.did, alice.repo.rev, bend(at)).catch(() => {})
        await engine.idle()
        expect(await rev()).toBe(before)
        expect(pulls).not.toContain('done')
        expect(await row(c)).toMatchObject({ failures: 1 })
        // As long as it is left alone, what it sends is not looked at.
        await engine.hear(candidate(c), alice.did, alice.repo.rev, list).catch(() => {})
        await engine.idle()
        expect(await rev()).toBe(before)
        await kit.b.storage.write([{ type: 'delete', table: 'copies', key: `${alice.did}/${c.id}` }])
        for (const pause of pauses()) pause.end()
        await engine.idle()
      }
      await engine.hear(candidate(a), alice.did, alice.repo.rev, list)
      await engine.idle()
      await expectNewest(kit)
    }))

  it('is coalesced with others while one is under way', () =>
    withEngine(async (kit) => {
      const { a, b, alice, engine, candidate, pulls, meet, most } = kit
      await meet(a)
      const lists: { readonly rev: string; readonly list: SentList }[] = []
      for (let i = 0; i < 20; i++) lists.push({ list: some(await edit(kit, a)), rev: alice.repo.rev })
      pulls.length = 0
      const heard = lists.map(({ rev, list }) => engine.hear(candidate(a), alice.did, rev, list))
      await Promise.all(heard)
      await engine.idle()
      await expectNewest(kit)
      expect(most()).toBe(1)
      expect(pulls.length).toBeLessThanOrEqual(3)
      expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
    }))

  it('has the peer asked where the head was moved by others since it was read last', () =>
    withEngine(async (kit) => {
      const { a, b, alice, engine, candidate, meet, pulls } = kit
      await meet(a)
      await engine.hear(candidate(a), alice.did, alice.repo.rev, await edit(kit, a))
      await engine.idle()
      const late = async (): Promise<void> => {
        pulls.length = 0
        const count = (await b.storage.keys('snapshots')).length
        await engine.hear(candidate(a), alice.did, alice.repo.rev, list)
        await engine.idle()
        expect((await b.storage.keys('snapshots')).length).toBe(count)
        expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
        expect(await kit.row(a)).toMatchObject({ rev: alice.repo.rev, failures: 0 })
      }
      let list = some(await edit(kit, a))
      // Its own server gives the same head first.
      await b.backUp(alice.did)
      await late()
      expect(pulls).toEqual(['done'])
      list = some(await edit(kit, a))
      const { now } = await b.backUp(alice.did)
      if (now !== undefined) engine.moved(now)
      await late()
      expect(pulls).toEqual([])
      const next = some(await edit(kit, a))
      await engine.hear(candidate(a), alice.did, alice.repo.rev, next)
      await engine.idle()
      await expectNewest(kit)
    }))

  it('is not made of what is long', () =>
    withEngine(async (kit) => {
      expect(await edit(kit, kit.a, 400)).toBeUndefined()
      const list = some(await edit(kit, kit.a, 10))
      expect(list.pack.length).toBeLessThanOrEqual(MAX_SENT_BYTES)
    }))
})
