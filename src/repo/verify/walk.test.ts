import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import { createCarReader } from '../car/reader.ts'
import { parseCommit } from '../commit.ts'
import type { Place } from '../mst/stored.ts'
import { joinBytes } from '../testing/car.ts'
import { editRepo } from '../testing/edit.ts'
import { generateRepo } from '../testing/generate.ts'
import { createPrng } from '../testing/prng.ts'
import type { BlockOrder, TestRepo } from '../testing/repo.ts'
import { createIntake, type Intake } from './intake.ts'
import { createTreeWalk } from './walk.ts'
import type { TreeWalk } from './walk-model.ts'

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
const ORDERS: readonly BlockOrder[] = ['preorder', 'reversed', 'shuffled', 'revision']

interface Host {
  readonly intake: Intake
  readonly walk: TreeWalk
  /** nodes in the order they were proven: layer and digest */
  readonly nodes: readonly string[]
  /** records kept, in order */
  readonly kept: readonly string[]
  readonly mostMemory: number
  readonly spilledPages: number
  push(chunk: Uint8Array): void
}

/** A receiver that keeps its disk in memory, over the tree of `repo`. */
function host(repo: TestRepo, nodeBudget = 32 << 20, seed = 1): Host {
  const disk = new Map<number, Uint8Array<ArrayBuffer>>()
  const nodes: string[] = []
  const kept: string[] = []
  let mostMemory = 0
  let offset = 0
  const intake = createIntake({
    sha256,
    seed,
    nodeBudget,
    sink: {
      segment: 3,
      keep(bytes, digestAt, from, to) {
        kept.push(toHex(bytes.subarray(digestAt, digestAt + 32)))
        offset += to - from
        return offset
      },
    },
  })
  const walk = createTreeWalk({
    root: parseCommit(repo.commitBytes).data,
    blocks: intake,
    sha256,
    sink: {
      node(_stored, digest, layer): Place {
        nodes.push(`${layer} ${toHex(digest)}`)
        const place = { segment: 4, offset: nodes.length, length: 1 }
        intake.nodeDone(digest, place)
        return place
      },
    },
  })
  const spill = () => {
    for (const { page, bytes } of intake.arena.overBudget()) {
      disk.set(page, bytes.slice())
      intake.arena.spilled(page)
    }
    mostMemory = Math.max(mostMemory, intake.arena.bytesInMemory)
  }
  const car = createCarReader({ header: () => {}, block: (...block) => void intake.block(...block) })
  return {
    intake,
    walk,
    nodes,
    kept,
    get mostMemory() {
      return mostMemory
    },
    get spilledPages() {
      return disk.size
    },
    push(chunk) {
      car.push(chunk)
      for (let state = walk.advance(); state === 'elsewhere' || state === 'more'; state = walk.advance()) {
        if (state === 'more') continue
        const bytes = disk.get(intake.wantedPage)
        if (bytes === undefined) throw new Error('a page was neither in memory nor spilled')
        intake.arena.restore(intake.wantedPage, bytes)
        spill()
      }
      spill()
    },
  }
}

function* chunks(car: Uint8Array, size: () => number): Generator<Uint8Array> {
  for (let at = 0; at < car.length;) {
    const end = Math.min(car.length, at + size())
    yield car.slice(at, end)
    at = end
  }
}

const summary = ({ walk, nodes }: Host) => ({
  records: walk.records,
  collections: walk.collections,
  nodes,
  sum: [walk.root?.layer, walk.root?.records, walk.root?.bytes],
})

describe('a walk', () => {
  const repo = generateRepo({ seed: 'walk', records: 400 })
  const small = generateRepo({ seed: 'walk/small', records: 12 })
  const collectionsOf = (of: TestRepo) => {
    const out = new Map<string, { nsid: string; records: number; bytes: number }>()
    for (const { path, bytes } of of.records) {
      const nsid = path.slice(0, path.indexOf('/'))
      const it = out.get(nsid) ?? { nsid, records: 0, bytes: 0 }
      out.set(nsid, { nsid, records: it.records + 1, bytes: it.bytes + bytes.length })
    }
    return [...out.values()]
  }
  const whole = host(repo)
  for (const chunk of repo.car('preorder')) whole.push(chunk)

  it('counts what the repository has', () => {
    expect(whole.walk.records).toBe(400)
    expect(whole.walk.collections).toEqual(collectionsOf(repo))
    expect(whole.walk.root).toMatchObject({
      layer: repo.tree.layer,
      records: 400,
      bytes: repo.records.reduce((sum, it) => sum + it.bytes.length, 0),
    })
    expect(whole.walk.wanted()).toBeUndefined()
  })

  it.each(ORDERS)('proves the same from a CAR in %s order, in any chunks', (order) => {
    const car = joinBytes(repo.car(order))
    const prng = createPrng(`walk/${order}`)
    for (const size of [() => car.length, () => 64 * 1024, () => 1 + prng.int(700)]) {
      const it = host(repo, undefined, prng.int(2 ** 32))
      for (const chunk of chunks(car, size)) it.push(chunk)
      expect(it.walk.advance()).toBe('done')
      expect(summary(it)).toEqual(summary(whole))
    }
  })

  it.each(ORDERS)('takes single bytes in %s order', (order) => {
    const it = host(small)
    for (const chunk of chunks(joinBytes(small.car(order)), () => 1)) it.push(chunk)
    expect(it.walk.advance()).toBe('done')
    expect(it.walk.collections).toEqual(collectionsOf(small))
  })

  it('proves a CAR in preorder while it streams', () => {
    const car = joinBytes(repo.car('preorder'))
    const it = host(repo)
    const proven: number[] = []
    for (const chunk of chunks(car, () => Math.ceil(car.length / 10))) {
      it.push(chunk)
      proven.push(it.walk.records)
    }
    proven.forEach((count, i) => expect(count).toBeGreaterThanOrEqual(400 * ((i + 1) / 10) * 0.7))
    expect(it.mostMemory).toBeLessThanOrEqual(1 << 20)
  })

  it('names the block that it waits for', () => {
    const missing = repo.blocks('preorder')
    for (const drop of [1, 7, missing.length - 1]) {
      const it = host(repo)
      for (const chunk of repo.car('preorder')) it.push(chunk.slice(0, 0))
      const left = missing.filter((_, i) => i !== drop)
      for (const { cid, bytes } of left) {
        const framed = joinBytes([cid, bytes])
        it.intake.block(0x71, framed, 4, 36, framed.length, 0)
      }
      expect(it.walk.advance()).toBe('waiting')
      expect(toHex(it.walk.wanted()?.digest ?? new Uint8Array())).toBe(
        toHex(missing[drop]?.cid.subarray(4) ?? new Uint8Array()),
      )
    }
  })

  it('keeps a record once, whatever the seed and however often it comes', () => {
    const first = repo.records[0]?.path ?? ''
    const copied = editRepo(repo, { create: [{ path: 'zz.example.copy/a', copyOf: first }] })
    for (const seed of [0, 7, 0xffffffff]) {
      const it = host(copied, undefined, seed)
      const car = joinBytes(copied.car('shuffled'))
      it.push(car)
      expect(it.walk.records).toBe(401)
      expect(new Set(it.kept).size).toBe(it.kept.length)
    }
  })
})

describe('a walk with room for one page of nodes', () => {
  // Enough nodes for several pages.
  const repo = generateRepo({ seed: 'walk/spill', records: 20_000 })

  it.each(ORDERS)('proves all in %s order within bounded memory', (order) => {
    const it = host(repo, 1 << 20)
    for (const chunk of repo.car(order)) it.push(chunk)
    expect(it.walk.advance()).toBe('done')
    expect(it.walk.root).toMatchObject({ layer: repo.tree.layer, records: 20_000 })
    // In preorder only the pages that hold a node of the path at work stay: one a layer at most.
    if (order === 'preorder') expect(it.spilledPages).toBeLessThanOrEqual(repo.tree.layer)
    else expect(it.spilledPages).toBeGreaterThan(0)
    // The budget, the page that is being filled and the one just restored.
    expect(it.mostMemory).toBeLessThanOrEqual(3 << 20)
  })
})

describe('an intake that is used again', () => {
  const repo = generateRepo({ seed: 'walk/again', records: 200 })

  it('tells what the walk before has written, and takes its nodes again', () => {
    const it = host(repo)
    for (const chunk of repo.car('preorder')) it.push(chunk)
    const told: string[] = []
    it.intake.restart((digest) => told.push(toHex(digest)))
    expect(told.sort()).toEqual(it.nodes.map((node) => node.slice(node.indexOf(' ') + 1)).sort())
    const kept = it.kept.length
    const walk = createTreeWalk({
      root: parseCommit(repo.commitBytes).data,
      blocks: it.intake,
      sha256,
      sink: { node: () => ({ segment: 0, offset: 0, length: 0 }) },
    })
    const car = createCarReader({ header: () => {}, block: (...block) => void it.intake.block(...block) })
    expect(walk.advance()).toBe('waiting')
    for (const chunk of repo.car('shuffled')) car.push(chunk)
    expect(walk.advance()).toBe('done')
    expect(walk.records).toBe(200)
    expect(it.kept.length).toBe(kept)
  })

  it('takes a kept record for a node as well when its block comes', () => {
    const it = host(repo)
    for (const [i, node] of repo.blocks('preorder').entries()) {
      if (i > 0) it.intake.known(node.cid.subarray(4), { segment: 9, offset: i, length: node.bytes.length })
    }
    expect(it.walk.advance()).toBe('waiting')
    for (const chunk of repo.car('preorder')) it.push(chunk)
    expect(it.walk.advance()).toBe('done')
    // Only the commit was new.
    expect(it.kept).toHaveLength(1)
  })
})
