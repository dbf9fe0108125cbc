import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeDagCbor } from '../repo/cbor/encode.ts'
import { concat, toHex } from '../core/bytes.ts'
import { fillEach } from '../core/hash.ts'
import { createLanes } from '../core/sha256-lanes.ts'
import { sha256 } from './testing/node-host.ts'
import { frameTold } from './told-frames.ts'
import { frames } from './frames.ts'

const recordOf = (size: number): Uint8Array =>
  encodeDagCbor({ $type: 'a.b.c', data: new Uint8Array(randomBytes(size)) })
const lanes = await createLanes()
if (lanes === undefined) throw new Error('this Node has no WebAssembly SIMD')

describe.each([
  ['four at once', lanes.fill],
  ['one after another', fillEach(sha256)],
])('records that were told of, hashed %s', (_name, fill) => {
  it('are framed as a segment holds them, with digests of their own', async () => {
    const records = [1, 70, 200, 100_000, 190_000, 3, 300_000].map(recordOf)
    const list = [...records.slice(0, 3), undefined, ...records.slice(3)].map((record) => ({ record }))
    const { digests, pieces } = await frameTold(list, fill)
    expect(digests.map((it) => it && toHex(it))).toEqual(
      list.map(({ record }) => record && toHex(sha256(record))),
    )
    expect(pieces.length).toBeGreaterThan(1)
    const bytes = concat(pieces.map((it) => it.bytes))
    const found = [...frames(bytes)]
    expect(found.map((it) => toHex(bytes.subarray(it.from, it.to)))).toEqual(records.map(toHex))
    for (const [i, frame] of found.entries()) {
      if (frame.kind === 'node') throw new Error('a node')
      expect(toHex(bytes.subarray(frame.digestAt, frame.digestAt + 32))).toBe(
        toHex(sha256(records[i] ?? bytes)),
      )
    }
  })

  it('may be none', async () => {
    expect(await frameTold([], fill)).toEqual({ digests: [], pieces: [] })
    expect((await frameTold([{ record: undefined }], fill)).digests).toEqual([undefined])
  })
})
