import { malformed } from './errors.ts'
import {
  MAX_CLOCK,
  MAX_DELETED_CLIENTS,
  MAX_RANGES,
  MAX_SESSIONS,
  MAX_STRUCTS,
  MAX_UPDATE_BYTES,
  TEXT_FIELD,
} from './limits.ts'
import {
  ANY,
  type ClockRange,
  FORMAT,
  GC,
  HAS_ORIGIN,
  HAS_RIGHT,
  HAS_SUB,
  STRING,
  type StructId,
  type TextStruct,
  type TextUpdate,
  TYPE,
} from './model.ts'
import { checkNest } from './nest.ts'
import { readContent, readName } from './read-content.ts'
import { createReader, type Reader } from './reader.ts'

/**
 * An update of Yjs (v1), read strictly, before Yjs sees it: all lengths against the bytes that are there, all
 * structs of kinds that a note is made of, references of a client to itself only backwards, no struct twice, no depth
 * that would exhaust a stack. What it gives is views of `bytes`.
 *
 * @param factor how many times the limits of a record it may reach
 * @throws TextError `text.malformed`
 */
export function readUpdate(bytes: Uint8Array, factor = 1): TextUpdate {
  if (bytes.length > MAX_UPDATE_BYTES * factor) throw malformed('size')
  const reader = createReader(bytes)
  const structs = readStructs(reader, MAX_STRUCTS * factor)
  const deletes = readDeletes(reader, MAX_RANGES * factor, MAX_DELETED_CLIENTS * factor)
  if (reader.left > 0) throw malformed('after the end')
  const update = { structs, deletes }
  checkNest(update)
  return update
}

function readStructs(reader: Reader, most: number): ReadonlyMap<number, readonly TextStruct[]> {
  const structs = new Map<number, TextStruct[]>()
  let room = most
  for (let clients = reader.uint(MAX_SESSIONS); clients > 0; clients--) {
    let count = reader.uint(room)
    room -= count
    const client = reader.uint(Number.MAX_SAFE_INTEGER)
    if (count === 0 || structs.has(client)) throw malformed('client')
    const list: TextStruct[] = []
    let clock = reader.uint(MAX_CLOCK)
    for (; count > 0; count--) {
      const struct = readStruct(reader, client, clock)
      list.push(struct)
      clock += struct.length
      if (clock > MAX_CLOCK) throw malformed('clock')
    }
    structs.set(client, list)
  }
  return structs
}

function readStruct(reader: Reader, client: number, clock: number): TextStruct {
  const info = reader.byte()
  const kind = info & 0x1f
  if (kind === GC) {
    if (info !== GC) throw malformed('info')
    return {
      clock,
      info,
      origin: undefined,
      right: undefined,
      parent: undefined,
      sub: undefined,
      ...readContent(reader, kind),
    }
  }
  // An attribute's value, and only that, is under a name.
  const isNamed = (info & HAS_SUB) !== 0
  if (isNamed ? kind === STRING || kind === FORMAT || kind === TYPE : kind === ANY) throw malformed('info')
  const origin = (info & HAS_ORIGIN) === 0 ? undefined : readId(reader, client, clock)
  const right = (info & HAS_RIGHT) === 0 ? undefined : readId(reader, client, clock)
  const stands = origin === undefined && right === undefined
  const parent = stands ? readParent(reader, client, clock) : undefined
  const sub = stands && isNamed ? readName(reader) : undefined
  return { clock, info, origin, right, parent, sub, ...readContent(reader, kind) }
}

/** Another struct. Of the same client only one that came before: Yjs does not look whether it is there. */
function readId(reader: Reader, client: number, clock: number): StructId {
  const id = { client: reader.uint(Number.MAX_SAFE_INTEGER), clock: reader.uint(MAX_CLOCK) }
  if (id.client === client && id.clock >= clock) throw malformed('reference')
  return id
}

function readParent(reader: Reader, client: number, clock: number): 'root' | StructId {
  if (reader.uint(1) === 0) return readId(reader, client, clock)
  // Any other root would be one that no screen shows.
  if (reader.text(TEXT_FIELD.length) !== TEXT_FIELD) throw malformed('root')
  return 'root'
}

function readDeletes(
  reader: Reader,
  most: number,
  mostClients: number,
): ReadonlyMap<number, readonly ClockRange[]> {
  const deletes = new Map<number, ClockRange[]>()
  let room = most
  for (let clients = reader.uint(mostClients); clients > 0; clients--) {
    const client = reader.uint(Number.MAX_SAFE_INTEGER)
    let count = reader.uint(room)
    room -= count
    if (count === 0 || deletes.has(client)) throw malformed('client')
    const list: ClockRange[] = []
    for (; count > 0; count--) {
      const from = reader.uint(MAX_CLOCK)
      const length = reader.uint(MAX_CLOCK - from)
      if (length === 0) throw malformed('length')
      list.push({ from, to: from + length })
    }
    deletes.set(client, list)
  }
  return deletes
}
