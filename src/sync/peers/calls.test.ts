import { describe, expect, it } from 'vitest'
import { clearDamage } from '../damage.ts'
import { headOf } from '../kept.ts'
import { pullPages } from '../pages/pull-pages.ts'
import { REPO_SYNC_PROTOCOL } from '../repo-sync/protocol.ts'
import { serveRepoSync } from '../repo-sync/serve.ts'
import { deleteRepo } from '../keep.ts'
import { createPeerCalls } from './calls.ts'
import { contents, wanted } from '../testing/sync-kit.ts'
import { verifyHead } from '../verify-head.ts'
import { type EngineKit, lies, withEngine } from './testing/engine-kit.ts'

const never = { after: () => () => {} }

const expectNewest = async ({ b, alice }: EngineKit): Promise<void> => {
  const head = await headOf(b.storage, alice.did)
  if (head === undefined) throw new Error('no head')
  expect(await contents(b.storage, head)).toEqual(wanted(alice.repo))
}

describe('a repo comes', () => {
  it('as what changed, where a head is kept', () =>
    withEngine(async (kit) => {
      const { a, b, alice, calls, candidate } = kit
      const { way } = await calls.pull([candidate(a)], alice.did, b.work())
      expect(way).toEqual({ peer: a.id, rung: 'difference', resumed: false, tried: [] })
      await expectNewest(kit)
    }))

  it('by pages, where none is, or where an import was cut off', () =>
    withEngine(async (kit) => {
      const { a, b, c, pds, alice, calls, candidate } = kit
      const { did } = alice
      await deleteRepo(b.storage, did, b.work())
      lies(c, a, ({ request, turn, head, bytes }) =>
        request.type === 'page' && turn > 1 ? undefined : { head, bytes },
      )
      const cut = { did, sources: [c.source(b)], work: b.work(), label: '', pageBytes: 2000 }
      await expect(pullPages(b.host, pds.endpoints, cut)).rejects.toMatchObject({ fields: { peer: c.id } })
      expect(await b.storage.get('imports', did)).toBeDefined()
      const { way } = await calls.pull([candidate(a)], did, b.work())
      expect(way).toEqual({ peer: a.id, rung: 'pages', resumed: true, tried: [] })
      await expectNewest(kit)
    }))

  it('by pages, where the difference is more than is held in memory, and nobody is blamed', () =>
    withEngine(
      async (kit) => {
        const { a, b, alice, calls, candidate } = kit
        const blamed: string[] = []
        const pulled = await calls.pull([candidate(a)], alice.did, b.work(), (peer) => void blamed.push(peer))
        expect(pulled.way).toMatchObject({
          rung: 'pages',
          tried: [{ rung: 'difference', peer: undefined, code: 'net.limit' }],
        })
        expect(blamed).toEqual([])
        expect(b.timers.slept).toEqual([])
        await expectNewest(kit)
      },
      { nodeBytes: 1 },
    ))

  it('from a store as one download, and by pages where that does not do', () =>
    withEngine(async (kit) => {
      const { a, b, pds, alice } = kit
      const from = async (url: string) => {
        await deleteRepo(b.storage, alice.did, b.work())
        const { host, net } = b
        const endpoints = async () => pds.endpoints
        const calls = createPeerCalls({ host, net, endpoints, lookup: async () => [], storeUrl: () => url })
        const store = { ...kit.candidate(a), kind: 'store' } as const
        const { way } = await calls.pull([store], alice.did, b.work())
        await expectNewest(kit)
        return way
      }
      const url = `${pds.origin}/`
      const own = { peer: a.id, resumed: false }
      expect(await from(url)).toEqual({ ...own, url, rung: 'http', tried: [] })
      expect(await from(`${url}away/`)).toEqual({
        ...{ ...own, url: `${url}away/`, rung: 'pages' },
        tried: [{ rung: 'http', peer: a.id, code: 'net.refused' }],
      })
    }))

  it('by pages from where a store fell silent in the midst of its download', () =>
    withEngine(async (kit) => {
      const { a, b, pds, alice } = kit
      await deleteRepo(b.storage, alice.did, b.work())
      let isGivenUp = false
      const fetch: typeof b.host.fetch = async (url, init) => {
        const response = await b.host.fetch(url, init)
        if (!url.includes('getRepo')) return response
        const car = new Uint8Array(await response.arrayBuffer())
        const half = new ReadableStream({
          start: (body) => body.enqueue(car.subarray(0, car.length / 2)),
          async pull() {
            while (!isGivenUp) {
              await new Promise((later) => setTimeout(later, 5))
              b.timers.fire(60_000)
            }
          },
          cancel: () => void (isGivenUp = true),
        })
        return new Response(half)
      }
      const calls = createPeerCalls({
        ...{ host: { ...b.host, fetch }, net: b.net, lookup: async () => [] },
        ...{ endpoints: async () => pds.endpoints, storeUrl: () => `${pds.origin}/` },
      })
      const store = { ...kit.candidate(a), kind: 'store' } as const
      const { way } = await calls.pull([store], alice.did, b.work())
      expect(way).toMatchObject({ rung: 'pages', tried: [{ rung: 'http', peer: a.id, code: 'net.timeout' }] })
      expect(isGivenUp).toBe(true)
      await expectNewest(kit)
    }))

  it('as one stream from a node of another kind, which is told of when it is wrong', () =>
    withEngine(async (kit) => {
      const { b, c, d, alice, calls, candidate } = kit
      const serve = serveRepoSync({ storage: c.storage, timers: never })
      c.net.handle(REPO_SYNC_PROTOCOL, serve)
      const { way } = await calls.pull([candidate(c)], alice.did, b.work())
      expect(way).toEqual({
        peer: c.id,
        rung: 'repo-sync',
        resumed: false,
        tried: [{ rung: 'difference', peer: c.id, code: 'net.unsupported' }],
      })
      await expectNewest(kit)
      await deleteRepo(b.storage, alice.did, b.work())
      d.net.handle(REPO_SYNC_PROTOCOL, async (stream) => {
        await stream.write(Uint8Array.of(0, ...new Uint8Array(200).fill(9)))
        await stream.closeWrite()
      })
      await expect(calls.pull([candidate(d)], alice.did, b.work())).rejects.toMatchObject({
        code: expect.stringMatching(/^repo\./) as string,
        fields: { peer: d.id },
      })
    }))
})

it('a damaged disk is told as such, and no peer is blamed for it', () =>
  withEngine(async ({ a, b, alice, calls, engine, candidate, pulls, row, rev }) => {
    const before = await rev()
    for (const key of await b.storage.byteKeys({ from: 'seg/', to: 'seg0' })) {
      const parts = [new Uint8Array((await b.storage.readBytes(key)).length)]
      await b.storage.write([{ type: 'put-bytes', key, parts }])
    }
    const blamed: string[] = []
    const onOut = (peer: string): void => void blamed.push(peer)
    await expect(calls.pull([candidate(a)], alice.did, b.work(), onOut)).rejects.toMatchObject({
      code: 'storage.corrupt',
      fields: { did: alice.did },
    })
    expect(blamed).toEqual([])
    // As if it had not been noted: the next pull would lean on nothing that is here.
    await clearDamage(b.storage, alice.did)
    await engine.meet(candidate(a), [alice.did])
    await engine.idle()
    expect(pulls).toEqual(['storage.corrupt'])
    expect(await row(a)).toMatchObject({ failures: 0, retryAt: undefined })
    expect(await rev()).toBe(before)
    const { way } = await calls.pull([candidate(a)], alice.did, b.work())
    expect(way).toMatchObject({ peer: a.id, rung: 'pages' })
    await verifyHead(b.host, alice.did, b.work())
    expect(await rev()).toBe(alice.repo.rev)
  }))

it('a damaged copy is taken anew from a peer that has the same', () =>
  withEngine(async ({ a, b, alice, calls, candidate }) => {
    await calls.pull([candidate(a)], alice.did, b.work())
    for (const key of await b.storage.byteKeys({ from: 'seg/', to: 'seg0' }))
      await b.storage.write([{ type: 'delete-bytes', key }])
    await expect(verifyHead(b.host, alice.did, b.work())).rejects.toMatchObject({
      code: 'storage.segment-gone',
    })
    const { result, way } = await calls.pull([candidate(a)], alice.did, b.work())
    expect(way).toMatchObject({ peer: a.id, rung: 'pages' })
    expect(result.snapshot?.rev).toBe(alice.repo.rev)
    await verifyHead(b.host, alice.did, b.work())
    expect((await calls.pull([candidate(a)], alice.did, b.work())).result.snapshot).toBeUndefined()
  }))

it('heads tell what is held of each repo; what is no rev is no word at all', () =>
  withEngine(async ({ a, c, alice, calls, candidate }) => {
    const { signal } = new AbortController()
    const head = (await calls.heads(candidate(a), [alice.did], signal))[0]
    expect(head).toEqual({ did: alice.did, rev: alice.repo.rev, commit: head?.commit, partial: false })
    lies(c, a, ({ head: told }) => ({
      head: { heads: (told['heads'] as object[]).map((it) => ({ ...it, rev: 'zzzzzzzzzzzzzzzzz' })) },
      bytes: undefined,
    }))
    expect(await calls.heads(candidate(c), [alice.did], signal)).toEqual([])
    expect(calls.connected(a.id)).toBe(true)
    expect(calls.direct('nobody')).toBe(false)
  }))
