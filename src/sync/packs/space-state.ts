import { parseCid } from '../../core/cid.ts'
import type { JsonObject, JsonValue } from '../../pack/values.ts'
import { cursorOf } from './cursor.ts'
import type { HeadName } from './model.ts'

/** How a bootstrap goes on, as it travels: see docs/space-repos.md. */
export interface SpaceState {
  /** the source's head when it began; undefined in an ask to begin */
  readonly asOf: HeadName | undefined
  /** what comes next */
  readonly mode: SpaceMode
  /** the path up to which pages were taken; null at the beginning */
  readonly rowCursor: string | null
  /** records that are asked for by path before that, ascending; empty in answers */
  readonly want: readonly string[]
}

const MODES = ['records', 'index', 'list'] as const
export type SpaceMode = (typeof MODES)[number]

/** Most rows of a page, whatever is in it; so many can lack, at most, after a page of the index. */
export const PAGE_ROWS = 8192
const KEYS = new Set(['asOfRev', 'asOfCommit', 'asOfCommitSeq', 'mode', 'rowCursor', 'want'])

/** Throws RangeError for a rev that has no cursor. */
export function formatState({ asOf, mode, rowCursor, want }: SpaceState): JsonObject {
  const asOfCommitSeq = cursorOf(asOf?.rev)
  if (asOf !== undefined && asOfCommitSeq === undefined) throw new RangeError('a head without a cursor')
  return {
    ...(asOf === undefined || asOfCommitSeq === undefined
      ? {}
      : { asOfRev: asOf.rev, asOfCommit: asOf.commit, asOfCommitSeq }),
    mode,
    rowCursor,
    ...(want.length === 0 ? {} : { want }),
  }
}

/** The state that JSON holds; undefined for any other JSON. */
export function parseState(value: JsonObject): SpaceState | undefined {
  if (!Object.keys(value).every((key) => KEYS.has(key))) return undefined
  const { asOfRev, asOfCommit, asOfCommitSeq, rowCursor, want = [] } = value
  const mode = MODES.find((it) => it === value['mode'])
  if (mode === undefined || (rowCursor !== null && !isPath(rowCursor)) || !isWant(want)) return undefined
  const more = { mode, rowCursor, want }
  if (asOfRev === undefined && asOfCommit === undefined && asOfCommitSeq === undefined) {
    return { asOf: undefined, ...more }
  }
  if (typeof asOfRev !== 'string' || typeof asOfCommit !== 'string') return undefined
  const cursor = cursorOf(asOfRev)
  if (cursor === undefined || cursor !== asOfCommitSeq || parseCid(asOfCommit) === undefined) return undefined
  return { asOf: { rev: asOfRev, commit: asOfCommit }, ...more }
}

const MAX_PATH = 1024
/** A key of storage, so ASCII; whether a record can be called that does not matter to who looks it up. */
const isPath = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && value.length <= MAX_PATH && /^[\x21-\x7e]+$/.test(value)

function isWant(value: JsonValue): value is readonly string[] {
  if (!Array.isArray(value) || value.length > PAGE_ROWS) return false
  return value.every((it, index) => isPath(it) && (index === 0 || it > (value[index - 1] ?? '')))
}
