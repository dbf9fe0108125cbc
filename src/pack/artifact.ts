import { utf8 } from '../core/bytes.ts'
import type { Sha256 } from '../core/hash.ts'
import { sha256Hex } from './canonical-json.ts'
import { type DigestLine, digestLines } from './digest-lines.ts'
import { PackError } from './errors.ts'
import { isHexDigest } from './forms.ts'
import type { JsonObject } from './values.ts'

/** What a database file of a snapshot holds: one page of one table, for one subscription. */
export interface ArtifactManifest {
  readonly version: typeof ARTIFACT_VERSION
  readonly artifactKind: typeof ARTIFACT_KIND
  readonly partitionId: string
  readonly subscriptionId: string
  readonly table: string
  readonly schemaVersion: string
  readonly asOfCommitSeq: number
  readonly scopeDigest: string
  readonly rowCursor: string | null
  readonly rowLimit: number
  readonly rowCount: number
  readonly nextRowCursor: string | null
  readonly isFirstPage: boolean
  readonly isLastPage: boolean
  readonly compression: (typeof ARTIFACT_COMPRESSIONS)[number]
  /** of the file as it travels, as is the digest */
  readonly byteLength: number
  readonly sha256: string
  /** what a reader has to understand; the digest is over each once, in order */
  readonly featureSet: readonly string[]
}

/** Where the file can be had, and what is said of it a second time. */
export type ArtifactRef = Pick<ArtifactManifest, (typeof REPEATED)[number]> & {
  readonly id: string
  readonly manifestDigest: string
  readonly manifest: ArtifactManifest
}

export const ARTIFACT_KIND = 'sqlite-snapshot-v1'
export const ARTIFACT_VERSION = 1
export const ARTIFACT_COMPRESSIONS = ['none', 'gzip'] as const

/** Fields in the order of their lines. */
const FIELDS = [
  'version',
  'artifactKind',
  'partitionId',
  'subscriptionId',
  'table',
  'schemaVersion',
  'asOfCommitSeq',
  'scopeDigest',
  'rowCursor',
  'rowLimit',
  'rowCount',
  'nextRowCursor',
  'isFirstPage',
  'isLastPage',
  'compression',
  'byteLength',
  'sha256',
] as const
const REPEATED = [
  'byteLength',
  'sha256',
  'artifactKind',
  'compression',
  'rowCount',
  'nextRowCursor',
  'isFirstPage',
  'isLastPage',
] as const

/** The digest of what a manifest says, lowercase hexadecimal. */
export function artifactDigest(manifest: ArtifactManifest, sha256: Sha256): string {
  const features = [...new Set(manifest.featureSet)].sort()
  const lines: DigestLine[] = [
    ...FIELDS.map((name): DigestLine => [name, manifest[name]]),
    ['featureCount', features.length],
    ...features.flatMap((name, index): DigestLine[] => [
      [`feature.${index}.index`, index],
      [`feature.${index}.name`, name],
    ]),
  ]
  return sha256Hex(utf8(digestLines('syncular.scoped-snapshot-artifact.v1', lines)), sha256)
}

/**
 * Reads what a snapshot says of one of its artifacts. Throws `pack.manifest`: a field of another form, one that is
 * said twice and differs, a digest that is not that of the manifest.
 */
export function readArtifact(value: JsonObject, sha256: Sha256): ArtifactRef {
  const { manifest } = value
  if (typeof manifest !== 'object' || manifest === null || !isManifest(manifest)) throw refused('form')
  if (typeof value['id'] !== 'string') throw refused('form')
  const differs = REPEATED.find((name) => value[name] !== manifest[name])
  if (differs !== undefined) throw refused(differs)
  if (value['manifestDigest'] !== artifactDigest(manifest, sha256)) throw refused('digest')
  // Each field was checked above.
  return value as unknown as ArtifactRef
}

function isManifest(value: object): value is ArtifactManifest {
  // What it claims to be, to be looked at field by field.
  const it = value as Partial<Record<keyof ArtifactManifest, unknown>>
  return (
    it.version === ARTIFACT_VERSION &&
    it.artifactKind === ARTIFACT_KIND &&
    [it.partitionId, it.subscriptionId, it.table, it.schemaVersion].every(isText) &&
    isCount(it.asOfCommitSeq, Number.MIN_SAFE_INTEGER) &&
    [it.scopeDigest, it.sha256].every((text) => isText(text) && isHexDigest(text)) &&
    [it.rowCursor, it.nextRowCursor].every((text) => text === null || isText(text)) &&
    isCount(it.rowLimit, 1) &&
    isCount(it.rowCount, 0) &&
    isCount(it.byteLength, 0) &&
    typeof it.isFirstPage === 'boolean' &&
    typeof it.isLastPage === 'boolean' &&
    ARTIFACT_COMPRESSIONS.some((name) => name === it.compression) &&
    Array.isArray(it.featureSet) &&
    it.featureSet.every(isText)
  )
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isCount = (value: unknown, least: number): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least

const refused = (reason: string): PackError => new PackError('pack.manifest', { reason })
