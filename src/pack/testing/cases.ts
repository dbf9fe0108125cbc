import { integrityOf } from '../chain.ts'
import { chunkRef } from '../chunk.ts'
import { makeManifest } from '../manifest.ts'
import type { Change, PackCommit, Snapshot, Subscription, SyncPack } from '../model.ts'
import { scopeDigest } from '../scope-digest.ts'
import type { Column, Table } from '../table-model.ts'
import type { JsonObject, Row } from '../values.ts'
import { sha256 } from './sha256.ts'

/** A pack, and from how many rows on its writer made groups. */
export interface PackCase {
  readonly name: string
  readonly pack: SyncPack
  readonly groupThreshold: number
}

export interface TableCase {
  readonly name: string
  readonly table: Table
}

/** A column of every type, and enough of them for a null map of two bytes. */
const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'string' },
  { name: 'count', type: 'integer' },
  { name: 'score', type: 'float' },
  { name: 'done', type: 'boolean' },
  { name: 'meta', type: 'json', nullable: true },
  { name: 'body', type: 'bytes' },
  { name: 'note', type: 'string', nullable: true },
  { name: 'limit', type: 'integer', nullable: true },
  { name: 'ratio', type: 'float', nullable: true },
  { name: 'seen', type: 'boolean', nullable: true },
  { name: 'raw', type: 'bytes', nullable: true },
]

function fullRow(n: number): Row {
  const present = n % 2 === 0
  return {
    id: `row-${n}`,
    count: [0, -1, 42, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER][n % 5] ?? 0,
    score: [0, -2.25, 1.5, 5e-324, Number.MAX_VALUE][n % 5] ?? 0,
    done: n % 3 === 0,
    meta: present ? { tags: ['ä', '\u{1f331}'], depth: [[1]], none: null } : null,
    body: Uint8Array.from({ length: n }, (_, i) => 255 - i),
    note: present ? null : `naïve ${n}`,
    limit: present ? n : null,
    ratio: present ? null : n / 4,
    seen: present ? true : null,
    raw: present ? new Uint8Array() : null,
  }
}

const rows = (count: number): Row[] => Array.from({ length: count }, (_, n) => fullRow(n))

/** What JSON can hold of a row: it has no bytes. */
const plainColumns = COLUMNS.filter(({ type }) => type !== 'bytes')
function plainRow(n: number): Row {
  const { body: _body, raw: _raw, ...rest } = fullRow(n)
  return rest
}

const upsert = (table: string, rowId: string, row: Change['row'], rowVersion?: number): Change => ({
  table,
  rowId,
  op: 'upsert',
  row,
  ...(rowVersion === undefined ? {} : { rowVersion }),
  scopes: { user_id: 'user-1' },
})
const remove = (table: string, rowId: string): Change => {
  return { table, rowId, op: 'delete', row: null, scopes: { user_id: 'user-1', project: 'p1' } }
}

const commit = (
  commitSeq: number,
  changes: readonly Change[],
  schemas?: PackCommit['schemas'],
): PackCommit => ({
  commitSeq,
  createdAt: new Date(1_790_000_000_000 + commitSeq).toISOString(),
  actorId: 'user-2',
  changes,
  ...(schemas === undefined ? {} : { schemas }),
})

function pulled(commits: readonly PackCommit[], more: Partial<Subscription> = {}): SyncPack {
  const place = { partitionId: 'default', subscriptionId: 'sub-1' }
  const integrity = integrityOf(commits, place, sha256)
  const subscription: Subscription = {
    id: 'sub-1',
    status: 'active',
    scopes: { user_id: 'user-1', project: ['p1', 'p2'] },
    bootstrap: false,
    nextCursor: commits.at(-1)?.commitSeq ?? -1,
    ...(integrity && { integrity }),
    commits,
    ...more,
  }
  return { ok: true, pull: { ok: true, subscriptions: [subscription] } }
}

const chunks = [1, 2].map((n) => chunkRef(`chunk-${n}`, new Uint8Array(n * 10), sha256))
const manifest = makeManifest(
  {
    table: 'tasks',
    asOfCommitSeq: 42,
    scopeDigest: scopeDigest({ user_id: 'user-1' }, sha256),
    rowCursor: 'row-ü',
    rowLimit: 1000,
    nextRowCursor: null,
    isFirstPage: false,
    isLastPage: true,
    chunks,
  },
  sha256,
)
const state: JsonObject = { asOfCommitSeq: 42, tables: ['tasks', 'notes'], tableIndex: 1, rowCursor: null }
const snapshots: readonly Snapshot[] = [
  { table: 'notes', rows: [], isFirstPage: true, isLastPage: true },
  {
    table: 'notes',
    rows: [{ id: 'n1' }, [1, 'two'], null],
    chunks: [],
    isFirstPage: true,
    isLastPage: false,
    bootstrapStateAfter: state,
    artifacts: [],
  },
  {
    table: 'tasks',
    rows: [],
    chunks,
    isFirstPage: false,
    isLastPage: true,
    bootstrapStateAfter: state,
    manifest,
  },
  {
    table: 'tasks',
    rows: [],
    isFirstPage: true,
    isLastPage: true,
    artifacts: [{ id: 'artifact-1', artifactKind: 'sqlite-snapshot-v1', compression: 'none', rowCount: 3 }],
  },
]

const many = (count: number): Change[] =>
  rows(count).map((_, n) => upsert('plain', `row-${n}`, plainRow(n), n))
const plainSchema = { table: 'plain', columns: plainColumns }
const fullSchema = { table: 'full', columns: COLUMNS }
const recordSchema = { table: 'app.bsky.feed.post', columns: [{ name: 'value', type: 'bytes' }] } as const

const pack = (name: string, value: SyncPack, groupThreshold = 8): PackCase => {
  return { name, pack: value, groupThreshold }
}

/** A pack for every branch of the format. */
export const PACK_CASES: readonly PackCase[] = [
  pack('nothing', { ok: false }),
  pack('schema-versions', { ok: true, requiredSchemaVersion: 0x7fffffff, latestSchemaVersion: -1 }),
  pack('push', {
    ok: true,
    push: {
      ok: false,
      commits: [
        {
          ok: true,
          clientCommitId: 'a',
          status: 'applied',
          commitSeq: 1,
          results: [{ opIndex: 0, status: 'applied' }],
        },
        { ok: true, clientCommitId: '', status: 'cached', results: [] },
        {
          ok: false,
          clientCommitId: 'ç',
          status: 'rejected',
          commitSeq: -5,
          results: [
            {
              opIndex: 1,
              status: 'conflict',
              message: 'm',
              code: 'c',
              serverVersion: 7,
              serverRow: { id: 'x' },
            },
            { opIndex: -1, status: 'conflict', message: '', serverVersion: 0, serverRow: null },
            { opIndex: 2, status: 'error', error: 'e', code: 'sync.row_missing', retriable: true },
            { opIndex: 3, status: 'error', error: 'e', retriable: false },
            { opIndex: 4, status: 'error', error: '' },
          ],
        },
      ],
    },
  }),
  pack('pull-empty', { ok: true, pull: { ok: false, subscriptions: [] } }),
  pack('revoked', pulled([], { status: 'revoked', scopes: {}, nextCursor: 41 })),
  pack('empty-commit', pulled([commit(3, [])])),
  pack(
    'inline-rows',
    pulled([
      commit(4, [
        upsert('plain', 'a', { id: 'a', '10': 1, '2': [true, -0.5, 'é'] }, 3),
        remove('plain', 'b'),
        upsert('other', 'c', null),
        upsert('other', '', 'text is JSON too', 0),
        { ...remove('other', 'd'), row: { gone: true }, rowVersion: 9 },
        { ...upsert('plain', 'e', {}), scopes: {} },
      ]),
      commit(5, [remove('plain', 'a')]),
    ]),
  ),
  pack('seven-rows', pulled([commit(6, many(7))])),
  pack('eight-rows', pulled([commit(6, many(8), [plainSchema])])),
  pack(
    'two-groups',
    pulled([
      commit(
        7,
        rows(9).flatMap((row, n) => [
          upsert('full', `f${n}`, row, n),
          ...(n === 0
            ? [remove('full', 'gone'), upsert('full', 'null', null), upsert('loose', 'l', { a: 1 })]
            : []),
          ...(n === 8 ? [] : [upsert('plain', `p${n}`, plainRow(n))]),
        ]),
        [fullSchema, plainSchema],
      ),
      commit(8, [upsert('plain', 'p0', { id: 'p0' })]),
    ]),
  ),
  pack(
    'records',
    pulled([
      commit(9, [upsert('app.bsky.feed.post', '3kabc', { value: new Uint8Array([0xa0]) })], [recordSchema]),
    ]),
    1,
  ),
  pack('bootstrap', pulled([], { bootstrap: true, bootstrapState: state, snapshots })),
  pack('no-snapshots', pulled([], { snapshots: [] })),
]

/** A table for every branch of the format. */
export const TABLE_CASES: readonly TableCase[] = [
  { name: 'table-all-types', table: { ...fullSchema, rows: rows(6) } },
  {
    name: 'table-eight-columns',
    table: { table: '', columns: COLUMNS.slice(0, 8), rows: [eight(0), eight(1)] },
  },
  { name: 'table-no-rows', table: { ...recordSchema, rows: [] } },
  { name: 'table-no-columns', table: { table: 'empty', columns: [], rows: [] } },
]

function eight(n: number): Row {
  const names = COLUMNS.slice(0, 8).map(({ name }) => name)
  return Object.fromEntries(Object.entries(fullRow(n)).filter(([name]) => names.includes(name)))
}
