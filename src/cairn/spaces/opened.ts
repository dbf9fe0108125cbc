import { spaceNotFound } from './errors.ts'

/** The spaces that this context has open: each once, and none while what it is made of changes. */
export interface OpenedSpaces<Space> {
  /**
   * Opens it, unless it is open.
   *
   * @throws CairnError `spaces.not-here`; what opening throws
   */
  use(space: string): Promise<Space>
  /**
   * Does this to a space that nobody has open, and gives what it gives. Whoever asks for the space meanwhile waits, and
   * then has it as it is by then: a screen that looks at a space while its row changes would else open it as it was,
   * and keep it so. Several for one space come one after another. The work must not `use` the space itself.
   */
  whileClosed<T>(space: string, work: () => Promise<T>): Promise<T>
  /** one that is open by now */
  find(space: string): Space | undefined
  all(): readonly Space[]
  close(): Promise<void>
}

/** Opens spaces from their rows (a space's own state on disk) when somebody asks for them. */
export function createOpenedSpaces<Row, Space extends { close(): Promise<void> }>(options: {
  readonly rowOf: (space: string) => Promise<Row | undefined>
  readonly open: (row: Row) => Promise<Space>
  /** It is open: the network hears of it. */
  readonly onOpen: (it: Space) => void
  /** It is to be closed. */
  readonly onClose: (space: string) => Promise<void>
}): OpenedSpaces<Space> {
  const { rowOf, open, onOpen, onClose } = options
  const opening = new Map<string, Promise<Space>>()
  const opened = new Map<string, Space>()
  const away = new Map<string, Promise<unknown>>()

  const begin = async (space: string): Promise<Space> => {
    const row = await rowOf(space)
    if (row === undefined) throw spaceNotFound(space)
    const it = await open(row)
    opened.set(space, it)
    onOpen(it)
    return it
  }
  const end = async (space: string): Promise<void> => {
    const it = await opening.get(space)?.catch(() => undefined)
    opening.delete(space)
    opened.delete(space)
    await onClose(space)
    await it?.close()
  }

  return {
    async use(space) {
      for (let turn = away.get(space); turn !== undefined; turn = away.get(space)) await turn.catch(() => {})
      const found = opening.get(space) ?? begin(space)
      opening.set(space, found)
      found.catch(() => {
        if (opening.get(space) === found) opening.delete(space)
      })
      return found
    },
    async whileClosed(space, work) {
      const before = away.get(space)
      const mine = (async () => {
        await before?.catch(() => {})
        // One that does not open, or end, is changed or forgotten all the same.
        await end(space).catch(() => {})
        return work()
      })()
      away.set(space, mine)
      try {
        return await mine
      } finally {
        if (away.get(space) === mine) away.delete(space)
      }
    },
    find: (space) => opened.get(space),
    all: () => [...opened.values()],
    async close() {
      for (const space of [...opening.keys()]) await end(space).catch(() => {})
    },
  }
}
