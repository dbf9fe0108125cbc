import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { LIVES_FOR, MOST_OF_ADDRESS, MOST_UPLOADS, QUIET_FOR, STEP, TOLD_FOR } from './limits.ts'
import { begin, keepOld, noise, operator, patch, told, withUploads } from './testing/uploads-kit.ts'

describe('uploads are bounded:', () => {
  it('only of what is kept, and no larger than there is room for', () =>
    withUploads(async (kit) => {
      const { alice } = await keepOld(kit)
      const bob = await kit.pds.account({ name: 'bob' })
      const unknown = await begin(kit.url, { did: bob.did, bytes: 100 })
      expect([unknown.response.status, await unknown.response.json()]).toMatchObject([
        404,
        { error: 'sync.not_kept' },
      ])
      // The store of the kit has 1 GiB.
      const huge = await begin(kit.url, { did: alice.did, bytes: 2 ** 30 })
      expect([huge.response.status, await huge.response.json()]).toMatchObject([507, { retryable: true }])
      await kit.store.keep(bob.did, { by: { peer: 'p1' } })
      // And half of that for one peer.
      await kit.restart({ bytesPerPeer: 2 ** 20 })
      const large = await begin(kit.url, { did: bob.did, bytes: 2 ** 21 })
      expect([large.response.status, await large.response.json()]).toMatchObject([413, { retryable: false }])
      for (const plan of [
        {},
        { did: alice.did },
        { did: alice.did, bytes: 0 },
        { did: alice.did, bytes: 1.5 },
        7,
      ])
        expect((await begin(kit.url, plan)).response.status).toBe(400)
      const long = await begin(kit.url, { did: alice.did, bytes: 1, more: 'x'.repeat(5000) })
      expect(long.response.status).toBe(413)
      expect((await fetch(kit.url, { method: 'POST', body: '{}' })).status).toBe(415)
      expect((await fetch(kit.url)).status).toBe(405)
      expect(await readdir(kit.folder)).toEqual([])
    }))

  it('so many of one address, and in all', () =>
    withUploads(async (kit) => {
      const { alice } = await keepOld(kit)
      const plan = { did: alice.did, bytes: 1000 }
      const ats: string[] = []
      for (let i = 0; i < MOST_UPLOADS; i++) {
        const { response, at } = await begin(kit.url, plan, `client ${Math.floor(i / MOST_OF_ADDRESS)}`)
        expect(response.status).toBe(201)
        ats.push(at)
        if (i === MOST_OF_ADDRESS - 1)
          expect((await begin(kit.url, plan, 'client 0')).response.status).toBe(429)
      }
      expect((await begin(kit.url, plan, 'another')).response.status).toBe(429)
      // One that ended, by whatever end, makes room for another.
      expect((await patch(ats[0] ?? '', 0, Buffer.from(noise(1000)))).status).toBe(200)
      expect((await begin(kit.url, plan, 'another')).response.status).toBe(201)
    }))

  it('by how long they live, and how long their end is told', () =>
    withUploads(async (kit) => {
      const { alice } = await keepOld(kit)
      const plan = { did: alice.did, bytes: 1000 }
      const [quiet, busy, over] = await Promise.all([1, 2, 3].map(() => begin(kit.url, plan)))
      if (quiet === undefined || busy === undefined || over === undefined) throw new Error('three')
      await patch(over.at, 0, Buffer.from(noise(1000)))
      kit.timers.pass(QUIET_FOR - 1)
      await patch(busy.at, 0, Buffer.from(noise(10)))
      kit.timers.pass(2)
      expect(TOLD_FOR).toBe(QUIET_FOR)
      // Nobody has to ask for it.
      kit.sweep()
      await expect.poll(async () => (await readdir(kit.folder)).length).toBe(2)
      expect((await fetch(quiet.at)).status).toBe(404)
      expect((await fetch(over.at)).status).toBe(404)
      for (let lived = QUIET_FOR, offset = 10; lived < LIVES_FOR; lived += QUIET_FOR - 1) {
        expect((await patch(busy.at, offset++, Buffer.from(noise(1)))).status).toBe(204)
        kit.timers.pass(QUIET_FOR - 1)
      }
      kit.timers.pass(QUIET_FOR / 2)
      expect((await fetch(busy.at)).status).toBe(404)
      await expect.poll(() => readdir(kit.folder)).toEqual([])
    }))

  it('by the room there is, and they go first when what is kept needs it', () =>
    withUploads(async (kit) => {
      const { alice } = await keepOld(kit)
      const { bytes } = kit.store.usage()
      const limit = bytes + 10 * STEP
      await kit.restart({ bytes: limit })
      const plan = { did: alice.did, bytes: 5 * STEP }
      // What is only announced holds nothing: each of them could come alone.
      const [one, two, three] = await Promise.all([1, 2, 3].map(() => begin(kit.url, plan)))
      if (one === undefined || two === undefined || three === undefined) throw new Error('three')
      const bulk = Buffer.alloc(5 * STEP - 1)
      expect((await patch(one.at, 0, bulk)).status).toBe(204)
      kit.timers.pass(1)
      const refused = await patch(two.at, 0, bulk).then(
        ({ status }) => status,
        () => 507,
      )
      expect(refused).toBe(507)
      expect(Number((await told(two.at))[0])).toBeGreaterThan(3 * STEP)
      expect(kit.store.usage().bytes).toBeLessThanOrEqual(limit)
      // A repo that someone asks for: the one that was quiet longest goes for it.
      const bob = await kit.pds.account({ name: 'bob', records: 4000 })
      await kit.store.keep(bob.did, operator)
      expect((await kit.store.head(bob.did))?.head.rev).toBe(bob.repo.rev)
      expect(kit.logged).toContain('uploads.let-go')
      expect(kit.store.usage().bytes).toBeLessThanOrEqual(limit)
      const statuses = [one, two, three].map(async ({ at }) => (await fetch(at)).status)
      expect(await Promise.all(statuses)).toEqual([404, 200, 200])
    }))
})
