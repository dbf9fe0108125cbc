import { describe, expect, it } from 'vitest'
import { withDevices } from '../network/testing/device-kit.ts'
import type { RecoveryRow } from './recovery-row.ts'
import { inStep, titles } from './testing/devices.ts'
import type { TestDevice } from '../network/testing/device-kit.ts'

const task = (letter: string, title: string) =>
  ({ kind: 'task', id: letter.repeat(26), set: { title } }) as const

const rowOf = async ({ storage }: TestDevice): Promise<RecoveryRow | undefined> =>
  (await storage.get('network', 'recovery')) as RecoveryRow | undefined

/** A relay keeps the newest list. */
const isKept = (device: TestDevice): Promise<unknown> =>
  device.until(async () => {
    const row = await rowOf(device)
    return row?.at.some(({ counter }) => counter === row.list.counter) === true
  })

/** Devices of a person in a space, as another sees them. */
const devicesOf = async ({ cairn }: TestDevice, space: string) =>
  (await cairn.spaces.get(space))?.persons.find(({ isSelf }) => isSelf)?.devices ?? []

describe('a recovery', () => {
  it('opens all spaces on a bare device while nothing but a store is up', () =>
    withDevices(async ({ device }) => {
      const old = await device()
      await old.online()
      const orchard = await old.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
      await old.cairn.spaces.edit(orchard.space, [task('a', 'Prune')])
      const { words } = await old.cairn.spaces.makeRecovery()
      await expect(old.cairn.spaces.confirmRecovery('abandon '.repeat(11) + 'about')).rejects.toMatchObject({
        code: 'spaces.recovery-words',
      })
      expect((await old.cairn.spaces.recovery()).isListed).toBe(false)
      await old.cairn.spaces.confirmRecovery(words)
      // One that came when the words were with the person alone.
      const shed = await old.cairn.spaces.create({ title: 'Shed', name: 'Anna', hidePast: true })
      await old.cairn.spaces.edit(shed.space, [task('b', 'Sweep')])
      await old.until(async () => (await old.cairn.spaces.recovery()).spaces === 2)
      await old.until(async () => (await old.cairn.spaces.recovery()).isListed)
      await isKept(old)
      await Promise.all([inStep(old, orchard.space), inStep(old, shed.space)])
      const before = await old.cairn.spaces.get(orchard.space)
      const file = await old.cairn.spaces.recoveryFile('a long one')
      expect(await old.storage.keys('space-keys', { from: '', to: '~' })).not.toContainEqual(
        expect.stringContaining('recovering'),
      )
      await old.close()

      const bare = await device()
      await bare.online()
      const strange = 'legal winner thank year wave sausage worth useful legal winner thank yellow'
      await expect(bare.cairn.spaces.recover({ words: strange }, '')).rejects.toMatchObject({
        code: 'spaces.recovery-unknown',
      })
      await expect(bare.cairn.spaces.recover({ file, passphrase: 'other' }, '')).rejects.toMatchObject({
        code: 'keys.file-passphrase',
      })
      expect(await bare.cairn.spaces.list()).toEqual([])
      const found = await bare.cairn.spaces.recover({ words }, 'Anna again')
      expect(found.map(({ title, summary, error }) => [title, summary?.state, summary?.role, error])).toEqual(
        expect.arrayContaining([
          ['Orchard', 'member', 'admin', undefined],
          ['Shed', 'member', 'admin', undefined],
        ]),
      )
      await bare.until(async () => (await titles(bare, orchard.space)).join() === 'Prune')
      await bare.until(async () => (await titles(bare, shed.space)).join() === 'Sweep')
      const after = await bare.cairn.spaces.get(orchard.space)
      expect(after).toMatchObject({ person: before?.person, isOwner: true })
      // It is a device of its own, beside the old one and the recovery's.
      expect(after?.device).not.toBe(before?.device)
      expect(
        (await devicesOf(bare, orchard.space)).map(({ isSelf, isRecovery }) => [isSelf, isRecovery]),
      ).toEqual(
        expect.arrayContaining([
          [true, false],
          [false, true],
          [false, false],
        ]),
      )
      await bare.cairn.spaces.edit(orchard.space, [task('c', 'Water')])
      // Nothing of the recovery's own keys stays.
      await bare.until(async () =>
        (await bare.storage.keys('space-keys', { from: '', to: '~' })).every(
          (it) => !it.includes('recovering'),
        ),
      )
      await inStep(bare, orchard.space)

      // It goes on with the recovery, so that new spaces are opened by it too.
      const field = await bare.cairn.spaces.create({ title: 'Field', name: 'Anna' })
      await bare.until(async () => (await bare.cairn.spaces.recovery()).spaces === 3)
      await isKept(bare)
      await inStep(bare, field.space)
      // The lost one is put out.
      await bare.cairn.spaces.removeDevice(orchard.space, before?.device ?? '')
      expect(await devicesOf(bare, orchard.space)).toHaveLength(2)
      await inStep(bare, orchard.space)
      await bare.close()

      const next = await device()
      await next.online()
      // The file is older than the list at the relay.
      const again = await next.cairn.spaces.recover({ file, passphrase: 'a long one' }, 'Anna')
      expect(again.map(({ title, summary }) => `${title} ${summary?.state}`).toSorted()).toEqual([
        'Field member',
        'Orchard member',
        'Shed member',
      ])
      await next.until(async () => (await titles(next, orchard.space)).join() === 'Prune,Water')
    }))
})

describe('words', () => {
  it('open a space for who left it and came back by a link: another person there', () =>
    withDevices(async ({ device }) => {
      const [anna, carl] = await Promise.all([device(), device()])
      await Promise.all([anna.online(), carl.online()])
      const { words } = await anna.cairn.spaces.makeRecovery()
      await anna.cairn.spaces.confirmRecovery(words)
      const { space } = await carl.cairn.spaces.create({ title: 'Field', name: 'Carl' })
      const come = async (): Promise<void> => {
        const { url = '' } = await carl.cairn.spaces.makeLink(space, {
          ...{ kind: 'editor', expiresIn: undefined, uses: 1 },
        })
        await anna.cairn.spaces.join(url, { name: 'Anna' })
        await anna.until(async () =>
          (await devicesOf(anna, space)).some(({ isRecovery, isSelf }) => isRecovery && !isSelf),
        )
        await isKept(anna)
        await inStep(anna, space)
      }
      await come()
      await anna.cairn.spaces.leave(space)
      await inStep(anna, space).catch(() => {})
      await carl.until(async () => (await carl.cairn.spaces.get(space))?.members === 1)
      await anna.cairn.spaces.forget(space)
      await come()
      const { person } = (await anna.cairn.spaces.get(space)) ?? {}
      await anna.close()

      const bare = await device()
      await bare.online()
      const found = await bare.cairn.spaces.recover({ words }, 'Anna')
      expect(found).toMatchObject([{ space, error: undefined, summary: { state: 'member' } }])
      expect((await bare.cairn.spaces.get(space))?.person).toBe(person)
    }))
})

describe('new words', () => {
  it('open what the old ones opened, which open nothing more', () =>
    withDevices(async ({ device }) => {
      const one = await device()
      await one.online()
      const { space } = await one.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
      const { words: old } = await one.cairn.spaces.makeRecovery()
      await one.cairn.spaces.confirmRecovery(old)
      await isKept(one)
      const file = await one.cairn.spaces.recoveryFile(undefined)
      const { words } = await one.cairn.spaces.makeRecovery()
      await one.cairn.spaces.confirmRecovery(words)
      await isKept(one)
      // The device itself, and the new recovery's.
      await one.until(async () => (await devicesOf(one, space)).length === 2)
      await inStep(one, space)

      const bare = await device()
      await bare.online()
      const [refused] = await bare.cairn.spaces.recover({ file }, '')
      expect(refused).toMatchObject({
        space,
        title: 'Orchard',
        summary: undefined,
        error: { code: 'spaces.recovery-refused' },
      })
      const [opened] = await bare.cairn.spaces.recover({ words }, '')
      expect(opened).toMatchObject({ summary: { role: 'admin' } })
    }))
})
