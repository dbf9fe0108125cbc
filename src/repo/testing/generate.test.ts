import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromUint8Array } from '@atcute/car'
import { type CidLink, decode, encode, fromBytes, type Bytes } from '@atcute/cbor'
import { fromString, toCidLink } from '@atcute/cid'
import { verifySigWithDidKey } from '@atcute/crypto'
import { MemoryBlockStore, NodeStore, NodeWalker, NodeWrangler } from '@atcute/mst'
import { describe, expect, it } from 'vitest'
import { describeWithFixtures } from '../../core/testing/fixtures.ts'
import { joinBytes } from './car.ts'
import { cidText } from './cid.ts'
import { editRepo } from './edit.ts'
import { generateRepo } from './generate.ts'
import type { BlockOrder, TestRepo } from './repo.ts'
import { buildTree, keyLayer, type TreeEntry } from './tree.ts'

const ORDERS: readonly BlockOrder[] = ['preorder', 'reversed', 'shuffled', 'revision']

/** The root that another library's tree has after putting every record, one by one. */
async function rootByInsertion(entries: readonly TreeEntry[]): Promise<string> {
  const wrangler = new NodeWrangler(new NodeStore(new MemoryBlockStore()))
  let root: string | null = null
  for (const { path, cid } of entries)
    root = await wrangler.putRecord(root, path, toCidLink(fromString(cidText(cid))))
  return root ?? ''
}

async function signatureHolds(repo: TestRepo): Promise<boolean> {
  const { sig, ...unsigned } = decode(repo.commitBytes) as { sig: Bytes } & Record<string, unknown> // as written by signRepo
  return verifySigWithDidKey(repo.didKey, new Uint8Array(fromBytes(sig)), encode(unsigned))
}

function blockCids(car: Uint8Array): string[] {
  return [...fromUint8Array(car)].map((entry) => cidText(entry.cid.bytes))
}

describe('generateRepo', () => {
  it('has the root that another library computes by inserting the records', async () => {
    const repo = generateRepo({ seed: 'insertion', records: 400 })
    expect(cidText(repo.root)).toBe(await rootByInsertion(repo.records))
  })

  it.each(['p256', 'k256'] as const)('is signed with a %s key', async (curve) => {
    expect(await signatureHolds(generateRepo({ seed: curve, records: 3, curve }))).toBe(true)
  })

  it('gives the same bytes for the same options, and others for another seed', () => {
    const car = (seed: number): Uint8Array => joinBytes(generateRepo({ seed, records: 200 }).car())
    expect(car(5)).toEqual(car(5))
    expect(car(5)).not.toEqual(car(6))
  })

  it('writes the same blocks in every order, in chunks of 64 KB', () => {
    const repo = generateRepo({ seed: 'orders', records: 500 })
    const expected = blockCids(joinBytes(repo.car('preorder')))
    const seen = ORDERS.map((order) => blockCids(joinBytes(repo.car(order))))
    for (const cids of seen) expect(cids.toSorted()).toEqual(expected.toSorted())
    expect(new Set(seen.map((cids) => cids.join())).size).toBe(ORDERS.length)
    const chunks = [...repo.car()].map((chunk) => chunk.length)
    expect(new Set(chunks.slice(0, -1))).toEqual(new Set([64 * 1024]))
  })

  it('has records of the wanted mean size and the mix of a real account', () => {
    const repo = generateRepo({ seed: 'mean', records: 5000 })
    const bytes = [...repo.car()].reduce((sum, chunk) => sum + chunk.length, 0)
    expect(bytes / 5000).toBeGreaterThan(350)
    expect(bytes / 5000).toBeLessThan(364)
    const share = (collection: string): number =>
      repo.records.filter((record) => record.path.startsWith(`${collection}/`)).length / 5000
    expect(share('app.bsky.feed.like')).toBeCloseTo(0.6, 1)
    expect(share('app.bsky.feed.post')).toBeCloseTo(0.2, 1)
    expect(share('com.example.journal.entry')).toBeGreaterThan(0)
    expect(share('app.bsky.actor.profile')).toBe(1 / 5000)
  })
})

describe('editRepo', () => {
  it('gives a later signed commit, and a since CAR of just the blocks that are new', async () => {
    const repo = generateRepo({ seed: 'edit', records: 300 })
    const next = editRepo(repo, { create: 2, update: 1, delete: 1 })
    expect(next.rev > repo.rev).toBe(true)
    expect(next.records).toHaveLength(301)
    expect(await signatureHolds(next)).toBe(true)
    expect(cidText(next.root)).toBe(await rootByInsertion(next.records))
    const old = new Set(blockCids(joinBytes(repo.car())))
    const since = blockCids(joinBytes(next.sinceCar()))
    expect(since.some((cid) => old.has(cid))).toBe(false)
    expect([...old, ...since]).toEqual(expect.arrayContaining(blockCids(joinBytes(next.car()))))
  })

  it('lets two paths share a CID, whose block then comes once or not at all', () => {
    const repo = generateRepo({ seed: 'share', records: 20 })
    const source = repo.records[7]?.path ?? ''
    const next = editRepo(repo, { create: [{ path: 'app.example.copy/one', copyOf: source }] })
    const cid = cidText(repo.records[7]?.cid ?? new Uint8Array())
    expect(next.records.filter((record) => cidText(record.cid) === cid)).toHaveLength(2)
    expect(blockCids(joinBytes(next.car())).filter((one) => one === cid)).toHaveLength(1)
    expect(blockCids(joinBytes(next.sinceCar()))).not.toContain(cid)
  })
})

describeWithFixtures('trees of the shared fixtures', (dir) => {
  it('puts keys on the layers of the interop list', () => {
    const text = readFileSync(join(dir, 'atproto-interop-tests/mst/key_heights.json'), 'utf8')
    const list = JSON.parse(text) as { key: string; height: number }[] // the list's own shape
    for (const { key, height } of list) expect([key, keyLayer(key)]).toEqual([key, height])
    expect(list.length).toBeGreaterThan(5)
  })

  it('builds the roots of the exhaustive trees from their keys', async () => {
    const files = readdirSync(join(dir, 'mst/cars')).filter((name) => name.endsWith('.car'))
    expect(files.length).toBeGreaterThan(100)
    for (const name of files) {
      const car = fromUint8Array(readFileSync(join(dir, 'mst/cars', name)))
      const store = new MemoryBlockStore()
      for (const { cid, bytes } of car) await store.put(cidText(cid.bytes), new Uint8Array(bytes))
      const root = (car.roots[0] as CidLink).$link // each of these files has the tree's root as its root
      const walker = await NodeWalker.create(new NodeStore(store), root)
      const entries: TreeEntry[] = []
      for await (const [path, value] of walker.entries())
        entries.push({ path, cid: fromString(value.$link).bytes })
      expect([name, cidText(buildTree(entries).cid)]).toEqual([name, root])
    }
  })
})
