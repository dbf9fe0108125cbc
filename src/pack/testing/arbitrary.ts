import fc from 'fast-check'
import type { Change, PackCommit, SyncPack } from '../model.ts'
import { COLUMN_TYPES, type Column, type ColumnType, type Table } from '../table-model.ts'
import type { Cell, JsonObject, JsonValue } from '../values.ts'

/** Any pack and any table that the format can carry. */

const text = fc.string({ unit: 'binary', maxLength: 12 })
const integer = fc.maxSafeInteger()
const digest = fc.stringMatching(/^[0-9a-f]{64}$/)
// JSON has no negative zero: it is written as 0.
const json: fc.Arbitrary<JsonValue> = fc
  .jsonValue({ stringUnit: 'binary' })
  .map((it) => JSON.parse(JSON.stringify(it)))
const jsonNotNull = json.filter((it) => it !== null)
const jsonObject = fc.dictionary(text, json, { noNullPrototype: true }) as fc.Arbitrary<JsonObject>
const time = fc
  .date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((it) => it.toISOString())
// A computed key is of type string to the compiler.
const optional = <T, K extends string>(key: K, value: fc.Arbitrary<T>): fc.Arbitrary<{ [P in K]?: T }> =>
  fc.record({ [key]: value }, { requiredKeys: [] }) as fc.Arbitrary<{
    [P in K]?: T
  }>

const cells: Readonly<Record<ColumnType, fc.Arbitrary<Cell>>> = {
  string: text,
  integer,
  float: fc.double({ noNaN: true, noDefaultInfinity: true }),
  boolean: fc.boolean(),
  json: jsonNotNull,
  bytes: fc.uint8Array({ maxLength: 20 }),
}

const columns: fc.Arbitrary<Column[]> = fc.uniqueArray(
  fc
    .tuple(text, fc.constantFrom(...COLUMN_TYPES), fc.boolean())
    .map(([name, type, nullable]) => (nullable ? { name, type, nullable } : { name, type })),
  { minLength: 1, maxLength: 18, selector: ({ name }) => name },
)

const rowOf = (schema: readonly Column[]): fc.Arbitrary<Record<string, Cell>> =>
  fc
    .tuple(...schema.map(({ type, nullable }) => (nullable === true ? fc.option(cells[type]) : cells[type])))
    .map((values) => Object.fromEntries(schema.map(({ name }, index) => [name, values[index] ?? null])))

export const arbitraryTable: fc.Arbitrary<Table> = columns.chain((schema) =>
  fc.record({
    table: text,
    columns: fc.constant(schema),
    rows: fc.array(rowOf(schema), { maxLength: 12 }),
  }),
)

const changeOf = (table: string, row: fc.Arbitrary<Change['row']>): fc.Arbitrary<Change> =>
  fc
    .tuple(
      fc.record({
        table: fc.constant(table),
        rowId: text,
        scopes: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
      }),
      fc.oneof(
        fc.record({ op: fc.constant('upsert' as const), row }),
        fc.record({ op: fc.constant('delete' as const), row: fc.option(jsonNotNull) }),
      ),
      optional('rowVersion', integer),
    )
    .map(([fixed, what, version]) => ({ ...fixed, ...what, ...version }))

/** Rows of a table with columns all travel in groups, as they do with a threshold of 1. */
const commit: fc.Arbitrary<PackCommit> = fc
  .tuple(fc.uniqueArray(fc.tuple(text, columns), { maxLength: 3, selector: ([name]) => name }), text)
  .chain(([tables, loose]) =>
    fc
      .tuple(
        fc.record({ commitSeq: integer, createdAt: time, actorId: text }),
        fc.array(
          fc.oneof(
            changeOf(`~${loose}`, fc.option(jsonNotNull)),
            ...tables.map(([table, schema]) => changeOf(table, fc.option(rowOf(schema)))),
          ),
          { maxLength: 8 },
        ),
      )
      .map(([fixed, changes]) => {
        const used = new Set(
          changes.filter(({ op, row }) => op === 'upsert' && row !== null).map((it) => it.table),
        )
        const schemas = [...used].flatMap((table) => {
          const found = tables.find(([name]) => name === table)
          return found === undefined ? [] : [{ table, columns: found[1] }]
        })
        return { ...fixed, changes, ...(schemas.length === 0 ? {} : { schemas }) }
      }),
  )

const result = fc.oneof(
  fc.record({ opIndex: fc.integer(), status: fc.constant('applied' as const) }),
  fc
    .tuple(
      fc.record({
        opIndex: fc.integer(),
        status: fc.constant('conflict' as const),
        message: text,
        serverVersion: integer,
        serverRow: json,
      }),
      optional('code', text),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  fc
    .tuple(
      fc.record({ opIndex: fc.integer(), status: fc.constant('error' as const), error: text }),
      optional('code', text),
      optional('retriable', fc.boolean()),
    )
    .map(([a, b, c]) => ({ ...a, ...b, ...c })),
)

const pushed = fc
  .tuple(
    fc.record({
      ok: fc.boolean(),
      clientCommitId: text,
      status: fc.constantFrom('applied' as const, 'cached' as const, 'rejected' as const),
      results: fc.array(result, { maxLength: 4 }),
    }),
    optional('commitSeq', integer),
  )
  .map(([a, b]) => ({ ...a, ...b }))

const snapshot = fc
  .tuple(
    fc.record({
      table: text,
      rows: fc.array(json, { maxLength: 3 }),
      isFirstPage: fc.boolean(),
      isLastPage: fc.boolean(),
    }),
    optional('bootstrapStateAfter', jsonObject),
  )
  .map(([a, b]) => ({ ...a, ...b }))

const subscription = fc
  .tuple(
    fc.record({
      id: text,
      status: fc.constantFrom('active' as const, 'revoked' as const),
      scopes: fc.dictionary(text, fc.oneof(text, fc.array(text)), { noNullPrototype: true }),
      bootstrap: fc.boolean(),
      nextCursor: integer,
      commits: fc.array(commit, { maxLength: 3 }),
    }),
    optional('bootstrapState', jsonObject),
    optional(
      'integrity',
      fc.record({
        partitionId: text,
        previousChainRoot: digest,
        commitChainRoot: digest,
        commitSeq: integer,
      }),
    ),
    optional('snapshots', fc.array(snapshot, { maxLength: 2 })),
  )
  .map(([a, b, c, d]) => ({ ...a, ...b, ...c, ...d }))

/** To be written with a threshold of 1. */
export const arbitraryPack: fc.Arbitrary<SyncPack> = fc
  .tuple(
    fc.record({ ok: fc.boolean() }),
    optional('requiredSchemaVersion', fc.integer()),
    optional('latestSchemaVersion', fc.integer()),
    optional('push', fc.record({ ok: fc.boolean(), commits: fc.array(pushed, { maxLength: 3 }) })),
    optional(
      'pull',
      fc.record({ ok: fc.boolean(), subscriptions: fc.array(subscription, { maxLength: 2 }) }),
    ),
  )
  .map(([a, b, c, d, e]) => ({ ...a, ...b, ...c, ...d, ...e }))
