import { expect, it } from 'vitest'
import { createSha256 } from '../core/hash.ts'
import { createScratch } from '../storage/scratch.ts'
import type { Job } from './api.ts'
import { createListPreparation } from './list-preparation.ts'

/** More than a rehearsal that was ended, fewer than one that went to its end. */
const MANY = 800

async function setup({ keeps = true } = {}) {
  const sha256 = await createSha256()
  const storage = createScratch(() => {})
  if (keeps) await storage.write([{ type: 'put', table: 'repos', key: 'did:plc:a', value: {} }])
  const jobs: Pick<Job, 'endedAt'>[] = []
  const waiting = new Set<() => void>()
  let hashes = 0
  let onHash = (): void => {}
  const preparation = createListPreparation(
    {
      storage,
      timers: {
        after(_ms, run) {
          waiting.add(run)
          return () => waiting.delete(run)
        },
      },
      sha256(bytes) {
        hashes++
        onHash()
        return sha256(bytes)
      },
    },
    { list: () => jobs as Job[] },
  )
  return {
    ...{ preparation, jobs, waiting },
    /** Has it tried, and gives how often it hashed in all. */
    async tried(): Promise<number> {
      const trying = preparation.soon()
      for (const run of waiting) run()
      waiting.clear()
      await trying
      return hashes
    },
    hashes: () => hashes,
    onHash: (run: () => void) => void (onHash = run),
  }
}

it('rehearses once, and not at once', async () => {
  const { preparation, tried, hashes } = await setup()
  void preparation.soon()
  expect(hashes()).toBe(0)
  const once = await tried()
  expect(once).toBeGreaterThan(MANY)
  expect(await tried()).toBe(once)
})

it('does nothing where no repo is kept', async () => {
  const { tried } = await setup({ keeps: false })
  expect(await tried()).toBe(0)
})

it('leaves the thread to real work, and begins again after it', async () => {
  const { tried, jobs, onHash } = await setup()
  jobs.push({ endedAt: undefined })
  expect(await tried()).toBe(0)
  jobs.length = 0
  onHash(() => void jobs.push({ endedAt: undefined }))
  const ended = await tried()
  expect(ended).toBeGreaterThan(0)
  expect(ended).toBeLessThan(MANY / 2)
  onHash(() => {})
  jobs.length = 0
  expect((await tried()) - ended).toBeGreaterThan(MANY)
})

it('is not begun once it is closed', async () => {
  const { preparation, waiting } = await setup()
  void preparation.soon()
  expect(waiting.size).toBe(1)
  await preparation.close()
  expect(waiting.size).toBe(0)
  void preparation.soon()
  expect(waiting.size).toBe(0)
})

it('ends when it is closed', async () => {
  const { preparation, tried, onHash } = await setup()
  let closed: Promise<void> | undefined
  onHash(() => void (closed ??= preparation.close()))
  expect(await tried()).toBeLessThan(MANY / 2)
  await closed
})
