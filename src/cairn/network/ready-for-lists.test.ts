import { expect, it } from 'vitest'
import { withDevices } from './testing/device-kit.ts'

it('a page that leads looks for what to get ready for, after its start and when a repo came', () =>
  withDevices(async ({ device, pds }) => {
    let looks = 0
    const one = await device((storage) => ({
      ...storage,
      keys(table, range) {
        // Nobody else asks whether there is any.
        if (table === 'repos' && range?.limit === 1) looks++
        return storage.keys(table, range)
      },
    }))
    await one.online()
    await expect.poll(() => looks).toBe(1)
    const { did } = await pds.account({ name: 'alice', records: 20 })
    await one.backUp(did)
    await expect.poll(() => looks).toBe(2)
  }))
