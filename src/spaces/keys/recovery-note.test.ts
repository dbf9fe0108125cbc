import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { readKeyCard } from '../key-card.ts'
import { createTestDevice, randomFrom, vectorText } from '../testing/kit.ts'
import { recoveryFinder } from './finder.ts'
import { createKeyWrap } from './hpke.ts'
import { openRecoveryNote, type RecoveryNote, sealRecoveryNote } from './recovery-note.ts'
import { seedDevice } from './recovery-device.ts'
import { codeOf } from './testing/codes.ts'
import notes from './vectors/recovery-note.json'
import { makeRecovery } from './words.ts'

const by = createTestDevice(createPrng(9)).id
const space = `at://${by}/space/app.cairn.group/main`
const seed = new Uint8Array(32).fill(7)
const device = await seedDevice(seed, space)
const other = await seedDevice(new Uint8Array(32).fill(8), space)
const note: RecoveryNote = {
  finder: await recoveryFinder(makeRecovery(randomFrom(3))),
  confirmedAt: 1_700_000_000_000,
  device: other.id,
}
const seal = async (it: RecoveryNote = note) =>
  sealRecoveryNote({ space, by }, await readKeyCard(device.card), it, createKeyWrap())

describe('what a device tells another of its person’s of a recovery', () => {
  it('opens for that device, from that device, in that space', async () => {
    const bytes = await seal()
    expect(await openRecoveryNote({ space, by }, bytes, device.unwrap)).toEqual(note)
    const bare = { ...note, device: null }
    expect(await openRecoveryNote({ space, by }, await seal(bare), device.unwrap)).toEqual(bare)
    const broken = 'spaces.device-broken'
    expect(await codeOf(() => openRecoveryNote({ space, by }, bytes, other.unwrap))).toBe(broken)
    expect(await codeOf(() => openRecoveryNote({ space, by: other.id }, bytes, device.unwrap))).toBe(broken)
    const elsewhere = { space: `${space}2`, by }
    expect(await codeOf(() => openRecoveryNote(elsewhere, bytes, device.unwrap))).toBe(broken)
  })

  it('has the committed bytes', async () => {
    const rows = []
    for (const said of [note, { ...note, device: null }]) {
      const fresh = toHex(await seal(said))
      // Each has chance in it, so the committed one is opened, and made anew only where there is none.
      const hex = notes.find((row) => row.device === said.device)?.hex ?? fresh
      expect(hex).toHaveLength(fresh.length)
      const opened = await openRecoveryNote({ space, by }, fromHex(hex) ?? new Uint8Array(), device.unwrap)
      expect(opened).toEqual(said)
      const { place, owner, listKey, publicKey } = said.finder
      rows.push({
        ...{ space, by, to: device.id, toSeedHex: toHex(seed), place, owner },
        ...{ listKeyHex: toHex(listKey), publicKeyHex: toHex(publicKey) },
        ...{ confirmedAt: said.confirmedAt, device: said.device, hex },
      })
    }
    const file = join(import.meta.dirname, 'vectors', 'recovery-note.json')
    await expect(vectorText(rows)).toMatchFileSnapshot(file)
  })

  it('is refused when it is not of that form', async () => {
    const open = (bytes: Uint8Array) => openRecoveryNote({ space, by }, bytes, device.unwrap)
    const map = { ver: 1, enc: new Uint8Array(65), sealed: new Uint8Array(200) }
    expect(await codeOf(() => open(encodeDagCbor(map)))).toBe('spaces.device-broken')
    const malformed = /^spaces\.device-malformed/
    expect(await codeOf(() => open(encodeDagCbor({ ...map, more: 1 })))).toMatch(malformed)
    expect(await codeOf(() => open(encodeDagCbor({ ...map, enc: new Uint8Array(64) })))).toMatch(malformed)
    expect(await codeOf(() => open(new Uint8Array(5000)))).toMatch(malformed)
    expect(await codeOf(() => open(encodeDagCbor({ ...map, ver: 2 })))).toBe('spaces.version')
  })
})
