import { describe, expect, it } from 'vitest'
import { withDevices } from '../network/testing/device-kit.ts'
import { inStep, titles } from './testing/devices.ts'

const task = (letter: string, title: string) =>
  ({ kind: 'task', id: letter.repeat(26), set: { title } }) as const

describe("another device of one's own", () => {
  it('is added by a link, once, and is the same person from then on', () =>
    withDevices(async ({ device }) => {
      const [one, two, three] = await Promise.all([device(), device(), device()])
      await Promise.all([one.online(), two.online(), three.online()])
      const { space } = await one.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
      await one.cairn.spaces.edit(space, [task('a', 'Prune')])
      const { url, expiresAt } = await one.cairn.spaces.deviceLink(space)
      expect(url).toContain('#/device/')
      expect(expiresAt).toBeGreaterThan(Date.now() + 500_000)
      const joined = await two.cairn.spaces.joinDevice(url, { name: 'Phone' })
      expect(joined).toMatchObject({ space, state: 'member', role: 'admin' })
      await two.until(async () => (await titles(two, space)).join() === 'Prune')

      const [there, here] = [await one.cairn.spaces.get(space), await two.cairn.spaces.get(space)]
      expect(here?.person).toBe(there?.person)
      expect(here?.device).not.toBe(there?.device)
      expect([there?.isOwner, here?.isOwner]).toEqual([true, true])
      const [anna, ...others] = here?.persons ?? []
      expect(others).toEqual([])
      expect(anna).toMatchObject({ name: 'Anna', isSelf: true })
      expect(anna?.devices).toHaveLength(2)
      expect(await one.notes('space.device-added')).toMatchObject([{ fields: { space, name: 'Phone' } }])

      await two.cairn.spaces.edit(space, [task('b', 'Pick')])
      await one.until(async () => (await titles(one, space)).join() === 'Pick,Prune')
      // Whoever has the link too comes too late.
      await expect(three.cairn.spaces.joinDevice(url, { name: 'Stranger' })).rejects.toMatchObject({
        code: 'spaces.link-used-up',
      })
      expect(await three.cairn.spaces.list()).toEqual([])

      await one.cairn.spaces.removeDevice(space, here?.device ?? '')
      await two.until(async () => (await two.cairn.spaces.get(space))?.state === 'removed')
      await one.cairn.spaces.edit(space, [task('c', 'Secret')])
      expect(await titles(two, space)).not.toContain('Secret')
      // It is no copy of the space any more, and nothing waits for it.
      await one.until(async () => {
        const { peers = [], sync } = (await one.cairn.spaces.get(space)) ?? {}
        return peers.every(({ kind }) => kind === 'store') && sync?.known === sync?.current
      })
    }))

  it('is told when the link is damaged, unknown, or over', () =>
    withDevices(async ({ device }) => {
      const [one, two] = await Promise.all([device(), device()])
      await Promise.all([one.online(), two.online()])
      const { space } = await one.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
      const { url } = await one.cairn.spaces.deviceLink(space)
      const join = (text: string) => two.cairn.spaces.joinDevice(text, { name: '' })
      const damaged = url.slice(0, -3) + (url.at(-3) === 'A' ? 'B' : 'A') + url.slice(-2)
      await expect(join(damaged)).rejects.toMatchObject({ code: 'spaces.link-damaged' })
      await expect(join('https://cairn.example/#/device/x')).rejects.toMatchObject({
        code: 'spaces.link-malformed',
      })
      // Another takes its place.
      const { url: next } = await one.cairn.spaces.deviceLink(space)
      await expect(join(url)).rejects.toMatchObject({ code: 'spaces.link-used-up' })
      expect((await join(next)).state).toBe('member')
      await inStep(two, space)
    }))

  it('goes on when its page was closed before the first device had answered', () =>
    withDevices(async ({ device, as }) => {
      const [one, two] = await Promise.all([device(), device()])
      await Promise.all([one.online(), two.online()])
      const { space } = await one.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
      await one.cairn.spaces.edit(space, [task('a', 'Prune')])
      const { url } = await one.cairn.spaces.deviceLink(space)
      const joining = two.cairn.spaces.joinDevice(url, { name: 'Phone' }).catch(() => {})
      await one.until(async () => (await one.notes('space.device-added')).length === 1)
      const again = await as(two, 'page')
      await joining
      await again.until(async () => (await titles(again, space)).join() === 'Prune')
      // What it is given comes by the relay.
      const detail = await again.until(async () => {
        const now = await again.cairn.spaces.get(space)
        return now?.isOwner === true && now
      })
      expect(detail.state).toBe('member')
    }))
})
