import type { ChainPlace } from './chain.ts'
import { writeCanonical } from './canonical-json.ts'
import { hexText } from './hex-text.ts'
import type { Change, ChangeScopes, PackCommit } from './model.ts'
import { createTextSink } from './text-sink.ts'

/** What a change takes beside its names and its row's bytes, about. */
const CHANGE_BYTES = 160

/** What a commit's digest in the chain is over: the canonical JSON of its parts, its place and the version. */
export function commitText(commit: PackCommit, place: ChainPlace): Uint8Array<ArrayBuffer> {
  const { actorId, changes, commitSeq, createdAt } = commit
  const { partitionId, subscriptionId } = place
  const version = 'syncular-wire-commit-digest-v1'
  const sink = createTextSink(sizeOf(changes))
  // The keys in their order. A commit has thousands of changes: no object is made for each only to be written.
  sink.text('{"actorId":')
  writeCanonical(sink, actorId, 1)
  sink.text(',"changes":[')
  const scopesOf = createScopes()
  let mark = ''
  for (const { op, row, rowId, rowVersion, scopes, table } of changes) {
    const record = recordIn(row)
    const id = JSON.stringify(rowId)
    const end = `,"scopes":${scopesOf(scopes)},"table":${JSON.stringify(table)}}`
    if (record !== undefined && rowVersion === undefined)
      sink.text(
        `${mark}{"op":"${op}","row":{${record.name}:{"bytesHex":"${hexText(record.bytes)}"}},"rowId":${id},"rowVersion":null${end}`,
      )
    else {
      sink.text(`${mark}{"op":"${op}","row":`)
      writeCanonical(sink, row, 3)
      sink.text(`,"rowId":${id},"rowVersion":`)
      writeCanonical(sink, rowVersion, 3)
      sink.text(end)
    }
    mark = ','
  }
  sink.text(']')
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

/** The one cell of most rows, bytes: nothing has to be put in order for it. */
function recordIn(row: Change['row']): { readonly name: string; readonly bytes: Uint8Array } | undefined {
  if (row === null || typeof row !== 'object' || Array.isArray(row)) return undefined
  const [name, ...more] = Object.keys(row)
  if (name === undefined || more.length > 0) return undefined
  // any other object is read by its keys
  const bytes = (row as Readonly<Record<string, unknown>>)[name]
  return bytes instanceof Uint8Array ? { name: JSON.stringify(name), bytes } : undefined
}

/** The text of scopes: that of the one before, where it is the same object. */
function createScopes(): (scopes: ChangeScopes) => string {
  let last: ChangeScopes | undefined
  let text = ''
  return (scopes) => {
    if (scopes === last) return text
    const sink = createTextSink()
    writeCanonical(sink, scopes, 3)
    last = scopes
    text = new TextDecoder().decode(sink.bytes())
    return text
  }
}

/** About what changes take as canonical JSON: from what they are, so that text of megabytes is not copied often. */
function sizeOf(changes: readonly Change[]): number {
  let size = 1024
  for (const { row, rowId, table } of changes) {
    size += CHANGE_BYTES + rowId.length + table.length
    if (row !== null && typeof row === 'object')
      for (const cell of Object.values(row)) if (cell instanceof Uint8Array) size += cell.length * 2
  }
  return size
}
