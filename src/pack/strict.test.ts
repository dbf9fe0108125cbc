import { describe, expect, it } from 'vitest'
import { createByteWriter, type ByteWriter } from './byte-writer.ts'
import type { PackErrorCode } from './errors.ts'
import { decodePack } from './pack-reader.ts'
import { decodeTable } from './table-reader.ts'
import { encodeTable } from './table-writer.ts'
import type { Column } from './table-model.ts'

/** Packs and tables written by hand, each wrong in one way. */

type Write = (writer: ByteWriter) => void
const ROOT = '0'.repeat(64)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

function bytesOf(write: Write): Uint8Array {
  const writer = createByteWriter()
  write(writer)
  return writer.finish()
}

function head(writer: ByteWriter, magic: string, version: number): void {
  writer.raw(text(magic))
  writer.u16(version)
  writer.u16(0)
}

const packOf = (write: Write): Uint8Array =>
  bytesOf((writer) => {
    head(writer, 'SSP1', 14)
    writer.raw(new Uint8Array([1, 0, 0]))
    write(writer)
  })

/** A pack with one subscription, from after its id. */
const subscriptionOf = (write: Write): Uint8Array =>
  packOf((writer) => {
    writer.raw(new Uint8Array([0, 1, 1]))
    writer.u32(1)
    writer.str32('sub')
    write(writer)
  })

const untilIntegrity: Write = (writer) => {
  writer.str16('active')
  writer.str32('{}')
  writer.bool(false)
  writer.bool(false)
  writer.i64(1)
}

/** A pack with one commit, from its changes on. */
const commitOf = (write: Write, createdAt = '2026-01-01T00:00:00.000Z', padding = 0): Uint8Array =>
  subscriptionOf((writer) => {
    untilIntegrity(writer)
    writer.bool(false)
    writer.u32(1)
    writer.i64(1)
    writer.str32(createdAt)
    writer.str32('actor')
    write(writer)
    writer.bool(false)
    writer.raw(new Uint8Array(padding))
  })

interface Parts {
  readonly tables?: readonly string[]
  readonly changes: readonly Write[]
  readonly groups?: readonly { readonly table: number; readonly payload: Uint8Array }[]
}

const changesOf = ({ tables = ['a', 'b'], changes, groups = [] }: Parts): Uint8Array =>
  commitOf((writer) => {
    writer.list(tables, writer.str16)
    writer.u32(1)
    writer.u32(0)
    writer.list(changes, (write) => write(writer))
    writer.list(groups, ({ table, payload }) => {
      writer.u16(table)
      writer.bytes32(payload)
    })
  })

const change =
  (op: number, kind: number, row: Write, { table = 0, scope = 0 } = {}): Write =>
  (writer) => {
    writer.u16(table)
    writer.str32('id')
    writer.u8(op)
    writer.u8(kind)
    row(writer)
    writer.bool(false)
    writer.u32(scope)
  }
const ref =
  (group: number, row: number): Write =>
  (writer) => {
    writer.u32(group)
    writer.u32(row)
  }
const none: Write = () => {}

const columns: readonly Column[] = [{ name: 'v', type: 'integer', nullable: true }]
const payload = encodeTable({ table: 'a', columns, rows: [{ v: 1 }, { v: null }] })
const group = { table: 0, payload }

const snapshotOf = (write: Write): Uint8Array =>
  subscriptionOf((writer) => {
    untilIntegrity(writer)
    writer.bool(false)
    writer.u32(0)
    writer.bool(true)
    writer.u32(1)
    writer.str16('t')
    writer.u32(0)
    write(writer)
  })
const chunk =
  (length: number, sha: string, encoding: string, compression: string): Write =>
  (writer) => {
    writer.bool(true)
    writer.u32(1)
    writer.str32('c')
    writer.i64(length)
    writer.str16(sha)
    writer.str16(encoding)
    writer.str16(compression)
    writer.raw(new Uint8Array([1, 1, 0, 0, 0]))
  }
const afterChunks =
  (manifest: string | undefined, artifacts: string | undefined): Write =>
  (writer) => {
    writer.raw(new Uint8Array([0, 1, 1, 0]))
    writer.opt(manifest, writer.str32)
    writer.opt(artifacts, writer.str32)
  }

describe('a pack', () => {
  it('of these parts is read', () => {
    const pack = decodePack(
      changesOf({ changes: [change(1, 2, ref(0, 0)), change(1, 2, ref(0, 1))], groups: [group] }),
    )
    expect(pack.pull?.subscriptions[0]?.commits[0]).toMatchObject({
      changes: [{ row: { v: 1 } }, { row: { v: null } }],
      schemas: [{ table: 'a', columns }],
    })
  })

  it('gives no row that nobody asks for, nor its schema', () => {
    const pack = decodePack(changesOf({ changes: [change(1, 0, none)], groups: [group] }))
    const [commit] = pack.pull?.subscriptions[0]?.commits ?? []
    expect(commit?.schemas).toBeUndefined()
    expect(commit?.changes).toEqual([{ table: 'a', rowId: 'id', op: 'upsert', row: null, scopes: {} }])
  })

  it('must have the columns that are asked for', () => {
    const bytes = changesOf({ changes: [change(1, 2, ref(0, 0))], groups: [group] })
    expect(decodePack(bytes, { columnsOf: () => columns })).toEqual(decodePack(bytes))
    const others: readonly (readonly Column[])[] = [
      [],
      [{ name: 'v', type: 'integer' }],
      [{ name: 'w', type: 'integer', nullable: true }],
      [{ name: 'v', type: 'float', nullable: true }],
    ]
    for (const other of others) {
      expect(() => decodePack(bytes, { columnsOf: () => other })).toThrow(
        expect.objectContaining({ code: 'pack.schema' }),
      )
    }
  })

  it.each<[string, PackErrorCode, Uint8Array]>([
    ['no magic', 'pack.magic', bytesOf((it) => head(it, 'SSP2', 14))],
    ['the version before', 'pack.version', bytesOf((it) => head(it, 'SSP1', 13))],
    ['flags', 'pack.flags', bytesOf((it) => it.raw(new Uint8Array([83, 83, 80, 49, 14, 0, 1, 0])))],
    ['a boolean of 2', 'pack.bool', packOf((it) => it.raw(new Uint8Array([0, 1, 2])))],
    ['an option of 2', 'pack.bool', packOf((it) => it.raw(new Uint8Array([2])))],
    [
      'four thousand million commits',
      'pack.count',
      packOf((it) => it.raw(new Uint8Array([1, 1, 255, 255, 255, 255]))),
    ],
    [
      'another status',
      'pack.unknown',
      subscriptionOf((it) => [it.str16('paused'), it.raw(new Uint8Array(40))]),
    ],
    [
      'scopes of a list',
      'pack.json',
      subscriptionOf((it) => [it.str16('active'), it.str32('[]'), it.raw(new Uint8Array(40))]),
    ],
    [
      'scopes of numbers',
      'pack.json',
      subscriptionOf((it) => [it.str16('active'), it.str32('{"a":1}'), it.raw(new Uint8Array(40))]),
    ],
    [
      'scopes of null',
      'pack.json',
      subscriptionOf((it) => [it.str16('active'), it.str32('null'), it.raw(new Uint8Array(40))]),
    ],
    [
      'no JSON',
      'pack.json',
      subscriptionOf((it) => [it.str16('active'), it.str32('{a}'), it.raw(new Uint8Array(40))]),
    ],
    [
      'JSON of many levels',
      'pack.json',
      subscriptionOf((it) => [
        it.str16('active'),
        it.str32(`${'[['.repeat(1e5)}${']]'.repeat(1e5)}`),
        it.raw(new Uint8Array(40)),
      ]),
    ],
    [
      'JSON of no double',
      'pack.json',
      changesOf({ changes: [change(1, 1, (it) => it.str32('{"a":1e999}'))] }),
    ],
    [
      'bytes that are no UTF-8',
      'pack.utf8',
      subscriptionOf((it) => it.raw(new Uint8Array([2, 0, 0xc3, 0x28, ...new Uint8Array(40)]))),
    ],
    [
      'an integer beyond the safe ones',
      'pack.integer',
      subscriptionOf((it) => [
        it.str16('active'),
        it.str32('{}'),
        it.raw(new Uint8Array([0, 0])),
        it.raw(new Uint8Array([0, 0, 0, 0, 0, 0, 0x20, 0])),
        it.raw(new Uint8Array(9)),
      ]),
    ],
    [
      'a root in capitals',
      'pack.hex',
      subscriptionOf((it) => [
        untilIntegrity(it),
        it.bool(true),
        it.str32(''),
        it.str32(ROOT),
        it.str32('A'.repeat(64)),
        it.i64(1),
        it.u32(0),
        it.bool(false),
      ]),
    ],
    [
      'a time without milliseconds',
      'pack.time',
      commitOf((it) => it.raw(new Uint8Array(16)), '2026-01-01T00:00:00Z'),
    ],
    [
      'a day that is none',
      'pack.time',
      commitOf((it) => it.raw(new Uint8Array(16)), '2026-02-30T00:00:00.000Z'),
    ],
    ['anything behind', 'pack.trailing', commitOf((it) => it.raw(new Uint8Array(16)), undefined, 1)],
    ['an unknown table', 'pack.index', changesOf({ changes: [change(1, 0, none, { table: 2 })] })],
    ['an unknown scope', 'pack.index', changesOf({ changes: [change(1, 0, none, { scope: 1 })] })],
    ['another operation', 'pack.unknown', changesOf({ changes: [change(3, 0, none)] })],
    ['another kind of row', 'pack.unknown', changesOf({ changes: [change(1, 3, none)] })],
    ['a row of null', 'pack.json', changesOf({ changes: [change(1, 1, (it) => it.str32('null'))] })],
    ['a row of no group', 'pack.row-ref', changesOf({ changes: [change(1, 2, ref(0, 0))] })],
    [
      'a row behind the last',
      'pack.row-ref',
      changesOf({ changes: [change(1, 2, ref(0, 2))], groups: [group] }),
    ],
    [
      'a row of another table',
      'pack.row-ref',
      changesOf({ changes: [change(1, 2, ref(0, 0), { table: 1 })], groups: [group] }),
    ],
    [
      'a row used twice',
      'pack.row-ref',
      changesOf({ changes: [change(1, 2, ref(0, 1)), change(1, 2, ref(0, 1))], groups: [group] }),
    ],
    [
      'a deleted row of a group',
      'pack.row-ref',
      changesOf({ changes: [change(2, 2, ref(0, 0))], groups: [group] }),
    ],
    ['a group of another table', 'pack.group', changesOf({ changes: [], groups: [{ table: 1, payload }] })],
    ['a group of no table', 'pack.index', changesOf({ changes: [], groups: [{ table: 9, payload }] })],
    ['two groups of a table', 'pack.group', changesOf({ changes: [], groups: [group, group] })],
    [
      'something behind a group',
      'pack.trailing',
      changesOf({ changes: [], groups: [{ table: 0, payload: new Uint8Array([...payload, 0]) }] }),
    ],
    ['a chunk of another encoding', 'pack.unknown', snapshotOf(chunk(1, ROOT, 'json', 'gzip'))],
    ['a chunk of another compression', 'pack.unknown', snapshotOf(chunk(1, ROOT, 'binary-table-v1', 'none'))],
    ['a chunk of no digest', 'pack.hex', snapshotOf(chunk(1, 'g'.repeat(64), 'binary-table-v1', 'gzip'))],
    ['a chunk of less than nothing', 'pack.integer', snapshotOf(chunk(-1, ROOT, 'binary-table-v1', 'gzip'))],
    ['a chunk without manifest', 'pack.manifest', snapshotOf(chunk(1, ROOT, 'binary-table-v1', 'gzip'))],
    ['a manifest that is none', 'pack.manifest', snapshotOf(afterChunks('{}', undefined))],
    ['artifacts that are no list', 'pack.json', snapshotOf(afterChunks(undefined, '{}'))],
    ['an artifact that is no object', 'pack.json', snapshotOf(afterChunks(undefined, '[1]'))],
  ])('with %s is refused', (_, code, bytes) => {
    expect(() => decodePack(bytes)).toThrow(
      expect.objectContaining({ code, fields: expect.objectContaining({ offset: expect.any(Number) }) }),
    )
  })

  it('takes keys that an object has from its prototype for what they are', () => {
    const scoped = commitOf((writer) => {
      writer.list(['a'], writer.str16)
      writer.u32(1)
      writer.list(['__proto__', 'x', 'x'], (name) => [writer.str16(name), writer.str32(`${name}!`)])
      writer.list([change(1, 1, (it) => it.str32('{"__proto__":{"evil":1}}'))], (write) => write(writer))
      writer.u32(0)
    })
    const [only] = decodePack(scoped).pull?.subscriptions[0]?.commits[0]?.changes ?? []
    expect(Object.entries(only?.scopes ?? {})).toEqual([
      ['__proto__', '__proto__!'],
      ['x', 'x!'],
    ])
    expect('evil' in Object(only?.row)).toBe(false)
  })

  it('cannot unfold to more than the limit', () => {
    const name = 'n'.repeat(60_000)
    const bytes = changesOf({
      tables: [name],
      changes: Array.from({ length: 5000 }, () => change(1, 0, none)),
    })
    expect(bytes.length).toBeLessThan(200_000)
    expect(() => decodePack(bytes)).toThrow(expect.objectContaining({ code: 'pack.too-large' }))
    expect(() => decodePack(bytes, { limits: { maxBytes: 100, maxUnfolded: 100 } })).toThrow(
      expect.objectContaining({
        code: 'pack.too-large',
        fields: { offset: 0, size: bytes.length, limit: 100 },
      }),
    )
  })
})

const tableOf = (columns: readonly (readonly [string, number, number])[], rest: Write): Uint8Array =>
  bytesOf((writer) => {
    head(writer, 'SBT1', 1)
    writer.str16('t')
    writer.u16(columns.length)
    for (const [name, type, flags] of columns) {
      writer.str16(name)
      writer.u8(type)
      writer.u8(flags)
    }
    rest(writer)
  })
const rowOf =
  (...bytes: number[]): Write =>
  (writer) => {
    writer.u32(1)
    writer.raw(new Uint8Array(bytes))
  }

describe('a table', () => {
  it.each<[string, PackErrorCode, Uint8Array]>([
    ['another version', 'pack.version', bytesOf((it) => head(it, 'SBT1', 2))],
    ['the magic of a pack', 'pack.magic', bytesOf((it) => head(it, 'SSP1', 1))],
    ['a column of no type', 'pack.column', tableOf([['a', 0, 0]], rowOf())],
    ['a column of an unknown type', 'pack.column', tableOf([['a', 7, 0]], rowOf())],
    ['unknown flags', 'pack.column', tableOf([['a', 1, 2]], rowOf())],
    [
      'a column twice',
      'pack.column',
      tableOf(
        [
          ['a', 1, 0],
          ['a', 2, 0],
        ],
        rowOf(),
      ),
    ],
    ['null where none may be', 'pack.null', tableOf([['a', 4, 0]], rowOf(1))],
    ['a null bit of no column', 'pack.null', tableOf([['a', 4, 1]], rowOf(0x80, 1))],
    ['a boolean of 2', 'pack.bool', tableOf([['a', 4, 0]], rowOf(0, 2))],
    [
      'a float that is infinite',
      'pack.float',
      tableOf([['a', 3, 0]], rowOf(0, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f)),
    ],
    [
      'an integer of 2^63 - 1',
      'pack.integer',
      tableOf([['a', 2, 0]], rowOf(0, 255, 255, 255, 255, 255, 255, 255, 127)),
    ],
    ['JSON null', 'pack.json', tableOf([['a', 5, 1]], rowOf(0, 4, 0, 0, 0, ...text('null')))],
    ['bytes that are not there', 'pack.truncated', tableOf([['a', 6, 0]], rowOf(0, 255, 255, 255, 255))],
    ['rows that are not there', 'pack.count', tableOf([['a', 4, 1]], (it) => it.u32(2))],
    ['rows of no columns', 'pack.count', tableOf([], (it) => it.u32(1))],
    ['rows behind the last', 'pack.trailing', tableOf([['a', 4, 0]], rowOf(0, 1, 1))],
    [
      'more columns than SQLite has',
      'pack.too-large',
      tableOf(
        Array.from({ length: 2001 }, (_, n) => [`${n}`, 1, 1]),
        rowOf(),
      ),
    ],
  ])('with %s is refused', (_, code, bytes) => {
    expect(() => decodeTable(bytes)).toThrow(
      expect.objectContaining({ code, fields: expect.objectContaining({ offset: expect.any(Number) }) }),
    )
  })

  it('of nulls alone cannot unfold to more than the limit', () => {
    const names = Array.from({ length: 2000 }, (_, n) => `column-${n}`)
    const rows = 100_000
    const bytes = tableOf(
      names.map((name) => [name, 1, 1]),
      (writer) => {
        writer.u32(rows)
        writer.raw(new Uint8Array(rows * 250).fill(0xff))
      },
    )
    const start = performance.now()
    expect(() => decodeTable(bytes)).toThrow(expect.objectContaining({ code: 'pack.too-large' }))
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
