import { describe, expect, it } from 'vitest'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { readKeyCard } from '../key-card.ts'
import { createTestDevice, randomFrom } from '../testing/kit.ts'
import { recoveryFinder } from './finder.ts'
import { createKeyWrap } from './hpke.ts'
import { openRecoveryNote, type RecoveryNote, sealRecoveryNote } from './recovery-note.ts'
import { seedDevice } from './recovery-device.ts'
import { codeOf } from './testing/codes.ts'
import { makeRecovery } from './words.ts'

const by = createTestDevice(createPrng(9)).id
const space = `at://${by}/space/app.cairn.group/main`
const device = await seedDevice(new Uint8Array(32).fill(7), space)
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
