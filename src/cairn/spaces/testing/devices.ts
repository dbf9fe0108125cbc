import type { TestDevice } from '../../network/testing/device-kit.ts'

/** Titles of the tasks that a device has, in order. */
export const titles = async ({ cairn }: TestDevice, space: string): Promise<readonly string[]> =>
  (await cairn.spaces.entities(space, 'task'))
    .map(({ fields }) => ('title' in fields ? (fields.title ?? '') : ''))
    .sort()

/** Resolves when all that a device has done in a space is at a store. */
export const inStep = (device: TestDevice, space: string): Promise<unknown> =>
  device.until(async () => {
    const detail = await device.cairn.spaces.get(space)
    const isThere = detail?.peers.some((it) => it.kind === 'store' && it.current) === true
    return isThere && detail.sync.unsent === 0
  })
