import { hash } from 'node:crypto'
import { toHex } from '../../core/bytes.ts'
import { hasCode } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import { readArtifact } from '../../pack/artifact.ts'
import { checkChain } from '../../pack/chain.ts'
import { checkManifestDigest } from '../../pack/manifest.ts'
import type { PushedCommit, Subscription, SyncPack } from '../../pack/model.ts'
import { readPackFile, type PackFinding } from './pack-file.ts'
import { harmless } from './report.ts'
import { sentenceOf } from './words.ts'

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

/** Shows a sync pack or table: words, or one JSON object. Sound or not, and what to print. Throws `cli.file`. */
export function showPack(file: string, json: boolean): { readonly ok: boolean; readonly text: string } {
  const finding = readPackFile(file)
  const ok = finding.refusal === undefined
  return { ok, text: json ? `${JSON.stringify(reportOf(finding), shown)}\n` : describe(file, finding) }
}

/** Bytes as digests have them. */
const shown = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? { bytesHex: toHex(value) } : value

function reportOf({ bytes, gzip, pack, table, refusal }: PackFinding): object {
  const problems = refusal === undefined ? [] : [{ ...refusal.fields, code: refusal.code }]
  const format = pack === undefined ? (table === undefined ? null : 'SBT1') : 'SSP1'
  const checks = pack === undefined ? {} : { checks: (pack.pull?.subscriptions ?? []).map(checksOf) }
  return {
    ok: refusal === undefined,
    format,
    bytes,
    gzip,
    ...(pack && { pack }),
    ...(table && { table }),
    ...checks,
    problems,
  }
}

/**
 * What a pack says of itself and can be computed. The chain is taken from where the pack says that it begins:
 * whether that is where a receiver stands only the receiver knows. So it is told, and refuses nothing.
 */
interface Checks {
  readonly subscription: string
  readonly chain: 'holds' | 'broken' | 'none'
  readonly manifests: 'hold' | 'broken' | 'none'
  readonly artifacts: 'hold' | 'broken' | 'none'
}

function checksOf(subscription: Subscription): Checks {
  const { id, integrity, snapshots = [] } = subscription
  const manifests = snapshots.flatMap(({ manifest }) => manifest ?? [])
  const artifacts = snapshots.flatMap((it) => it.artifacts ?? [])
  return {
    subscription: id,
    chain:
      integrity === undefined && subscription.commits.length === 0
        ? 'none'
        : holds(() => checkChain(subscription, sha256, integrity?.previousChainRoot), 'pack.chain')
          ? 'holds'
          : 'broken',
    manifests: allHold(manifests, (it) => checkManifestDigest(it, sha256)),
    artifacts: allHold(artifacts, (it) => readArtifact(it, sha256)),
  }
}

function allHold<T>(all: readonly T[], check: (it: T) => unknown): 'hold' | 'broken' | 'none' {
  if (all.length === 0) return 'none'
  return all.every((it) => holds(() => check(it), 'pack.manifest')) ? 'hold' : 'broken'
}

function holds(check: () => unknown, code: string): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (hasCode(error, code)) return false
    throw error
  }
}

function describe(file: string, { bytes, gzip, pack, table, refusal }: PackFinding): string {
  const lines = [`${file}: ${refusal === undefined ? 'sound' : 'REFUSED'}`]
  const row = (name: string, value: string): void => void lines.push(`  ${name.padEnd(12)}${value}`)
  if (refusal !== undefined) {
    const facts = Object.entries(refusal.fields).map(([name, value]) => `${name} ${String(value)}`)
    row('problem', `${sentenceOf(refusal.code)} [${[refusal.code, ...facts].join(', ')}]`)
  }
  row('size', `${number(bytes)} bytes${gzip ? ', gzip' : ''}`)
  if (table !== undefined) {
    row('table', table.table)
    row('rows', number(table.rows.length))
    for (const { name, type, nullable } of table.columns) {
      row('column', `${name}: ${type}${nullable === true ? ' or null' : ''}`)
    }
  }
  if (pack !== undefined) describePack(pack, row)
  return `${lines.map(harmless).join('\n')}\n`
}

function describePack(pack: SyncPack, row: (name: string, value: string) => void): void {
  const { push, pull } = pack
  row('answer', pack.ok ? 'ok' : 'not ok')
  if (pack.requiredSchemaVersion !== undefined)
    row('required', `schema version ${pack.requiredSchemaVersion}`)
  if (pack.latestSchemaVersion !== undefined) row('latest', `schema version ${pack.latestSchemaVersion}`)
  if (push !== undefined) {
    const count = (status: PushedCommit['status']): string =>
      `${push.commits.filter((it) => it.status === status).length} ${status}`
    row('push', `${push.ok ? 'ok' : 'not ok'}, ${count('applied')}, ${count('cached')}, ${count('rejected')}`)
  }
  if (pull !== undefined)
    row('pull', `${pull.ok ? 'ok' : 'not ok'}, subscriptions: ${pull.subscriptions.length}`)
  for (const it of pull?.subscriptions ?? []) {
    const changes = it.commits.reduce((sum, commit) => sum + commit.changes.length, 0)
    const { chain, manifests, artifacts } = checksOf(it)
    row(
      it.status,
      `${it.id}, next cursor ${it.nextCursor}, commits: ${it.commits.length}, changes: ${number(changes)}, ` +
        `snapshots: ${it.snapshots?.length ?? 0}, chain: ${chain}, manifests: ${manifests}, artifacts: ${artifacts}`,
    )
  }
}

const format = new Intl.NumberFormat('en')
const number = (value: number): string => format.format(value)
