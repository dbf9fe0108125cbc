import { describe, expect, it } from 'vitest'
import { fromUtf8Strict } from '../core/bytes.ts'
import { createLanes } from '../core/sha256-lanes.ts'
import { canonicalJson } from './canonical-json.ts'
import { commitText } from './commit-text.ts'
import type { Change, PackCommit } from './model.ts'

const place = { partitionId: 'default', subscriptionId: 'did:plc:a' }

function commitOf(changes: readonly Change[]): PackCommit {
  return { commitSeq: 7, createdAt: '2026-01-01T00:00:00.000Z', actorId: 'did:plc:a', changes }
}

/** The same by the general way: an object made to be written. */
function plainText({ commitSeq, createdAt, actorId, changes }: PackCommit): string | undefined {
  const rows = changes.map(({ op, row, rowId, rowVersion, scopes, table }) => {
    return { op, row, rowId, rowVersion: rowVersion ?? null, scopes, table }
  })
  const version = 'syncular-wire-commit-digest-v1'
  return textOf(canonicalJson({ actorId, changes: rows, commitSeq, createdAt, ...place, version }))
}

const textOf = (bytes: Uint8Array): string | undefined => fromUtf8Strict(bytes, 0, bytes.length)

const scopes = { repo: 'did:plc:a' }
const bytesOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff)

const lanes = await createLanes()
if (lanes === undefined) throw new Error('this Node has no WebAssembly SIMD')
const { weave } = lanes

/** Says the same in every way. */
function check(changes: readonly Change[]): void {
  const commit = commitOf(changes)
  const plain = plainText(commit)
  expect(textOf(commitText(commit, place))).toBe(plain)
  expect(textOf(commitText(commit, place, weave))).toBe(plain)
}

const upsert = (i: number, length: number): Change => {
  const table = i % 3 === 0 ? 'app.bsky.feed.like' : 'app.bsky.feed.post'
  return { table, rowId: `3k${i}`, op: 'upsert', row: { record: bytesOf(length) }, scopes }
}
const many = Array.from({ length: 100 }, (_, i) => upsert(i, i))

describe('the text of a commit is the canonical JSON of its changes', () => {
  it.each([
    ['none', []],
    ['one of no bytes', [0]],
    ['many', Array.from({ length: 9000 }, (_, i) => i % 700)],
    ['many, some long', [...Array.from({ length: 90 }, () => 5), 1 << 20, 3, 700_000, 0, 2_000_000]],
  ])('%s', (_name, lengths) => {
    check(lengths.map((length, i) => upsert(i, length)))
  })

  const scope = { repo: 'did:plc:b' }
  it.each<[string, Change[]]>([
    ['what is gone', many.map((it, i): Change => (i % 2 === 0 ? it : { ...it, op: 'delete', row: null }))],
    ['an upsert of nothing', [{ ...upsert(1, 1), row: null }]],
    ['another column', [{ ...upsert(1, 1), row: { other: bytesOf(4) } }]],
    ['a column of a name with quotes', [{ ...upsert(1, 1), row: { '"é': bytesOf(4) } }]],
    ['two columns', [{ ...upsert(1, 1), row: { record: bytesOf(3), n: 1 } }]],
    ['no column', [{ ...upsert(1, 1), row: {} }]],
    ['a cell of text', [{ ...upsert(1, 1), row: { record: 'é' } }]],
    ['a list', [{ ...upsert(1, 1), row: ['record'] }]],
    ['a version', [{ ...upsert(1, 1), rowVersion: 3 }]],
    ['a name that JSON escapes', [{ ...upsert(1, 1), rowId: 'a "b"\n' }]],
    ['a name beyond ASCII', [{ ...upsert(1, 1), rowId: 'é' }]],
    ['a table that JSON escapes', [{ ...upsert(1, 1), table: '"é\u0001' }]],
    [
      'other scopes',
      [
        { ...upsert(1, 1), scopes: scope },
        { ...upsert(2, 1), scopes: { ...scope, a: '"' } },
      ],
    ],
    ['very many kinds', Array.from({ length: 300 }, (_, i) => ({ ...upsert(i, 1), table: `t${i}` }))],
  ])('%s, among many', (_name, others) => {
    check([...many, ...others])
    check([...others, ...many])
  })

  it('with a name of its author that JSON escapes', () => {
    const commit = { ...commitOf(many), actorId: 'did:web:"é"' }
    expect(textOf(commitText(commit, place, weave))).toBe(plainText(commit))
  })
})
