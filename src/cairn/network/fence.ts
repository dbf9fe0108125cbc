import type { Guard, Storage } from '../../storage/port.ts'

const KEY = 'leader'

interface LeaderRow {
  /** grows by one with every leader */
  readonly generation: number
}

const generationOf = (row: unknown): number => (row as LeaderRow | undefined)?.generation ?? 0

/** Takes the next generation, so that whoever led before writes nothing any more. */
export async function takeGeneration(storage: Storage): Promise<number> {
  for (;;) {
    const now = generationOf(await storage.get('meta', KEY))
    const row: LeaderRow = { generation: now + 1 }
    try {
      await storage.write([{ type: 'put', table: 'meta', key: KEY, value: row }], {
        guards: [{ table: 'meta', key: KEY, holds: (value) => generationOf(value) === now }],
      })
      return row.generation
    } catch (error) {
      // Another context took it between the two: the one after that is ours.
      if (generationOf(await storage.get('meta', KEY)) === now) throw error
    }
  }
}

/**
 * The same storage for one leader: each of its writes reads, in its own transaction, that no other has taken
 * over since. A tab that was frozen and wakes up fails with `storage.conflict` and changes nothing.
 */
export function fence(storage: Storage, generation: number): Storage {
  const guard: Guard = {
    table: 'meta',
    key: KEY,
    holds: (row) => generationOf(row) === generation,
  }
  return {
    ...storage,
    write: (ops, options = {}) =>
      storage.write(ops, { ...options, guards: [...(options.guards ?? []), guard] }),
  }
}
