import type { ByteStream } from '../../net.ts'
import { createMemoryNetwork, type MemoryNetwork } from '../../testing/memory-net.ts'
import type { EventHost } from '../model.ts'

export interface ChannelKit {
  readonly network: MemoryNetwork
  readonly host: EventHost
  /** Moves the clock; timers that fall due run, in order. */
  pass(ms: number): void
  /** how long the timers that are set have to go */
  pending(): readonly number[]
}

/** A network in memory, and a clock that only a test moves. */
export function createChannelKit(): ChannelKit {
  let now = 1_000_000
  let draws = 0
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    network: createMemoryNetwork(),
    host: {
      timers: {
        after(ms, run) {
          const timer = { at: now + ms, run }
          timers.add(timer)
          return () => timers.delete(timer)
        },
      },
      clock: { now: () => now },
      random: () => (draws++ * 2_654_435_761) % 2 ** 32,
    },
    pass(ms) {
      const until = now + ms
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers.delete(due)
        now = Math.max(now, due.at)
        due.run()
      }
      now = until
    },
    pending: () => [...timers].map(({ at }) => at - now).toSorted((a, b) => a - b),
  }
}

/** Resolves as soon as the condition holds; it is looked at after every turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

/** A stream that gives these bytes in pieces of this size, then ends; what is written to it is kept. */
export function replay(bytes: Uint8Array, size: number): ByteStream & { readonly written: Uint8Array[] } {
  let at = 0
  const written: Uint8Array[] = []
  return {
    protocol: '/test',
    peer: 'them',
    path: 'direct',
    written,
    async read() {
      if (at >= bytes.length) return undefined
      at += size
      return bytes.subarray(at - size, Math.min(at, bytes.length))
    },
    async write(chunk) {
      written.push(chunk.slice())
    },
    async closeWrite() {},
    abort() {},
  }
}
