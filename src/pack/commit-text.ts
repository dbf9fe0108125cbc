import type { ChainPlace } from './chain.ts'
import { writeCanonical } from './canonical-json.ts'
import type { Change, ChangeScopes, PackCommit } from './model.ts'
import { createTextSink, type TextSink } from './text-sink.ts'

/** Bytes of rows whose digits are made in one go. */
const AT_ONCE = 64 * 1024
/** What a change takes beside its names and its row's bytes, about. */
const CHANGE_BYTES = 160

/** What a commit's digest in the chain is over: the canonical JSON of its parts, its place and the version. */
export function commitText(commit: PackCommit, place: ChainPlace): Uint8Array<ArrayBuffer> {
  const { actorId, commitSeq, createdAt } = commit
  const { partitionId, subscriptionId } = place
  const version = 'syncular-wire-commit-digest-v1'
  const rows = commit.changes.map(({ row }) => onlyBytes(row))
  const sink = createTextSink(sizeOf(commit.changes, rows))
  // The keys in their order. A commit has thousands of changes: no object is made for each only to be written.
  sink.text('{"actorId":')
  writeCanonical(sink, actorId, 1)
  sink.text(',"changes":')
  writeChanges(sink, commit.changes, rows)
  for (const [name, value] of Object.entries({
    commitSeq,
    createdAt,
    partitionId,
    subscriptionId,
    version,
  })) {
    sink.text(`,"${name}":`)
    writeCanonical(sink, value, 1)
  }
  sink.text('}')
  return sink.bytes()
}

/** The cell of a row that has no other, and bytes in it: most rows are records. */
interface OnlyBytes {
  readonly name: string
  readonly bytes: Uint8Array
}

function writeChanges(
  sink: TextSink,
  changes: readonly Change[],
  rows: readonly (OnlyBytes | undefined)[],
): void {
  const startOf = createStarts()
  const endOf = createEnds()
  let mark = '['
  if (changes.length === 0) sink.text(mark)
  for (let first = 0; first < changes.length;) {
    const last = batchEnd(rows, first)
    const writeDigits = sink.digits(rows.slice(first, last).map((it) => it?.bytes))
    for (let i = first; i < last; i++) {
      const change = changes[i]
      if (change === undefined) continue
      const only = rows[i]
      sink.text(mark)
      if (only === undefined) {
        sink.text('{"op":')
        sink.json(change.op)
        sink.text(',"row":')
        writeCanonical(sink, change.row, 3)
      } else {
        sink.raw(startOf(change.op, only.name))
        writeDigits(i - first)
        sink.text('"}}')
      }
      sink.text(',"rowId":')
      sink.json(change.rowId)
      sink.raw(endOf(change))
      mark = ','
    }
    first = last
  }
  sink.text(']')
}

/** Where the rows from `first` on come to as many bytes as are turned to digits in one go; at least one row. */
function batchEnd(rows: readonly (OnlyBytes | undefined)[], first: number): number {
  let last = first
  for (let size = 0; last < rows.length && size < AT_ONCE; last++) size += rows[last]?.bytes.length ?? 0
  return last
}

function onlyBytes(row: Change['row']): OnlyBytes | undefined {
  if (row === null || typeof row !== 'object' || Array.isArray(row)) return undefined
  const names = Object.keys(row)
  const [name] = names
  if (name === undefined || names.length > 1) return undefined
  // any other object is read by its keys
  const bytes = (row as Readonly<Record<string, unknown>>)[name]
  return bytes instanceof Uint8Array ? { name, bytes } : undefined
}

/** What comes before the digits of such a row: most often the same as of the one before. */
function createStarts(): (op: Change['op'], name: string) => Uint8Array {
  let last: { readonly op: string; readonly name: string; readonly bytes: Uint8Array } | undefined
  const make = (op: Change['op'], name: string): Uint8Array => {
    const start = createTextSink()
    start.text('{"op":')
    start.json(op)
    start.text(',"row":{')
    start.json(name)
    start.text(':{"bytesHex":"')
    return start.bytes()
  }
  return (op, name) => {
    if (last?.op !== op || last.name !== name) last = { op, name, bytes: make(op, name) }
    return last.bytes
  }
}

/** What follows a row's id: as of the one before, where that is of the same table with the same object of scopes. */
function createEnds(): (change: Change) => Uint8Array {
  let last: { readonly scopes: ChangeScopes; readonly table: string; readonly end: Uint8Array } | undefined
  const make = ({ rowVersion, scopes, table }: Change): Uint8Array => {
    const end = createTextSink()
    end.text(',"rowVersion":')
    writeCanonical(end, rowVersion ?? null, 3)
    end.text(',"scopes":')
    writeCanonical(end, scopes, 3)
    end.text(',"table":')
    end.json(table)
    end.text('}')
    return end.bytes()
  }
  return (change) => {
    const { rowVersion, scopes, table } = change
    if (rowVersion !== undefined) return make(change)
    if (last?.scopes !== scopes || last.table !== table) last = { scopes, table, end: make(change) }
    return last.end
  }
}

/** About what changes take as canonical JSON: from what they are, so that text of megabytes is not copied often. */
function sizeOf(changes: readonly Change[], rows: readonly (OnlyBytes | undefined)[]): number {
  let size = 1024
  for (const { rowId, table } of changes) size += CHANGE_BYTES + rowId.length + table.length
  for (const only of rows) size += (only?.bytes.length ?? 0) * 2
  return size
}
