import type { WriteOp } from '../port.ts'

/** Nesting of a row beyond which its weight is not counted any further: an estimate needs no more. */
const MAX_DEPTH = 8

/** About how many bytes a write adds: exact for byte values, near enough for rows. */
export function weigh(ops: readonly WriteOp[]): number {
  let sum = 0
  for (const op of ops) {
    if (op.type === 'put-bytes') for (const part of op.parts) sum += part.byteLength
    if (op.type === 'put-blob') sum += op.blob.size
    if (op.type === 'put' || op.type === 'add') sum += op.key.length + weighValue(op.value, MAX_DEPTH)
  }
  return sum
}

function weighValue(value: unknown, depth: number): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength
  if (depth === 0) return 0
  let sum = 0
  for (const [key, inner] of Object.entries(value)) sum += key.length + weighValue(inner, depth - 1)
  return sum
}
