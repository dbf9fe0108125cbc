import type { Storage, WriteOp } from '../../../storage/port.ts'

/**
 * A storage whose byte values take as long to write as on a disk of this rate. One disk: writes wait for one
 * another. In real time, because what stands still meanwhile is a real transport.
 */
export function createSlowDisk(storage: Storage, bytesPerSecond: number): Storage {
  let free = 0
  return {
    ...storage,
    async write(ops, options) {
      const bytes = ops.reduce((sum, op) => sum + sizeOf(op), 0)
      if (bytes > 0) {
        // The storage takes bytes over before it returns a promise: so does this one.
        const taken = ops.map(takenOver)
        const start = Math.max(free, performance.now())
        free = start + (bytes / bytesPerSecond) * 1000
        await new Promise((resolve) => setTimeout(resolve, free - performance.now()))
        return storage.write(taken, options)
      }
      return storage.write(ops, options)
    },
  }
}

const sizeOf = (op: WriteOp): number =>
  op.type === 'put-bytes' ? op.parts.reduce((sum, part) => sum + part.length, 0) : 0

const takenOver = (op: WriteOp): WriteOp =>
  op.type === 'put-bytes' ? { ...op, parts: op.parts.map((part) => part.slice()) } : op
