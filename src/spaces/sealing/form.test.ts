import { expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { encodeParts } from '../crypto.ts'
import { partsForm, readSealedForm, textForm } from './form.ts'

const prng = createPrng('form')
const sealedOf = (length: number) => ({
  ...{ $type: 'app.cairn.sealed', epoch: prng.bytes(32), salt: prng.bytes(32) },
  sealed: prng.bytes(length),
})

it('reads a sealed record where its parts stand, and nothing that is written otherwise', () => {
  for (const length of [256, 272, 65_535, 65_536, 200_000]) {
    const record = sealedOf(length)
    const { $type: _, ...parts } = record
    const bytes = encodeDagCbor(record)
    expect(readSealedForm(bytes)).toEqual(parts)
    expect(readSealedForm(bytes.subarray(0, -1))).toBeUndefined()
    expect(readSealedForm(new Uint8Array([...bytes, 0]))).toBeUndefined()
  }
  const bytes = encodeDagCbor(sealedOf(272))
  const isPart = (at: number): boolean => (at >= 8 && at < 40) || (at >= 71 && at < 103) || at >= 113
  for (let at = 0; at < 113; at++) {
    const other = new Uint8Array(bytes)
    other[at] = (other[at] ?? 0) ^ 1
    expect(readSealedForm(other) !== undefined, `byte ${at}`).toBe(isPart(at))
  }
  // A head that is longer than it need be.
  const long = new Uint8Array([...bytes.subarray(0, 110), 0x5a, 0, 0, 1, 16, ...bytes.subarray(113)])
  expect(readSealedForm(long)).toBeUndefined()
  expect(readSealedForm(encodeDagCbor(sealedOf(200)))).toBeUndefined()
})

it('writes parts as they are always written', () => {
  const [name, salt] = [prng.bytes(16), prng.bytes(32)]
  const before = ['tag', 'at://did:key:z/space/x.y.z/k', 'did:key:zé'] as const
  expect(partsForm(before, 16, 32).with(name, salt)).toEqual(encodeParts([...before, name, salt]))
  const text = 'a'.repeat(300)
  expect(textForm(['tag'], text, 3, 32).with(utf8('xyz'), salt)).toEqual(
    encodeParts(['tag', `${text}xyz`, salt]),
  )
  expect(() => partsForm(before, 16, 32).with(salt, name)).toThrow(RangeError)
})
