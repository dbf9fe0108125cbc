import { join } from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { sha256 } from '../../pack/testing/sha256.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { signKeyCard } from '../key-card.ts'
import { parseOperation, signOperation, verifyOperation } from '../members/operation.ts'
import { codeOf, createTestDevice, randomFrom, type TestDevice, vectorText } from '../testing/kit.ts'
import { type DeviceAnswer, openDeviceAnswer, sealDeviceAnswer } from './device-answer.ts'
import { formatDeviceLink, parseDeviceLink } from './device-link.ts'
import { type DeviceOffer, openDeviceOffer, sealDeviceOffer } from './device-offer.ts'
import { answerPlace, createDeviceLink, offerPlace } from './device-place.ts'
import { createLinkKey } from './link-key.ts'

const APP = 'https://cairn.example/'
const prng = createPrng(9)
const [first, fresh, other] = [createTestDevice(prng), createTestDevice(prng), createTestDevice(prng)]
const link = await createDeviceLink(randomFrom(1))
const offer: DeviceOffer = {
  space: `at://${other.id}/space/app.cairn.group/main`,
  root: cidString(CODEC_DAG_CBOR, sha256(utf8('root'))),
  relays: ['https://relay.example', '/dns4/relay.example/tcp/443/wss'],
  person: first.id,
  by: first.id,
  epoch: { name: new Uint8Array(32).fill(1), key: new Uint8Array(32).fill(2) },
  expires: 1_795_000_600_000,
  key: new Uint8Array(32).fill(3),
  authority: createLinkKey(randomFrom(2)),
}
const cardOf = (device: TestDevice, seed: number) =>
  signKeyCard({ device: device.id, key: p256.getPublicKey(createLinkKey(randomFrom(seed)), false) }, device)
const answer: DeviceAnswer = {
  device: fresh.id,
  card: await cardOf(fresh, 3),
  name: 'Tablet in der Küche',
  at: 1_795_000_000_000,
}
const sealedOffer = await sealDeviceOffer(link, offer, randomFrom(4))
const sealedAnswer = await sealDeviceAnswer(link, offer, answer, fresh, randomFrom(5))

describe('a device link', () => {
  it('has the committed text, places and bytes', async () => {
    const shown = {
      privateKeysHex: [first, fresh].map((it) => toHex(it.key.privateKey)),
      link: formatDeviceLink(APP, link),
      idHex: toHex(link.id),
      secretHex: toHex(link.secret),
      offerPlaceHex: toHex(await offerPlace(link)),
      answerPlaceHex: toHex(await answerPlace(link)),
      offerHex: toHex(sealedOffer),
      answerHex: toHex(sealedAnswer),
    }
    const path = join(import.meta.dirname, 'vectors', 'device.json')
    await expect(vectorText(shown)).toMatchFileSnapshot(path)
    expect(await parseDeviceLink(shown.link)).toEqual(link)
    expect(await openDeviceOffer(link, sealedOffer)).toEqual(offer)
    expect(await openDeviceAnswer(link, offer, sealedAnswer)).toMatchObject(answer)
    expect(sealedOffer.length).toBeLessThan(4096)
  })

  it('with any character changed, cut off or added is none', async () => {
    const text = formatDeviceLink(APP, link)
    const codes = new Set<string>()
    for (let at = text.indexOf('#'); at < text.length; at++) {
      for (const it of ['A', 'b', '.', '='])
        if (text[at] !== it)
          codes.add(await codeOf(() => parseDeviceLink(text.slice(0, at) + it + text.slice(at + 1))))
      codes.add(await codeOf(() => parseDeviceLink(text.slice(0, at))))
    }
    codes.add(await codeOf(() => parseDeviceLink(`${text}A`)))
    codes.add(await codeOf(() => parseDeviceLink(text.replace('#/device/', '#/join/'))))
    codes.delete('spaces.link-damaged')
    for (const code of codes) expect(code).toMatch(/^spaces\.link-malformed /)
    expect(await codeOf(() => parseDeviceLink('x'.repeat(5_000)))).toBe('spaces.link-malformed size')
    expect(await codeOf(() => formatDeviceLink('javascript:x', link))).toBe('spaces.invalid')
    const shortened = text.slice(text.lastIndexOf('/') + 1)
    expect(await parseDeviceLink(shortened)).toEqual(link)
    const error: unknown = await parseDeviceLink(`${text}A`).catch((it: unknown) => it)
    expect(JSON.stringify(error) + String(error)).not.toContain(shortened.slice(23, 40))
  })

  it('gives what the first device needs for its operation', async () => {
    const { device, consent } = await openDeviceAnswer(link, offer, sealedAnswer)
    const { space, person, by } = offer
    const fields = { space, author: by, seq: 2, parents: [offer.root], at: 0 }
    const act = { kind: 'device', body: { person, device, consent } } as const
    const made = await signOperation({ ...fields, act }, first, undefined, sha256)
    await verifyOperation(parseOperation(made.bytes, sha256))
    expect(made.operation.act).toEqual(act)
  })
})

describe('what a relay keeps for it', () => {
  it('opens with no other link, in no other place, and with no byte changed or cut off', async () => {
    const wrong = await createDeviceLink(randomFrom(8))
    for (const at of [wrong, { ...link, id: wrong.id }]) {
      expect(await codeOf(() => openDeviceOffer(at, sealedOffer))).toBe('spaces.device-broken')
      expect(await codeOf(() => openDeviceAnswer(at, offer, sealedAnswer))).toBe('spaces.device-broken')
    }
    expect(await codeOf(() => openDeviceOffer(link, sealedAnswer))).toBe('spaces.device-broken')
    expect(await codeOf(() => openDeviceAnswer(link, offer, sealedOffer))).toBe('spaces.device-broken')
    for (const [bytes, open] of [
      [sealedOffer, (it: Uint8Array) => openDeviceOffer(link, it)],
      [sealedAnswer, (it: Uint8Array) => openDeviceAnswer(link, offer, it)],
    ] as const) {
      for (let at = 0; at < bytes.length; at += 3) {
        const bad = new Uint8Array(bytes)
        bad[at] = (bad[at] ?? 0) ^ 1
        expect(await codeOf(() => open(bad))).toMatch(/^spaces\.(device-broken|device-malformed|version)/)
        expect(await codeOf(() => open(bytes.subarray(0, at)))).toBe('spaces.device-malformed dag-cbor')
      }
    }
  })

  it('does not tell whether the authority’s key is in it', async () => {
    const plain = await sealDeviceOffer(link, { ...offer, authority: null, epoch: null }, randomFrom(6))
    expect(plain.length).toBe(sealedOffer.length)
    expect((await openDeviceOffer(link, plain)).authority).toBeNull()
  })

  it('answers the offer of one device, for one person, in one space, and no later one', async () => {
    const open = (more: Partial<DeviceOffer>) =>
      codeOf(() => openDeviceAnswer(link, { ...offer, ...more }, sealedAnswer))
    expect(await open({})).toBe('none')
    expect(await open({ key: new Uint8Array(32).fill(4) })).toBe('spaces.device-broken')
    expect(await open({ person: other.id })).toBe('spaces.bad-signature invalid')
    expect(await open({ by: other.id })).toBe('spaces.bad-signature invalid')
    expect(await open({ space: `${offer.space}2` })).toBe('spaces.bad-signature invalid')
  })

  it('is not made of what nobody would take', async () => {
    const give = (more: Partial<DeviceOffer>) =>
      codeOf(() => sealDeviceOffer(link, { ...offer, ...more }, randomFrom(4)))
    expect(await give({ root: 'x' })).toBe('spaces.device-malformed root')
    expect(await give({ authority: new Uint8Array(32) })).toBe('spaces.device-malformed authority')
    expect(await give({ key: new Uint8Array(31) })).toBe('spaces.device-malformed key')
    expect(await give({ person: 'did:plc:abc' })).toBe('spaces.device-malformed person')
    expect(await give({ relays: ['a b'] })).toBe('spaces.device-malformed relays')
    const reply = (more: Partial<DeviceAnswer>, by = fresh) =>
      codeOf(() => sealDeviceAnswer(link, offer, { ...answer, ...more }, by, randomFrom(5)))
    expect(await reply({ name: 'x'.repeat(65) })).toBe('spaces.device-malformed name')
    expect(await reply({}, other)).toBe('spaces.invalid')
    expect(await reply({ card: await cardOf(other, 7) })).toBe('spaces.join-other device')
    expect(await reply({ card: new Uint8Array(5) })).toBe('spaces.card-malformed dag-cbor')
  })
})
