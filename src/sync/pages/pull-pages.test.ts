import { describe, expect, it } from 'vitest'
import { updateRepo } from '../../storage/head.ts'
import { recheckOf } from '../../storage/testing/contents.ts'
import { applyRetention, sweep } from '../keep.ts'
import { headOf } from '../kept.ts'
import type { TestAccount } from '../testing/account.ts'
import { contents, expectNothingTwice, wanted } from '../testing/sync-kit.ts'
import { openPages } from './client.ts'
import { PAGES_PROTOCOL } from './protocol.ts'
import { type Pulled, pullPages } from './pull-pages.ts'
import { changeBlocks, type Lie, lying } from './testing/liar.ts'
import { type PagesNode, type PagesWorld, withNodes } from './testing/pages-kit.ts'

const RECORDS = 200
/** Some ten pages. */
const PAGE = 8 * 1024

interface Kit extends PagesWorld {
  readonly a: PagesNode
  readonly b: PagesNode
  readonly c: PagesNode
  readonly alice: TestAccount
  /** pages that were answered: who, after which path, how many records */
  readonly asked: { peer: string; after: string | undefined; records: number }[]
  /** Lets `relay` pass on what `a` says, noted in `asked`, as `lie` would have it. */
  through(relay: PagesNode, lie?: Lie): void
  pull(sources: readonly PagesNode[], work?: ReturnType<PagesNode['work']>): Promise<Pulled>
}

/** Alice's repo is with `a`; `b` pulls it. */
async function withCopy(use: (kit: Kit) => Promise<void>, records = RECORDS): Promise<void> {
  await withNodes(4, async (world) => {
    const [a, b, c, d] = world.nodes
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error('four nodes')
    const alice = await world.pds.account({ name: 'alice', records })
    await a.backUp(alice.did)
    a.serve()
    const asked: Kit['asked'] = []
    const through: Kit['through'] = (relay, lie = ({ head, bytes }) => ({ head, bytes })) => {
      const note: Lie = async (honest) => {
        const told = await lie(honest)
        const { request, head } = honest
        if (request.type === 'page' && typeof told === 'object' && typeof head['records'] === 'number')
          asked.push({ peer: relay.id, after: request.after, records: head['records'] })
        return told
      }
      relay.net.handle(PAGES_PROTOCOL, lying(relay, a.id, note))
    }
    const pull: Kit['pull'] = (sources, work = b.work()) =>
      pullPages(b.host, world.pds.endpoints, {
        did: alice.did,
        sources: sources.map((it) => it.source(b)),
        work,
        label: 'alice',
        pageBytes: PAGE,
      })
    await use({ ...world, a, b, c, alice, asked, through, pull })
  })
}

const sum = (asked: Kit['asked']): number => asked.reduce((total, it) => total + it.records, 0)

async function expectCopy({ b, alice }: Kit, { snapshot }: Pulled): Promise<void> {
  if (snapshot === undefined) throw new Error('nothing kept')
  expect(snapshot).toMatchObject({ signature: 'current-key', source: 'peer', rev: alice.repo.rev })
  expect(await contents(b.storage, snapshot)).toEqual(wanted(alice.repo))
  expect(await recheckOf(b.storage, snapshot)).toBe(alice.repo.records.length)
  await expectNothingTwice(b.storage, alice.did)
  expect(await headOf(b.storage, alice.did)).toEqual(snapshot)
  expect(await b.storage.count('imports')).toBe(0)
}

describe('a first copy by pages', () => {
  it('has every record, and an author proven without any network', () =>
    withCopy(async (kit) => {
      const { pds, a, c, b, alice, asked, through, pull } = kit
      pds.offline = true
      through(c)
      const work = b.work()
      const result = await pull([c], work)
      expect(result.from).toBe(c.id)
      await expectCopy(kit, result)
      expect(asked.length).toBeGreaterThan(2)
      expect(sum(asked)).toBe(alice.repo.records.length)
      expect(work.reports.find((it) => it.totalRecords !== undefined)?.totalRecords).toBe(
        alice.repo.records.length,
      )
      // The same head again is nothing new.
      asked.length = 0
      expect((await pull([a])).snapshot).toBeUndefined()
    }))

  it('comes with CIDs from a node that knows no other form, and is carried on without by one that does', () =>
    withCopy(async (kit) => {
      const { a, b, alice, nodes, c, through, pull } = kit
      const d = nodes[3] ?? c
      const forms: unknown[] = []
      const note =
        (to: number): Lie =>
        ({ request, turn, head, bytes }) => {
          if (request.type !== 'page') return { head, bytes }
          if (turn > to) return undefined
          forms.push(head['bare'])
          return { head, bytes }
        }
      c.net.handle(PAGES_PROTOCOL, lying(c, a.id, note(1), { old: true }))
      through(d, note(Number.POSITIVE_INFINITY))
      await expectCopy(kit, await pull([c, d]))
      expect(new Set(forms)).toEqual(new Set([undefined, true]))
      expect(forms[0]).toBeUndefined()
      expect(forms.at(-1)).toBe(true)
      // A head that calls frames of a CAR bare, to whom asked for that and to whom did not.
      const bare: Lie = ({ request, head, bytes }) => ({
        head: request.type === 'page' ? { ...head, bare: true } : head,
        bytes,
      })
      alice.commit({ create: 3 })
      await a.backUp(alice.did)
      c.net.handle(PAGES_PROTOCOL, lying(c, a.id, bare, { old: true }))
      await expect(pull([c])).rejects.toMatchObject({
        code: expect.stringMatching(/^repo\./) as string,
        fields: { peer: c.id },
      })
      const client = await openPages(b.net, c.id, { timers: b.timers })
      expect((await client.page({ did: alice.did, maxBytes: 1 })).bare).toBe(false)
      await client.close()
    }))

  it('goes on after a lost connection, and asks for no page again', () =>
    withCopy(async (kit) => {
      const { network, alice, asked, c, through, pull } = kit
      let cuts = 0
      through(c, ({ request, turn, head, bytes }) => {
        if (request.type === 'page' && turn === 1 && cuts < 2) {
          cuts++
          network.cut(c.id)
          network.mend(c.id)
        }
        return { head, bytes }
      })
      await expectCopy(kit, await pull([c]))
      expect(cuts).toBe(2)
      const answered = asked.filter((it, i) => asked.findIndex((other) => other.after === it.after) === i)
      expect(sum(answered)).toBe(alice.repo.records.length)
    }))

  it('waits half a minute for the only peer that gave something, as long as a relay starts anew', () =>
    withCopy(async (kit) => {
      const { b, network, timers, c, through, pull } = { ...kit, timers: kit.b.timers }
      let since: number | undefined
      through(c, ({ request, turn, head, bytes }) => {
        if (request.type === 'page' && turn === 1 && since === undefined) {
          network.cut(c.id)
          since = timers.clock.now()
        }
        return { head, bytes }
      })
      const work = b.work()
      const patient = {
        ...work,
        onWait(wait: Parameters<typeof work.onWait>[0]) {
          work.onWait(wait)
          if (timers.clock.now() - (since ?? 0) >= 20_000) network.mend(c.id)
        },
      }
      await expectCopy(kit, await pull([c], patient))
      expect(work.waits.length).toBeGreaterThan(3)
    }))

  it('is carried on with another peer who has the root', () =>
    withCopy(async (kit) => {
      const { alice, asked, nodes, c, through, pull } = kit
      const d = nodes[3] ?? c
      // The first ends for good after a page.
      through(c, ({ request, turn, head, bytes }) =>
        request.type === 'page' && turn > 0 ? undefined : { head, bytes },
      )
      through(d)
      const result = await pull([c, d])
      expect(result.from).toBe(d.id)
      await expectCopy(kit, result)
      expect(new Set(asked.map((it) => it.peer))).toEqual(new Set([c.id, d.id]))
      expect(sum(asked)).toBe(alice.repo.records.length)
    }))

  it.each(['flip', 'drop', 'last'] as const)(
    'is carried on by an honest peer after a forged page (%s)',
    (kind) =>
      withCopy(async (kit) => {
        const { alice, asked, nodes, c, through, pull } = kit
        const d = nodes[3] ?? c
        through(c, ({ request, turn, head, bytes }) => {
          if (request.type !== 'page' || turn !== 5 || bytes === undefined) return { head, bytes }
          const at = bytes.length - 3
          if (kind === 'last') return { head: { ...head, last: 'zz.none/such' }, bytes }
          if (kind === 'flip') return { head, bytes: bytes.with(at, (bytes[at] ?? 0) ^ 1) }
          return { head, bytes: changeBlocks({ head, bytes }, (blocks) => blocks.toSpliced(-4, 1)) }
        })
        through(d)
        const result = await pull([c, d])
        expect(result.from).toBe(d.id)
        await expectCopy(kit, result)
        // What the first had brought by then was not asked for again.
        expect(sum(asked.filter((it) => it.peer === d.id))).toBeLessThan(alice.repo.records.length * 0.75)
      }),
  )

  it('goes on where the last try was stopped', () =>
    withCopy(async (kit) => {
      const { b, alice, asked, nodes, c, through, pull } = kit
      const d = nodes[3] ?? c
      through(c)
      through(d)
      const work = b.work((report, it) => {
        if ((report.records ?? 0) > RECORDS / 2) it.cancel()
      })
      await expect(pull([c], work)).rejects.toMatchObject({ code: 'sync.cancelled' })
      expect(await headOf(b.storage, alice.did)).toBeUndefined()
      expect(await b.storage.count('imports')).toBe(1)
      await expectCopy(kit, await pull([d]))
      const again = asked.filter((it) => it.peer === d.id)
      expect(again[0]?.after).toBeDefined()
      expect(sum(again)).toBeLessThan(RECORDS / 2)
    }))

  it('goes on under the newest head when its root is kept no more', () =>
    withCopy(async (kit) => {
      const { a, alice, asked, c, through, pull } = kit
      let moved = false
      through(c, async ({ request, turn, head, bytes }) => {
        if (request.type !== 'page' || turn !== 1 || moved) return { head, bytes }
        moved = true
        alice.commit({ create: 3, update: 3, delete: 3 })
        await a.backUp(alice.did)
        await updateRepo(a.storage, alice.did, (row) => ({ ...row, keepLast: 1 }))
        await applyRetention(a.storage, alice.did)
        await sweep(a.storage, alice.did, new AbortController().signal)
        return { head, bytes }
      })
      const result = await pull([c])
      await expectCopy(kit, result)
      expect(moved).toBe(true)
      expect(sum(asked)).toBeLessThan(RECORDS * 1.1)
    }))

  it('of a repo that is here in part asks only for what is not', () =>
    withCopy(async (kit) => {
      const { a, b, alice, asked, c, through, pull } = kit
      await b.backUp(alice.did)
      alice.commit({ create: 2, update: 3, delete: 2 })
      await a.backUp(alice.did)
      through(c)
      await expectCopy(kit, await pull([c]))
      expect(sum(asked)).toBeLessThan(RECORDS / 10)
    }))

  it('of a repo that no peer holds is refused', () =>
    withCopy(async ({ b, c, pds, alice }) => {
      c.serve()
      const pull = { did: alice.did, sources: [c.source(b)], work: b.work(), label: '' }
      await expect(pullPages(b.host, pds.endpoints, pull)).rejects.toMatchObject({
        code: 'net.refused',
        fields: { peer: c.id, reason: 'not-kept' },
      })
      await expect(pullPages(b.host, pds.endpoints, { ...pull, sources: [] })).rejects.toMatchObject({
        code: 'sync.no-copy',
      })
    }, 10))
})
