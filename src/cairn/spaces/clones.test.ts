import { describe, expect, it } from 'vitest'
import { type DeviceKit, type TestDevice, withDevices } from '../network/testing/device-kit.ts'
import { inStep, titles } from './testing/devices.ts'

const task = (letter: string, title: string) =>
  ({ kind: 'task', id: letter.repeat(26), set: { title } }) as const

const setNetwork = (device: TestDevice, enabled: boolean) => device.cairn.network.setSettings({ enabled })

/** A profile with a space, copied: both copies are off the network. */
async function copied({ device, twice }: DeviceKit) {
  const first = await device()
  await first.online()
  const { space } = await first.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
  await first.cairn.spaces.edit(space, [task('a', 'Prune')])
  await inStep(first, space)
  await setNetwork(first, false)
  const [one, two] = await twice(first)
  const own = (await one.cairn.spaces.get(space))?.device ?? ''
  expect((await two.cairn.spaces.get(space))?.device).toBe(own)
  return { space, one, two, own }
}

/** Hands over what it has, and goes off the network again. */
async function handOver(device: TestDevice, space: string): Promise<void> {
  await setNetwork(device, true)
  await device.online()
  await inStep(device, space)
  await setNetwork(device, false)
}

const ALL = 'Pick,Prune,Water'

/** `second` finds that it is a copy, goes on as another device, and has everything; then `first` has it too: what that notes. */
async function settled(space: string, own: string, first: TestDevice, second: TestDevice) {
  await setNetwork(second, true)
  const [note] = await second.until(async () => {
    const notes = await second.notes('space.cloned')
    return notes.length > 0 && notes
  })
  expect(note).toMatchObject({ level: 'warning', fields: { space, former: own } })
  await second.until(async () => (await titles(second, space)).join() === ALL)
  const detail = await second.cairn.spaces.get(space)
  expect(detail?.device).not.toBe(own)
  expect(detail?.persons).toMatchObject([{ name: 'Anna', isSelf: true }])
  expect(new Set(detail?.persons[0]?.devices.map((it) => it.device))).toEqual(new Set([own, detail?.device]))
  await inStep(second, space)
  await second.close()

  await setNetwork(first, true)
  await first.until(async () => (await titles(first, space)).join() === ALL)
  expect((await first.cairn.spaces.get(space))?.device).toBe(own)
  return first.notes('space.cloned')
}

describe('a profile that was copied', () => {
  it('takes a new identity before its newer work takes the place of what the other copy handed over', () =>
    withDevices(async (kit) => {
      const { space, one, two, own } = await copied(kit)
      await one.cairn.spaces.edit(space, [task('b', 'Pick')])
      await handOver(one, space)
      await two.cairn.spaces.edit(space, [task('c', 'Water')])
      const notes = await settled(space, own, one, two)
      expect(notes).toEqual([])
    }))

  it('takes a new identity when the other copy has handed over newer work, and keeps its own', () =>
    withDevices(async (kit) => {
      const { space, one, two, own } = await copied(kit)
      await two.cairn.spaces.edit(space, [task('c', 'Water')])
      await one.cairn.spaces.edit(space, [task('b', 'Pick')])
      await handOver(one, space)
      const notes = await settled(space, own, one, two)
      expect(notes).toEqual([])
    }))
})
