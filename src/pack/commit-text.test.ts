import { expect, it } from 'vitest'
import { fromUtf8Strict } from '../core/bytes.ts'
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

it.each([
  ['none', []],
  ['one of no bytes', [0]],
  ['many that go together, and more than go together', Array.from({ length: 900 }, (_, i) => i)],
  ['some that are each more than go together', [70_000, 3, 200_000, 0, 65_536]],
])('is the canonical JSON of its changes: %s', (_name, lengths) => {
  const changes = lengths.map((length, i): Change => {
    const table = i % 3 === 0 ? 'app.bsky.feed.like' : 'app.bsky.feed.post'
    return { table, rowId: `row "${i}"`, op: 'upsert', row: { record: bytesOf(length) }, scopes }
  })
  const commit = commitOf(changes)
  expect(textOf(commitText(commit, place))).toBe(plainText(commit))
})

it('is the same of changes of every kind, side by side', () => {
  const changes: Change[] = [
    { table: 'a', rowId: '1', op: 'upsert', row: { record: bytesOf(5) }, scopes },
    { table: 'a', rowId: '2', op: 'delete', row: null, scopes },
    { table: 'a', rowId: '3', op: 'upsert', row: { other: bytesOf(4) }, scopes },
    { table: 'b', rowId: '4', op: 'upsert', row: { record: bytesOf(3), n: 1 }, scopes, rowVersion: 3 },
    { table: 'b', rowId: '5', op: 'upsert', row: { record: 'é' }, scopes: { ...scopes } },
    { table: 'b', rowId: '6', op: 'upsert', row: { record: bytesOf(9) }, scopes: { repo: 'did:plc:b' } },
    { table: 'a', rowId: '7', op: 'upsert', row: { record: bytesOf(5) }, scopes },
  ]
  const commit = commitOf(changes)
  expect(textOf(commitText(commit, place))).toBe(plainText(commit))
})
