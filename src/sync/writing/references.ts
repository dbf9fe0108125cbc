import type { Sha256 } from '../../core/hash.ts'
import { encodeRecord } from './encode.ts'
import { type DraftRow, isInFlight, type RecordValue } from './model.ts'

/**
 * Where a value names another record by its CID, such as the post that it answers, with another CID in its place.
 * The very same value when there is none.
 */
export function withReference<T>(value: T, uri: string, from: string, to: string): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items: unknown[] = value.map((item) => withReference(item, uri, from, to))
    // as many items of the same kinds
    return items.every((item, i) => item === value[i]) ? value : (items as T)
  }
  const before = Object.entries(value)
  const fields = before.map(([key, item]) => [key, withReference<unknown>(item, uri, from, to)] as const)
  const names = 'uri' in value && 'cid' in value && value.uri === uri && value.cid === from
  if (!names && fields.every(([, item], i) => item === before[i]?.[1])) return value
  // the same fields, one of them with another text; `fromEntries` makes own properties of any name
  return Object.fromEntries(
    fields.map(([key, item]) => (names && key === 'cid' ? [key, to] : [key, item])),
  ) as T
}

/** True when the value names the record anywhere, by its URI. */
export function mentionsUri(value: unknown, uri: string): boolean {
  if (typeof value === 'string') return value === uri
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((item) => mentionsUri(item, uri))
}

export const uriOf = ({ did, path }: Pick<DraftRow, 'did' | 'path'>): string => `at://${did}/${path}`

/**
 * The rows that must change because a draft has another CID now: those that answer or quote it, and those that
 * answer them. What is on its way stays.
 */
export function followers(
  rows: readonly DraftRow[],
  changed: Pick<DraftRow, 'did' | 'path' | 'cid'>,
  was: string | undefined,
  sha256: Sha256,
): DraftRow[] {
  const out = new Map<string, DraftRow>()
  const work = [{ uri: uriOf(changed), path: changed.path, from: was, to: changed.cid }]
  // Nothing names itself by its hash, so chains end; the bound is for rows that were not made by this code.
  for (let step = 0; step < work.length && step <= rows.length; step++) {
    const { uri, path, from, to } = work[step] ?? { uri: '', path: '', from: undefined, to: undefined }
    if (from === undefined || to === undefined || from === to) continue
    for (const row of rows) {
      const now = out.get(row.id) ?? row
      if (now.path === path || now.value === undefined || isInFlight(now)) continue
      const value: RecordValue = withReference(now.value, uri, from, to)
      if (value === now.value) continue
      const { cid } = encodeRecord(now.path, value, sha256)
      out.set(row.id, { ...now, value, cid })
      work.push({ uri: uriOf(now), path: now.path, from: now.cid, to: cid })
    }
  }
  return [...out.values()]
}
