import { expect, it } from 'vitest'
import { createManualTime } from '../../net/directory/testing/manual-time.ts'
import { describeRelay } from './describe-relay.ts'

it('gives up a relay that takes the connection and says nothing', async () => {
  const time = createManualTime()
  let isOpen = true
  const fetch = (_: string, { signal }: RequestInit): Promise<Response> =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => {
        isOpen = false
        reject(new DOMException('aborted', 'AbortError'))
      })
    })
  const described = describeRelay({ fetch, timers: time }, 'https://relay.test/').catch(
    (error: unknown) => error,
  )
  await time.pass(14_999)
  expect(isOpen).toBe(true)
  await time.pass(1)
  expect(await described).toMatchObject({ code: 'net.timeout' })
  expect(isOpen).toBe(false)
  expect(time.waiting()).toBe(0)
})
