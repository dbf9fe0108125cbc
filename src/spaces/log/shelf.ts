import { compareBytes } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Storage } from '../../storage/port.ts'
import { parseKeyCard } from '../key-card.ts'
import type { Members } from '../members/members.ts'
import { parseOperation } from '../members/operation.ts'
import { type Cards, createCards } from './cards.ts'
import { loadRows } from './load.ts'
import { type LogRow, type NumberedRow, readRows, writeRows } from './rows.ts'

/** What of a log is on the disk, and what is on its way there. */
export interface LogShelf {
  /** CIDs of operations on the disk */
  readonly kept: ReadonlySet<string>
  /** those on the disk, and those that came with joins on it */
  readonly cards: Cards
  readonly bytes: () => number
  /** another after each row that got to the disk */
  readonly version: () => number
  /** Takes in what is on the disk and not here yet; whether there was anything. */
  readonly load: () => Promise<boolean>
  /** Puts what entered, or was proven, after what waits to be written. */
  readonly put: (row: LogRow) => void
  /** Writes what waits, in order; whether there was anything. What fails waits for the next time. */
  readonly save: () => Promise<boolean>
}

/** Bytes that go to the disk together. */
const PART_BYTES = 1 << 20

export function createLogShelf(storage: Storage, space: string, members: Members, sha256: Sha256): LogShelf {
  const kept = new Set<string>()
  const cards = createCards()
  /** by device, the row of the card that is kept */
  const cardRows = new Map<string, { readonly number: number; readonly size: number }>()
  let waiting: LogRow[] = []
  let next = 0
  let bytes = 0
  let version = 0

  const cidOf = (row: LogRow): string => parseOperation(row.bytes, sha256).cid
  const deviceOf = (row: LogRow): string => parseKeyCard(row.bytes).card.device

  function note(row: NumberedRow): void {
    version++
    bytes += row.bytes.length
    if (row.kind === 'card') return noteCard(row)
    const { cid, operation } = parseOperation(row.bytes, sha256)
    kept.add(cid)
    if (operation.letter?.of !== 'join') return
    const { card } = operation.letter.join
    cards.put(parseKeyCard(card).card, card)
  }

  function noteCard({ number, bytes: card }: NumberedRow): void {
    const { card: read } = parseKeyCard(card)
    bytes -= cardRows.get(read.device)?.size ?? 0
    cardRows.set(read.device, { number, size: card.length })
    cards.put(read, card)
  }

  /** Whether a row that waits is still to be written: another context may have done it. */
  const isWanted = (row: LogRow): boolean =>
    row.kind === 'card' ? cards.isWanted(deviceOf(row), row.bytes) : !kept.has(cidOf(row))

  return {
    kept,
    cards,
    bytes: () => bytes,
    version: () => version,
    async load() {
      const found = await readRows(storage, space, next)
      next = found.next
      const good = loadRows(members, found.rows)
      for (const it of good) note(it)
      return good.length > 0
    },
    put(row) {
      if (row.kind === 'card') {
        const device = deviceOf(row)
        const same = waiting.find((it) => it.kind === 'card' && deviceOf(it) === device)
        // Of one device one card waits: the least.
        if (same !== undefined && compareBytes(same.bytes, row.bytes) <= 0) return
        waiting = waiting.filter((it) => it !== same)
      }
      waiting.push(row)
    },
    async save() {
      waiting = waiting.filter(isWanted)
      const isChanged = waiting.length > 0
      while (waiting.length > 0) {
        const part = firstPart(waiting).map((row, at) => ({ ...row, number: next + at }))
        await writeRows(storage, space, part, replaced(part))
        next += part.length
        waiting = waiting.slice(part.length)
        for (const it of part) note(it)
      }
      return isChanged
    },
  }

  /** Rows of cards in whose place others come. */
  function replaced(part: readonly NumberedRow[]): number[] {
    return part.flatMap((row) => (row.kind === 'card' ? (cardRows.get(deviceOf(row))?.number ?? []) : []))
  }
}

function firstPart(rows: readonly LogRow[]): readonly LogRow[] {
  let size = 0
  const end = rows.findIndex((it) => (size += it.bytes.length) > PART_BYTES)
  // One that is larger alone goes alone.
  return end < 0 ? rows : rows.slice(0, Math.max(1, end))
}
