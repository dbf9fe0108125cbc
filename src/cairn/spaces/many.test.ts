import { expect, it } from 'vitest'
import { withDevices } from '../network/testing/device-kit.ts'

const SPACES = 8

it('many spaces with the same people are in step as one is: none waits because another asks', () =>
  withDevices(async ({ device }) => {
    const [anna, ben, cleo] = await Promise.all([device(), device(), device()])
    await Promise.all([anna.online(), ben.online(), cleo.online()])
    for (let i = 0; i < SPACES; i++) {
      const { space } = await anna.cairn.spaces.create({ title: `Orchard ${i}`, name: 'Anna' })
      const { url = '' } = await anna.cairn.spaces.makeLink(space, {
        ...{ kind: 'editor', expiresIn: undefined, uses: 5 },
      })
      await Promise.all([
        ben.cairn.spaces.join(url, { name: 'Ben' }),
        cleo.cairn.spaces.join(url, { name: 'Cleo' }),
      ])
      for (const one of [anna, ben, cleo]) {
        await one.until(async () => {
          const { persons = [] } = (await one.cairn.spaces.get(space)) ?? {}
          return (
            persons
              .map(({ name }) => name)
              .sort()
              .join() === 'Anna,Ben,Cleo'
          )
        })
      }
      // The others, and the store.
      await anna.until(async () => {
        const { peers = [] } = (await anna.cairn.spaces.get(space)) ?? {}
        return peers.length === 3 && peers.every(({ current, error }) => current && error === undefined)
      })
    }
    expect(await cleo.cairn.spaces.list()).toHaveLength(SPACES)
  }))
