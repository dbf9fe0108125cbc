import { expect, it } from 'vitest'
import { linkSigner, createLinkKey } from '../../spaces/links/link-key.ts'
import { formatDeviceLink } from '../../spaces/links/device-link.ts'
import { sealDeviceOffer } from '../../spaces/links/device-offer.ts'
import { createDeviceLink } from '../../spaces/links/device-place.ts'
import type { SpaceRow } from '../../spaces/vault/model.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { codeOf } from './testing/club.ts'
import { spacesOn } from './testing/space-kit.ts'

const MINUTE = 60_000
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

it('leaves a copy as it was when a link to it, from whomever, comes to nothing', () =>
  withLevel(async (storage) => {
    const clock = { at: 1_790_000_000_000, now: () => clock.at }
    const link = await createDeviceLink(random)
    let offer = new Uint8Array()
    const here = await spacesOn(
      storage,
      async (_url, init) => {
        if (init.method === 'GET') return offer.length > 0 ? new Response(offer) : new Response(null)
        // The answer is there, and nobody ever looks for it.
        offer = new Uint8Array()
        clock.at += MINUTE
        return new Response(null, { status: 201 })
      },
      clock,
    )
    const { space } = await here.spaces.create({ title: 'Orchard', name: 'Ben' })
    await here.spaces.edit(space, [{ kind: 'task', id: 'a'.repeat(26), set: { title: 'Prune' } }])
    await here.spaces.leave(space)
    const { root } = (await storage.get('spaces', space)) as SpaceRow
    const stranger = linkSigner(createLinkKey(random)).id
    offer = await sealDeviceOffer(
      link,
      {
        ...{ space, root, relays: [], person: stranger, by: stranger, epoch: null, authority: null },
        ...{ expires: clock.now() + MINUTE, key: random(32) },
      },
      random,
    )
    const url = formatDeviceLink('http://127.0.0.1:9/', link)
    expect(await codeOf(here.spaces.joinDevice(url, { name: 'Phone' }))).toBe('spaces.link-expired')
    expect((await here.spaces.get(space))?.state).toBe('left')
    expect(await here.spaces.entities(space, 'task')).toMatchObject([{ fields: { title: 'Prune' } }])
    await here.close()
  }))
