import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { toHex } from '../core/bytes.ts'
import { checkChain } from './chain.ts'
import { decodePack } from './pack-reader.ts'
import { encodePack } from './pack-writer.ts'
import { decodeTable } from './table-reader.ts'
import { encodeTable } from './table-writer.ts'
import { PACK_CASES, TABLE_CASES } from './testing/cases.ts'
import { sha256 } from './testing/sha256.ts'

/**
 * The committed vectors: each file has the bytes and what they stand for, bytes among it as `{"bytesHex"}`.
 * `vitest -u` writes them anew; a change of what is there is a change of the wire.
 */
const fileOf = (name: string): string => join(import.meta.dirname, 'vectors', `${name}.json`)

function vector(bytes: Uint8Array, value: object): string {
  const shown = (_: string, it: unknown): unknown => (it instanceof Uint8Array ? { bytesHex: toHex(it) } : it)
  return `${JSON.stringify({ hex: toHex(bytes), decoded: value }, shown, 1)}\n`
}

describe('packs', () => {
  it.each(PACK_CASES)('$name: the bytes are the committed ones, both ways', async (one) => {
    const { name, pack, groupThreshold } = one
    const bytes = encodePack(pack, { groupThreshold })
    await expect(vector(bytes, { groupThreshold, pack })).toMatchFileSnapshot(fileOf(name))
    expect(decodePack(bytes)).toEqual(pack)
    expect(encodePack(decodePack(bytes), { groupThreshold })).toEqual(bytes)
  })

  it('come with chains that hold', () => {
    const subscriptions = PACK_CASES.flatMap(({ pack, groupThreshold }) => {
      return decodePack(encodePack(pack, { groupThreshold })).pull?.subscriptions ?? []
    })
    expect(subscriptions.filter(({ integrity }) => integrity !== undefined).length).toBeGreaterThan(5)
    for (const it of subscriptions) expect(checkChain(it, sha256)).toMatch(/^[0-9a-f]{64}$/)
  })

  it('have a group from eight rows on, and not before', () => {
    const sizes = ['seven-rows', 'eight-rows'].map((name) => {
      const { pack } = PACK_CASES.find((it) => it.name === name) ?? expect.fail()
      const groups = decodePack(encodePack(pack)).pull?.subscriptions[0]?.commits[0]?.schemas ?? []
      return groups.map(({ table }) => table)
    })
    expect(sizes).toEqual([[], ['plain']])
  })
})

describe('tables', () => {
  it.each(TABLE_CASES)('$name: the bytes are the committed ones, both ways', async ({ name, table }) => {
    const bytes = encodeTable(table)
    await expect(vector(bytes, { table })).toMatchFileSnapshot(fileOf(name))
    expect(decodeTable(bytes)).toEqual(table)
  })
})
