import { describe, expect, it } from 'vitest'
import { checkChunk, chunkRef } from './chunk.ts'
import { digestLines } from './digest-lines.ts'
import { checkManifestDigest, checkSnapshot, makeManifest, parseManifest } from './manifest.ts'
import type { Snapshot } from './model.ts'
import { sha256 } from './testing/sha256.ts'
import type { JsonObject } from './values.ts'

const refusal = (reason: string) => expect.objectContaining({ code: 'pack.manifest', fields: { reason } })

const chunks = [1, 2].map((n) => chunkRef(`chunk-${n}`, new Uint8Array(n), sha256))
const [one, two] = [chunks[0] ?? expect.fail(), chunks[1] ?? expect.fail()]
const draft = {
  table: 'tasks',
  asOfCommitSeq: 42,
  scopeDigest: 'c'.repeat(64),
  rowCursor: null,
  rowLimit: 1000,
  nextRowCursor: 'row-9',
  isFirstPage: true,
  isLastPage: false,
  chunks,
}
const manifest = makeManifest(draft, sha256)
/** The manifest as the JSON that it is. */
const plain: JsonObject = JSON.parse(JSON.stringify(manifest))

describe('the digest of a manifest', () => {
  it('holds, and covers every field', () => {
    expect(() => checkManifestDigest(manifest, sha256)).not.toThrow()
    const others: readonly Partial<typeof draft>[] = [
      { table: 'task' },
      { asOfCommitSeq: 43 },
      { scopeDigest: 'd'.repeat(64) },
      { rowCursor: 'n' as unknown as null },
      { rowLimit: 1001 },
      { nextRowCursor: '' },
      { isFirstPage: false },
      { isLastPage: true },
      { chunks: [] },
      { chunks: [two, one] },
      { chunks: [{ ...one, id: 'chunk-0' }, two] },
      { chunks: [{ ...one, byteLength: 9 }, two] },
      { chunks: [one, { ...two, sha256: '0'.repeat(64) }] },
    ]
    for (const other of others) {
      expect(() => checkManifestDigest({ ...manifest, ...other }, sha256)).toThrow(refusal('digest'))
    }
  })

  it('is over lines that cannot be taken for each other', () => {
    expect(
      digestLines('head', [
        ['a', 'ü:n'],
        ['b', null],
        ['c', -3],
        ['d', true],
        ['e', false],
      ]),
    ).toBe('head\na:s:4:ü:n\nb:n\nc:i:-3\nd:b:1\ne:b:0\n')
  })
})

describe('a manifest', () => {
  it('is read from its JSON', () => {
    expect(parseManifest(plain)).toEqual(manifest)
  })

  it.each<[string, JsonObject, string]>([
    ['another version', { ...plain, version: 2 }, 'form'],
    ['no digest', { ...plain, digest: 'x' }, 'form'],
    ['no table', { ...plain, table: null }, 'form'],
    ['half a number', { ...plain, asOfCommitSeq: 1.5 }, 'form'],
    ['no scopes', { ...plain, scopeDigest: '' }, 'form'],
    ['a cursor of a number', { ...plain, rowCursor: 1 }, 'form'],
    [
      'no next cursor',
      Object.fromEntries(Object.entries(plain).filter(([key]) => key !== 'nextRowCursor')),
      'form',
    ],
    ['a limit of none', { ...plain, rowLimit: 0 }, 'form'],
    ['a page that may be the first', { ...plain, isFirstPage: 1 }, 'form'],
    ['a page that may be the last', { ...plain, isLastPage: 'yes' }, 'form'],
    ['chunks that are no list', { ...plain, chunks: {} }, 'form'],
    ['a chunk of more', { ...plain, chunks: [{ ...one, more: 1 }] }, 'form'],
    ['a chunk of another encoding', { ...plain, chunks: [{ ...one, encoding: 'json' }] }, 'form'],
    ['what the digest does not cover', { ...plain, more: 1 }, 'key'],
  ])('with %s is refused', (_, changed, reason) => {
    expect(() => parseManifest(changed)).toThrow(refusal(reason))
  })
})

describe('a snapshot', () => {
  const page: Snapshot = { table: 'tasks', rows: [], chunks, isFirstPage: true, isLastPage: false, manifest }
  const { manifest: _manifest, ...bare } = page

  it('says what its manifest says', () => {
    expect(() => checkSnapshot(page)).not.toThrow()
    expect(() => checkSnapshot({ ...page, bootstrapStateAfter: { asOfCommitSeq: 42 } })).not.toThrow()
  })

  it.each<[string, Snapshot, string]>([
    ['no manifest', bare, 'missing'],
    ['a manifest and no chunks', { ...page, chunks: [] }, 'not wanted'],
    ['another table', { ...page, table: 'notes' }, 'table'],
    ['another page', { ...page, isFirstPage: false }, 'page'],
    ['no last page', { ...page, isLastPage: true }, 'page'],
    ['another time', { ...page, bootstrapStateAfter: { asOfCommitSeq: 41 } }, 'asOfCommitSeq'],
    ['a chunk less', { ...page, chunks: [one] }, 'chunks'],
    ['another chunk', { ...page, chunks: [one, { ...two, byteLength: 3 }] }, 'chunks'],
    ['artifacts beside chunks', { ...page, artifacts: [{}] }, 'artifacts'],
    ['artifacts beside rows', { ...bare, chunks: [], rows: [1], artifacts: [{}] }, 'artifacts'],
  ])('with %s is refused', (_, changed, reason) => {
    expect(() => checkSnapshot(changed)).toThrow(refusal(reason))
  })
})

describe('a chunk', () => {
  it('is what its reference names, or refused', () => {
    const bytes = new Uint8Array([1, 2, 3])
    const ref = chunkRef('c', bytes, sha256)
    expect(ref).toMatchObject({ byteLength: 3, encoding: 'binary-table-v1', compression: 'gzip' })
    expect(() => checkChunk(ref, bytes, sha256)).not.toThrow()
    for (const [other, reason] of [
      [new Uint8Array([1, 2]), 'length'],
      [new Uint8Array([1, 2, 4]), 'digest'],
    ] as const) {
      expect(() => checkChunk(ref, other, sha256)).toThrow(
        expect.objectContaining({ code: 'pack.chunk', fields: { reason, id: 'c' } }),
      )
    }
  })
})
