import { parseTid } from '../../core/tid.ts'
import type { CairnError } from '../../core/errors.ts'
import type { SignatureFinding } from './identity.ts'
import type { FileProof } from './proof.ts'
import { sentenceOf } from './words.ts'

/** What `--json` prints. Keys are stable. */
export interface Report {
  readonly ok: boolean
  readonly did: string | null
  readonly rev: string | null
  readonly version: 2 | 3 | null
  readonly commit: string | null
  /** records proven */
  readonly records: number
  /** blocks in the file */
  readonly blocks: number
  /** bytes of the file that were read */
  readonly bytes: number
  readonly collections: readonly { readonly nsid: string; readonly records: number; readonly bytes: number }[]
  readonly signature: 'valid' | 'invalid' | 'unchecked'
  /** the did:key it was made with, and whether that is the account's key today */
  readonly signedBy: string | null
  readonly key: 'current' | 'past' | null
  readonly problems: readonly Problem[]
}

export interface Problem extends Readonly<Record<string, unknown>> {
  readonly code: string
}

export function makeReport(proof: FileProof, finding: SignatureFinding | undefined): Report {
  const problems = [proof.refusal, finding?.problem].flatMap((it) =>
    it === undefined ? [] : [problemOf(it)],
  )
  const commit = proof.commit?.commit
  return {
    ok: problems.length === 0,
    did: commit?.did ?? null,
    rev: commit?.rev ?? null,
    version: commit?.version ?? null,
    commit: proof.commit?.cid ?? null,
    records: proof.records,
    blocks: proof.blocks,
    bytes: proof.bytes,
    collections: proof.collections.map(({ nsid, records, bytes }) => ({ nsid, records, bytes })),
    signature: finding?.signature ?? 'unchecked',
    signedBy: finding?.signedBy ?? null,
    key: finding?.key ?? null,
    problems,
  }
}

function problemOf(error: CairnError): Problem {
  return { ...error.fields, code: error.code }
}

/** The same in words. */
export function describeReport(file: string, report: Report): string {
  const lines = [`${file}: ${report.ok ? 'sound' : 'REFUSED'}`]
  const row = (name: string, value: string): void => void lines.push(`  ${name.padEnd(12)}${value}`)
  for (const problem of report.problems) row('problem', describeProblem(problem))
  if (report.did !== null) row('account', report.did)
  if (report.version !== null)
    row('version', `${report.rev ?? 'no rev'}${timeOf(report.rev)}, format ${report.version}`)
  if (report.did !== null) row('signature', signatureWords(report))
  row(
    'holds',
    `${number(report.records)} records in ${number(report.blocks)} blocks, ${number(report.bytes)} bytes`,
  )
  const width = Math.max(0, ...report.collections.map((it) => it.nsid.length))
  for (const { nsid, records, bytes } of report.collections) {
    lines.push(
      `    ${nsid.padEnd(width)}  ${number(records).padStart(9)} records  ${number(bytes).padStart(12)} bytes`,
    )
  }
  if (!report.ok && report.records > 0) lines.push('  Only what comes before the problem is counted.')
  return `${lines.map(harmless).join('\n')}\n`
}

function signatureWords(report: Report): string {
  if (report.signature === 'invalid') return 'INVALID'
  if (report.signature === 'unchecked')
    return "not checked (give the account's identity document: --did-doc FILE)"
  const key = report.key === 'past' ? 'an earlier key of the account' : "the account's current key"
  return `valid, by ${key}, ${report.signedBy ?? ''}`
}

function describeProblem({ code, ...fields }: Problem): string {
  const facts = Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`)
  return `${sentenceOf(code)} [${[code, ...facts].join(', ')}]`
}

function timeOf(rev: string | null): string {
  const tid = rev === null ? undefined : parseTid(rev)
  return tid === undefined ? '' : ` (${new Date(tid.micros / 1000).toISOString()})`
}

const format = new Intl.NumberFormat('en')
const number = (value: number): string => format.format(value)

/** A hostile file may put anything into a path: no control character reaches the terminal. */
export function harmless(line: string): string {
  return line.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
