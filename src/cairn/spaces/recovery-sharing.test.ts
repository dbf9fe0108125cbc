import { describe, expect, it } from 'vitest'
import { type TestDevice, withDevices } from '../network/testing/device-kit.ts'
import type { RecoveryRow } from './recovery-row.ts'

const stateOf = ({ cairn }: TestDevice) => cairn.spaces.recovery()

/** Makes words and confirms them, as a person does. */
async function confirm({ cairn }: TestDevice): Promise<string> {
  const { words } = await cairn.spaces.makeRecovery()
  await cairn.spaces.confirmRecovery(words)
  return words
}

/** Makes `two` another device of whoever has `one`. */
async function link(one: TestDevice, two: TestDevice, space: string): Promise<void> {
  const { url } = await one.cairn.spaces.deviceLink(space)
  await two.cairn.spaces.joinDevice(url, { name: 'Phone' })
}

describe('a recovery', () => {
  it('that was made before is known to a device that is added', () =>
    withDevices(async ({ device }) => {
      const [one, two] = await Promise.all([device(), device()])
      await Promise.all([one.online(), two.online()])
      const { space } = await one.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
      await confirm(one)
      const { confirmedAt } = await stateOf(one)
      await link(one, two, space)
      const known = await two.until(async () => {
        const state = await stateOf(two)
        return state.spaces === 1 && state.isListed && state
      })
      expect(known).toEqual({ confirmedAt, spaces: 1, byOther: true, isDue: false, isListed: true })
      await two.until(async () => {
        const devices = (await two.cairn.spaces.get(space))?.persons[0]?.devices ?? []
        return devices.length === 3 && devices.some(({ isRecovery }) => isRecovery)
      })
    }))

  it('that is made later is told to the other devices, whose new spaces it opens', () =>
    withDevices(async ({ device }) => {
      const [one, two, carl] = await Promise.all([device(), device(), device()])
      await Promise.all([one.online(), two.online(), carl.online()])
      const { space } = await one.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
      await link(one, two, space)
      expect((await stateOf(two)).isDue).toBe(true)
      const old = await confirm(one)
      await two.until(async () => (await stateOf(two)).spaces === 1)
      // Newer words take the place of the older ones everywhere.
      const words = await confirm(one)
      const { confirmedAt } = await stateOf(one)
      await two.until(async () => (await stateOf(two)).confirmedAt === confirmedAt)
      // Only the other device was told: not the older words' either.
      const told = await one.until(async () => {
        const row = (await one.storage.get('network', 'recovery')) as RecoveryRow | undefined
        return row?.told
      })
      expect(told).toEqual([`${space} ${(await two.cairn.spaces.get(space))?.device}`])

      await two.cairn.spaces.create({ title: 'Shed', name: 'Anna' })
      // One that is entered by a link is opened by it as well.
      const field = await carl.cairn.spaces.create({ title: 'Field', name: 'Carl' })
      const { url = '' } = await carl.cairn.spaces.makeLink(field.space, {
        ...{ kind: 'editor', expiresIn: undefined, uses: 1 },
      })
      await two.cairn.spaces.join(url, { name: 'Anna' })
      await two.until(async () => (await stateOf(two)).spaces === 3)
      // The list is at the relay before this device goes.
      await two.until(async () => {
        const row = await two.storage.get('network', 'recovery')
        const { at, list } = row as { at: { counter: number }[]; list: { counter: number } }
        return at.some(({ counter }) => counter === list.counter)
      })
      const bare = await device()
      await bare.online()
      // A list of theirs may still lie at a relay; they open nothing.
      const byOld = await bare.cairn.spaces.recover({ words: old }, 'Anna').catch(() => [])
      expect(byOld.map(({ summary }) => summary).filter((it) => it !== undefined)).toEqual([])
      const found = await bare.cairn.spaces.recover({ words }, 'Anna')
      expect(found.map(({ title }) => title).sort()).toEqual(['Field', 'Orchard', 'Shed'])
    }))
})
