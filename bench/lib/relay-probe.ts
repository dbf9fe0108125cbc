import { Session } from 'node:inspector/promises'
import { shares } from './shares.ts'

/**
 * Loaded into a relay's process before its own code (`--import`, with `--expose-gc`): answers what the bench
 * asks of that process. The relay itself is the product's, unchanged.
 */
export type ProbeQuestion = 'memory' | 'cpu' | 'profile' | 'profile-end'

export interface ProbeAnswers {
  /** bytes, after garbage was collected */
  readonly memory: NodeJS.MemoryUsage
  /** seconds of all threads since the start */
  readonly cpu: number
  readonly profile: true
  /** functions by their own time, the most first */
  readonly 'profile-end': readonly { readonly name: string; readonly share: number }[]
}

const session = new Session()

/** Collects all there is, and gives pages back to the system, as V8 does by itself when it needs them. */
async function collect(): Promise<void> {
  // The types know one kind only.
  const gc = globalThis.gc as
    | ((options: { type: string; execution: string; flavor: string }) => unknown)
    | undefined
  for (let i = 0; i < 2; i++) {
    gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    // What the first pass lets go of may hold more.
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function answer(question: ProbeQuestion): Promise<unknown> {
  switch (question) {
    case 'memory':
      await collect()
      return process.memoryUsage()
    case 'cpu': {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    }
    case 'profile':
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.start')
      return true
    case 'profile-end': {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      return shares(profile)
    }
  }
}

process.on('message', ({ id, question }: { id: number; question: ProbeQuestion }) => {
  void answer(question).then((value) => process.send?.({ id, value }))
})
process.channel?.unref()
