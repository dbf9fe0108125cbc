import { concat, utf8 } from '../../core/bytes.ts'
import { varintLength, writeVarint } from '../../core/varint.ts'
import { TEXT_FIELD } from './limits.ts'
import {
  type ClockRange,
  DELETED,
  GC,
  kindOf,
  SKIP,
  STRING,
  type StructId,
  type TextStruct,
  type TextUpdate,
} from './model.ts'

const ROOT_NAME = utf8(TEXT_FIELD)

function varint(value: number): Uint8Array {
  const out = new Uint8Array(varintLength(value))
  writeVarint(out, 0, value)
  return out
}

const idParts = ({ client, clock }: StructId): Uint8Array[] => [varint(client), varint(clock)]
const textParts = (bytes: Uint8Array): Uint8Array[] => [varint(bytes.length), bytes]

/** A struct as it stands in an update. */
export function writeStruct(struct: TextStruct): Uint8Array<ArrayBuffer> {
  const { info, origin, right, parent, sub, content, length } = struct
  const parts: Uint8Array[] = [Uint8Array.of(info)]
  if (origin !== undefined) parts.push(...idParts(origin))
  if (right !== undefined) parts.push(...idParts(right))
  if (parent === 'root') parts.push(varint(1), ...textParts(ROOT_NAME))
  else if (parent !== undefined) parts.push(varint(0), ...idParts(parent))
  if (sub !== undefined) parts.push(...textParts(utf8(sub)))
  const kind = kindOf(struct)
  if (kind === GC || kind === DELETED) parts.push(varint(length))
  else if (kind === STRING) parts.push(...textParts(content))
  else parts.push(content)
  return concat(parts)
}

/** The update as Yjs (v1) reads it, greater clients first. Clocks that lack in between are passed over. */
export function writeUpdate({ structs, deletes }: TextUpdate): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [varint(structs.size)]
  for (const [client, list] of descending(structs)) {
    const written: Uint8Array[] = []
    const first = list[0]?.clock ?? 0
    let clock = first
    for (const struct of list) {
      if (struct.clock > clock) written.push(concat([Uint8Array.of(SKIP), varint(struct.clock - clock)]))
      written.push(writeStruct(struct))
      clock = struct.clock + struct.length
    }
    parts.push(varint(written.length), varint(client), varint(first), ...written)
  }
  parts.push(varint(deletes.size))
  for (const [client, ranges] of descending(deletes)) {
    parts.push(varint(client), varint(ranges.length), ...ranges.flatMap(rangeParts))
  }
  return concat(parts)
}

export const rangeParts = ({ from, to }: ClockRange): Uint8Array[] => [varint(from), varint(to - from)]

function descending<T>(map: ReadonlyMap<number, T>): [number, T][] {
  return [...map].sort(([a], [b]) => b - a)
}
