import { createSHA256 } from 'hash-wasm'
import { openDatabase, putAll } from '../database.ts'
import type { WorkerCalls } from './protocol.ts'

const VALUE_BYTES = 1 << 20
const VALUES_PER_TRANSACTION = 4
const SLICE = 256 * 1024
/** A frame's length, before its CID. */
const MAX_VARINT = 4

/**
 * The least that anyone who takes a repo in over HTTP must do: read the stream, hash every block, and have
 * every byte on the disk, a megabyte as soon as it is full.
 */
export const floorHttp: WorkerCalls['floorHttp'] = async ({ url }) => {
  const [db, hasher] = await Promise.all([openDatabase('floor'), createSHA256()])
  const started = performance.now()
  const response = await fetch(url)
  if (response.body === null) throw new Error(`no data at ${url}`)
  const reader = response.body.getReader()
  const done: Promise<void>[] = []
  let batch: [number, ArrayBuffer][] = []
  const store = (at: number, bytes: ArrayBuffer): void => {
    batch.push([at, bytes])
    if (batch.length < VALUES_PER_TRANSACTION) return
    done.push(putAll(db, batch))
    batch = []
  }
  /** Room for one value and the block that goes over its end. */
  const held = new Uint8Array(2 * VALUE_BYTES)
  let fill = 0
  let hashedTo = 0
  let stored = 0
  let first = true
  let wrong = 0
  const hash = (): void => {
    while (hashedTo < fill) {
      let length = 0
      let at = hashedTo
      let shift = 0
      while (at < fill && (held[at] ?? 0) >= 0x80 && shift < 7 * MAX_VARINT) {
        length |= ((held[at++] ?? 0) & 0x7f) << shift
        shift += 7
      }
      if (at >= fill) return
      length |= (held[at++] ?? 0) << shift
      if (at + length > fill) return
      if (!first) {
        hasher.init()
        hasher.update(held.subarray(at + 36, at + length))
        const digest = hasher.digest('binary')
        if (digest[0] !== held[at + 4] || digest[31] !== held[at + 35]) wrong++
      }
      first = false
      hashedTo = at + length
      if (hashedTo >= VALUE_BYTES) {
        store(stored, held.buffer.slice(0, hashedTo))
        stored += hashedTo
        held.copyWithin(0, hashedTo, fill)
        fill -= hashedTo
        hashedTo = 0
      }
    }
  }
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    // What waited while we hashed comes as one piece.
    for (let at = 0; at < part.value.length; at += SLICE) {
      const slice = part.value.subarray(at, at + SLICE)
      held.set(slice, fill)
      fill += slice.length
      hash()
    }
  }
  store(stored, held.buffer.slice(0, fill))
  if (batch.length > 0) done.push(putAll(db, batch))
  if (wrong > 0 || hashedTo !== fill) throw new Error(`${wrong} blocks do not hash to their CIDs`)
  await Promise.all(done)
  return { ms: performance.now() - started, bytes: stored + fill }
}
