import { join } from 'node:path'
import { fromBase64Url, toBase64Url } from '@atcute/multibase'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { deriveKey, gcmSeal } from '../crypto.ts'
import { pad } from '../sealing/padding.ts'
import type { EpochKey } from '../sealing/record.ts'
import { codeOf } from '../keys/testing/codes.ts'
import { createTestDevice, randomFrom, testEpoch, vectorText } from '../testing/kit.ts'
import { MAX_PAYLOAD, openWord, sealWord } from './seal.ts'
import { space } from './testing/wire.ts'
import { isSigned, MAX_TEXT_BYTES, signWord, type WordBody, type WordFields } from './word.ts'

const prng = createPrng(9)
const ann = createTestDevice(prng)
const ben = createTestDevice(prng)
const epoch = await testEpoch(1)
const other = await testEpoch(2)
const fields = (body: WordBody): Omit<WordFields, 'epoch'> => ({
  ...{ space, device: ann.id, session: new Uint8Array(16).fill(3), count: 5, at: 1_795_000_000_000 },
  body,
})
const cursor = { anchor: new Uint8Array([1, 2]), head: new Uint8Array([3]) }
const bodies: readonly WordBody[] = [
  { kind: 'here', where: 'note/3kq', typing: true, cursor, heard: [new Uint8Array(16).fill(4)] },
  { kind: 'here', where: 'tasks', typing: false, cursor: null, heard: [] },
  { kind: 'gone' },
  { kind: 'text', note: '3kq', update: utf8('an update') },
]
const open = (payload: unknown, of = space, key: EpochKey = epoch) =>
  openWord(payload, of, async (name) => (name === toHex(key.epoch) ? key : undefined))

describe('a word', () => {
  it('has the committed bytes, and says what was said', async () => {
    const shown = []
    for (const [at, body] of bodies.entries()) {
      const payload = await sealWord(fields(body), epoch, ann, randomFrom(at))
      const word = await open(payload)
      expect(word).toMatchObject({ ...fields(body), epoch: epoch.epoch })
      expect(await isSigned(word)).toBe(true)
      shown.push({ kind: body.kind, payload })
    }
    await expect(vectorText(shown)).toMatchFileSnapshot(join(import.meta.dirname, 'vectors', 'word.json'))
  })

  it('with any byte changed is refused', async () => {
    const bytes = fromBase64Url(await sealWord(fields({ kind: 'gone' }), epoch, ann, randomFrom(1)))
    for (let at = 0; at < bytes.length; at++) {
      const bad = new Uint8Array(bytes).with(at, (bytes[at] ?? 0) ^ 1)
      expect(await codeOf(() => open(toBase64Url(bad)))).toMatch(/^presence\.(malformed|epoch|broken)/)
    }
    for (const bad of [undefined, 5, null, {}, '', 'a', '=', '€', 'x'.repeat(MAX_PAYLOAD + 1), 'AAAA'])
      expect(await codeOf(() => open(bad))).toMatch(/^presence\.malformed/)
  })

  it('counts in its own space and epoch alone', async () => {
    const payload = await sealWord(fields({ kind: 'gone' }), epoch, ann, randomFrom(1))
    expect(await codeOf(() => open(payload, space, other))).toBe('presence.epoch')
    expect(await codeOf(() => open(payload, `${space}2`))).toBe('presence.broken')
    const renamed = { epoch: epoch.epoch, secret: other.secret }
    expect(await codeOf(() => open(payload, space, renamed))).toBe('presence.broken')
    // Of another space, sealed by someone who holds the keys of both.
    const elsewhere = await sealWord(
      { ...fields({ kind: 'gone' }), space: `${space}2` },
      epoch,
      ann,
      randomFrom(1),
    )
    expect(await codeOf(() => open(elsewhere))).toBe('presence.broken')
  })

  it('that a member sealed anew, from another space or epoch, is refused', async () => {
    const reseal = async (word: WordFields): Promise<string> => {
      const salt = new Uint8Array(32).fill(6)
      const key = await deriveKey(epoch.secret, salt, ['cairn.space.presence-key.v1', space, salt])
      const inner = pad([await signWord(word, ann)])
      const sealed = await gcmSeal(key, ['cairn.space.presence-seal.v1', space, epoch.epoch], inner)
      return toBase64Url(encodeDagCbor({ ver: 1, epoch: epoch.epoch, salt, sealed }))
    }
    const word: WordFields = { ...fields({ kind: 'gone' }), epoch: epoch.epoch }
    expect((await open(await reseal(word))).body).toEqual({ kind: 'gone' })
    const moved = await reseal({ ...word, space: `${space}2` })
    expect(await codeOf(() => open(moved))).toBe('presence.malformed space')
    const older = await reseal({ ...word, epoch: other.epoch })
    expect(await codeOf(() => open(older))).toBe('presence.malformed epoch')
  })

  it('of another device is not signed by it', async () => {
    const signs = { id: ann.id, sign: ben.sign }
    const word = await open(await sealWord(fields({ kind: 'gone' }), epoch, signs, randomFrom(1)))
    expect(await isSigned(word)).toBe(false)
    const own = await open(await sealWord(fields({ kind: 'gone' }), epoch, ann, randomFrom(1)))
    expect(await isSigned(own)).toBe(true)
    expect(await isSigned({ ...own, count: 6 })).toBe(false)
    expect(await isSigned({ ...own, epoch: other.epoch })).toBe(false)
    expect(await isSigned({ ...own, device: 'did:key:zDnaeNoPoint' })).toBe(false)
    expect(await codeOf(() => sealWord(fields({ kind: 'gone' }), epoch, ben, randomFrom(1)))).toBe(
      'spaces.invalid',
    )
  })

  it('of the largest text fits an event, and what is larger is refused', async () => {
    const text = (size: number): WordBody => ({
      kind: 'text',
      note: 'n'.repeat(200),
      update: prng.bytes(size),
    })
    const payload = await sealWord(fields(text(MAX_TEXT_BYTES)), epoch, ann, randomFrom(1))
    expect(payload.length).toBeLessThanOrEqual(MAX_PAYLOAD)
    expect(payload.length).toBeLessThan(48 * 1024)
    expect((await open(payload)).body).toMatchObject({ kind: 'text' })
    const seal = (body: WordBody, more: object = {}): Promise<string> =>
      codeOf(() => sealWord({ ...fields(body), ...more }, epoch, ann, randomFrom(1)))
    expect(await seal(text(MAX_TEXT_BYTES + 1))).toBe('presence.malformed body')
    expect(await seal(text(40_000))).toBe('presence.too-large')
    expect(await seal({ kind: 'gone' }, { count: 0 })).toBe('presence.malformed count')
    expect(await seal({ kind: 'gone' }, { session: new Uint8Array(15) })).toBe('presence.malformed session')
  })

  it('shows a listener its size in steps, not what is typed', async () => {
    const sizes = new Set<number>()
    for (const size of [0, 1, 20]) {
      const body: WordBody = { kind: 'text', note: 'n', update: new Uint8Array(size) }
      sizes.add((await sealWord(fields(body), epoch, ann, randomFrom(1))).length)
    }
    expect(sizes.size).toBe(1)
  })
})
