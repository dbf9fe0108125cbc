import { concat, equalBytes, fromUtf8Strict, utf8 } from '../../core/bytes.ts'
import {
  type ClockRange,
  DELETED,
  GC,
  HAS_ORIGIN,
  kindOf,
  STRING,
  type StructId,
  type TextStruct,
  type TextUpdate,
} from './model.ts'
import { indexAt } from './nest.ts'
import { coversRanges, joinRanges } from './ranges.ts'

/**
 * One update that says what all of these say, with runs that were typed one after another as one struct. Where two
 * say something else of the same clock, which no honest device does, the earlier in the list counts.
 */
export function mergeUpdates(updates: readonly TextUpdate[]): TextUpdate {
  const structs = new Map<number, TextStruct[]>()
  const deletes = new Map<number, ClockRange[]>()
  for (const update of updates) {
    for (const [client, list] of update.structs) append(structs, client, list)
    for (const [client, list] of update.deletes) append(deletes, client, list)
  }
  return {
    structs: new Map([...structs].map(([client, list]) => [client, joinStructs(client, list)])),
    deletes: new Map([...deletes].map(([client, list]) => [client, joinRanges(list)])),
  }
}

function append<T>(map: Map<number, T[]>, client: number, list: readonly T[]): void {
  const known = map.get(client)
  if (known === undefined) map.set(client, [...list])
  else for (const one of list) known.push(one)
}

/** Ascending, each clock once; the sort is stable, so what came first stays first. */
function joinStructs(client: number, list: readonly TextStruct[]): TextStruct[] {
  const joined: TextStruct[] = []
  let run: TextStruct[] = []
  const close = () => {
    const [first] = run
    if (first !== undefined) joined.push(run.length === 1 ? first : joinRun(first, run))
    run = []
  }
  let end = 0
  for (const struct of [...list].sort((a, b) => a.clock - b.clock)) {
    if (struct.clock + struct.length <= end) continue
    const next = struct.clock < end ? sliceStruct(client, struct, end - struct.clock) : struct
    const first = run[0]
    const last = run.at(-1)
    if (first === undefined || last === undefined || !follows(client, first, last, next)) close()
    run.push(next)
    end = next.clock + next.length
  }
  close()
  return joined
}

/** Whether both are one struct to Yjs: typed right after the other, with the same thing to their right. */
function follows(client: number, first: TextStruct, last: TextStruct, next: TextStruct): boolean {
  const kind = kindOf(last)
  if (kind !== kindOf(next) || last.clock + last.length !== next.clock) return false
  if (kind === GC) return true
  return (
    (kind === STRING || kind === DELETED) &&
    next.origin?.client === client &&
    next.origin.clock === next.clock - 1 &&
    sameId(first.right, next.right) &&
    (last.info & 0x20) === (next.info & 0x20)
  )
}

function joinRun(first: TextStruct, run: readonly TextStruct[]): TextStruct {
  const length = run.reduce((sum, struct) => sum + struct.length, 0)
  const content = kindOf(first) === STRING ? concat(run.map((struct) => struct.content)) : first.content
  return { ...first, length, content }
}

/** What is left of a struct after its first clocks. Only those that are longer than one can be cut. */
function sliceStruct(client: number, struct: TextStruct, skip: number): TextStruct {
  const clock = struct.clock + skip
  const length = struct.length - skip
  if (kindOf(struct) === GC) return { ...struct, clock, length }
  const content = kindOf(struct) === STRING ? sliceText(struct.content, skip) : struct.content
  const origin = { client, clock: clock - 1 }
  return {
    ...struct,
    clock,
    length,
    content,
    origin,
    parent: undefined,
    sub: undefined,
    info: struct.info | HAS_ORIGIN,
  }
}

function sliceText(content: Uint8Array, from: number, to?: number): Uint8Array {
  // Read from UTF-8 that was checked.
  return utf8((fromUtf8Strict(content) ?? '').slice(from, to))
}

const sameId = (a: StructId | undefined, b: StructId | undefined): boolean =>
  a?.client === b?.client && a?.clock === b?.clock

/** Whether `big`, merged, says all that `small`, merged, says, and nothing else of the same clocks. */
export function covers(big: TextUpdate, small: TextUpdate): boolean {
  for (const [client, ranges] of small.deletes)
    if (!coversRanges(big.deletes.get(client) ?? [], ranges)) return false
  for (const [client, list] of small.structs) {
    const others = big.structs.get(client) ?? []
    if (others !== list && !list.every((struct) => holds(client, others, struct))) return false
  }
  return true
}

function holds(client: number, list: readonly TextStruct[], struct: TextStruct): boolean {
  const other = list[indexAt(list, struct.clock)]
  if (other === struct) return true
  if (other === undefined || other.clock > struct.clock) return false
  const skip = struct.clock - other.clock
  if (skip + struct.length > other.length || kindOf(other) !== kindOf(struct)) return false
  const from = skip === 0 ? other : sliceStruct(client, other, skip)
  return (
    from.info === struct.info &&
    from.sub === struct.sub &&
    sameId(from.origin, struct.origin) &&
    sameId(from.right, struct.right) &&
    sameParent(from.parent, struct.parent) &&
    (kindOf(struct) === STRING
      ? equalBytes(sliceText(from.content, 0, struct.length), struct.content)
      : equalBytes(from.content, struct.content))
  )
}

function sameParent(a: TextStruct['parent'], b: TextStruct['parent']): boolean {
  return typeof a === 'object' && typeof b === 'object' ? sameId(a, b) : a === b
}
