import { fromUtf8Strict } from '../../core/bytes.ts'
import { TextError } from './errors.ts'
import { MAX_DELETED_CLIENTS, MAX_RANGES, MAX_SESSIONS, MAX_STRUCTS, MAX_UPDATE_BYTES } from './limits.ts'
import { type ClockRange, HAS_ORIGIN, kindOf, STRING, type TextStruct, type TextUpdate } from './model.ts'
import { rangeParts, writeStruct } from './write-update.ts'

/** Most that stands before the structs of a client, or the ranges of one: three or four numbers. */
const CLIENT_BYTES = 32
/** Numbers of clients before both halves. */
const FRAME_BYTES = 16
/** Characters of one struct; what stands before them takes less than the rest. */
const MAX_RUN_BYTES = MAX_UPDATE_BYTES - 1024

interface Piece {
  readonly structs: Map<number, TextStruct[]>
  readonly deletes: Map<number, ClockRange[]>
  bytes: number
  count: number
  ranges: number
}

/**
 * The update in as many parts as records are needed for it: each within the limits of a record and without a gap in
 * the clocks of a client. The deletions that belong to no structs here come last.
 *
 * @throws TextError `text.too-large` when one struct alone is too long; `cutRuns` leaves none
 */
export function splitUpdate(update: TextUpdate): TextUpdate[] {
  const pieces: Piece[] = [newPiece()]
  let piece = pieces[0] ?? newPiece()
  const next = () => {
    piece = newPiece()
    pieces.push(piece)
  }
  for (const [client, list] of update.structs) {
    for (const struct of list) {
      const size = writeStruct(struct).length
      if (size > MAX_UPDATE_BYTES - FRAME_BYTES - CLIENT_BYTES)
        throw new TextError('text.too-large', { reason: 'struct', bytes: size })
      const last = piece.structs.get(client)?.at(-1)
      const hasGap = last !== undefined && last.clock + last.length !== struct.clock
      if (hasGap || !fitsStruct(piece, client, size)) next()
      const known = piece.structs.get(client)
      if (known === undefined) piece.structs.set(client, [struct])
      else known.push(struct)
      piece.bytes += size + (known === undefined ? CLIENT_BYTES : 0)
      piece.count++
    }
  }
  for (const [client, ranges] of update.deletes) {
    for (const range of ranges) {
      const size = rangeParts(range).reduce((sum, part) => sum + part.length, 0)
      if (!fitsRange(piece, client, size)) next()
      const known = piece.deletes.get(client)
      if (known === undefined) piece.deletes.set(client, [range])
      else known.push(range)
      piece.bytes += size + (known === undefined ? CLIENT_BYTES : 0)
      piece.ranges++
    }
  }
  return pieces
    .filter(({ count, ranges }) => count + ranges > 0)
    .map(({ structs, deletes }) => ({ structs, deletes }))
}

const newPiece = (): Piece => ({
  structs: new Map(),
  deletes: new Map(),
  bytes: FRAME_BYTES,
  count: 0,
  ranges: 0,
})

function fitsStruct(piece: Piece, client: number, size: number): boolean {
  const isNew = !piece.structs.has(client)
  return (
    piece.count < MAX_STRUCTS &&
    piece.bytes + size + (isNew ? CLIENT_BYTES : 0) <= MAX_UPDATE_BYTES &&
    (!isNew || piece.structs.size < MAX_SESSIONS)
  )
}

const fitsRange = (piece: Piece, client: number, size: number): boolean =>
  piece.ranges < MAX_RANGES &&
  piece.bytes + size + CLIENT_BYTES <= MAX_UPDATE_BYTES &&
  (piece.deletes.has(client) || piece.deletes.size < MAX_DELETED_CLIENTS)

/** The same, with no run of characters that is longer than a record holds: many that follow each other are one when merged. */
export const cutRuns = ({ structs, deletes }: TextUpdate): TextUpdate => ({
  structs: new Map(
    [...structs].map(([client, list]) => [client, list.flatMap((struct) => cutRun(client, struct))]),
  ),
  deletes,
})

/** Between characters, each part after the one before. */
function cutRun(client: number, struct: TextStruct): readonly TextStruct[] {
  if (kindOf(struct) !== STRING || struct.content.length <= MAX_RUN_BYTES) return [struct]
  const parts: TextStruct[] = []
  let rest = struct
  while (rest.content.length > MAX_RUN_BYTES) {
    let at = MAX_RUN_BYTES
    while (((rest.content[at] ?? 0) & 0xc0) === 0x80) at--
    const content = rest.content.subarray(0, at)
    // Read from UTF-8 that was checked.
    const length = (fromUtf8Strict(content) ?? '').length
    parts.push({ ...rest, length, content })
    const clock = rest.clock + length
    rest = {
      ...rest,
      ...{ clock, length: rest.length - length, content: rest.content.subarray(at) },
      ...{ info: rest.info | HAS_ORIGIN, origin: { client, clock: clock - 1 } },
      ...{ parent: undefined, sub: undefined },
    }
  }
  return [...parts, rest]
}
