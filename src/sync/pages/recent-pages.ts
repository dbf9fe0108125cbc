/** A page as it is sent. */
export interface SentPage {
  readonly root: string
  readonly bytes: Uint8Array
  readonly last: string | undefined
  readonly end: boolean
  readonly records: number
}

/**
 * Pages as they were made last. All who take a repo from its beginning get the same pages, so what is made for one, or
 * ahead of its request, is given to whoever asks for it.
 */
export interface RecentPages {
  /** The page of this name, made by `make` where it is not here; one that cannot be made is made anew by the next. */
  of(name: string, make: () => Promise<SentPage>): Promise<SentPage>
}

interface Entry {
  readonly page: Promise<SentPage>
  /** undefined while it is made */
  bytes: number | undefined
}

/** Pages that are kept at most: short ones cost little to make, and anyone may ask for them under any number of names. */
const MAX_PAGES = 1000

/** @param room bytes of pages that are kept; the one that was asked for longest ago goes first */
export function createRecentPages(room: number): RecentPages {
  // In the order in which they were last asked for.
  const pages = new Map<string, Entry>()
  let held = 0

  const trim = (): void => {
    for (const [name, { bytes }] of pages) {
      if (held <= room && pages.size <= MAX_PAGES) return
      if (bytes === undefined) continue
      held -= bytes
      pages.delete(name)
    }
  }
  const fresh = (name: string, page: Promise<SentPage>): Entry => {
    const entry: Entry = { page, bytes: undefined }
    page.then(
      ({ bytes }) => {
        entry.bytes = bytes.length
        held += bytes.length
        trim()
      },
      () => pages.delete(name),
    )
    return entry
  }

  return {
    of(name, make) {
      const entry = pages.get(name) ?? fresh(name, make())
      pages.delete(name)
      pages.set(name, entry)
      return entry.page
    },
  }
}
