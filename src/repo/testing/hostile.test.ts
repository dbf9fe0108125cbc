import { fromUint8Array } from '@atcute/car'
import { type Bytes, decode, encode, fromBytes } from '@atcute/cbor'
import { verifySigWithDidKey } from '@atcute/crypto'
import { MemoryBlockStore, NodeStore, NodeWalker } from '@atcute/mst'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import { cidKey, cidText } from './cid.ts'
import { hostileCommits } from './hostile-commits.ts'
import { refuse } from './hostile-craft.ts'
import { hostileNodes } from './hostile-nodes.ts'
import { hostilePaths, hostileRecords } from './hostile-records.ts'
import { hostileTrees } from './hostile-trees.ts'
import { hostileCars, legalCars } from './hostile.ts'

/** Codes under which the commit itself is at fault. */
const COMMIT_CODES = new Set([
  'repo.bad-signature',
  'repo.high-s',
  'repo.did-mismatch',
  'repo.commit-version',
  'repo.commit-malformed',
  'repo.rev-malformed',
])

async function signed(car: Uint8Array, didKey: string): Promise<boolean> {
  const reader = fromUint8Array(car)
  const root = reader.roots[0]?.$link
  const commit = [...reader].find((entry) => cidText(entry.cid.bytes) === root)
  if (commit === undefined) return false
  const { sig, ...unsigned } = decode(commit.bytes) as { sig: Bytes } & Record<string, unknown> // a commit by its making
  return verifySigWithDidKey(didKey, new Uint8Array(fromBytes(sig)), encode(unsigned))
}

describe('hostileCars', () => {
  it('has a name of its own and a repo code for every case', () => {
    const cars = hostileCars()
    expect(cars.length).toBeGreaterThan(200)
    expect(new Set(cars.map((one) => one.name)).size).toBe(cars.length)
    for (const { code } of cars) expect(code).toMatch(/^repo\.[a-z-]+$/)
  })

  it('is correctly signed where the signature is not the fault', async () => {
    const cases = refuse([...hostileTrees(), ...hostileNodes(), ...hostilePaths(), ...hostileRecords()])
    for (const { name, car, didKey } of cases) expect([name, await signed(car, didKey)]).toEqual([name, true])
  })

  it('has blocks that hash to their CIDs where the hash is not the fault', () => {
    const cases = [
      ...hostileCommits(),
      ...hostileTrees(),
      ...hostileNodes(),
      ...hostilePaths(),
      ...hostileRecords(),
    ]
    for (const { name, car } of cases) {
      for (const { cid, bytes } of fromUint8Array(car)) {
        expect([name, Buffer.from(cid.digest.contents).equals(sha256(bytes))]).toEqual([name, true])
      }
    }
  })

  it('puts the blame for commits on the commit', () => {
    for (const { name, code } of hostileCommits())
      expect([name, COMMIT_CODES.has(code)]).toEqual([name, true])
  })
})

describe('legalCars', () => {
  it.each(legalCars())('$name: signed, and another library finds every record', async (one) => {
    expect(await signed(one.car, one.didKey)).toBe(true)
    const blocks = new MemoryBlockStore()
    const held = new Map<string, Uint8Array>()
    for (const { cid, bytes } of fromUint8Array(one.car)) {
      await blocks.put(cidText(cid.bytes), new Uint8Array(bytes))
      held.set(cidKey(cid.bytes), bytes)
    }
    const walker = await NodeWalker.create(new NodeStore(blocks), cidText(one.root))
    const found: string[] = []
    for await (const [path, { $link }] of walker.entries()) {
      found.push(path)
      expect(await blocks.has($link)).toBe(true)
    }
    expect(found).toEqual(one.records.map((record) => record.path))
  })
})
