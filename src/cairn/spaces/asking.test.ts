import { describe, expect, it } from 'vitest'
import { type DeviceKit, type TestDevice, withDevices } from '../network/testing/device-kit.ts'

/** The space of a link as whoever asked sees it. */
const stateOf = async ({ cairn }: TestDevice): Promise<string | undefined> =>
  (await cairn.spaces.list())[0]?.state

/** Ben asks to be let into Anna's space, by a link for so many. */
async function asked(device: DeviceKit['device'], uses: number) {
  const [anna, ben] = await Promise.all([device(), device()])
  await Promise.all([anna.online(), ben.online()])
  const { space } = await anna.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
  const { url = '' } = await anna.cairn.spaces.makeLink(space, { kind: 'ask', expiresIn: undefined, uses })
  expect((await ben.cairn.spaces.join(url, { name: 'Ben' })).state).toBe('asked')
  const request = await anna.until(async () => (await anna.cairn.spaces.requests(space))[0])
  return { anna, ben, space, request }
}

describe('a request to join', () => {
  it.each([1, 5])('that is let in opens the space for whoever asked, by a link for %i', (uses) =>
    withDevices(async ({ device }) => {
      const { anna, ben, space, request } = await asked(device, uses)
      await anna.cairn.spaces.admit(space, request.id, 'writer')
      await ben.until(async () => (await stateOf(ben)) === 'member')
      expect((await ben.cairn.spaces.get(space))?.role).toBe('writer')
    }),
  )

  it.each([1, 5])('that is declined says so to whoever asked, by a link for %i', (uses) =>
    withDevices(async ({ device }) => {
      const { anna, ben, space, request } = await asked(device, uses)
      expect((await ben.cairn.spaces.get(space))?.waitsFor).toBe('admin')
      await anna.cairn.spaces.decline(space, request.id)
      await ben.until(async () => (await stateOf(ben)) === 'declined')
      expect((await ben.cairn.spaces.get(space))?.fault).toBeUndefined()
    }),
  )
})
