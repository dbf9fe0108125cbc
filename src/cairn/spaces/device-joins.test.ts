import { describe, expect, it } from 'vitest'
import { linkSigner, createLinkKey } from '../../spaces/links/link-key.ts'
import { formatDeviceLink } from '../../spaces/links/device-link.ts'
import { sealDeviceOffer } from '../../spaces/links/device-offer.ts'
import { createDeviceLink } from '../../spaces/links/device-place.ts'
import type { SpaceRow } from '../../spaces/vault/model.ts'
import type { Storage } from '../../storage/port.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { codeOf } from './testing/club.ts'
import { type SpacesHere, spacesOn } from './testing/space-kit.ts'

const MINUTE = 60_000
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

/** A context on a disk, and a link to a space, from whomever, that nobody looks after once it was answered. */
async function withOffer(
  ends: number,
  use: (kit: {
    readonly storage: Storage
    readonly here: SpacesHere
    offer(space: string, root: string): Promise<string>
  }) => Promise<void>,
): Promise<void> {
  await withLevel(async (storage) => {
    const clock = { at: 1_790_000_000_000, now: () => clock.at }
    const link = await createDeviceLink(random)
    let body = new Uint8Array()
    const fetch = async (_url: string, init: RequestInit): Promise<Response> => {
      if (init.method === 'GET' && body.length > 0) return new Response(body)
      if (init.method === 'GET') return Response.json({ reason: 'unknown' }, { status: 404 })
      body = new Uint8Array()
      clock.at += 11 * MINUTE
      return new Response(null, { status: 201 })
    }
    const here = await spacesOn(storage, fetch, clock)
    await use({
      ...{ storage, here },
      async offer(space, root) {
        const stranger = linkSigner(createLinkKey(random)).id
        body = await sealDeviceOffer(
          link,
          {
            ...{ space, root, relays: [], person: stranger, by: stranger, epoch: null, authority: null },
            ...{ expires: clock.now() + ends, key: random(32) },
          },
          random,
        )
        return formatDeviceLink('http://127.0.0.1:9/', link)
      },
    })
    await here.close()
  })
}

describe('a device link that comes to nothing', () => {
  it('leaves a copy as it was, whoever made it', () =>
    withOffer(10 * MINUTE, async ({ storage, here: { spaces }, offer }) => {
      const { space } = await spaces.create({ title: 'Orchard', name: 'Ben' })
      await spaces.edit(space, [{ kind: 'task', id: 'a'.repeat(26), set: { title: 'Prune' } }])
      await spaces.leave(space)
      const { root } = (await storage.get('spaces', space)) as SpaceRow
      const url = await offer(space, root)
      expect(await codeOf(spaces.joinDevice(url, { name: 'Phone' }))).toBe('spaces.link-expired')
      expect((await spaces.get(space))?.state).toBe('left')
      expect(await spaces.entities(space, 'task')).toMatchObject([{ fields: { title: 'Prune' } }])
    }))

  it('is not waited for longer than any link holds, whatever it says', () =>
    withOffer(1_000_000 * MINUTE, async ({ storage, here: { spaces }, offer }) => {
      const { space } = await spaces.create({ title: 'Orchard', name: 'Ben' })
      const { root } = (await storage.get('spaces', space)) as SpaceRow
      await spaces.forget(space)
      const url = await offer(space, root)
      expect(await codeOf(spaces.joinDevice(url, { name: 'Phone' }))).toBe('spaces.link-expired')
      expect(await spaces.list()).toEqual([])
    }))
})
