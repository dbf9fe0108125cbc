import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PackError } from './errors.ts'
import { decodePack } from './pack-reader.ts'
import { encodePack } from './pack-writer.ts'
import { decodeTable } from './table-reader.ts'
import { encodeTable } from './table-writer.ts'
import { arbitraryPack, arbitraryTable } from './testing/arbitrary.ts'

describe('any', () => {
  it('table comes out as it went in', () => {
    fc.assert(
      fc.property(arbitraryTable, (table) => {
        const bytes = encodeTable(table)
        expect(decodeTable(bytes)).toEqual(table)
        expect(encodeTable(decodeTable(bytes))).toEqual(bytes)
      }),
      { numRuns: 150 },
    )
  })

  it('pack comes out as it went in', () => {
    fc.assert(
      fc.property(arbitraryPack, (pack) => {
        const bytes = encodePack(pack, { groupThreshold: 1 })
        expect(decodePack(bytes)).toEqual(pack)
        expect(decodePack(bytes, { sharesIn: () => true })).toEqual(pack)
        expect(encodePack(decodePack(bytes), { groupThreshold: 1 })).toEqual(bytes)
      }),
      { numRuns: 150 },
    )
  })

  it('cell of bytes is a copy, but where a subscription is to share them', () => {
    const scopes = { repo: 'r' }
    const commit = {
      ...{ commitSeq: 1, createdAt: '2026-01-01T00:00:00.000Z', actorId: 'a' },
      changes: ['1', '2'].map((rowId) => ({
        ...{ table: 't', rowId, op: 'upsert' as const, scopes },
        row: { record: Uint8Array.of(1, 2, 3) },
      })),
      schemas: [{ table: 't', columns: [{ name: 'record', type: 'bytes' as const }] }],
    }
    const subscription = (id: string) => ({
      ...{ id, status: 'active' as const, scopes, bootstrap: false, nextCursor: 1, commits: [commit] },
    })
    const pack = { ok: true, pull: { ok: true, subscriptions: ['own', 'shared'].map(subscription) } }
    const bytes = encodePack(pack, { groupThreshold: 1 })
    const read = decodePack(bytes, { sharesIn: (id) => id === 'shared' })
    expect(read).toEqual(pack)
    const shared = read.pull?.subscriptions.map(({ commits }) =>
      commits.flatMap(({ changes }) =>
        changes.map(({ row }) => (row as { record: Uint8Array }).record.buffer === bytes.buffer),
      ),
    )
    expect(shared).toEqual([
      [false, false],
      [true, true],
    ])
  })

  it('bytes at all are read or refused', () => {
    const heads = ['SSP1\u000e\0\0\0', 'SBT1\u0001\0\0\0', ''].map((it) => new TextEncoder().encode(it))
    fc.assert(
      fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 200 }), (head, rest) => {
        for (const read of [decodePack, decodeTable]) {
          try {
            read(Uint8Array.from([...head, ...rest]))
          } catch (error) {
            expect(error).toBeInstanceOf(PackError)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })
})
