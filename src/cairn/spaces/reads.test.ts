import { describe, expect, it } from 'vitest'
import { personTag } from '../../spaces/content/ids.ts'
import { type TestDevice, withDevices } from '../network/testing/device-kit.ts'
import type { LinkKind } from '../space-model.ts'
import { inStep } from './testing/devices.ts'

const unreadOf = async ({ cairn }: TestDevice, space: string) =>
  (await cairn.spaces.list()).find((it) => it.space === space)?.unread

const texts = async ({ cairn }: TestDevice, space: string) =>
  (await cairn.spaces.entities(space, 'post')).map(({ fields }) => ('text' in fields ? fields.text : ''))

describe('what is news', () => {
  it.each<LinkKind>(['editor', 'viewer'])(
    'to who comes by a %s link is what is written from then on',
    (kind) =>
      withDevices(async ({ device }) => {
        const [anna, ben] = await Promise.all([device(), device()])
        await Promise.all([anna.online(), ben.online()])
        const { space } = await anna.cairn.spaces.create({ title: 'Orchard', name: 'Anna' })
        const { person } = (await anna.cairn.spaces.get(space)) ?? expect.fail()
        const say = (text: string) =>
          anna.cairn.spaces.edit(space, [{ kind: 'post', id: `${personTag(person)}.${text}`, set: { text } }])
        await say('first')
        await say('second')
        await anna.cairn.spaces.edit(space, [{ kind: 'task', id: 't1', set: { title: 'Prune' } }])
        await inStep(anna, space)
        const { url = '' } = await anna.cairn.spaces.makeLink(space, { kind, expiresIn: undefined, uses: 5 })
        await ben.cairn.spaces.join(url, { name: 'Ben' })
        await ben.until(
          async () => (await texts(ben, space)).length === 2 && (await unreadOf(ben, space)) === 0,
        )
        await say('third')
        await ben.until(async () => (await texts(ben, space)).length === 3)
        expect(await ben.cairn.spaces.unread(space)).toEqual({ posts: 1 })

        // What is not here is not here, also by a link that was cut off.
        for (const item of [`post/${personTag(person)}.fourth`, 'post/fou', 'post', ''])
          expect(await ben.cairn.spaces.entity(space, item)).toBeUndefined()

        const [newest] = await ben.cairn.spaces.entities(space, 'post')
        await ben.cairn.spaces.markRead(space, 'posts', newest?.counter ?? 0)
        expect(await unreadOf(ben, space)).toBe(0)
        // Nothing that could be taken back.
        expect(await ben.cairn.spaces.undo(space)).toBe(false)
      }),
  )
})
