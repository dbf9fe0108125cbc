import { malformed } from './errors.ts'
import { MAX_NEST } from './limits.ts'
import type { StructId, TextStruct, TextUpdate } from './model.ts'

/**
 * Refuses elements that are too deep within each other: Yjs deletes an element by recursion, and a stack has an end.
 * What lies outside the update counts as the top, so a device can go as deep as this once a record.
 *
 * A struct is in the element that it names, else in that of what it was put after or before.
 *
 * @throws TextError `text.malformed`
 */
export function checkNest(update: TextUpdate): void {
  const depths = new Map<TextStruct, number>()
  for (const list of update.structs.values()) for (const struct of list) measure(update, struct, depths)
}

function measure(update: TextUpdate, struct: TextStruct, depths: Map<TextStruct, number>): void {
  const path: TextStruct[] = []
  // Also those whose depth is being sought: sessions of one device can point at each other in a ring, which Yjs
  // never lets into a document.
  const waiting = new Set<TextStruct>()
  let at: TextStruct | undefined = struct
  while (at !== undefined && !depths.has(at) && !waiting.has(at)) {
    path.push(at)
    waiting.add(at)
    at = find(update, next(at))
  }
  let depth = at === undefined ? 0 : (depths.get(at) ?? 0)
  for (const one of path.reverse()) {
    if (typeof one.parent === 'object') depth++
    if (depth > MAX_NEST) throw malformed('nesting')
    depths.set(one, depth)
  }
}

const next = (struct: TextStruct): StructId | undefined =>
  (typeof struct.parent === 'object' ? struct.parent : undefined) ?? struct.origin ?? struct.right

function find(update: TextUpdate, id: StructId | undefined): TextStruct | undefined {
  const list = id === undefined ? undefined : update.structs.get(id.client)
  if (id === undefined || list === undefined) return undefined
  const struct = list[indexAt(list, id.clock)]
  return struct !== undefined && struct.clock <= id.clock ? struct : undefined
}

/** Index of the first struct that ends after `clock`; the length where none does. */
export function indexAt(list: readonly TextStruct[], clock: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const struct = list[middle]
    if (struct !== undefined && struct.clock + struct.length <= clock) low = middle + 1
    else high = middle
  }
  return low
}
