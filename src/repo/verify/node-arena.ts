/**
 * Tree nodes that came before they could be proven, packed into pages. Pages beyond the memory budget
 * are handed to the host to spill and asked back when the walk needs them, so memory stays flat for any
 * order of blocks. A page whose nodes are all proven is dropped.
 */
export interface NodeArena {
  /** Copies a node in. Returns its page and offset. */
  add(bytes: Uint8Array, from: number, to: number, position: number): { page: number; offset: number }
  /** The node's bytes, or undefined when its page is spilled. */
  read(page: number, offset: number, length: number): Uint8Array | undefined
  position(page: number, offset: number): number
  /** The node is proven and written: its page may go when all others in it are too. */
  release(page: number): void
  /**
   * Pages that should leave memory now and are not on disk yet, oldest first; those that are leave at once.
   * The host calls {@link spilled} when they are safe. The open page and the last restored one stay.
   */
  overBudget(): readonly { readonly page: number; readonly bytes: Uint8Array<ArrayBuffer> }[]
  spilled(page: number): void
  /** Gives a spilled page back. */
  restore(page: number, bytes: Uint8Array<ArrayBuffer>): void
  readonly bytesInMemory: number
}

/** One page: large enough that a spill is one value of about a megabyte. */
const PAGE_BYTES = 1 << 20
/** The first: most of what comes is an edit or a few. */
const FIRST_BYTES = 1 << 16
/** u48: where in the CAR the node came from, for reports. */
const HEAD = 6

interface Page {
  bytes: Uint8Array<ArrayBuffer> | undefined
  used: number
  live: number
  spilled: boolean
  sealed: boolean
  touched: number
}

export function createNodeArena(budget: number): NodeArena {
  const pages: Page[] = []
  let inMemory = 0
  let touch = 0
  /** The page that came back last: whoever asked for it has not read it yet, so it stays. */
  let restored = -1

  const open = (room: number): number => {
    const last = pages.length - 1
    const page = pages[last]
    if (page?.bytes !== undefined && !page.sealed && page.used + room <= page.bytes.length) return last
    if (page !== undefined) page.sealed = true
    if (page !== undefined && page.live === 0) drop(page)
    const bytes = new Uint8Array(Math.max(pages.length === 0 ? FIRST_BYTES : PAGE_BYTES, room))
    inMemory += bytes.length
    pages.push({ bytes, used: 0, live: 0, spilled: false, sealed: false, touched: touch++ })
    return pages.length - 1
  }

  const drop = (page: Page): void => {
    if (page.bytes !== undefined) inMemory -= page.bytes.length
    page.bytes = undefined
  }

  return {
    add(bytes, from, to, position) {
      const index = open(HEAD + to - from)
      const page = pages[index]
      if (page?.bytes === undefined) throw new RangeError('arena page is gone')
      putPosition(page.bytes, page.used, position)
      page.bytes.set(bytes.subarray(from, to), page.used + HEAD)
      const offset = page.used + HEAD
      page.used = offset + to - from
      page.live++
      return { page: index, offset }
    },
    read(index, offset, length) {
      const page = pages[index]
      if (page?.bytes === undefined) return undefined
      page.touched = touch++
      return page.bytes.subarray(offset, offset + length)
    },
    position(index, offset) {
      const bytes = pages[index]?.bytes
      return bytes === undefined ? -1 : positionAt(bytes, offset - HEAD)
    },
    release(index) {
      const page = pages[index]
      if (page === undefined) return
      page.live--
      if (page.live === 0 && page.sealed) drop(page)
    },
    overBudget() {
      if (inMemory <= budget) return []
      const candidates = pages
        .map((page, index) => ({ page, index }))
        .filter(({ page, index }) => page.bytes !== undefined && page.sealed && index !== restored)
        .sort((a, b) => a.page.touched - b.page.touched)
      const out: { page: number; bytes: Uint8Array<ArrayBuffer> }[] = []
      let over = inMemory - budget
      for (const { page, index } of candidates) {
        if (over <= 0 || page.bytes === undefined) break
        over -= page.bytes.length
        // A page that is on disk already only has to leave memory.
        if (page.spilled) drop(page)
        else out.push({ page: index, bytes: page.bytes })
      }
      return out
    },
    spilled(index) {
      const page = pages[index]
      if (page === undefined) return
      page.spilled = true
      drop(page)
    },
    restore(index, bytes) {
      const page = pages[index]
      if (page === undefined || page.bytes !== undefined) return
      page.bytes = bytes
      page.touched = touch++
      inMemory += bytes.length
      restored = index
    },
    get bytesInMemory() {
      return inMemory
    },
  }
}

function putPosition(bytes: Uint8Array, at: number, position: number): void {
  let rest = position
  for (let i = 0; i < HEAD; i++) {
    bytes[at + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

function positionAt(bytes: Uint8Array, at: number): number {
  let position = 0
  for (let i = HEAD - 1; i >= 0; i--) position = position * 256 + (bytes[at + i] ?? 0)
  return position
}
