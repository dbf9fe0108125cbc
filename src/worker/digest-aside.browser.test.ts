import { expect, it } from 'vitest'
import { createDigest, createSha256 } from '../core/hash.ts'
import { createDigestAside } from './digest-aside.ts'
import { timers } from './host.ts'

it('hashes on a real thread as it does here', async () => {
  const sha256 = await createSha256()
  const bytes = (): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: 3 << 20 }, (_, i) => i * 7).subarray(5, -9)
  let started = 0
  const start = (): Worker => {
    started++
    return new Worker(new URL('digest-thread.ts', import.meta.url), { type: 'module' })
  }
  const here = sha256(bytes())
  expect(await createDigestAside(start, timers)(bytes())).toEqual(here)
  expect(await createDigest(sha256, createDigestAside(start, timers))(bytes)).toEqual(here)
  expect(started).toBe(2)
})
