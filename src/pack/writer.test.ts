import { describe, expect, it } from 'vitest'
import { createByteWriter } from './byte-writer.ts'
import { GENESIS_ROOT } from './chain.ts'
import type { Change, PackCommit, Subscription, SyncPack } from './model.ts'
import { decodePack } from './pack-reader.ts'
import { encodePack } from './pack-writer.ts'
import type { Column, Table } from './table-model.ts'
import { encodeTable } from './table-writer.ts'

/** What cannot be written is said, and never written as something else. */

const valueError = (reason: string) =>
  expect.objectContaining({ code: 'pack.value', fields: expect.objectContaining({ reason }) })

describe('numbers and texts', () => {
  it.each<[string, string, (writer: ReturnType<typeof createByteWriter>) => void]>([
    ['a byte of 256', 'integer', (it) => it.u8(256)],
    ['less than nothing', 'integer', (it) => it.u16(-1)],
    ['half a number', 'integer', (it) => it.u32(0.5)],
    ['2^31 with a sign', 'integer', (it) => it.i32(2 ** 31)],
    ['2^53', 'integer', (it) => it.i64(2 ** 53)],
    ['NaN', 'float', (it) => it.f64(Number.NaN)],
    ['half a surrogate pair', 'surrogate', (it) => it.str32('\ud800')],
    ['a long text in a short field', 'length', (it) => it.str16('ü'.repeat(40_000))],
  ])('%s cannot be written', (_, reason, write) => {
    expect(() => write(createByteWriter())).toThrow(valueError(reason))
  })

  it('are little-endian, and grow the room they need', () => {
    const writer = createByteWriter()
    writer.i64(-2)
    writer.i64(Number.MIN_SAFE_INTEGER)
    writer.i32(-2)
    const written = writer.finish()
    const view = new DataView(written.buffer)
    expect([view.getBigInt64(0, true), view.getBigInt64(8, true), view.getInt32(16, true)]).toEqual([
      -2n,
      BigInt(Number.MIN_SAFE_INTEGER),
      -2,
    ])
    for (let size = 1020; size < 1030; size++) {
      const edge = createByteWriter()
      edge.raw(new Uint8Array(size))
      edge.u32(7)
      expect(new DataView(edge.finish().buffer).getUint32(size, true)).toBe(7)
    }
  })
})

describe('a table', () => {
  const columns: readonly Column[] = [
    { name: 'a', type: 'string' },
    { name: 'b', type: 'bytes', nullable: true },
  ]
  it.each<[string, string, Table]>([
    ['a column too few', 'missing', { table: 't', columns, rows: [{ a: '' }] }],
    ['a column too many', 'no such column', { table: 't', columns, rows: [{ a: '', b: null, c: 1 }] }],
    ['null where none may be', 'null', { table: 't', columns, rows: [{ a: null, b: null }] }],
    ['a value of another type', 'type', { table: 't', columns, rows: [{ a: 1, b: null }] }],
    ['text for bytes', 'type', { table: 't', columns, rows: [{ a: '', b: 'x' }] }],
    ['a column twice', 'column twice', { table: 't', columns: [...columns, ...columns], rows: [] }],
    ['rows of no columns', 'no columns', { table: 't', columns: [], rows: [{}] }],
    [
      'bytes in JSON',
      'type',
      { table: 't', columns: [{ name: 'j', type: 'json' }], rows: [{ j: new Uint8Array() }] },
    ],
    [
      'a float in an integer',
      'integer',
      { table: 't', columns: [{ name: 'i', type: 'integer' }], rows: [{ i: 1.5 }] },
    ],
  ])('with %s cannot be written', (_, reason, table) => {
    expect(() => encodeTable(table)).toThrow(valueError(reason))
  })
})

describe('a pack', () => {
  const change: Change = { table: 't', rowId: 'r', op: 'upsert', row: { a: 1 }, scopes: {} }
  const commit: PackCommit = {
    commitSeq: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    actorId: '',
    changes: [change],
  }
  const subscription: Subscription = {
    id: 's',
    status: 'active',
    scopes: {},
    bootstrap: false,
    nextCursor: 1,
    commits: [commit],
  }
  const packOf = (changed: Partial<Subscription>): SyncPack => {
    return { ok: true, pull: { ok: true, subscriptions: [{ ...subscription, ...changed }] } }
  }
  const integrity = { partitionId: '', previousChainRoot: GENESIS_ROOT, commitChainRoot: 'x', commitSeq: 1 }
  const schemas = [{ table: 't', columns: [{ name: 'a', type: 'integer' }] }] as const

  it.each<[string, string, Partial<Subscription>]>([
    ['a time of another form', 'time', { commits: [{ ...commit, createdAt: 'now' }] }],
    ['a root that is none', 'digest', { integrity }],
    [
      'bytes and no schema',
      'type',
      { commits: [{ ...commit, changes: [{ ...change, row: { a: new Uint8Array(1) } }] }] },
    ],
    [
      'an endless number',
      'number',
      { commits: [{ ...commit, changes: [{ ...change, row: { a: Infinity } }] }] },
    ],
    [
      'a text in a group',
      'row',
      { commits: [{ ...commit, schemas, changes: [{ ...change, row: 'text' }] }] },
    ],
  ])('with %s cannot be written', (_, reason, changed) => {
    expect(() => encodePack(packOf(changed), { groupThreshold: 1 })).toThrow(valueError(reason))
  })

  it('has each table and each scope once, in the order of use', () => {
    const changes: Change[] = [
      { ...change, table: 'b', scopes: { x: '1', y: '2' } },
      { ...change, table: 'a', scopes: { y: '2', x: '1' } },
      { ...change, table: 'b', scopes: { x: '1', y: '2' } },
    ]
    const bytes = encodePack(packOf({ commits: [{ ...commit, changes }] }))
    const hex = Buffer.from(bytes).toString('latin1')
    expect(hex.split('\x01\0b').length - 1).toBe(1)
    expect(hex.indexOf('\x01\0b')).toBeLessThan(hex.indexOf('\x01\0a'))
    const [first, second, third] = decodePack(bytes).pull?.subscriptions[0]?.commits[0]?.changes ?? []
    expect(first?.scopes).toBe(third?.scopes)
    // Entries in another order are other scopes.
    expect(first?.scopes).not.toBe(second?.scopes)
    expect(Object.keys(second?.scopes ?? {})).toEqual(['y', 'x'])
  })
})
