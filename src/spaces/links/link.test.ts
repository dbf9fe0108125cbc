import { join } from 'node:path'
import { toBase64Url } from '@atcute/multibase'
import { describe, expect, it } from 'vitest'
import { concat, toHex, utf8 } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR, CODEC_RAW } from '../../core/cid.ts'
import { sha256 } from '../../pack/testing/sha256.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { codeOf, randomFrom, vectorText } from '../testing/kit.ts'
import {
  type Capability,
  encodeCapability,
  openCapability,
  parseCapability,
  sealCapability,
} from './capability.ts'
import { createLinkKey, linkSigner } from './link-key.ts'
import { createShortLink, formatLink, parseLink } from './link.ts'
import { joinTopic, linkPlace } from './place.ts'

const APP = 'https://cairn.example/'
const short = await createShortLink(randomFrom(1))
const capability: Capability = {
  space: 'at://did:key:zDnaeTV2XWkufA1EGbCgEGgZ1wbbCTWM5xW1kmN77gwo632zx/space/app.cairn.group/main',
  root: cidString(CODEC_DAG_CBOR, sha256(utf8('root'))),
  title: 'Hütte über dem See',
  relays: ['/dns4/relay.example/tcp/443/wss', 'https://relay.example'],
  role: 'writer',
  approval: false,
  key: createLinkKey(randomFrom(2)),
  expires: 1_795_000_000_000,
  epoch: { name: new Uint8Array(32).fill(1), key: new Uint8Array(32).fill(2) },
}
const asking: Capability = { ...capability, approval: true, epoch: null }
const sealed = await sealCapability(short, capability, randomFrom(3))

describe('a join link', () => {
  it('has the committed text, place and bytes', async () => {
    const link = linkSigner(capability.key).id
    const shown = {
      link: formatLink(APP, short),
      idHex: toHex(short.id),
      secretHex: toHex(short.secret),
      placeHex: toHex(await linkPlace(short.id)),
      capabilityHex: toHex(encodeCapability(capability)),
      sealedHex: toHex(sealed),
      linkKey: link,
      topicHex: toHex(await joinTopic(link)),
      longLink: formatLink(APP, { kind: 'long', capability: asking }),
    }
    await expect(vectorText(shown)).toMatchFileSnapshot(join(import.meta.dirname, 'vectors', 'link.json'))
    expect(await parseLink(shown.link)).toEqual(short)
    expect(await parseLink(shown.longLink)).toEqual({ kind: 'long', capability: asking })
    expect(await openCapability(short, sealed)).toEqual(capability)
  })

  it('is read from an address, its fragment, or the rest of it', async () => {
    const text = formatLink('https://a.example/cairn/', short)
    for (const part of [text, text.slice(text.indexOf('#')), text.slice(text.lastIndexOf('/') + 1)]) {
      expect(await parseLink(part)).toEqual(short)
    }
  })

  it('with any character changed, cut off or added is none', async () => {
    const text = formatLink(APP, short)
    const start = text.indexOf('#')
    const codes = new Set<string>()
    for (let at = start; at < text.length; at++) {
      for (const other of ['A', 'b', '_', '.', '=', ' ', 'é']) {
        if (text[at] !== other)
          codes.add(await codeOf(() => parseLink(text.slice(0, at) + other + text.slice(at + 1))))
      }
      codes.add(await codeOf(() => parseLink(text.slice(0, at))))
    }
    for (const more of ['A', '.', '/', '?x', '#', '\n']) codes.add(await codeOf(() => parseLink(text + more)))
    codes.delete('spaces.link-damaged')
    for (const code of codes) expect(code).toMatch(/^spaces\.(link-malformed|capability-malformed) /)
    expect(codes.size).toBeGreaterThan(2)
    expect(await codeOf(() => parseLink('x'.repeat(10_000)))).toBe('spaces.link-malformed size')
    expect(await codeOf(() => formatLink('javascript:x', short))).toBe('spaces.invalid')
    expect(await codeOf(() => formatLink('https://a.example/#/', short))).toBe('spaces.invalid')
  })

  it('shows in no error what it is', async () => {
    const text = formatLink(APP, short)
    const secret = toBase64Url(short.secret)
    for (const bad of [
      `${text}A`,
      text.replace(/\.(?=[^.]*$)/, '..'),
      text.slice(0, -3),
      `${text.slice(0, -1)}${text.endsWith('A') ? 'E' : 'A'}`,
    ]) {
      const error: unknown = await parseLink(bad).catch((it: unknown) => it)
      expect(error).toBeInstanceOf(Error)
      expect(JSON.stringify(error) + String(error)).not.toContain(secret.slice(0, 20))
    }
  })

  it('in its long form asks, and carries no key', async () => {
    const long = (it: unknown): string => `${APP}#/join/${toBase64Url(encodeDagCbor(it))}`
    const wire = { ver: 1, ...asking, root: { $link: asking.root } }
    expect(await codeOf(() => parseLink(long(wire)))).toBe('none')
    const open = { ...wire, approval: false }
    expect(await codeOf(() => parseLink(long(open)))).toBe('spaces.capability-malformed approval')
    const withKey = { ...wire, epoch: { name: new Uint8Array(32), key: new Uint8Array(32) } }
    expect(await codeOf(() => parseLink(long(withKey)))).toBe('spaces.capability-malformed epoch')
    const large = { ...wire, relays: Array.from({ length: 8 }, () => 'x'.repeat(256)) }
    expect(await codeOf(() => parseLink(long(large)))).toBe('spaces.capability-malformed size')
    expect(await codeOf(() => formatLink(APP, { kind: 'long', capability }))).toBe(
      'spaces.capability-malformed approval',
    )
  })
})

describe('a sealed capability', () => {
  it('tells by its length neither the kind nor the space', async () => {
    const plain = await sealCapability(short, { ...capability, title: 'x' }, randomFrom(4))
    const ask = await sealCapability(short, asking, randomFrom(4))
    expect(plain.length).toBe(sealed.length)
    expect(ask.length).toBe(sealed.length)
  })

  it('opens with no other link, and with no byte changed or cut off', async () => {
    const other = await createShortLink(randomFrom(9))
    expect(await codeOf(() => openCapability(other, sealed))).toBe('spaces.capability-broken')
    expect(await codeOf(() => openCapability({ ...short, id: other.id }, sealed))).toBe(
      'spaces.capability-broken',
    )
    for (let at = 0; at < sealed.length; at++) {
      const bad = sealed.slice()
      bad[at] = (bad[at] ?? 0) ^ 1
      expect(await codeOf(() => openCapability(short, bad))).toMatch(
        /^spaces\.(capability-broken|capability-malformed|version)/,
      )
      expect(await codeOf(() => openCapability(short, sealed.subarray(0, at)))).toBe(
        'spaces.capability-malformed dag-cbor',
      )
    }
    expect(await codeOf(() => openCapability(short, concat([sealed, sealed])))).toBe(
      'spaces.capability-malformed dag-cbor',
    )
  })

  const wire = { ver: 1, ...capability, root: { $link: capability.root } }
  const raw = cidString(CODEC_RAW, sha256(utf8('root')))
  it.each([
    ['another version', { ...wire, ver: 2 }, 'spaces.version'],
    ['an unknown field', { ...wire, extra: 1 }, 'spaces.capability-malformed unknown-field'],
    ['no space', { ...wire, space: 'at://x' }, 'spaces.capability-malformed space'],
    ['a root as text', { ...wire, root: capability.root }, 'spaces.capability-malformed root'],
    ['a root of another codec', { ...wire, root: { $link: raw } }, 'spaces.capability-malformed root'],
    ['a long title', { ...wire, title: 'x'.repeat(201) }, 'spaces.capability-malformed title'],
    ['nine relays', { ...wire, relays: Array(9).fill('a') }, 'spaces.capability-malformed relays'],
    ['a relay with a space', { ...wire, relays: ['a b'] }, 'spaces.capability-malformed relays'],
    ['the role of an admin', { ...wire, role: 'admin' }, 'spaces.capability-malformed role'],
    ['a key of zeros', { ...wire, key: new Uint8Array(32) }, 'spaces.capability-malformed key'],
    ['a negative time', { ...wire, expires: -1 }, 'spaces.capability-malformed expires'],
    [
      'a short epoch key',
      { ...wire, epoch: { ...wire.epoch, key: new Uint8Array(3) } },
      'spaces.capability-malformed epoch',
    ],
    ['a key while it asks', { ...wire, approval: true }, 'spaces.capability-malformed epoch'],
  ])('with %s is none', async (_name, value, code) => {
    expect(await codeOf(() => parseCapability(encodeDagCbor(value)))).toBe(code)
  })

  it('is not made when nobody would take it', async () => {
    expect(await codeOf(() => encodeCapability({ ...capability, title: 'x'.repeat(201) }))).toBe(
      'spaces.capability-malformed title',
    )
    expect(await codeOf(() => encodeCapability({ ...capability, root: 'x' }))).toBe(
      'spaces.capability-malformed root',
    )
    expect(await codeOf(() => createLinkKey(() => new Uint8Array(32)))).toBe('spaces.invalid')
    expect(await codeOf(() => linkSigner(new Uint8Array(32)))).toBe('spaces.invalid')
  })
})
