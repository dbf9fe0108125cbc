import { utf8 } from '../../core/bytes.ts'
import { type DraftRow, isInFlight } from './model.ts'
import { mentionsUri, uriOf } from './references.ts'

/** One commit takes at most 200 operations; some servers take request bodies of 150 KB only. */
const MAX_WRITES = 100
const MAX_BATCH_BYTES = 100_000

/**
 * The drafts that can be sent now, in order. One that comes after another on its path waits for it, and so does one
 * that answers or quotes what cannot be sent itself.
 */
export function sendable(rows: readonly DraftRow[]): DraftRow[] {
  const stuck: DraftRow[] = []
  const out: DraftRow[] = []
  for (const row of rows) {
    const free =
      row.state === 'waiting' &&
      !rows.some((it) => it.path === row.path && it.id < row.id) &&
      !stuck.some((it) => it.value !== undefined && mentionsUri(row.value, uriOf(it)))
    if (free) out.push(row)
    else if (!isInFlight(row)) stuck.push(row)
  }
  return out
}

/** As many of them as go into one commit; at least one. */
export function nextBatch(rows: readonly DraftRow[], most = MAX_WRITES): DraftRow[] {
  const out: DraftRow[] = []
  let bytes = 0
  for (const row of rows.slice(0, most)) {
    bytes += row.value === undefined ? 0 : utf8(JSON.stringify(row.value)).length
    if (out.length > 0 && bytes > MAX_BATCH_BYTES) break
    out.push(row)
  }
  return out
}

/** Why a draft that is waiting is not sent: the one before it. */
export function waitsFor(rows: readonly DraftRow[], row: DraftRow): DraftRow | undefined {
  if (row.state !== 'waiting' || sendable(rows).includes(row)) return undefined
  return rows.find(
    (it) =>
      it.id !== row.id &&
      !isInFlight(it) &&
      ((it.path === row.path && it.id < row.id) ||
        (it.value !== undefined && it.id < row.id && mentionsUri(row.value, uriOf(it)))),
  )
}
