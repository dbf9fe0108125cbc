import { hash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { editRepo } from '../../../repo/testing/edit.ts'
import {
  begin,
  carOf,
  expectKept,
  hang,
  keepOld,
  noise,
  operator,
  patch,
  told,
  upload,
  withUploads,
} from './testing/uploads-kit.ts'

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
      expect(await (await patch(at, car.length, new Uint8Array())).json()).toMatchObject({
        status: 'applied',
      })
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
      const other = editRepo(old, { create: 2 })
      expect(other.rev).toBe(next.rev)
      expect(await upload(kit.url, alice.did, carOf(other))).toMatchObject({
        status: 'rejected',
        code: 'sync.equivocation',
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
      expect(['applied', 'sync.stale_rev']).toContain(answers[0].code ?? answers[0].status)
      await expectKept(kit, last)
    }))
})
