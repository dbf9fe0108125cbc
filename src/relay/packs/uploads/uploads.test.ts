import { hash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contents, wanted } from '../../../sync/testing/sync-kit.ts'
import { nameOf } from '../../../sync/packs/testing/push-kit.ts'
import type { TestAccount } from '../../../sync/testing/account.ts'
import type { TestRepo } from '../../../repo/testing/repo.ts'
import { LIVES_FOR, MOST_OF_ADDRESS, MOST_UPLOADS, QUIET_FOR, STEP, TOLD_FOR } from './limits.ts'
import { begin, carOf, hang, noise, patch, told, upload, type UploadsKit, withUploads } from './testing/uploads-kit.ts'

const operator = { by: 'operator' } as const

/** Keeps an account's repo, and lets it have a newer one of which the store knows nothing. */
async function keepOld(
  { pds, store }: UploadsKit,
  name = 'alice',
  create = 300,
): Promise<{ readonly alice: TestAccount; readonly old: TestRepo; readonly next: TestRepo }> {
  const alice = await pds.account({ name })
  await store.keep(alice.did, operator)
  await store.idle()
  const old = alice.repo
  return { alice, old, next: alice.commit({ create, update: 2, delete: 1 }) }
}

async function expectKept({ store }: UploadsKit, repo: TestRepo): Promise<void> {
  const head = (await store.head(repo.did))?.head
  if (head === undefined) throw new Error('not kept')
  expect(head.commitCid).toBe(nameOf(repo).commit)
  expect(await contents(store.storage, head)).toEqual(wanted(repo))
}

describe('an upload', () => {
  it('comes in pieces, and is taken in when it is whole', () =>
    withUploads(async (kit) => {
      const { old, next } = await keepOld(kit)
      const before = kit.store.usage().bytes
      const car = carOf(next, 'shuffled')
      const sha256 = hash('sha256', car)
      const { response, at } = await begin(kit.url, { did: next.did, bytes: car.length, sha256 })
      expect(response.status).toBe(201)
      expect(response.headers.get('location')).toMatch(/^\/sync\/uploads\/[0-9a-f]{32}$/)
      expect(await told(at)).toEqual(['0', String(car.length), 'receiving', null])
      const size = Math.ceil(car.length / 5)
      for (let offset = 0; offset < car.length; offset += size) {
        const piece = car.subarray(offset, offset + size)
        const answer = await patch(at, offset, piece)
        const end = offset + piece.length
        expect(answer.headers.get('upload-offset')).toBe(String(end))
        if (end < car.length) {
          expect(answer.status).toBe(204)
          await expectKept(kit, old)
        } else {
          expect(answer.status).toBe(200)
          expect(await answer.json()).toMatchObject({ status: 'applied', offset: end, did: next.did })
        }
      }
      await expectKept(kit, next)
      expect(await told(at)).toEqual([String(car.length), String(car.length), 'applied', null])
      expect(await readdir(kit.folder)).toEqual([])
      // What it held while it came is given back.
      await kit.store.idle()
      const { bytes } = kit.store.usage()
      await kit.restart()
      await kit.store.idle()
      expect(kit.store.usage().bytes).toBe(bytes)
      expect(bytes).toBeGreaterThan(before)
    }))

  it('that broke off goes on where it was, also when the line is not known to be broken', () =>
    withUploads(async (kit) => {
      const { next } = await keepOld(kit)
      const car = carOf(next)
      const { at } = await begin(kit.url, { did: next.did, bytes: car.length })
      const broken = await hang(at, 0, car.length, car.subarray(0, 1000))
      await expect.poll(() => told(at)).toEqual(['1000', String(car.length), 'receiving', null])
      broken.abort()
      await broken.closed
      const silent = await hang(at, 1000, car.length - 1000, car.subarray(1000, 3000))
      await expect.poll(() => told(at)).toEqual(['3000', String(car.length), 'receiving', null])
      expect(await (await patch(at, 3000, car.subarray(3000))).json()).toMatchObject({ status: 'applied' })
      // Whoever went on took its place.
      await silent.closed
      await expectKept(kit, next)
    }))

  it('survives a restart, half come and wholly come', () =>
    withUploads(async (kit) => {
      const { next } = await keepOld(kit)
      const car = carOf(next)
      const { at } = await begin(kit.url, { did: next.did, bytes: car.length })
      await patch(at, 0, car.subarray(0, 5000))
      const { bytes } = kit.store.usage()
      await writeFile(join(kit.folder, `${'0'.repeat(32)}.json`), '{')
      await kit.restart()
      await kit.store.idle()
      expect(kit.store.usage().bytes).toBe(bytes)
      expect((await readdir(kit.folder)).length).toBe(2)
      expect(await told(at)).toEqual(['5000', String(car.length), 'receiving', null])
      // As if the process had ended between the last byte and taking it in.
      await kit.uploads.close()
      const [name = ''] = (await readdir(kit.folder)).filter((it) => it.endsWith('.car'))
      await writeFile(join(kit.folder, name), car)
      await kit.restart()
      await expect.poll(() => told(at)).toEqual([String(car.length), String(car.length), 'applied', null])
      await expectKept(kit, next)
    }))

  it('goes on nowhere but at its end, and takes no more than was announced', () =>
    withUploads(async (kit) => {
      const { next } = await keepOld(kit)
      const car = carOf(next)
      const { at } = await begin(kit.url, { did: next.did, bytes: car.length })
      await patch(at, 0, car.subarray(0, 100))
      for (const offset of [0, 99, 101, car.length]) {
        const answer = await patch(at, offset, car.subarray(offset, offset + 10))
        expect([answer.status, answer.headers.get('upload-offset')]).toEqual([409, '100'])
      }
      expect((await patch(at, 100, new Uint8Array(car.length - 99))).status).toBe(413)
      expect(await told(at)).toEqual(['100', String(car.length), 'receiving', null])
      const headers = { 'content-type': 'application/octet-stream', 'upload-offset': '100' }
      expect((await fetch(at, { method: 'PATCH', headers, body: 'x' })).status).toBe(415)
      const bare = { 'content-type': 'application/offset+octet-stream' }
      expect((await fetch(at, { method: 'PATCH', headers: bare, body: 'x' })).status).toBe(400)
      expect((await fetch(at, { method: 'PUT' })).status).toBe(405)
      expect(await (await patch(at, 100, car.subarray(100))).json()).toMatchObject({ status: 'applied' })
      // Said once more, as after an answer that was lost.
      expect(await (await patch(at, car.length, new Uint8Array())).json()).toMatchObject({ status: 'applied' })
    }))

  it('can be let go', () =>
    withUploads(async (kit) => {
      const { next } = await keepOld(kit)
      const car = carOf(next)
      const before = kit.store.usage().bytes
      const { at } = await begin(kit.url, { did: next.did, bytes: car.length })
      const open = await hang(at, 0, car.length, car.subarray(0, 1000))
      await expect.poll(async () => (await told(at))[0]).toBe('1000')
      expect(kit.store.usage().bytes).toBeGreaterThan(before)
      expect((await fetch(at, { method: 'DELETE' })).status).toBe(204)
      await open.closed
      expect((await fetch(at)).status).toBe(404)
      expect((await patch(at, 1000, car.subarray(1000))).status).toBe(404)
      expect(await readdir(kit.folder)).toEqual([])
      expect(kit.store.usage().bytes).toBe(before)
    }))
})

describe('what is uploaded is proven as if it were pushed:', () => {
  it('garbage, damage, part of it, another hash and another repo are rejected, and change nothing', () =>
    withUploads(async (kit) => {
      const { alice, old, next } = await keepOld(kit)
      const car = carOf(next)
      const damaged = Buffer.from(car)
      damaged[car.length - 20] = (damaged[car.length - 20] ?? 0) ^ 1
      const part = car.subarray(0, car.length / 2)
      const bob = await kit.pds.account({ name: 'bob' })
      const before = kit.store.usage().bytes
      for (const bytes of [noise(5000), damaged, part])
        expect(await upload(kit.url, alice.did, Buffer.from(bytes))).toMatchObject({
          status: 'rejected',
          code: 'sync.integrity_rejected',
          retriable: false,
        })
      expect(await upload(kit.url, alice.did, carOf(bob.repo))).toMatchObject({
        status: 'rejected',
        code: 'sync.invalid_request',
      })
      const plan = { did: alice.did, bytes: car.length, sha256: hash('sha256', damaged) }
      const { at } = await begin(kit.url, plan)
      expect((await patch(at, 0, car)).headers.get('upload-code')).toBe('sync.integrity_rejected')
      await expectKept(kit, old)
      await kit.store.idle()
      expect(kit.store.usage().bytes).toBe(before)
      expect(await readdir(kit.folder)).toEqual([])
    }))

  it('the kept head and what was one are cached, an older one is stale, another of the same rev equivocates', () =>
    withUploads(async (kit) => {
      const { alice, old, next } = await keepOld(kit)
      expect(await upload(kit.url, alice.did, carOf(next))).toMatchObject({ status: 'applied' })
      expect(await upload(kit.url, alice.did, carOf(next))).toMatchObject({ status: 'cached' })
      expect(await upload(kit.url, alice.did, carOf(old))).toMatchObject({ status: 'cached' })
      const bob = await kit.pds.account({ name: 'bob' })
      const first = bob.repo
      bob.commit({ create: 1 })
      await kit.store.keep(bob.did, operator)
      expect(await upload(kit.url, bob.did, carOf(first))).toMatchObject({
        status: 'rejected',
        code: 'sync.stale_rev',
      })
      await expectKept(kit, next)
    }))

  it('of two uploads of one repo each has its own end', () =>
    withUploads(async (kit) => {
      const { alice, next } = await keepOld(kit)
      const last = alice.commit({ create: 250 })
      const cars = [carOf(next), carOf(last)]
      const both = await Promise.all(cars.map((car) => begin(kit.url, { did: alice.did, bytes: car.length })))
      const answers = await Promise.all(
        both.map(async ({ at }, i) => (await patch(at, 0, cars[i] ?? Buffer.alloc(0))).json()),
      )
      expect(answers[1]).toMatchObject({ status: 'applied' })
      // Whichever was whole first.
      expect([{ status: 'applied' }, { code: 'sync.stale_rev' }]).toContainEqual(
        expect.objectContaining(answers[0].status === 'applied' ? { status: 'applied' } : { code: answers[0].code }),
      )
      await expectKept(kit, last)
    }))
})

describe('uploads are bounded:', () => {
  it('only of what is kept, and no larger than there is room for', () =>
    withUploads(async (kit) => {
      const { alice } = await keepOld(kit)
      const bob = await kit.pds.account({ name: 'bob' })
      const unknown = await begin(kit.url, { did: bob.did, bytes: 100 })
      expect([unknown.response.status, await unknown.response.json()]).toMatchObject([404, { error: 'sync.not_kept' }])
      // The store of the kit has 1 GiB.
      const huge = await begin(kit.url, { did: alice.did, bytes: 2 ** 30 })
      expect([huge.response.status, await huge.response.json()]).toMatchObject([507, { retryable: true }])
      await kit.store.keep(bob.did, { by: { peer: 'p1' } })
      // And half of that for one peer.
      await kit.restart({ bytesPerPeer: 2 ** 20 })
      const large = await begin(kit.url, { did: bob.did, bytes: 2 ** 21 })
      expect([large.response.status, await large.response.json()]).toMatchObject([413, { retryable: false }])
      for (const plan of [{}, { did: alice.did }, { did: alice.did, bytes: 0 }, { did: alice.did, bytes: 1.5 }, 7])
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
        if (i === MOST_OF_ADDRESS - 1) expect((await begin(kit.url, plan, 'client 0')).response.status).toBe(429)
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
      expect([(await fetch(one.at)).status, (await fetch(three.at)).status]).toContain(404)
    }))
})
