import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { seedDevice } from '../keys/recovery-device.ts'
import { createKeyWrap } from '../keys/hpke.ts'
import { readKeyCard } from '../key-card.ts'
import { codeOf } from '../keys/testing/codes.ts'
import { createTestDevice, randomFrom } from '../testing/kit.ts'
import vector from './vectors/grant.json' with { type: 'json' }
import { type DeviceGrant, openDeviceGrant, sealDeviceGrant } from './device-grant.ts'
import { createDeviceLink, grantPlace } from './device-place.ts'
import { createLinkKey } from './link-key.ts'

const space = `at://${createTestDevice(createPrng(9)).id}/space/app.cairn.group/main`
const link = await createDeviceLink(randomFrom(1))
const offer = { key: new Uint8Array(32).fill(3) }
const seed = new Uint8Array(32).fill(7)
const device = await seedDevice(seed, space)
const other = await seedDevice(new Uint8Array(32).fill(8), space)
const to = await readKeyCard(device.card)
const grant: DeviceGrant = {
  epochs: [{ name: new Uint8Array(32).fill(1), key: new Uint8Array(32).fill(2) }],
  authority: createLinkKey(randomFrom(2)),
}
const wrap = createKeyWrap()
const seal = (it: DeviceGrant = grant, by = offer) => sealDeviceGrant(link, by, to, it, wrap)

describe('what a new device is given', () => {
  it('comes out of the committed bytes', async () => {
    const shown = {
      seedHex: toHex(seed),
      space,
      device: device.id,
      secretHex: toHex(link.secret),
      offerKeyHex: toHex(offer.key),
      grantPlaceHex: toHex(await grantPlace(link)),
      epoch: { nameHex: '01'.repeat(32), keyHex: '02'.repeat(32) },
      authorityHex: toHex(grant.authority ?? new Uint8Array()),
    }
    // HPKE has another key each time: the committed bytes open, and those made now have their length.
    const { grantHex, ...rest } = vector
    expect(rest).toEqual(shown)
    const kept = fromHex(grantHex) ?? new Uint8Array()
    expect(await openDeviceGrant(link, offer, kept, device.unwrap)).toEqual(grant)
    expect((await seal()).length).toBe(kept.length)
  })

  it('has one size, whatever is in it', async () => {
    const many = Array.from({ length: 16 }, (_, i) => ({
      name: new Uint8Array(32).fill(i),
      key: new Uint8Array(32).fill(i),
    }))
    const sizes = [
      await seal(),
      await seal({ epochs: [], authority: null }),
      await seal({ epochs: many, authority: grant.authority }),
    ].map(({ length }) => length)
    expect(new Set(sizes).size).toBe(1)
    expect(sizes[0]).toBeLessThan(4096)
    expect(await codeOf(() => seal({ epochs: [...many, ...many], authority: null }))).toMatch(
      'spaces.device-malformed',
    )
  })

  it('opens for the device that answered, by the offer that it answered, and nowhere else', async () => {
    const bytes = await seal()
    const open = (it = bytes, by = offer, at = link, own = device) => openDeviceGrant(at, by, it, own.unwrap)
    expect(await open()).toEqual(grant)
    const broken = 'spaces.device-broken'
    expect(await codeOf(() => open(bytes, offer, link, other))).toBe(broken)
    expect(await codeOf(() => open(bytes, { key: new Uint8Array(32) }))).toBe(broken)
    const elsewhere = await createDeviceLink(randomFrom(8))
    expect(await codeOf(() => open(bytes, offer, elsewhere))).toBe(broken)
    // A relay knows the place, and not the offer's key.
    expect(await codeOf(async () => open(await seal(grant, { key: new Uint8Array(32).fill(4) })))).toBe(
      broken,
    )
    const changed = bytes.slice()
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    expect(await codeOf(() => open(changed))).toBe(broken)
    for (const bad of [new Uint8Array(), encodeDagCbor({ ver: 1 }), bytes.slice(1), new Uint8Array(9000)])
      expect(await codeOf(() => open(new Uint8Array(bad)))).toMatch('spaces.device-malformed')
  })

  it('is for a key on the curve only', async () => {
    const bad = { ...to, key: new Uint8Array(65).fill(4) }
    expect(await codeOf(() => sealDeviceGrant(link, offer, bad, grant, wrap))).toBe('keys.invalid')
  })
})
