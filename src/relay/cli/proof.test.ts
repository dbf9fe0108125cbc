import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { visit } from '../../repo/mst/read.ts'
import { joinBytes } from '../../repo/testing/car.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import type { BlockOrder } from '../../repo/testing/repo.ts'
import { type FileProof, proveFile } from './proof.ts'
import { createTempFile } from './temp-file.ts'

let directory: string
let temporary: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-proof-'))
  temporary = join(directory, 'tmp')
  mkdirSync(temporary)
  // Where `os.tmpdir` points on every system.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, temporary)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true, force: true })
})

const repo = generateRepo({ seed: 'proof', records: 25_000 })

async function paths(proof: FileProof): Promise<string[]> {
  const found: string[] = []
  await visit(
    { load: async (place) => proof.load(place) },
    proof.root,
    { skip: 0, reverse: false },
    ({ key, digest, place }) => {
      proof.record(place, digest)
      found.push(key)
      return true
    },
  )
  return found
}

describe('a file of 25,000 records', () => {
  it.each(['preorder', 'reversed', 'shuffled'] satisfies BlockOrder[])(
    'is proven in %s order with little memory',
    async (order) => {
      const path = join(directory, 'repo.car')
      writeFileSync(path, joinBytes(repo.car(order)))
      const proof = proveFile(path, 0)
      try {
        expect(proof.refusal).toBeUndefined()
        expect(proof.root?.records).toBe(25_000)
        expect(readdirSync(temporary).length).toBe(1)
        expect(await paths(proof)).toEqual(repo.records.map((it) => it.path))
      } finally {
        proof.close()
      }
      expect(readdirSync(temporary)).toEqual([])
    },
  )

  it('that changes between the two readings gives no record that was not proven', () => {
    const path = join(directory, 'repo.car')
    const bytes = joinBytes(repo.car('preorder'))
    writeFileSync(path, bytes)
    const proof = proveFile(path)
    try {
      const [record] = repo.records
      if (record === undefined || proof.root === undefined) throw new Error('no record')
      const at = Buffer.from(bytes).indexOf(record.bytes)
      const place = { segment: 0, offset: at, length: record.bytes.length }
      expect(proof.record(place, record.cid.subarray(4))).toEqual(record.bytes)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      writeFileSync(path, bytes)
      expect(() => proof.record(place, record.cid.subarray(4))).toThrow(/cli\.file/)
    } finally {
      proof.close()
    }
  })
})

describe('a temporary file', () => {
  it('gives back what was put in, from memory and from disk', () => {
    const file = createTempFile()
    const parts = [10, 200_000, 100_000, 3, 600_000, 0, 7].map((length, i) =>
      new Uint8Array(length).fill(i + 1),
    )
    const offsets = parts.map((part) => file.append(part))
    parts.forEach((part, i) => expect(file.read(offsets[i] ?? -1, part.length)).toEqual(part))
    expect(readdirSync(temporary).length).toBe(1)
    file.close()
    expect(readdirSync(temporary)).toEqual([])
  })
})
