import { expect, it } from 'vitest'
import { createSha256 } from '../core/hash.ts'
import type { Job } from './api.ts'
import { createPreparation } from './preparation.ts'

async function setup() {
  const sha256 = await createSha256()
  const jobs: Pick<Job, 'endedAt'>[] = []
  let hashes = 0
  const prepare = createPreparation(
    {
      sha256(bytes) {
        hashes++
        return sha256(bytes)
      },
    },
    { list: () => jobs as Job[] },
  )
  return { prepare, jobs, hashes: () => hashes }
}

it('rehearses once', async () => {
  const { prepare, hashes } = await setup()
  await Promise.all([prepare(), prepare()])
  const once = hashes()
  expect(once).toBeGreaterThan(4 * 1000)
  await prepare()
  expect(hashes()).toBe(once)
})

it('leaves the thread to real work, and begins again after it', async () => {
  const { prepare, jobs, hashes } = await setup()
  jobs.push({ endedAt: undefined })
  await prepare()
  expect(hashes()).toBe(0)
  jobs.splice(0, 1, { endedAt: 1 })
  await prepare()
  expect(hashes()).toBeGreaterThan(4 * 1000)
})
