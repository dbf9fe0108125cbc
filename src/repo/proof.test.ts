import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes, toHex } from '../core/bytes.ts'
import { CairnError } from '../core/errors.ts'
import type { Sha256 } from '../core/hash.ts'
import { describeWithFixtures } from '../core/testing/fixtures.ts'
import { buildCar } from './car/writer.ts'
import { binary } from './mst/diff.ts'
import { find } from './mst/read.ts'
import { buildProofCar, proofBlocks, verifyProofCar } from './proof.ts'
import { multikeyToDidKey, verifySignature } from './signature.ts'
import { carBytes, type TestBlock } from './testing/car.ts'
import { cidText } from './testing/cid.ts'
import { editRepo } from './testing/edit.ts'
import { generateRepo } from './testing/generate.ts'
import {
  commitBlock,
  HOSTILE_DID,
  node,
  pathsOnLayer,
  rawNode,
  smallRecord,
} from './testing/hostile-craft.ts'
import { createMemoryTree } from './testing/memory-tree.ts'
import type { TestRepo } from './testing/repo.ts'
import { walkNodes } from './testing/tree.ts'

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

/** A proof as the product makes it from its stored tree. */
async function proofOf(repo: TestRepo, path: string) {
  const tree = createMemoryTree(sha256)
  const nodes = new Map([...walkNodes(repo.tree)].map((it) => [binary(it.cid.subarray(4)), it.bytes]))
  const root = tree.take(nodes, repo.root.subarray(4), () => ({ segment: 2, offset: 0, length: 0 }))
  const found = await find(tree, root, path)
  const record = found.entry && repo.records.find((it) => it.path === path)?.bytes
  return { commitBytes: repo.commitBytes, nodes: found.path, sha256, ...(record && { record }) }
}

const repo = generateRepo({ seed: 'proof', records: 300 })

describe('a proof of one record', () => {
  it('shows every record of a repository', async () => {
    for (const { path, bytes, cid } of repo.records.filter((_, i) => i % 7 === 0)) {
      const car = buildProofCar(await proofOf(repo, path))
      const proof = verifyProofCar({ car, path, did: repo.did, sha256 })
      expect(proof.value && toHex(proof.value)).toBe(toHex(bytes))
      expect(proof.cid).toBe(cidText(cid))
      expect(proof.commitCid).toBe(cidText(repo.commit))
      expect(await verifySignature(repo.didKey, proof.commit.sig, proof.commit.unsigned)).toBe('valid')
      expect(proof.nodes[0]).toMatchObject({ cid: cidText(repo.root), layer: repo.tree.layer })
      expect(proof.nodes.map((it) => it.layer)).toEqual(proof.nodes.map((_, i) => repo.tree.layer - i))
    }
  })

  it('shows that a path is free', async () => {
    for (const { path } of repo.records.filter((_, i) => i % 31 === 0)) {
      const free = `${path}x`
      const car = buildProofCar(await proofOf(repo, free))
      expect(verifyProofCar({ car, path: free, sha256 })).toMatchObject({ value: undefined, cid: undefined })
    }
    const empty = generateRepo({ seed: 'proof/empty', records: 0 })
    const car = buildProofCar(await proofOf(empty, 'a.b.c/d'))
    expect(verifyProofCar({ car, path: 'a.b.c/d', sha256 }).nodes).toMatchObject([{ layer: 0, entries: 0 }])
  })

  it('is no proof without any one of its blocks', async () => {
    const path = repo.records[123]?.path ?? ''
    const blocks = proofBlocks(await proofOf(repo, path))
    const codes = blocks.map((left) => {
      const car = buildCar(
        [blocks[0]?.digest ?? left.digest],
        blocks.filter((it) => it !== left),
      )
      return codeOf(() => verifyProofCar({ car, path, sha256 }))
    })
    const nodes = codes.slice(1, -1)
    expect([codes[0], codes.at(-1)]).toEqual(['repo.no-root', 'repo.record-missing'])
    expect(nodes).toEqual(nodes.map(() => 'repo.node-missing'))
  })

  it('does not pass for a path that it is not about', async () => {
    const [a, b] = [repo.records[10]?.path ?? '', repo.records[250]?.path ?? '']
    const car = buildProofCar(await proofOf(repo, a))
    expect(codeOf(() => verifyProofCar({ car, path: b, sha256 }))).toMatch(/repo\.(node|record)-missing/)
    expect(codeOf(() => verifyProofCar({ car, path: 'nonsense', sha256 }))).toBe('repo.path-invalid')
    expect(codeOf(() => verifyProofCar({ car, path: a, did: HOSTILE_DID, sha256 }))).toBe('repo.did-mismatch')
  })

  it('shows the new value after an edit and not the old one', async () => {
    const path = repo.records[50]?.path ?? ''
    const next = editRepo(repo, { update: [{ path, value: { $type: 'app.example', text: 'new' } }] })
    const old = await proofOf(repo, path)
    const car = buildProofCar({ ...(await proofOf(next, path)), ...(old.record && { record: old.record }) })
    expect(codeOf(() => verifyProofCar({ car, path, sha256 }))).toBe('repo.record-missing')
  })

  it('changes with every bit, or the bit has no meaning: only typed errors', async () => {
    const path = repo.records[200]?.path ?? ''
    const car = buildProofCar(await proofOf(repo, path))
    const sound = verifyProofCar({ car, path, sha256 })
    fc.assert(
      fc.property(
        fc.nat(car.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, change, cut) => {
          const mutated = cut ? car.slice(0, at) : car.slice()
          if (!cut) mutated[at] = (mutated[at] ?? 0) ^ change
          const code = codeOf(() => {
            const proof = verifyProofCar({ car: mutated, path, sha256 })
            // What still passes shows the very same: the header's codec of the root is in no block's hash.
            expect(proof.value && sound.value && equalBytes(proof.value, sound.value)).toBe(true)
            expect(proof.commitCid).toBe(sound.commitCid)
          })
          if (code !== undefined) expect(code).toMatch(/^repo\./)
        },
      ),
      { numRuns: 400 },
    )
  })
})

describe('a proof over a malformed tree is refused', () => {
  const [a = '', b = ''] = pathsOnLayer(0, 2)
  const [high = ''] = pathsOnLayer(1, 1)
  const v = smallRecord(1)
  const other = smallRecord(2)
  const prove = (root: TestBlock, rest: readonly TestBlock[], path: string): string | undefined => {
    const commit = commitBlock(root.cid)
    return codeOf(() =>
      verifyProofCar({ car: carBytes([commit.cid], [commit, root, ...rest, v]), path, sha256 }),
    )
  }
  const leaf = node([{ path: a, v: v.cid }])
  const lows = pathsOnLayer(0, 40)
  const before = lows.find((it) => it < high) ?? ''
  const after = lows.find((it) => it > high) ?? ''

  it('while the same shapes are sound when right', () => {
    expect(prove(leaf, [], a)).toBeUndefined()
    expect(prove(leaf, [], b)).toBeUndefined()
    expect(before < high && high < after).toBe(true)
  })

  it('keys', () => {
    expect(
      prove(
        node([
          { path: b, v: v.cid },
          { path: a, v: v.cid },
        ]),
        [],
        a,
      ),
    ).toBe('repo.key-order')
    expect(
      prove(
        rawNode([
          { p: 0, k: a, v: v.cid },
          { p: a.length, k: '', v: v.cid },
        ]),
        [],
        a,
      ),
    ).toBe('repo.key-duplicate')
    expect(
      prove(
        rawNode([
          { p: 0, k: a, v: v.cid },
          { p: 0, k: b, v: v.cid },
        ]),
        [],
        a,
      ),
    ).toBe('repo.prefix-wrong')
    expect(prove(rawNode([{ p: 1, k: a, v: v.cid }]), [], a)).toBe('repo.prefix-wrong')
    expect(prove(rawNode([{ p: 0, k: 'app.bsky.feed.post/..', v: v.cid }]), [], a)).toBe('repo.path-invalid')
    expect(prove(rawNode([{ p: 0, k: 'é.b.c/d', v: v.cid }]), [], a)).toBe('repo.path-invalid')
  })

  it('heights and layers', () => {
    expect(
      prove(
        node(
          [
            { path: a, v: v.cid },
            { path: high, v: v.cid },
          ].sort((x, y) => (x.path < y.path ? -1 : 1)),
        ),
        [],
        a,
      ),
    ).toBe('repo.height-wrong')
    expect(prove(node([{ path: a, v: v.cid, t: node([{ path: b, v: v.cid }]).cid }]), [], a)).toBe(
      'repo.layer-wrong',
    )
    const two = pathsOnLayer(2, 1)[0] ?? ''
    const skipped = node([{ path: two, v: v.cid, t: leaf.cid }], leaf.cid)
    expect(prove(skipped, [leaf], a)).toBe('repo.height-wrong')
  })

  it('empty nodes', () => {
    const none = rawNode([])
    expect(prove(rawNode([], leaf.cid), [leaf], a)).toBe('repo.node-empty')
    expect(prove(node([{ path: high, v: v.cid, t: none.cid }], none.cid), [none], a)).toBe('repo.node-empty')
  })

  it('a subtree whose keys belong on the other side of the key above', () => {
    const wrong = node([{ path: high, v: v.cid }], node([{ path: after, v: v.cid }]).cid)
    expect(prove(wrong, [node([{ path: after, v: v.cid }])], before)).toBe('repo.key-order')
    // Asked for where it belongs, the misplaced key is not shown.
    expect(prove(wrong, [], after)).toBeUndefined()
  })

  it('nodes and records that are none', () => {
    expect(prove(v, [], a)).toBe('repo.node-malformed')
    expect(prove(rawNode([{ p: 0, k: a, v: other.cid }]), [], a)).toBe('repo.record-missing')
  })
})

describeWithFixtures('a proof made by a real PDS', (dir) => {
  const car = new Uint8Array(readFileSync(join(dir, 'cars/testpds-alice-record-proof.car')))
  const path = 'app.bsky.feed.post/3n2rjmmu7i622'

  it('verifies, with its signature', async () => {
    const proof = verifyProofCar({ car, path, sha256 })
    const document = JSON.parse(readFileSync(join(dir, 'cars/testpds-alice-plc.json'), 'utf8')) as {
      id: string
      verificationMethod: [{ type: string; publicKeyMultibase: string }]
    }
    expect(proof.commit.did).toBe(document.id)
    expect(proof.cid).toBe('bafyreidu4pmywjf3t4d4etzcdijqs7yjdec7bcb3due3jbgaod76m45qvy')
    expect(proof.nodes.map((it) => [it.layer, it.entries])).toEqual([
      [4, 3],
      [3, 0],
      [2, 6],
      [1, 6],
      [0, 9],
    ])
    const key = multikeyToDidKey(document.verificationMethod[0]) ?? ''
    expect(await verifySignature(key, proof.commit.sig, proof.commit.unsigned)).toBe('valid')
  })

  it('shows neighbours as present, without their records', () => {
    expect(codeOf(() => verifyProofCar({ car, path: 'app.bsky.feed.post/3n2rjmmu7hr22', sha256 }))).toBe(
      'repo.record-missing',
    )
    expect(verifyProofCar({ car, path: `${path}2`, sha256 }).value).toBeUndefined()
  })
})

/** The code of the typed error that `work` throws; undefined when it throws none. */
function codeOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof CairnError) return error.code
    throw error
  }
}
