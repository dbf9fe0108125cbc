import { expect, it } from 'vitest'
import { createSha256 } from '../core/hash.ts'
import { createLanes } from '../core/sha256-lanes.ts'
import type { DigestCheck, Lanes } from '../core/hash.ts'
import { rehearseImport } from './rehearsal.ts'

async function counting(): Promise<{ readonly lanes: Lanes; blocks(): number }> {
  const lanes = await createLanes()
  if (lanes === undefined) throw new Error('this host has WebAssembly')
  let blocks = 0
  const check: DigestCheck = (bytes, messages, count, sound) => {
    blocks += count
    return lanes.check(bytes, messages, count, sound)
  }
  return { lanes: { ...lanes, check }, blocks: () => blocks }
}

it('takes a sound repo in several times, each of its records proven', async () => {
  const { lanes, blocks } = await counting()
  expect(await rehearseImport({ sha256: await createSha256(), lanes }, () => false)).toBe(true)
  expect(blocks()).toBeGreaterThan(4 * 1000)
})

it('ends at once when there is real work', async () => {
  const { lanes, blocks } = await counting()
  let left = 3
  expect(await rehearseImport({ sha256: await createSha256(), lanes }, () => left-- === 0)).toBe(false)
  expect(blocks()).toBeGreaterThan(0)
  expect(blocks()).toBeLessThan(1000)
})
