import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StorageError } from '../errors.ts'
import type { Guard, Range, Storage, WriteOp } from '../port.ts'
import { expectBytes, pattern, withStorage, type Subject } from './subject.ts'

/** What the storage should hold, as plain maps. */
interface Model {
  rows: Map<string, number>
  bytes: Map<string, Uint8Array<ArrayBuffer>>
}

const key = fc.constantFrom('a', 'a/', 'a/1', 'a/2', 'a0', 'b', 'c')
const size = fc.constantFrom(0, 5, 65_535, 65_536, 65_537, 140_000)
const number = fc.nat(5)

const op: fc.Arbitrary<WriteOp> = fc.oneof(
  fc.record({ type: fc.constant('put'), table: fc.constant('settings'), key, value: number }),
  fc.record({ type: fc.constant('add'), table: fc.constant('settings'), key, value: number }),
  fc.record({ type: fc.constant('delete'), table: fc.constant('settings'), key }),
  fc.record({ type: fc.constant('delete-range'), table: fc.constant('settings'), from: key, to: key }),
  fc.record({
    type: fc.constant('put-bytes'),
    key,
    parts: fc.array(
      fc.tuple(size, number).map(([n, s]) => pattern(n, s)),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    type: fc.constant('put-blob'),
    key,
    blob: fc.tuple(size, number).map(([n, s]) => new Blob([pattern(n, s)])),
  }),
  fc.record({ type: fc.constant('delete-bytes'), key }),
  fc.record({ type: fc.constant('delete-bytes-range'), from: key, to: key }),
)
const write = fc.record({
  ops: fc.array(op, { maxLength: 5 }),
  guard: fc.option(fc.record({ key, value: number }), { nil: undefined, freq: 4 }),
})
const range: fc.Arbitrary<Range> = fc.record(
  { from: key, to: key, limit: fc.nat(4), reverse: fc.boolean() },
  { requiredKeys: [] },
)

async function play(model: Model, ops: readonly WriteOp[]): Promise<Model | 'storage.exists'> {
  const rows = new Map(model.rows)
  const bytes = new Map(model.bytes)
  const drop = (map: Map<string, unknown>, from: string, to: string) => {
    for (const name of map.keys()) if (name >= from && name < to) map.delete(name)
  }
  for (const one of ops) {
    if (one.type === 'add' && rows.has(one.key)) return 'storage.exists'
    // The generator above makes numbers only.
    if (one.type === 'put' || one.type === 'add') rows.set(one.key, one.value as number)
    if (one.type === 'delete') rows.delete(one.key)
    if (one.type === 'delete-range') drop(rows, one.from, one.to)
    if (one.type === 'put-bytes')
      bytes.set(one.key, new Uint8Array(await new Blob([...one.parts]).arrayBuffer()))
    if (one.type === 'put-blob') bytes.set(one.key, new Uint8Array(await one.blob.arrayBuffer()))
    if (one.type === 'delete-bytes') bytes.delete(one.key)
    if (one.type === 'delete-bytes-range') drop(bytes, one.from, one.to)
  }
  return { rows, bytes }
}

async function expectSame(storage: Storage, model: Model, asked: Range): Promise<void> {
  const inRange = (name: string) => name >= (asked.from ?? '') && (asked.to === undefined || name < asked.to)
  const pick = (names: Iterable<string>) => {
    const sorted = [...names].filter(inRange).toSorted()
    return (asked.reverse === true ? sorted.reverse() : sorted).slice(0, asked.limit)
  }
  const keys = pick(model.rows.keys())
  expect(await storage.list('settings', asked)).toEqual(
    keys.map((name) => ({ key: name, value: model.rows.get(name) })),
  )
  expect(await storage.keys('settings', asked)).toEqual(keys)
  expect(await storage.count('settings', asked)).toBe(keys.length)
  expect(await storage.byteKeys(asked)).toEqual(pick(model.bytes.keys()))
  expect(await storage.byteKeys()).toEqual([...model.bytes.keys()].toSorted())
  for (const [name, bytes] of model.bytes) expectBytes(await storage.readBytes(name), bytes)
}

/** Random writes, some refused, against plain maps. */
export function modelCompliance(subject: Subject): void {
  describe('model', () => {
    it('holds what plain maps would hold after any writes', { timeout: 60_000 }, () =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(write, range), { maxLength: 8 }), (steps) =>
          withStorage(subject, async (storage) => {
            let model: Model = { rows: new Map(), bytes: new Map() }
            for (const [{ ops, guard }, asked] of steps) {
              const guards: Guard[] =
                guard === undefined
                  ? []
                  : [
                      {
                        table: 'settings',
                        key: guard.key,
                        holds: (value) => value === undefined || value === guard.value,
                      },
                    ]
              const seen = guard === undefined ? undefined : model.rows.get(guard.key)
              const isHeld = seen === undefined || seen === guard?.value
              const next = isHeld ? await play(model, ops) : 'storage.conflict'
              const outcome = await storage.write(ops, { guards, durability: 'relaxed' }).then(
                () => 'done',
                (error: unknown) => (error instanceof StorageError ? error.code : error),
              )
              expect(outcome).toBe(typeof next === 'string' ? next : 'done')
              if (typeof next !== 'string') model = next
              await expectSame(storage, model, asked)
            }
          }),
        ),
        { numRuns: 40 },
      ),
    )
  })
}
