import { describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { decodePack } from '../../pack/pack-reader.ts'
import { expectCode } from '../../storage/compliance/subject.ts'
import type { Storage } from '../../storage/port.ts'
import { under } from '../../storage/space/rows.ts'
import { commitOf, contentOf, put, remove, testDevice } from '../../storage/space/testing/kit.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { createPackHandler } from './handler.ts'
import { RESPONSE_BYTES } from './model.ts'
import { takeSpace } from './space-sync.ts'
import { answererOf, createReplica, hasty, type Replica, type ReplicaOptions } from './testing/space-kit.ts'

const device = testDevice(5)
const { repo } = device
const PAGES = { pageBytes: 300, listBytes: 0 }
const many = (count: number) => Array.from({ length: count }, (_, n) => put(n, n))

const withPair = (
  options: ReplicaOptions,
  use: (author: Replica, reader: Replica) => Promise<void>,
): Promise<void> =>
  withLevel((a) =>
    withLevel(async (b) => {
      const author = await createReplica(hasty(a), { name: 'author', ...options })
      await use(author, await createReplica(hasty(b), { name: 'reader' }))
    }),
  )

async function expectSame(author: Replica, reader: Replica): Promise<void> {
  expect(await contentOf(reader.store, repo)).toEqual(await contentOf(author.store, repo))
  expect((await reader.store.recheck(repo))?.head.cid).toBe((await author.store.head(repo))?.cid)
}

/** One ask, its answer, and what comes of it. */
async function round(from: Replica, to: Replica) {
  const answerer = answererOf(from)
  const ask = await to.taker.ask(repo, from.name)
  return to.taker.take(ask, await answerer.pull(ask), answerer)
}

describe('a bootstrap', () => {
  it('ends at the newest head, whatever the author writes between pages', () =>
    withPair({ source: PAGES }, async (author, reader) => {
      await commitOf(author.store, device, many(60))
      for (let n = 0; ; n++) {
        const { kind } = await round(author, reader)
        if (kind !== 'more') break
        expect(n).toBeLessThan(50)
        await commitOf(author.store, device, [put(n, n + 700), remove(59 - n), put(100 + n, n)])
      }
      await expectSame(author, reader)
      expect((await reader.store.head(repo))?.givers).toEqual(['author'])
    }))

  it('is compared, not begun from nothing, when its pin is known no longer', () =>
    withPair({ source: PAGES }, async (author, reader) => {
      await commitOf(author.store, device, many(60))
      expect((await round(author, reader)).kind).toBe('more')
      const staged = (await reader.store.take.get(repo)) ?? expect.fail()
      expect(staged.records).toBeGreaterThan(5)
      // Another device of the same author has never heard of that head.
      await withLevel(async (storage) => {
        const other = await createReplica(hasty(storage), { name: 'author', source: PAGES })
        await commitOf(other.store, device, [...many(60), put(70, 70)])
        const from = answererOf(other)
        expect((await takeSpace(reader.taker, repo, from)).kind).toBe('moved')
        expect(from.log[0]).toBe('pages index')
        expect(from.log).not.toContain('pages records')
        await expectSame(other, reader)
      })
    }))

  it('goes on with another peer, which is taken at its own word', () =>
    withPair({ source: PAGES }, async (author, reader) => {
      await commitOf(author.store, device, many(60))
      await withLevel(async (storage) => {
        const store = await createReplica(hasty(storage), { name: 'store', source: PAGES })
        await takeSpace(store.taker, repo, answererOf(author))
        await commitOf(author.store, device, [put(0, 999), remove(1)])
        await round(author, reader)
        expect((await reader.store.take.get(repo))?.from).toBe('author')
        expect((await takeSpace(reader.taker, repo, answererOf(store))).kind).toBe('moved')
        await expectSame(store, reader)
        expect((await reader.store.head(repo))?.givers).toEqual(['author', 'store'])
      })
    }))

  it('is given up when the head moves by a list', () =>
    withPair({ source: PAGES }, async (author, reader) => {
      const commit = await commitOf(author.store, device, many(30))
      await round(author, reader)
      const ask = await reader.taker.ask(repo, 'author')
      await reader.store.apply(repo, { commit, changes: many(30), from: 'store' })
      const from = answererOf(author)
      await expectCode(reader.taker.take(ask, await from.pull(ask), from), 'space.busy')
      expect(await reader.store.take.get(repo)).toBeUndefined()
      expect((await takeSpace(reader.taker, repo, from)).kind).toBe('nothing')
      await expectSame(author, reader)
    }))
})

describe('a head that its giver knows no more', () => {
  const forgetHeads = (storage: Storage): Promise<void> =>
    storage.write([{ type: 'delete-range', table: 'space-repos', ...under(`held/${repo}`) }])

  it('is gone on from by a list, as long as each commit since then was the head there', () =>
    withLevel((a) =>
      withPair({ source: PAGES }, async (_, reader) => {
        const author = await createReplica(hasty(a), { name: 'author', source: PAGES })
        await commitOf(author.store, device, many(30))
        await takeSpace(reader.taker, repo, answererOf(author))
        await commitOf(author.store, device, [put(3, 300), remove(4)])
        await forgetHeads(a)
        await commitOf(author.store, device, [put(3, 301), put(40, 40)])
        const from = answererOf(author)
        expect((await takeSpace(reader.taker, repo, from)).kind).toBe('moved')
        expect(from.log).toEqual(['active'])
        await expectSame(author, reader)
      }),
    ))

  it('and is of the other end of a fork is led to what nobody signed, and then compared', () =>
    withLevel((a) =>
      withPair({ source: PAGES }, async (clone, reader) => {
        const author = await createReplica(hasty(a), { name: 'author', source: PAGES })
        const commit = await commitOf(author.store, device, many(30))
        await clone.store.apply(repo, { commit, changes: many(30), from: 'author' })
        await commitOf(clone.store, device, [put(5, 500)])
        await takeSpace(reader.taker, repo, answererOf(clone))
        await forgetHeads(a)
        await commitOf(author.store, device, [put(6, 600)])
        const before = await contentOf(reader.store, repo)
        await expectCode(takeSpace(reader.taker, repo, answererOf(author)), 'space.hash-mismatch')
        expect(await contentOf(reader.store, repo)).toEqual(before)
        const how = { compare: true }
        expect((await takeSpace(reader.taker, repo, answererOf(author), how)).kind).toBe('moved')
        await expectSame(author, reader)
      }),
    ))
})

describe('what a source gives to whom', () => {
  it('nothing to who may not read, whose copy goes with it', () => {
    let mayRead = true
    return withPair({ source: { ...PAGES, mayRead: async () => mayRead } }, async (author, reader) => {
      await commitOf(author.store, device, many(30))
      const from = answererOf(author)
      await takeSpace(reader.taker, repo, from)
      const chunk = await author.source.pull(
        { id: repo, held: undefined, cursor: -1 },
        { caller: { peer: 'x' }, room: RESPONSE_BYTES, alone: true },
      )
      const id = chunk?.snapshots?.[0]?.chunks?.[0]?.id ?? expect.fail()
      expect(await from.chunk(id, { repo })).toBeInstanceOf(Uint8Array)
      expect(await from.chunk(id, { repo: testDevice(6).repo })).toBeUndefined()
      expect(await from.chunk(id, {})).toBeUndefined()
      mayRead = false
      expect(await from.chunk(id, { repo })).toBeUndefined()
      const taken = await takeSpace(reader.taker, repo, from)
      expect(taken).toEqual({ kind: 'revoked', purged: { transfer: false, repo: true } })
      expect(await reader.store.head(repo)).toBeUndefined()
      expect(await contentOf(reader.store, repo)).toEqual({})
    })
  })

  it('takes with it a transfer, and not what others gave too, nor what the author wrote', () => {
    let mayRead = true
    return withPair({ source: { ...PAGES, mayRead: async () => mayRead } }, async (author, reader) => {
      await commitOf(author.store, device, many(30))
      await round(author, reader)
      mayRead = false
      expect(await round(author, reader)).toEqual({
        kind: 'revoked',
        purged: { transfer: true, repo: false },
      })
      expect(await reader.store.take.get(repo)).toBeUndefined()
      mayRead = true
      await takeSpace(reader.taker, repo, answererOf(author))
      const commit = await commitOf(author.store, device, [put(500, 1)])
      await reader.store.apply(repo, { commit, changes: [put(500, 1)], from: 'store' })
      mayRead = false
      expect(await round(author, reader)).toMatchObject({ purged: { repo: false } })
      await expectSame(author, reader)
      expect((await reader.store.head(repo))?.givers).toEqual(['store'])
      // The author's own is nobody's to take.
      expect(
        await round(
          {
            ...reader,
            source: {
              ...reader.source,
              pull: async ({ id, cursor }) => ({
                id,
                cursor,
                status: 'revoked',
                scopes: {},
                bootstrap: false,
                nextCursor: cursor,
                commits: [],
              }),
            },
          },
          author,
        ),
      ).toMatchObject({ purged: { repo: false } })
      expect((await author.store.head(repo))?.records).toBe(31)
    })
  })

  it('keeps a copy that a peer gives no longer, when told to', () =>
    withLevel(async (storage) => {
      const reader = await createReplica(hasty(storage), { taker: { keepsRevoked: async () => true } })
      const empty = await withLevel(async (other) => {
        const author = await createReplica(hasty(other), { name: 'author' })
        await commitOf(author.store, device, many(3))
        await takeSpace(reader.taker, repo, answererOf(author))
        await author.store.drop(repo)
        return takeSpace(reader.taker, repo, answererOf(author))
      })
      expect(empty).toEqual({ kind: 'revoked', purged: { transfer: false, repo: false } })
      expect((await reader.store.head(repo))?.records).toBe(3)
    }))

  it('many repos in one answer of the handler, each a list', () =>
    withPair({}, async (author, reader) => {
      const devices = Array.from({ length: 30 }, (_, n) => testDevice(100 + n))
      for (const one of devices) await commitOf(author.store, one, many(2))
      const handler = createPackHandler({ sources: [author.source] })
      const asks = await Promise.all(devices.map((one) => reader.taker.ask(one.repo, 'author')))
      const request = {
        clientId: 'reader',
        pull: {
          schemaVersion: 1,
          limitCommits: 1,
          subscriptions: asks.map(({ id, cursor }) => ({ id, table: '*', scopes: { repo: id }, cursor })),
        },
      }
      const reply = await handler.answer(utf8(JSON.stringify(request)), { peer: 'reader' })
      if (reply.type !== 'pack') expect.fail(JSON.stringify(reply))
      const answers = decodePack(reply.bytes).pull?.subscriptions ?? []
      expect(answers).toHaveLength(30)
      for (const [n, ask] of asks.entries()) {
        const taken = await reader.taker.take(ask, answers[n] ?? expect.fail(), answererOf(author))
        expect(taken.kind).toBe('moved')
      }
      const prefix = repo.slice(0, repo.lastIndexOf('/') + 1)
      const heads = await reader.store.heads(prefix, { limit: 20 })
      const rest = await reader.store.heads(prefix, { limit: 20, after: heads.at(-1)?.repo ?? '' })
      expect([...heads, ...rest].map((it) => it.repo)).toEqual(devices.map((it) => it.repo).sort())
    }))

  it('no answer where there is no room, and one when it is alone', () =>
    withPair({}, async (author, reader) => {
      const ask = await reader.taker.ask(repo, 'author')
      const at = (room: number, alone: boolean) =>
        author.source.pull(ask, { caller: { peer: 'x' }, room, alone })
      await commitOf(author.store, device, [put(1, 1, 50_000)])
      expect(await at(10_000, false)).toBeUndefined()
      expect((await at(10_000, true))?.commits).toHaveLength(1)
      expect((await at(200_000, false))?.commits).toHaveLength(1)
      await commitOf(author.store, device, [put(2, 2, 500_000)])
      expect((await at(200_000, false))?.bootstrap).toBe(true)
      expect((await at(200_000, true))?.commits).toHaveLength(1)
    }))
})
