import { concat } from '../core/bytes.ts'
import type { Weaving } from '../core/weave.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Change, ChangeScopes } from './model.ts'

/** More kinds are in no list of records. */
const MAX_KINDS = 256
/** What JSON writes as it is, each in a byte. */
const PLAIN = /^[\w.:~-]*$/

const encoder = new TextEncoder()

/** What changes that are written alike have in common. */
interface Kind {
  readonly op: Change['op']
  readonly table: string
  readonly scopes: ChangeScopes
  /** the one column of the row; undefined for no row */
  readonly column: string | undefined
  readonly frame: number
}

/**
 * The changes as they stand in their commit's text, a comma before each. Undefined where one of them is no change of a
 * record: such a change has a plain name, and for its row one cell of bytes or nothing.
 */
export function wovenChanges(changes: readonly Change[]): Weaving | undefined {
  const frames: Weaving['frames'][number][] = []
  const frameOf: number[] = []
  const bytes: (Uint8Array | undefined)[] = []
  const texts: string[] = []
  // A list comes in the order of its paths: most changes are of the kind of the one before with the same operation.
  const last: { [op in Change['op']]?: Kind } = {}
  for (const { op, row, rowId, rowVersion, scopes, table } of changes) {
    if (rowVersion !== undefined) return undefined
    const cell = soleCell(row)
    if (row !== null && cell === undefined) return undefined
    const column = cell?.column
    let kind = last[op]
    if (kind?.column !== column || kind?.table !== table || kind.scopes !== scopes) {
      if (frames.length === MAX_KINDS) return undefined
      kind = { op, table, scopes, column, frame: frames.length }
      frames.push(frameFor(kind))
      last[op] = kind
    }
    frameOf.push(kind.frame)
    bytes.push(cell?.bytes)
    texts.push(rowId)
  }
  // One look at all of them: none is told from the next by what is looked for.
  return PLAIN.test(texts.join('')) ? { frames, frameOf, bytes, texts } : undefined
}

/** The cell of a row that has one alone, of bytes. */
function soleCell(row: Change['row']): { readonly column: string; readonly bytes: Uint8Array } | undefined {
  if (row === null || typeof row !== 'object' || Array.isArray(row)) return undefined
  const columns = Object.keys(row)
  const column = columns[0]
  if (column === undefined || columns.length > 1) return undefined
  // any other object is read by its keys
  const bytes = (row as Readonly<Record<string, unknown>>)[column]
  return bytes instanceof Uint8Array ? { column, bytes } : undefined
}

function frameFor({ op, column, scopes, table }: Kind): Weaving['frames'][number] {
  const [before, between] =
    column === undefined ? ['null', ''] : [`{${JSON.stringify(column)}:{"bytesHex":"`, '"}}']
  return [
    encoder.encode(`,{"op":"${op}","row":${before}`),
    encoder.encode(`${between},"rowId":"`),
    concat([
      encoder.encode('","rowVersion":null,"scopes":'),
      canonicalJson(scopes),
      encoder.encode(`,"table":${JSON.stringify(table)}}`),
    ]),
  ]
}
