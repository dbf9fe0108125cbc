import type { Page, PageRecord } from '../../storage/space/pages.ts'
import type { SpaceStore } from '../../storage/space/store.ts'

const PAGE = { maxBytes: 2 << 20, maxRows: 1024 }

/** Records of a repo after a path, in order, some at a time: the next are read while these are worked on. */
export async function* recordPages(
  store: SpaceStore,
  repo: string,
  from: string | null,
): AsyncGenerator<readonly PageRecord[]> {
  const ask = (after: string | null): Promise<Page> => store.page(repo, { ...PAGE, after, withBytes: true })
  let next: Promise<Page> | undefined = ask(from)
  while (next !== undefined) {
    const page: Page = await next
    next = page.upTo === null ? undefined : ask(page.upTo)
    // Awaited in the next turn; by nobody when the reader stops before.
    void next?.catch(() => {})
    yield page.records
  }
}

/** Records at these paths, those that are there, some at a time. */
export async function* recordsAt(
  store: SpaceStore,
  repo: string,
  paths: Iterable<string>,
): AsyncGenerator<readonly PageRecord[]> {
  let rest = [...paths].sort()
  while (rest.length > 0) {
    const { records, upTo } = await store.wanted(repo, rest, PAGE)
    yield records
    rest = upTo === null ? [] : rest.filter((it) => it > upTo)
  }
}
