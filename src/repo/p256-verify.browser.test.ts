import { expect, it } from 'vitest'
import { p256Agreement } from './testing/p256-agreement.ts'

it('the host says of signatures what the pure code says', async () => {
  expect(await p256Agreement(20)).toEqual({ valid: 20, invalid: 180 })
})
