import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { artifactDigest, type ArtifactManifest, readArtifact } from './artifact.ts'
import { sha256 } from './testing/sha256.ts'
import type { JsonObject } from './values.ts'

const manifest: ArtifactManifest = {
  version: 1,
  artifactKind: 'sqlite-snapshot-v1',
  partitionId: 'default',
  subscriptionId: 'sub-tâches',
  table: 'tasks',
  schemaVersion: '7',
  asOfCommitSeq: 42,
  scopeDigest: 'a'.repeat(64),
  rowCursor: null,
  rowLimit: 1000,
  rowCount: 3,
  nextRowCursor: 'task-3',
  isFirstPage: true,
  isLastPage: false,
  compression: 'gzip',
  byteLength: 512,
  sha256: 'b'.repeat(64),
  featureSet: ['wal', 'blobs', 'wal'],
}

/** Written out by hand from the format: the text that the digest is over. */
const TEXT = `syncular.scoped-snapshot-artifact.v1
version:i:1
artifactKind:s:18:sqlite-snapshot-v1
partitionId:s:7:default
subscriptionId:s:11:sub-tâches
table:s:5:tasks
schemaVersion:s:1:7
asOfCommitSeq:i:42
scopeDigest:s:64:${'a'.repeat(64)}
rowCursor:n
rowLimit:i:1000
rowCount:i:3
nextRowCursor:s:6:task-3
isFirstPage:b:1
isLastPage:b:0
compression:s:4:gzip
byteLength:i:512
sha256:s:64:${'b'.repeat(64)}
featureCount:i:2
feature.0.index:i:0
feature.0.name:s:5:blobs
feature.1.index:i:1
feature.1.name:s:3:wal
`

const ref = (): JsonObject => ({
  id: 'artifact-1',
  manifestDigest: artifactDigest(manifest, sha256),
  artifactKind: manifest.artifactKind,
  compression: manifest.compression,
  byteLength: manifest.byteLength,
  sha256: manifest.sha256,
  rowCount: manifest.rowCount,
  nextRowCursor: manifest.nextRowCursor,
  isFirstPage: manifest.isFirstPage,
  isLastPage: manifest.isLastPage,
  manifest: { ...manifest },
})

it('the digest of a database file’s manifest is over its lines', () => {
  expect(artifactDigest(manifest, sha256)).toBe(hash('sha256', TEXT))
  expect(readArtifact(ref(), sha256)).toEqual(ref())
})

it.each<[string, JsonObject]>([
  ['byteLength', { byteLength: 511 }],
  ['rowCount', { rowCount: 4 }],
  ['isLastPage', { isLastPage: true }],
  ['digest', { manifestDigest: 'c'.repeat(64) }],
  ['digest', { manifest: { ...manifest, table: 'notes' } }],
  ['form', { manifest: { ...manifest, version: 2 } }],
  ['form', { manifest: { ...manifest, sha256: 'B'.repeat(64) } }],
  ['form', { manifest: { ...manifest, featureSet: [1] } }],
  ['form', { manifest: null }],
  ['form', { id: 1 }],
])('an artifact is refused for its %s: %j', (reason, change) => {
  expect(() => readArtifact({ ...ref(), ...change }, sha256)).toThrow(
    expect.objectContaining({ code: 'pack.manifest', fields: { reason } }),
  )
})
