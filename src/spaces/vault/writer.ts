import type { Edit } from '../content/model.ts'
import { ContentError } from '../content/errors.ts'
import { commitInner, type InnerChange } from './commit.ts'
import type { VaultParts } from './parts.ts'
import type { Seen } from './seen.ts'

/** Edits and records of this device on their way into its repo. */
export interface Writer {
  edit(edits: readonly Edit[]): Promise<void>
  write(records: readonly InnerChange[]): Promise<void>
}

interface Job {
  readonly edits: readonly Edit[]
  readonly records: readonly InnerChange[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes what is asked for. What is asked for while something is being written waits, and is then one commit. Of
 * several the one that is at fault fails alone.
 */
export function createWriter(parts: VaultParts, seen: Pick<Seen, 'due' | 'said'>): Writer {
  let waiting: Job[] = []

  function add(edits: readonly Edit[], records: readonly InnerChange[]): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      waiting.push({ edits, records, resolve, reject })
    })
    // Each job is told what became of it; the turn itself fails for nobody.
    void parts.alone(flush)
    return done
  }

  async function flush(): Promise<void> {
    const jobs = waiting
    waiting = []
    if (jobs.length === 0) return
    try {
      await run(jobs)
      for (const it of jobs) it.resolve()
    } catch (error) {
      if (jobs.length === 1 || !(error instanceof ContentError)) {
        for (const it of jobs) it.reject(error)
      } else {
        for (const it of jobs) await run([it]).then(it.resolve, it.reject)
      }
    }
    parts.effects.tell()
  }

  async function run(jobs: readonly Job[]): Promise<void> {
    const { content, host } = parts
    const edits = jobs.flatMap((it) => it.edits)
    let word: InnerChange | undefined
    await commitInner(parts, () => {
      const made = edits.length === 0 ? [] : content.edit(parts.device().id, edits, host.now())
      const changes = [...made, ...jobs.flatMap((it) => it.records)]
      word = changes.length === 0 ? undefined : seen.due()
      return word === undefined ? changes : [...changes, word]
    })
    if (word !== undefined) seen.said(word)
  }

  return { edit: (edits) => add(edits, []), write: (records) => add([], records) }
}
